#include "core/base/picture_header.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe {
namespace {

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::int64_t value = 0;
    for (const char c : bytes.substr(at, count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

bool is_png(std::string_view bytes) { return bytes.starts_with(std::string_view("\x89PNG\r\n\x1a\n", 8)); }
bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

/// 0 x 0: the header does not tell.
PictureHeader told_size(std::string_view bytes) {
    if (is_png(bytes)) return bytes.size() < 24 ? PictureHeader{} : PictureHeader{big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
    std::size_t at = 2;
    while (at + 9 < bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xff) {   // segments: mark, length, content
        const auto marker = static_cast<unsigned char>(bytes[at + 1]);
        if (marker == 0xff) {
            ++at;   // filling
        } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            return {big_endian(bytes, at + 7, 2), big_endian(bytes, at + 5, 2)};
        } else {
            at += 2 + static_cast<std::size_t>(big_endian(bytes, at + 2, 2));
        }
    }
    return {};
}

bool has_end(std::string_view bytes) {
    constexpr std::size_t kTail = 4096;   // cameras append a little
    const std::string_view end = bytes.substr(bytes.size() - std::min(bytes.size(), kTail));
    return end.find(is_png(bytes) ? std::string_view("IEND") : std::string_view("\xff\xd9")) != end.npos;
}

}

PictureHeader checked_picture_header(std::string_view bytes, const std::string& where) {
    const auto refuse = [&](const std::string& what, const char* hint = "Fetch the file again.") { throw Error(ErrorCode::wrong_format, what, where, hint); };
    if (bytes.empty()) refuse("A picture file is empty.");
    if (!is_png(bytes) && !is_jpeg(bytes)) refuse("A picture is neither JPEG nor PNG.", "Other formats are not read: convert it, or leave it out.");
    const PictureHeader told = told_size(bytes);
    if (told.width < 1 || told.height < 1) refuse("A picture has no header that tells its size.");
    if (told.width * told.height > kMostPicturePixels)
        refuse("A picture has " + std::to_string(told.width) + " x " + std::to_string(told.height) + " pixels; at most 64 million are read.", "Make it smaller.");
    if (!has_end(bytes)) refuse("A picture file is cut off.");
    return told;
}

}
