#include "plugins/vit_merge/engine/picture_changes.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/random_numbers.h"
#include "core/base/text.h"
#include "plugins/vit_merge/engine/drawn_sets.h"
#include <algorithm>
#include <array>
#include <ATen/ATen.h>
#include <cmath>
#include <numbers>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kFixedOne = 65536;
constexpr std::int64_t kGroundStride = 7919;               // specification 8, D3: which picture lies under which

double change_number(const PictureChange& change, const std::string& data, double lowest, double highest) {
    const std::optional<double> number = parse_number(change.value);
    if (!number || !(*number >= lowest && *number <= highest))
        throw Error(ErrorCode::invalid_value, "A change of pictures has a value that it cannot have.", data + ": " + change.text,
            "Write " + change.name + "=NUMBER with a number from " + number_text(lowest) + " to " + number_text(highest) + ".");
    return *number;
}

at::Tensor in_colour(const at::Tensor& bytes) { return bytes.size(1) == 1 ? bytes.expand({bytes.size(0), 3, bytes.size(2), bytes.size(3)}).contiguous() : bytes.contiguous(); }

/// Turned about the middle, counter-clockwise; black comes in at the edges. Bilinear on whole numbers.
at::Tensor turned(const at::Tensor& given, double degrees) {
    const at::Tensor bytes = given.contiguous();
    const std::int64_t planes = bytes.size(0) * bytes.size(1), height = bytes.size(2), width = bytes.size(3);
    const double angle = degrees * std::numbers::pi / 180;
    const std::int64_t c = std::llround(std::cos(angle) * kFixedOne), s = std::llround(std::sin(angle) * kFixedOne);
    at::Tensor out = at::empty_like(bytes);
    const auto* from = bytes.const_data_ptr<std::uint8_t>();
    auto* to = out.mutable_data_ptr<std::uint8_t>();
    for (std::int64_t row = 0; row < height; ++row)
        for (std::int64_t column = 0; column < width; ++column) {
            // Twice the distance from the middle, so that it is whole.
            const std::int64_t dx = 2 * column - (width - 1), dy = 2 * row - (height - 1);
            const std::int64_t x = (c * dx - s * dy + (width - 1) * kFixedOne) >> 1, y = (s * dx + c * dy + (height - 1) * kFixedOne) >> 1;
            const std::int64_t left = x >> 16, top = y >> 16, fx = x & 0xffff, fy = y & 0xffff;
            const auto at_pixel = [&](const std::uint8_t* plane, std::int64_t r, std::int64_t k) -> std::int64_t { return r < 0 || k < 0 || r >= height || k >= width ? 0 : plane[r * width + k]; };
            for (std::int64_t plane = 0; plane < planes; ++plane) {
                const std::uint8_t* p = from + plane * height * width;
                const std::int64_t upper = at_pixel(p, top, left) * (kFixedOne - fx) + at_pixel(p, top, left + 1) * fx, lower = at_pixel(p, top + 1, left) * (kFixedOne - fx) + at_pixel(p, top + 1, left + 1) * fx;
                to[plane * height * width + row * width + column] = static_cast<std::uint8_t>((((upper * (kFixedOne - fy)) >> 16) + ((lower * fy) >> 16) + kFixedOne / 2) >> 16);
            }
        }
    return out;
}

at::Tensor rotated(const at::Tensor& bytes, double degrees) {
    const double quarters = degrees / 90;
    if (quarters == std::floor(quarters)) return at::rot90(bytes, static_cast<std::int64_t>(quarters), {2, 3}).contiguous();
    return turned(bytes, degrees);
}

/// value = clip(offset + gain * x + deviation * n) of values from 0 to 1, n anew for each pixel and channel.
at::Tensor noisy(const at::Tensor& given, double offset, double gain, double deviation, const std::string& text, bool train, std::int64_t first) {
    at::Tensor out = given.contiguous().clone();
    const std::int64_t count = out.size(0), each = out.numel() / std::max<std::int64_t>(count, 1);
    const std::int64_t base = std::llround(offset * 255 * kFixedOne), factor = std::llround(gain * kFixedOne), scale = std::llround(deviation * 255 * kFixedOne);
    auto* pixels = out.mutable_data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < count; ++i) {
        Random random(stream_of(text, train, first + i));
        for (std::int64_t k = 0; k < each; ++k) {
            std::uint8_t& pixel = pixels[i * each + k];
            const std::uint64_t a = random.next(), b = random.next();
            const std::int64_t value = base + factor * pixel + ((normal_65536(a, b) * scale) >> 16);
            pixel = static_cast<std::uint8_t>(std::clamp<std::int64_t>((value + kFixedOne / 2) >> 16, 0, 255));
        }
    }
    return out;
}

/// A smooth ground of random colours: 5 x 5 knots, bilinear.
at::Tensor colour_ground(std::int64_t height, std::int64_t width, std::uint64_t stream) {
    constexpr std::int64_t kKnotsAlong = 5;
    Random random(stream);
    std::array<std::array<std::array<std::int64_t, kKnotsAlong>, kKnotsAlong>, 3> knots{};
    for (auto& channel : knots)
        for (auto& row : channel)
            for (std::int64_t& value : row) value = random.below(256);
    at::Tensor out = at::empty({3, height, width}, at::kByte);
    auto* pixel = out.mutable_data_ptr<std::uint8_t>();
    for (const auto& channel : knots)
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x) {
                const std::int64_t v = y * (kKnotsAlong - 1) * kFixedOne / height, u = x * (kKnotsAlong - 1) * kFixedOne / width;
                const auto row = static_cast<std::size_t>(v >> 16), column = static_cast<std::size_t>(u >> 16);
                const std::int64_t fy = v & 0xffff, fx = u & 0xffff;
                const std::int64_t upper = channel[row][column] * (kFixedOne - fx) + channel[row][column + 1] * fx, lower = channel[row + 1][column] * (kFixedOne - fx) + channel[row + 1][column + 1] * fx;
                *pixel++ = static_cast<std::uint8_t>((((upper >> 16) * (kFixedOne - fy) + (lower >> 16) * fy)) >> 16);
            }
    return out;
}

/// |ground - x|, as MNIST-M is made.
at::Tensor difference_to(const at::Tensor& bytes, const at::Tensor& grounds) { return (grounds.to(at::kShort) - in_colour(bytes).to(at::kShort)).abs().to(at::kByte); }

at::Tensor on_colours(const at::Tensor& bytes, const std::string& text, bool train, std::int64_t first) {
    std::vector<at::Tensor> grounds;
    for (std::int64_t i = 0; i < bytes.size(0); ++i) grounds.push_back(colour_ground(bytes.size(2), bytes.size(3), stream_of(text, train, first + i)));
    return grounds.empty() ? in_colour(bytes) : difference_to(bytes, at::stack(grounds));
}

at::Tensor cut_from_middle(const at::Tensor& bytes, std::int64_t height, std::int64_t width, const std::string& where) {
    if (bytes.size(2) < height || bytes.size(3) < width)
        throw Error(ErrorCode::invalid_value, "Pictures are too small to be cut.", where + ": " + std::to_string(bytes.size(2)) + " x " + std::to_string(bytes.size(3)), "Cut less, or choose larger pictures.");
    return bytes.slice(2, (bytes.size(2) - height) / 2, (bytes.size(2) - height) / 2 + height).slice(3, (bytes.size(3) - width) / 2, (bytes.size(3) - width) / 2 + width).contiguous();
}

at::Tensor on_pictures(const at::Tensor& bytes, const at::Tensor& grounds, std::int64_t first, const std::string& where) {
    const at::Tensor cut = in_colour(cut_from_middle(grounds, bytes.size(2), bytes.size(3), where));
    const at::Tensor which = ((at::arange(bytes.size(0), at::kLong) + first) * kGroundStride).remainder(cut.size(0));
    return difference_to(bytes, cut.index_select(0, which));
}

}

const std::vector<std::pair<std::string, std::string>>& known_changes() {
    static const std::vector<std::pair<std::string, std::string>> changes{{"rotate90", "turned by 90 degrees counter-clockwise"}, {"rotate=DEGREES", "turned counter-clockwise"}, {"mirror", "left and right changed"},
        {"invert", "dark for light"}, {"photometric", "1 - 0.7 x + noise of 0.1: dark for light, less contrast, noise in every channel"}, {"noise=DEVIATION", "noise of this deviation, 1 being white"},
        {"contrast=FACTOR", "values drawn together around the middle grey"}, {"colour", "|ground - x| on a smooth ground of random colours, which is drawn here"}, {"background=SOURCE", "|picture - x| on training pictures of another source"},
        {"crop=PIXELS", "a square cut from the middle"}};
    return changes;
}

PictureChange parse_change(std::string_view text, const std::string& data) {
    const auto sign = text.find('=');
    PictureChange change{std::string(text), std::string(text.substr(0, sign)), sign == std::string_view::npos ? std::string() : std::string(text.substr(sign + 1))};
    std::vector<std::string> names;
    std::string all;
    for (const auto& [known, help] : known_changes()) {
        const std::string name = known.substr(0, known.find('='));
        const bool takes_value = name.size() != known.size();
        if (name == change.name && takes_value == (sign != std::string_view::npos)) {
            if (name == "rotate") change_number(change, data, -360, 360);
            if (name == "noise" || name == "contrast") change_number(change, data, 0, 4);
            if (name == "crop") change_number(change, data, 1, 4096);
            if (name == "background" && change.value.empty()) break;
            return change;
        }
        names.push_back(known);
        all += (all.empty() ? "" : ", ") + known;
    }
    const std::string near = nearest_name(change.text, names);
    throw Error(ErrorCode::unknown_name, "There is no such change of pictures.", data + ": " + change.text, (near.empty() ? "" : "Did you mean " + near + "? ") + "Known are " + all + ".");
}

at::Tensor changed(const PictureChange& change, const at::Tensor& bytes, bool train, std::int64_t first, const GroundPictures& grounds) {
    if (change.name == "rotate90") return rotated(bytes, 90);
    if (change.name == "rotate") return rotated(bytes, change_number(change, change.text, -360, 360));
    if (change.name == "mirror") return bytes.flip({3}).contiguous();
    if (change.name == "invert") return bytes.bitwise_not();
    if (change.name == "photometric") return noisy(in_colour(bytes), 1, -0.7, 0.1, change.text, train, first);
    if (change.name == "noise") return noisy(bytes, 0, 1, change_number(change, change.text, 0, 4), change.text, train, first);
    if (change.name == "contrast") {
        const double factor = change_number(change, change.text, 0, 4);
        return noisy(bytes, 0.5 * (1 - factor), factor, 0, change.text, train, first);
    }
    if (change.name == "colour") return on_colours(bytes, change.text, train, first);
    if (change.name == "crop") {
        const auto side = static_cast<std::int64_t>(change_number(change, change.text, 1, 4096));
        return cut_from_middle(bytes, side, side, change.text);
    }
    if (change.name == "background") return on_pictures(bytes, grounds(change.value), first, change.text);
    throw Error(ErrorCode::internal, "A change of pictures is not made.", change.text);
}

}
