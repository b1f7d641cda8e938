#include "core/nn/datasets.h"
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <cstdlib>
#include <string>
#include <vector>

namespace lathe {
namespace {

constexpr const char* kGetIt = "install the Debian package dataset-fashion-mnist, or put the four idx files into a folder and name it";

/// The idx file NAME in `folder`, plain or compressed; empty if there is none.
std::filesystem::path idx_file(const std::filesystem::path& folder, const std::string& name) {
    for (const char* ending : {"", ".gz"}) {
        std::error_code error;
        if (const auto file = folder / (name + ending); std::filesystem::is_regular_file(file, error))
            return file;
    }
    return {};
}

std::string split_name(bool train) { return train ? "train" : "t10k"; }

at::Tensor read_idx(const std::filesystem::path& folder, const std::string& name) {
    const std::filesystem::path file = idx_file(folder, name);
    if (file.empty())
        throw Error(ErrorCode::not_found, "A file of this data set is missing.", (folder / name).string() + "[.gz]",
            "Put the four idx files into one folder. For Fashion-MNIST " + std::string(kGetIt) + ".");
    return open_tensors(file)->get("data");
}

}

std::filesystem::path find_fashion_mnist(const std::filesystem::path& hint) {
    std::vector<std::filesystem::path> places;
    if (!hint.empty()) {
        places = {hint, hint / "fashion-mnist"};
    } else {
        if (const char* data = std::getenv("LATHE_DATA"); data && *data)
            places.push_back(std::filesystem::path(data) / "fashion-mnist");
        places.emplace_back("/usr/share/datasets/fashion-mnist");
    }
    std::string looked;
    for (const auto& place : places) {
        if (!idx_file(place, "train-images-idx3-ubyte").empty())
            return place;
        looked += (looked.empty() ? "" : ", ") + place.string();
    }
    throw Error(ErrorCode::not_found, "Fashion-MNIST is not here", looked, kGetIt);
}

bool has_idx_images(const std::filesystem::path& folder, bool train) { return !idx_file(folder, split_name(train) + "-images-idx3-ubyte").empty(); }

LabelledImages load_idx_images(const std::filesystem::path& folder, bool train) {
    const std::string split = split_name(train);
    const at::Tensor images = read_idx(folder, split + "-images-idx3-ubyte"), labels = read_idx(folder, split + "-labels-idx1-ubyte");
    const auto size_of = [](const at::Tensor& t) { return std::string(c10::toString(t.scalar_type())) + " " + c10::str(t.sizes()); };
    if (images.scalar_type() != at::kByte || images.dim() != 3 || images.numel() == 0 || labels.scalar_type() != at::kByte || labels.dim() != 1 || labels.size(0) != images.size(0))
        throw Error(ErrorCode::wrong_format, "Images and labels must be bytes of shape [n, height, width] and [n].", folder.string() + ", " + split + ": " + size_of(images) + ", " + size_of(labels),
            "Fetch the files again, images and labels of the same set.");
    return {images, labels.to(at::kLong)};
}

LabelledImages load_fashion_mnist(const std::filesystem::path& folder, bool train) {
    LabelledImages read = load_idx_images(folder, train);
    const std::string where = folder.string() + ", " + split_name(train);
    if (read.images.size(1) != 28 || read.images.size(2) != 28) throw Error(ErrorCode::wrong_format, "The images of Fashion-MNIST have 28 x 28 pixels; these do not.", where, kGetIt);
    if (read.labels.max().item<int>() >= int(kFashionClasses.size())) throw Error(ErrorCode::wrong_format, "A label is larger than 9.", where, kGetIt);
    return read;
}

}
