#pragma once
// Camera pictures from JPEG and PNG files as 8-bit RGB. Stateless; any thread.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

struct Picture {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb;                  ///< height x width x 3
    const std::uint8_t* row(int y) const { return rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3; }
    std::uint8_t* row(int y) { return rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3; }
};

/// Throws Error(not_found, io, wrong_format) naming the file where it is missing, cut off, no JPEG or PNG, above 64 Mpx, or of another size than told (0: any).
Picture read_picture(const std::filesystem::path& file, int width = 0, int height = 0);
Picture decode_picture(std::string_view bytes, const std::string& where, int width = 0, int height = 0);

}
