#include "core/engine/image_folder.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/picture_header.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cctype>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace lathe {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostSetBytes = std::int64_t{8} << 30;
constexpr int kLargestSide = 8192, kSmallSide = 64;

std::vector<fs::path> sorted_entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> out;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (!it->path().filename().string().starts_with('.')) out.push_back(it->path());
    if (error)
        throw Error(error == std::errc::no_such_file_or_directory ? ErrorCode::not_found : ErrorCode::io, "A folder cannot be read: " + error.message() + ".", folder.string(),
            "Choose a folder that exists and may be read.");
    std::ranges::sort(out);
    return out;
}

bool is_picture_name(const fs::path& file) {
    std::string ending = file.extension().string();
    std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

/// With both sides set.
PictureSize checked_size(PictureSize size) {
    if (size.shorter == 0) size.shorter = size.size > kSmallSide && size.size <= kLargestSide ? size.size * 8 / 7 : size.size;   // small pictures are made for their size
    if (size.size < 1 || size.shorter < size.size || size.shorter > kLargestSide)
        throw Error(ErrorCode::invalid_value, "Pictures cannot be brought to this size.", "size " + std::to_string(size.size) + ", shorter side " + std::to_string(size.shorter),
            "The size must be at least 1; the shorter side at least the size, and at most 8192.");
    return size;
}

}

ImageFolder list_image_folder(const fs::path& folder) {
    ImageFolder out;
    std::vector<std::vector<fs::path>> pictures;
    std::size_t most = 0;
    std::error_code error;
    for (const fs::path& entry : sorted_entries(folder)) {
        if (!fs::is_directory(entry, error)) continue;
        std::vector<fs::path> files = sorted_entries(entry);
        std::erase_if(files, [](const fs::path& file) { return !is_picture_name(file); });
        if (files.empty()) throw Error(ErrorCode::wrong_format, "A class has no pictures.", entry.string(), "Put .png or .jpg files into its folder, or remove the folder.");
        most = std::max(most, files.size());
        out.classes.push_back(entry.filename().string());
        pictures.push_back(std::move(files));
    }
    if (pictures.size() < 2)
        throw Error(ErrorCode::wrong_format, "A set of pictures needs a folder for each of at least two classes.", folder.string() + ", " + std::to_string(pictures.size()) + " folders",
            "Choose the folder that holds the folders of the classes.");
    for (std::size_t i = 0; i < most; ++i)
        for (std::size_t label = 0; label < pictures.size(); ++label)
            if (i < pictures[label].size()) {
                out.files.push_back(pictures[label][i]);
                out.labels.push_back(static_cast<std::int64_t>(label));
            }
    return out;
}

at::Tensor read_square(const fs::path& file, const PictureSize& size) { return decode_square(read_file(file, kMostPictureBytes), file.string(), size); }

at::Tensor decode_square(std::string_view bytes, const std::string& where, const PictureSize& given) {
    const PictureSize size = checked_size(given);
    const auto refuse = [&](const std::string& what, const char* hint = "Fetch the file again, or remove it.") { throw Error(ErrorCode::wrong_format, what, where, hint); };
    checked_picture_header(bytes, where);
    cv::Mat decoded;
    try {
        decoded = cv::imdecode(cv::Mat(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data())), cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception& error) {
        refuse("A picture cannot be decoded: " + error.err + ".");
    }
    if (decoded.empty()) refuse("A picture is damaged.");
    const double factor = static_cast<double>(size.shorter) / std::min(decoded.cols, decoded.rows);
    const auto scaled = [&](int side) { return std::max(size.shorter, static_cast<int>(std::lround(side * factor))); };
    const cv::Size target(scaled(decoded.cols), scaled(decoded.rows));
    if (std::int64_t{target.width} * target.height > kMostPicturePixels) refuse("A picture is too long for its width: scaled it would have more than 64 million pixels.", "Cut it, or remove it.");
    cv::Mat resized, square;
    cv::resize(decoded, resized, target, 0, 0, factor < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    const cv::Rect middle((target.width - size.size) / 2, (target.height - size.size) / 2, size.size, size.size);
    cv::cvtColor(resized(middle), square, cv::COLOR_BGR2RGB);
    return at::from_blob(square.data, {size.size, size.size, 3}, at::kByte).permute({2, 0, 1}).clone(at::MemoryFormat::Contiguous);
}

LabelledImages read_image_folder(const ImageFolder& folder, std::int64_t begin, std::int64_t end, const PictureSize& given, const std::function<void(std::int64_t)>& done) {
    const PictureSize size = checked_size(given);
    if (begin < 0 || begin >= end || end > folder.size())
        throw Error(ErrorCode::invalid_value, "The data set has no such pictures.", std::to_string(begin) + " to " + std::to_string(end) + " of " + std::to_string(folder.size()), "Ask for fewer.");
    const std::int64_t each = std::int64_t{3} * size.size * size.size, count = end - begin;
    if (count > kMostSetBytes / each)
        throw Error(ErrorCode::out_of_memory, "The pictures together take more than 8 GiB.", std::to_string(count) + " pictures of " + std::to_string(size.size) + " x " + std::to_string(size.size),
            "Ask for a part of the set.");
    LabelledImages out{at::empty({count, 3, size.size, size.size}, at::kByte), at::empty({count}, at::kLong)};
    for (std::int64_t i = 0; i < count; ++i) {
        const auto from = static_cast<std::size_t>(begin + i);
        out.images[i].copy_(read_square(folder.files[from], size));
        out.labels[i] = folder.labels[from];
        if (done) done(i + 1);
    }
    return out;
}

}
