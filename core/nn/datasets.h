#pragma once
// Labelled image sets that methods train and are measured on. Images as bytes, so that a set of 70 000 small images takes 55 MB.
#include <ATen/core/Tensor.h>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

namespace lathe {

struct LabelledImages {
    at::Tensor images;   ///< uint8 [n, height, width] of one channel, 0 = background, or [n, channels, height, width]
    at::Tensor labels;   ///< int64 [n]
};

inline constexpr std::array<std::string_view, 10> kFashionClasses{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};

/// The folder of Fashion-MNIST (Xiao et al. 2017): `hint` if not empty, else LATHE_DATA/fashion-mnist, else that of the Debian package
/// dataset-fashion-mnist. Throws Error(not_found) that says where it looked and how to get it.
std::filesystem::path find_fashion_mnist(const std::filesystem::path& hint = {});

/// 60 000 (train) or 10 000 images of 28 x 28 from the four idx files, plain or .gz. Throws Error(not_found, wrong_format).
LabelledImages load_fashion_mnist(const std::filesystem::path& folder, bool train);

/// Any set in the form of MNIST, [n, height, width]: train- (or t10k-) images-idx3-ubyte and labels-idx1-ubyte, plain or .gz. Throws Error(not_found, wrong_format).
LabelledImages load_idx_images(const std::filesystem::path& folder, bool train);
bool has_idx_images(const std::filesystem::path& folder, bool train);

inline constexpr std::array<std::string_view, 10> kCifar10Classes{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

/// Pictures of 3 x 32 x 32 from files in CIFAR-10's binary form (Krizhevsky 2009): records of 3073 bytes, the label and three planes of 32 x 32.
/// Throws Error(not_found, wrong_format) naming the file and its size, or the record of a label beyond 9.
LabelledImages load_cifar10(const std::vector<std::filesystem::path>& files);

inline constexpr int kCifar100Classes = 100;

/// The same of CIFAR-100: records of 3074 bytes, which start with a coarse (of 20) and a fine label (of 100). The fine ones are taken.
LabelledImages load_cifar100(const std::vector<std::filesystem::path>& files);

}
