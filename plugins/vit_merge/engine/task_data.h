#pragma once
// The pictures of tasks and domains: sets in files, sets that are drawn here (nothing to download, same everywhere), and changes of either (rotation, inversion, noise, backgrounds).
// Any thread once opened.
#include <ATen/core/Tensor.h>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

struct TaskImages {
    at::Tensor images;                                     ///< uint8 [n, C, H, W]
    at::Tensor labels;                                     ///< int64 [n]
    std::vector<std::string> classes;
    std::int64_t size() const { return labels.size(0); }
};

/// `data`: SOURCE[|CHANGE…]. SOURCE: "fashion" (Debian's package), "mnist", "kmnist", "notmnist", "cifar10", "fontdigits", "optdigits" (folders below `root` or LATHE_DATA/vit-tasks),
/// "drawn:digits", "drawn:letters", "drawn:shapes", "drawn:textures", … (made here), or a path of an idx folder, CIFAR file or folder of classes.
/// CHANGE: "rotate90", "rotate=DEGREES", "invert", "photometric" (specification 8, D2), "noise=DEVIATION", "colour" (D3's kind, background drawn here), "background=cifar10" …
/// Images [first, first + count) of the split (count 0: all). Same pixels everywhere and always. Throws Error(not_found, wrong_format, unknown_name, invalid_value) naming `data` and what is known.
TaskImages open_task(const std::string& data, const std::filesystem::path& root, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done = {});
/// The same, but all that there are from `first` on where they are fewer than `count`.
TaskImages open_task_at_most(const std::string& data, const std::filesystem::path& root, bool train, std::int64_t first, std::int64_t count, const std::function<void(std::int64_t)>& done = {});
/// Names and one line of help for each source and change.
std::vector<std::pair<std::string, std::string>> known_task_data();

/// Float [n, channels, height, width] as a model takes it: grey is replicated, other sizes resized (bilinear, antialiased), (x / 255 - mean) / deviation.
at::Tensor model_pictures(const at::Tensor& bytes, std::int64_t channels, std::int64_t height, std::int64_t width, const std::vector<double>& mean, const std::vector<double>& deviation);

}
