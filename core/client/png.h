#pragma once
// PNG of 8 and 16 bits with libpng, tuned for speed (fast filter, low compression). Any thread.
#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

inline constexpr std::int64_t kMaxPngPixels = 64ll << 20;

/// Pixels in rows from the top, channels together, samples in the byte order of this machine. channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
struct Raster {
    std::int64_t height = 0, width = 0;
    int channels = 0;
    int bits = 8;                ///< 8 or 16
    std::string pixels;
};

/// Throws Error(invalid_value) for a size, channel count or depth that PNG (or the limit of 64 Mpx) does not allow. `level`: zlib's, 1 to 9.
std::string encode_png(std::string_view pixels, std::int64_t height, std::int64_t width, int channels, int bits, int level = 1);
/// Palettes and transparency are expanded, fewer than 8 bits become 8. Throws Error(wrong_format) naming `where`.
Raster decode_png(std::string_view file, const std::string& where);

}
