#pragma once
// Labelled image sets that methods train and are measured on. Images as bytes, so that a set of 70 000 small images takes 55 MB.
#include <ATen/core/Tensor.h>
#include <array>
#include <filesystem>
#include <string_view>

namespace lathe {

struct LabelledImages {
    at::Tensor images;   ///< uint8 [n,height,width], 0 = background
    at::Tensor labels;   ///< int64 [n]
};

inline constexpr std::array<std::string_view, 10> kFashionClasses{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};

/// The folder of Fashion-MNIST (Xiao et al. 2017): `hint` if not empty, else LATHE_DATA/fashion-mnist, else that of the Debian package
/// dataset-fashion-mnist. Throws Error(not_found) that says where it looked and how to get it.
std::filesystem::path find_fashion_mnist(const std::filesystem::path& hint = {});

/// 60 000 (train) or 10 000 images of 28 x 28 from the four idx files, plain or .gz. Throws Error(not_found, wrong_format).
LabelledImages load_fashion_mnist(const std::filesystem::path& folder, bool train);

}
