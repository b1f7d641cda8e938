#pragma once
// Sets of pictures as files: one folder for each class, JPEG and PNG in it. Any thread.
#include "core/nn/datasets.h"
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct ImageFolder {
    std::vector<std::string> classes;                  ///< names of the folders, sorted
    std::vector<std::filesystem::path> files;          ///< in turns: the first picture of every class, then the second of every class, …
    std::vector<std::int64_t> labels;
    std::int64_t size() const { return static_cast<std::int64_t>(files.size()); }
};

/// Reads names only; files that end in other than .png, .jpg, .jpeg and hidden ones are passed over. Throws Error(not_found, io, wrong_format) for fewer
/// than two classes, and naming the folder of a class without pictures.
ImageFolder list_image_folder(const std::filesystem::path& folder);

/// How a picture comes to the size of the network: its shorter side is scaled to `shorter`, then a square of `size` is cut from its middle. shorter 0:
/// 8/7 of the size, as ImageNet is evaluated, but the size itself up to 64 pixels.
struct PictureSize { int size = 224, shorter = 0; };

/// uint8 [3, size, size], RGB. Throws Error(not_found, io, wrong_format) naming the file where it is no JPEG or PNG, is cut off, or has above 64 Mpx,
/// and Error(invalid_value) for sizes outside 1 to 8192.
at::Tensor read_square(const std::filesystem::path& file, const PictureSize& size);
at::Tensor decode_square(std::string_view bytes, const std::string& where, const PictureSize& size);

/// Pictures [begin, end) of the folder. Throws Error(out_of_memory) beyond 8 GiB; `done` hears after each picture and may throw.
LabelledImages read_image_folder(const ImageFolder& folder, std::int64_t begin, std::int64_t end, const PictureSize& size, const std::function<void(std::int64_t done)>& done = {});

}
