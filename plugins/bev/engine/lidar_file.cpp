#include "plugins/bev/engine/lidar_file.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include <ATen/ATen.h>
#include <cmath>
#include <cstring>

namespace lathe::bev {

at::Tensor read_lidar(const std::filesystem::path& file) {
    constexpr std::size_t kNumbers = 5, kMostLidarBytes = std::size_t{256} << 20;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return at::empty({0, 4});
    const std::string bytes = read_file(file, kMostLidarBytes);
    if (bytes.size() % (kNumbers * sizeof(float)) != 0)
        throw Error(ErrorCode::wrong_format, "A point cloud is no whole number of points of five float32.", file.string() + ", " + std::to_string(bytes.size()) + " bytes", "Fetch the file again.");
    const std::size_t count = bytes.size() / (kNumbers * sizeof(float));
    at::Tensor out = at::empty({static_cast<std::int64_t>(count), 4});
    auto* to = out.mutable_data_ptr<float>();
    std::int64_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<float, 4> point{};
        std::memcpy(point.data(), bytes.data() + i * kNumbers * sizeof(float), sizeof point);
        if (!std::ranges::all_of(point, [](float v) { return std::isfinite(v); })) continue;
        std::ranges::copy(point, to + 4 * kept++);
    }
    return out.narrow(0, 0, kept);
}

}
