#include "plugins/bev/engine/picture_file.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/picture_header.h"
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace lathe::bev {
Picture read_picture(const std::filesystem::path& file, int width, int height) { return decode_picture(read_file(file, kMostPictureBytes), file.string(), width, height); }

Picture decode_picture(std::string_view bytes, const std::string& where, int width, int height) {
    const auto refuse = [&](const std::string& what, const char* hint = "Fetch the file again.") { throw Error(ErrorCode::wrong_format, what, where, hint); };
    const PictureHeader told = checked_picture_header(bytes, where);
    if ((width > 0 && told.width != width) || (height > 0 && told.height != height))
        refuse("A picture is " + std::to_string(told.width) + " x " + std::to_string(told.height) + " pixels; its table says " + std::to_string(width) + " x " + std::to_string(height) + ".",
            "The calibration is for the size in the table (sample_data, fields width and height).");
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
