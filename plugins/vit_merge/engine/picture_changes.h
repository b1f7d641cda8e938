#pragma once
// Changes that make another domain of a set of pictures: turned, inverted, noisy, on a coloured ground. The same pixels everywhere, whichever part of a set is asked for. Any thread.
#include <ATen/core/Tensor.h>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe::vit_merge {

/// Pictures of another set for use as a ground: uint8 [n, C, H, W] of its training split.
using GroundPictures = std::function<at::Tensor(const std::string& source)>;

struct PictureChange {
    std::string text, name, value;                         ///< "rotate=45", "rotate", "45"
};
/// One change as it is written. Throws Error(unknown_name, invalid_value) with what is known.
PictureChange parse_change(std::string_view text, const std::string& data);
/// uint8 [n, C, H, W]: pictures [first, first + n) of a split, changed. Throws Error(invalid_value) where the pictures do not suit.
at::Tensor changed(const PictureChange& change, const at::Tensor& bytes, bool train, std::int64_t first, const GroundPictures& grounds);
/// Name and one line of help of each.
const std::vector<std::pair<std::string, std::string>>& known_changes();

}
