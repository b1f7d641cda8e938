#include "core/engine/classification_data.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include <algorithm>
#include <array>
#include <ATen/ATen.h>
#include <cmath>
#include <optional>
#include <sstream>

namespace lathe {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<SetKind, std::string_view>, 5> kSetKinds{
    {{SetKind::automatic, "auto"}, {SetKind::cifar10, "cifar10"}, {SetKind::cifar100, "cifar100"}, {SetKind::idx, "idx"}, {SetKind::folder, "folder"}}};

/// With the mean and deviation of ImageNet. The published CIFAR-10 ResNets (akamaster/pytorch_resnet_cifar10) were trained with them too.
ClassificationSet set_like_imagenet(const LabelledImages& read, std::vector<std::string> classes) {
    return {read.images, read.labels, std::move(classes), {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
}

bool is_file(const fs::path& file) {
    std::error_code error;
    return fs::is_regular_file(file, error);
}

bool is_folder(const fs::path& file) {
    std::error_code error;
    return fs::is_directory(file, error);
}

std::vector<std::string> numbered(std::int64_t count) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}

// --- CIFAR
constexpr std::uintmax_t kCifar10Record = 3073, kCifar100Record = 3074;

std::vector<fs::path> cifar10_files(const fs::path& folder, bool train) {
    std::vector<fs::path> files;
    const auto add = [&](const std::string& name) {
        if (is_file(folder / name)) files.push_back(folder / name);
    };
    if (!train) add("test_batch.bin");
    for (int i = 1; train && i <= 5; ++i) add("data_batch_" + std::to_string(i) + ".bin");
    if (train && files.empty()) add("train_5000.bin");
    for (const char* ending : {".bin", ".bin.gz"})
        if (files.empty()) add((train ? "data_batch_subset" : "test_batch_subset") + std::string(ending));
    return files;
}

std::vector<fs::path> cifar100_files(const fs::path& folder, bool train) {
    const fs::path file = folder / (train ? "train.bin" : "test.bin");
    return is_file(file) ? std::vector{file} : std::vector<fs::path>{};
}

ClassificationSet cifar10_set(const std::vector<fs::path>& files) { return set_like_imagenet(load_cifar10(files), {kCifar10Classes.begin(), kCifar10Classes.end()}); }

ClassificationSet cifar100_set(const std::vector<fs::path>& files) {
    const LabelledImages read = load_cifar100(files);
    ClassificationSet set{read.images, read.labels, {}, {0.5071, 0.4865, 0.4409}, {0.2673, 0.2564, 0.2762}};
    if (const fs::path names = files.front().parent_path() / "fine_label_names.txt"; is_file(names)) {
        std::istringstream lines(read_file(names, 1u << 16));
        for (std::string line; std::getline(lines, line);)
            if (!line.empty()) set.classes.push_back(line);
    }
    if (set.classes.size() != static_cast<std::size_t>(kCifar100Classes)) set.classes = numbered(kCifar100Classes);
    return set;
}

// --- idx
ClassificationSet idx_set(const fs::path& folder, bool train) {
    const bool is_fashion = folder.filename().string().find("fashion") != std::string::npos;
    const LabelledImages read = is_fashion ? load_fashion_mnist(folder, train) : load_idx_images(folder, train);
    ClassificationSet set{read.images.unsqueeze(1), read.labels, {}, {0.2860}, {0.3530}};
    if (is_fashion) {
        set.classes.assign(kFashionClasses.begin(), kFashionClasses.end());
        return set;
    }
    // Classes and normalisation are those of the training split, which both splits share.
    const LabelledImages all = !train && has_idx_images(folder, true) ? load_idx_images(folder, true) : read;
    set.classes = numbered(std::max(all.labels.max().item<std::int64_t>(), read.labels.max().item<std::int64_t>()) + 1);
    const at::Tensor counts = at::bincount(all.images.flatten(), {}, 256).to(at::kDouble), values = at::arange(256, at::kDouble) / 255;
    const double total = static_cast<double>(all.images.numel()), mean = (counts * values).sum().item<double>() / total;
    set.mean = {mean};
    set.deviation = {std::max(std::sqrt((counts * (values - mean).square()).sum().item<double>() / total), 1.0 / 255)};
    return set;
}

// --- folders of pictures
/// The folder that holds the classes of the split.
fs::path split_folder(const fs::path& folder, bool train) {
    for (const char* name : train ? std::array{"train", "training"} : std::array{"val", "test"})
        if (is_folder(folder / name)) return folder / name;
    return folder;
}

struct Range {
    std::int64_t begin = 0, end = 0;
};

Range range_of(const SetOptions& options, std::int64_t size, const fs::path& path) {
    if (options.first < 0 || options.count < 0 || options.first >= size || options.count > size - options.first)
        throw Error(ErrorCode::invalid_value, "The data set has no such pictures.",
            path.string() + ": " + std::to_string(options.count) + " from picture " + std::to_string(options.first) + " of " + std::to_string(size), "Ask for fewer, or start earlier.");
    return {options.first, options.count == 0 ? size : options.first + options.count};
}

ClassificationSet folder_set(const fs::path& path, const SetOptions& options) {
    const ImageFolder folder = list_image_folder(split_folder(path, options.train));
    const Range range = range_of(options, folder.size(), path);
    return set_like_imagenet(read_image_folder(folder, range.begin, range.end, options.picture, options.done), folder.classes);
}

// --- which of them
struct FoundSet {
    SetKind kind;
    std::vector<fs::path> places;            ///< files of CIFAR, else one folder
};

std::optional<FoundSet> find_file(const fs::path& file, SetKind kind) {
    if (kind == SetKind::automatic) {
        const std::uintmax_t size = size_or_zero(file);
        kind = size % kCifar10Record != 0 && size % kCifar100Record == 0 ? SetKind::cifar100 : SetKind::cifar10;
    }
    return kind == SetKind::cifar10 || kind == SetKind::cifar100 ? std::optional(FoundSet{kind, {file}}) : std::nullopt;
}

std::optional<FoundSet> find_set(const fs::path& path, const SetOptions& options) {
    const SetKind kind = options.kind;
    const auto asked = [&](SetKind one) { return kind == SetKind::automatic || kind == one; };
    if (is_file(path)) return path.extension() == ".bin" ? find_file(path, kind) : std::nullopt;
    for (const fs::path& folder : {path, path / "cifar10", path / "cifar-10-batches-bin"})
        if (const auto files = cifar10_files(folder, options.train); asked(SetKind::cifar10) && !files.empty()) return FoundSet{SetKind::cifar10, files};
    for (const fs::path& folder : {path, path / "cifar100", path / "cifar-100-binary"})
        if (const auto files = cifar100_files(folder, options.train); asked(SetKind::cifar100) && !files.empty()) return FoundSet{SetKind::cifar100, files};
    for (const fs::path& folder : {path, path / "fashion-mnist", path / "mnist"})
        if (asked(SetKind::idx) && has_idx_images(folder, options.train)) return FoundSet{SetKind::idx, {folder}};
    if (kind == SetKind::folder) return FoundSet{kind, {path}};
    const fs::path classes = split_folder(path, options.train);
    std::error_code error;
    for (fs::directory_iterator it(classes, error), end; kind == SetKind::automatic && !error && it != end; it.increment(error))
        if (is_folder(it->path())) return FoundSet{SetKind::folder, {path}};
    return std::nullopt;
}

}

std::string_view to_text(SetKind kind) {
    for (const auto& [value, text] : kSetKinds)
        if (value == kind) return text;
    return "auto";
}

SetKind set_kind_from(std::string_view text) {
    for (const auto& [value, name] : kSetKinds)
        if (name == text) return value;
    throw Error(ErrorCode::unknown_name, "There is no data set of this kind.", std::string(text), "Choose auto, cifar10, cifar100, idx or folder.");
}

at::Tensor ClassificationSet::normalised(const at::Tensor& bytes) const {
    const auto channels = static_cast<std::int64_t>(mean.size());
    const at::Tensor shift = at::tensor(mean, at::kFloat).view({1, channels, 1, 1}), scale = at::tensor(deviation, at::kFloat).view({1, channels, 1, 1});
    return ((bytes.to(at::kFloat) / 255 - shift) / scale).contiguous(at::MemoryFormat::ChannelsLast);
}

ClassificationSet ClassificationSet::range(std::int64_t begin, std::int64_t end) const {
    if (begin < 0 || begin >= end || end > size())
        throw Error(ErrorCode::invalid_value, "The data set has no such pictures.", std::to_string(begin) + " to " + std::to_string(end) + " of " + std::to_string(size()), "Ask for fewer.");
    return {images.slice(0, begin, end), labels.slice(0, begin, end), classes, mean, deviation};
}

at::Tensor ClassificationSet::batch(std::int64_t begin, std::int64_t end) const { return normalised(range(begin, end).images); }

ClassificationSet open_classification_set(const fs::path& path, const SetOptions& options) {
    const std::optional<FoundSet> found = find_set(path, options);
    if (!found)
        throw Error(ErrorCode::not_found, "There is no data set of pictures and labels here.",
            path.string() + ", " + (options.train ? "training split" : "test split") + ", kind " + std::string(to_text(options.kind)),
            "Choose a folder with binary files of CIFAR-10 (test_batch.bin, data_batch_1.bin or train_5000.bin) or CIFAR-100, with idx files as of MNIST, or with a folder of PNG or JPEG files for "
            "each class.");
    if (found->kind == SetKind::folder) return folder_set(path, options);
    ClassificationSet set;
    if (found->kind == SetKind::cifar10) set = cifar10_set(found->places);
    else if (found->kind == SetKind::cifar100) set = cifar100_set(found->places);
    else set = idx_set(found->places.front(), options.train);
    const Range range = range_of(options, set.size(), path);
    return set.range(range.begin, range.end);
}

ClassificationSet open_classification_set(const fs::path& path, bool train) {
    SetOptions options;
    options.train = train;
    return open_classification_set(path, options);
}

}
