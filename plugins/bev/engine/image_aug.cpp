#include "plugins/bev/engine/image_aug.h"
#include "core/base/error.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <span>
#include <vector>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define LATHE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LATHE_CLONES
#endif

namespace lathe::bev {
namespace {

constexpr int kFractionBits = 22;   // Pillow's: 8-bit values times 22-bit weights stay in 32 bits, with room for overshoot
constexpr double kSupport = 2;
constexpr int kLargest = 1 << 15;

double bicubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/// Which inputs each output of one axis is made of, for outputs [first, first + count).
struct Weights {
    int taps = 0;
    std::vector<int> begin, length;
    std::vector<std::int32_t> weight;              ///< taps for each output
    std::span<const std::int32_t> of(int i) const { return {weight.data() + static_cast<std::ptrdiff_t>(i) * taps, static_cast<std::size_t>(length[static_cast<std::size_t>(i)])}; }
};

Weights weights_of(int in, int out, int first, int count) {
    const double scale = static_cast<double>(in) / out, filter_scale = std::max(scale, 1.0), support = kSupport * filter_scale;
    Weights w;
    w.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
    w.weight.assign(static_cast<std::size_t>(count) * static_cast<std::size_t>(w.taps), 0);
    std::vector<double> exact(static_cast<std::size_t>(w.taps));
    for (int i = 0; i < count; ++i) {
        const double centre = (first + i + 0.5) * scale;
        const int low = std::max(static_cast<int>(centre - support + 0.5), 0), high = std::min(static_cast<int>(centre + support + 0.5), in);
        double sum = 0;
        for (int k = 0; k < high - low; ++k) sum += exact[static_cast<std::size_t>(k)] = bicubic((k + low - centre + 0.5) / filter_scale);
        for (int k = 0; k < high - low; ++k) {
            const double fixed = exact[static_cast<std::size_t>(k)] / sum * (1 << kFractionBits);
            w.weight[static_cast<std::size_t>(i * w.taps + k)] = static_cast<std::int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
        }
        w.begin.push_back(low);
        w.length.push_back(high - low);
    }
    return w;
}

std::uint8_t to_byte(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255)); }

using Bytes4 = std::uint8_t __attribute__((vector_size(4)));
using Ints4 = std::int32_t __attribute__((vector_size(16)));

/// One row: `in` must have one readable byte after its last pixel.
LATHE_CLONES void shrink_row(const std::uint8_t* in, const int* begin, const int* length, const std::int32_t* weight, int taps, int count, std::uint8_t* out) {
    for (int x = 0; x < count; ++x) {
        constexpr std::int32_t half = 1 << (kFractionBits - 1);
        Ints4 sum{half, half, half, half};
        const std::uint8_t* from = in + begin[x] * 3;
        const std::int32_t* w = weight + static_cast<std::ptrdiff_t>(x) * taps;
        for (int k = 0; k < length[x]; ++k) {
            Bytes4 pixel;
            std::memcpy(&pixel, from + k * 3, 4);
            sum += __builtin_convertvector(pixel, Ints4) * w[k];
        }
        for (int c = 0; c < 3; ++c) out[x * 3 + c] = to_byte(sum[c]);
    }
}

/// One output row of the second pass, from rows `stride` bytes apart.
LATHE_CLONES void shrink_column(const std::uint8_t* in, std::size_t stride, const std::int32_t* weight, int taps, int count, std::uint8_t* out) {
    constexpr int kPiece = 512;
    std::int32_t sum[kPiece];
    for (int start = 0; start < count; start += kPiece) {
        const int n = std::min(kPiece, count - start);
        for (int i = 0; i < n; ++i) sum[i] = 1 << (kFractionBits - 1);
        for (int k = 0; k < taps; ++k) {
            const std::uint8_t* from = in + static_cast<std::size_t>(k) * stride + start;
            const std::int32_t w = weight[k];
            for (int i = 0; i < n; ++i) sum[i] += from[i] * w;
        }
        for (int i = 0; i < n; ++i) {
            const std::int32_t v = sum[i] >> kFractionBits;
            out[start + i] = static_cast<std::uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

void check_sizes(const Picture& picture, int width, int height, int out_width, int out_height) {
    for (const int size : {picture.width, picture.height, width, height, out_width, out_height})
        if (size < 1 || size > kLargest)
            throw Error(ErrorCode::invalid_value, "A picture cannot be brought to this size.",
                std::to_string(picture.width) + " x " + std::to_string(picture.height) + " to " + std::to_string(width) + " x " + std::to_string(height) + ", window " + std::to_string(out_width) + " x " + std::to_string(out_height),
                "Sizes go from 1 to 32768.");
}

void flip_rows(Picture& picture) {
    for (int y = 0; y < picture.height; ++y) {
        std::uint8_t* row = picture.row(y);
        for (int left = 0, right = picture.width - 1; left < right; ++left, --right) std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
    }
}

}

Picture resized(const Picture& picture, int width, int height, int left, int top, int out_width, int out_height) {
    check_sizes(picture, width, height, out_width, out_height);
    Picture out{out_width, out_height, std::vector<std::uint8_t>(static_cast<std::size_t>(out_width) * static_cast<std::size_t>(out_height) * 3, 0)};
    const int x0 = std::clamp(left, 0, width), x1 = std::clamp(left + out_width, x0, width), y0 = std::clamp(top, 0, height), y1 = std::clamp(top + out_height, y0, height);
    if (x0 == x1 || y0 == y1) return out;
    const int columns = x1 - x0, rows = y1 - y0;
    const Weights across = weights_of(picture.width, width, x0, columns), down = weights_of(picture.height, height, y0, rows);

    // First pass along the rows, for the rows that the second will need; rounded to 8 bits in between, as in Pillow.
    const int low = down.begin.front(), high = down.begin.back() + down.length.back();
    const auto stride = static_cast<std::size_t>(columns) * 3;
    std::vector<std::uint8_t> middle(static_cast<std::size_t>(high - low) * stride), padded(static_cast<std::size_t>(picture.width) * 3 + 1);
    for (int y = low; y < high; ++y) {
        std::uint8_t* to = middle.data() + static_cast<std::size_t>(y - low) * stride;
        if (picture.width == width) {
            std::memcpy(to, picture.row(y) + x0 * 3, stride);
            continue;
        }
        std::memcpy(padded.data(), picture.row(y), padded.size() - 1);
        shrink_row(padded.data(), across.begin.data(), across.length.data(), across.weight.data(), across.taps, columns, to);
    }
    for (int y = 0; y < rows; ++y) {
        std::uint8_t* to = out.row(y0 + y - top) + (x0 - left) * 3;
        const std::uint8_t* from = middle.data() + static_cast<std::size_t>(down.begin[static_cast<std::size_t>(y)] - low) * stride;
        if (picture.height == height) std::memcpy(to, middle.data() + static_cast<std::size_t>(y0 + y - low) * stride, stride);
        else shrink_column(from, stride, down.of(y).data(), down.length[static_cast<std::size_t>(y)], static_cast<int>(stride), to);
    }
    return out;
}

Picture rotated(const Picture& picture, double degrees) {
    check_sizes(picture, 1, 1, 1, 1);
    // Pillow's 16.16 fixed-point walk over the source, started at the first pixel's centre.
    const double angle = -degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle), cx = picture.width / 2.0, cy = picture.height / 2.0;
    const double x_shift = cx - c * cx - s * cy, y_shift = cy + s * cx - c * cy;
    const auto fixed = [](double v) { return static_cast<std::int64_t>(std::floor(v * 65536 + 0.5)); };
    const std::int64_t xx = fixed(c), xy = fixed(s), yx = fixed(-s), yy = fixed(c);
    std::int64_t x_row = fixed(x_shift + c * 0.5 + s * 0.5), y_row = fixed(y_shift - s * 0.5 + c * 0.5);
    Picture out{picture.width, picture.height, std::vector<std::uint8_t>(picture.rgb.size(), 0)};
    for (int y = 0; y < out.height; ++y, x_row += xy, y_row += yy) {
        std::int64_t x_at = x_row, y_at = y_row;
        std::uint8_t* to = out.row(y);
        for (int x = 0; x < out.width; ++x, x_at += xx, y_at += yx, to += 3) {
            const std::int64_t from_x = x_at >> 16, from_y = y_at >> 16;
            if (from_x >= 0 && from_x < picture.width && from_y >= 0 && from_y < picture.height) std::memcpy(to, picture.row(static_cast<int>(from_y)) + from_x * 3, 3);
        }
    }
    return out;
}

Picture augmented(const Picture& picture, const ImageAugmentation& a) {
    Picture out = resized(picture, a.width, a.height, a.left, a.top, a.out_width, a.out_height);
    if (a.flip) flip_rows(out);
    return a.degrees == 0 ? out : rotated(out, a.degrees);
}

namespace {

int half_down(int value) { return value >= 0 ? value / 2 : -((1 - value) / 2); }

ImageAugmentation with_resize(double resize, int width, int height, int out_width, int out_height) {
    ImageAugmentation a;
    a.resize = resize;
    a.width = static_cast<int>(width * resize);
    a.height = static_cast<int>(height * resize);
    a.out_width = out_width;
    a.out_height = out_height;
    a.left = half_down(a.width - out_width);
    a.top = half_down(a.height - out_height);
    return a;
}

}

ImageAugmentation test_augmentation(int width, int height, int out_width, int out_height, bool flip) {
    ImageAugmentation a = with_resize(static_cast<double>(out_width) / width, width, height, out_width, out_height);
    a.flip = flip;
    return a;
}

ImageAugmentation draw_image_augmentation(Draws& draws, int width, int height, int out_width, int out_height, const ImageRanges& ranges) {
    ImageAugmentation a = with_resize(static_cast<double>(out_width) / width + draws.uniform(ranges.resize_low, ranges.resize_high), width, height, out_width, out_height);
    a.left += static_cast<int>(draws.uniform(-ranges.crop, ranges.crop) * out_width);
    a.top += static_cast<int>(draws.uniform(-ranges.crop, ranges.crop) * out_height);
    a.flip = draws.chance(ranges.flip);
    a.degrees = draws.uniform(-ranges.degrees, ranges.degrees);
    return a;
}

ImageMatrix matrix_of(const ImageAugmentation& a) {
    ImageMatrix out;
    Mat3& turn = out.turn;
    turn(0, 0) = turn(1, 1) = a.resize;
    out.shift = {-static_cast<double>(a.left), -static_cast<double>(a.top), 0};
    if (a.flip) {
        turn(0, 0) = -turn(0, 0);
        out.shift[0] = a.out_width - out.shift[0];
    }
    const double angle = a.degrees * std::numbers::pi / 180, cx = a.out_width / 2.0, cy = a.out_height / 2.0;
    Mat3 r;
    r(0, 0) = r(1, 1) = std::cos(angle);
    r(0, 1) = std::sin(angle);
    r(1, 0) = -r(0, 1);
    const Vec3 shifted = r * Vec3{out.shift[0] - cx, out.shift[1] - cy, 0};
    turn = r * turn;
    out.shift = {shifted[0] + cx, shifted[1] + cy, 0};
    return out;
}

void normalise(const Picture& picture, float* out, bool channels_last, bool swap) {
    constexpr std::array<double, 3> mean{123.675, 116.28, 103.53}, deviation{58.395, 57.12, 57.375};
    std::array<std::array<float, 256>, 3> table{};
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t v = 0; v < 256; ++v) table[c][v] = static_cast<float>(static_cast<float>(static_cast<double>(v) - mean[c]) * (1 / deviation[c]));
    const std::size_t pixels = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
    for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t* from = picture.rgb.data() + (swap ? 2 - c : c);
        float* to = channels_last ? out + c : out + c * pixels;
        const std::size_t step = channels_last ? 3 : 1;
        for (std::size_t i = 0; i < pixels; ++i) to[i * step] = table[c][from[i * 3]];
    }
}

}
