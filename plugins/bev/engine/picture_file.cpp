#include "plugins/bev/engine/picture_file.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace lathe::bev {
namespace {

constexpr std::size_t kMostBytes = 256u << 20;
constexpr std::int64_t kMostPixels = 64'000'000;

struct Size { std::int64_t width = 0, height = 0; };

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

bool is_png(std::string_view bytes) { return bytes.starts_with(std::string_view("\x89PNG\r\n\x1a\n", 8)); }
bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

/// The size that the header tells, before anything is decoded; 0 x 0: it does not.
Size size_in_header(std::string_view bytes) {
    if (is_png(bytes)) return bytes.size() < 24 ? Size{} : Size{big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
    std::size_t at = 2;
    while (at + 9 < bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xff) {
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

/// The decoder fills the missing part of a JPEG with grey and says nothing, so the end mark is looked for here.
bool is_whole(std::string_view bytes) {
    const std::string_view end = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 4096));
    return end.find(is_png(bytes) ? std::string_view("IEND") : std::string_view("\xff\xd9")) != end.npos;
}

}

Picture read_picture(const std::filesystem::path& file, int width, int height) { return decode_picture(read_file(file, kMostBytes), file.string(), width, height); }

Picture decode_picture(std::string_view bytes, const std::string& where, int width, int height) {
    const auto refuse = [&](const std::string& what, const char* hint = "Fetch the file again.") { throw Error(ErrorCode::wrong_format, what, where, hint); };
    if (bytes.empty()) refuse("A picture file is empty.");
    if (!is_png(bytes) && !is_jpeg(bytes)) refuse("A picture is neither JPEG nor PNG.", "Other formats are not read.");
    const Size told = size_in_header(bytes);
    if (told.width < 1 || told.height < 1) refuse("A picture has no header that tells its size.");
    if (told.width * told.height > kMostPixels) refuse("A picture has " + std::to_string(told.width) + " x " + std::to_string(told.height) + " pixels; at most 64 million are read.", "Make it smaller.");
    if ((width > 0 && told.width != width) || (height > 0 && told.height != height))
        refuse("A picture is " + std::to_string(told.width) + " x " + std::to_string(told.height) + " pixels; its table says " + std::to_string(width) + " x " + std::to_string(height) + ".",
            "The calibration is for the size in the table (sample_data, fields width and height).");
    if (!is_whole(bytes)) refuse("A picture file is cut off.");
    cv::Mat decoded, rgb;
    try {
        const cv::Mat wrapped(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
        decoded = cv::imdecode(wrapped, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
        if (!decoded.empty()) cv::cvtColor(decoded, rgb, cv::COLOR_BGR2RGB);
    } catch (const cv::Exception& error) {
        refuse("A picture cannot be decoded: " + error.err + ".");
    }
    if (rgb.empty() || rgb.cols != told.width || rgb.rows != told.height) refuse("A picture is damaged.");
    Picture out{rgb.cols, rgb.rows, {}};
    out.rgb.assign(rgb.datastart, rgb.dataend);
    return out;
}

}
