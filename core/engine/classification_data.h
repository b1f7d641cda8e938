#pragma once
// Labelled pictures as classifiers take them: a set opened from a folder or file, and its batches normalised. Any thread once opened.
#include "core/nn/datasets.h"
#include "core/engine/image_folder.h"
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct ClassificationSet {
    at::Tensor images;                       ///< uint8 [n, C, H, W]
    at::Tensor labels;                       ///< int64 [n]
    std::vector<std::string> classes;
    std::vector<double> mean, deviation;     ///< of each channel, of values from 0 to 1
    std::int64_t size() const { return labels.size(0); }
    /// Normalised float32 [end - begin, C, H, W], channels last. Throws Error(invalid_value) outside of the set.
    at::Tensor batch(std::int64_t begin, std::int64_t end) const;
    at::Tensor normalised(const at::Tensor& bytes) const;
    /// Pictures [begin, end) as a set; shares memory. Throws Error(invalid_value) outside of the set.
    ClassificationSet range(std::int64_t begin, std::int64_t end) const;
};

/// cifar10, cifar100: the binary files of their authors. idx: four files as those of MNIST. folder: one folder for each class (image_folder.h).
enum class SetKind { automatic, cifar10, cifar100, idx, folder };
std::string_view to_text(SetKind kind);                  ///< "auto", "cifar10", "cifar100", "idx", "folder"
SetKind set_kind_from(std::string_view text);            ///< throws Error(unknown_name)

struct SetOptions {
    SetKind kind = SetKind::automatic;       ///< automatic: by the files that are there
    bool train = false;                      ///< the training split, else the test (or validation) split
    std::int64_t first = 0, count = 0;       ///< which pictures of the split; count 0: all from the first on
    PictureSize picture;                     ///< of those from folders of classes
    std::function<void(std::int64_t done)> done = {};    ///< hears after each picture from a folder, and may throw
};

/// `path`: one .bin file; a folder with test_batch.bin, data_batch_1.bin … or train_5000.bin (CIFAR-10; of parts test_batch_subset.bin and data_batch_subset.bin, plain or .gz), or with test.bin and train.bin (CIFAR-100); a folder
/// with idx files; a folder of classes, or of "train" and "val" (or "test") with the classes in them. A set inside of the folder "cifar10", "fashion-mnist", …
/// is found too. Throws Error(not_found, wrong_format, invalid_value) naming the file and what is expected.
ClassificationSet open_classification_set(const std::filesystem::path& path, const SetOptions& options);
ClassificationSet open_classification_set(const std::filesystem::path& path, bool train);

}
