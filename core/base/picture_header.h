#pragma once
// What a PNG or JPEG file says of itself before anything is decoded. Any thread.
#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

inline constexpr std::size_t kMostPictureBytes = 256u << 20;
inline constexpr std::int64_t kMostPicturePixels = 64'000'000;

struct PictureHeader { std::int64_t width = 0, height = 0; };

/// Throws Error(wrong_format), naming `where`: neither JPEG nor PNG, no size in the header, more than 64 million pixels (so that a small file cannot ask for all
/// memory), or cut off, which decoders fill with grey and say nothing.
PictureHeader checked_picture_header(std::string_view bytes, const std::string& where);

}
