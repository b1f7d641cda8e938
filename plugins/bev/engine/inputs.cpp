#include "plugins/bev/engine/inputs.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <exception>

namespace lathe::bev {
namespace {

/// Fills images and matrices from one augmentation for each image.
NetworkInput prepared(const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, const AlignOptions& align, std::vector<ImageAugmentation> augmentations,
    PictureCache& pictures) {
    const std::vector<std::string> files = image_files(sample, align);
    const std::vector<Mat4> poses = image_poses(sample, align);
    const auto count = static_cast<std::int64_t>(files.size());
    NetworkInput input;
    input.images = at::empty({count, 3, config.height, config.width}, at::TensorOptions().dtype(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
    input.lidar2img = at::empty({count, 4, 4}, at::kFloat);
    auto* pixels = input.images.mutable_data_ptr<float>();
    auto* matrices = input.lidar2img.mutable_data_ptr<float>();
    std::exception_ptr failed;
    std::mutex mutex;
    at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) {
            try {
                const auto k = static_cast<std::size_t>(i);
                const CameraInfo& camera = sample.cameras[k % sample.cameras.size()];
                const auto picture = pictures.get(root / files[k], camera.width, camera.height);
                const Picture seen = augmented(*picture, augmentations[k]);
                normalise(seen, pixels + i * 3 * config.height * config.width, true);
                const auto matrix = to_float(lidar2img(poses[k], camera.intrinsic, matrix_of(augmentations[k])));
                std::copy(matrix.begin(), matrix.end(), matrices + i * 16);
            } catch (...) {   // an exception may not leave a parallel region
                const std::lock_guard lock(mutex);
                failed = std::current_exception();
            }
        }
    });
    if (failed) std::rethrow_exception(failed);
    input.augmentations = std::move(augmentations);
    return input;
}

void check_cameras(const SampleInfo& sample, const DetectorConfig& config) {
    if (static_cast<int>(sample.cameras.size()) != config.cameras)
        throw Error(ErrorCode::invalid_value, "The sample has another number of cameras than the detector.", std::to_string(sample.cameras.size()) + " instead of " + std::to_string(config.cameras) + ", sample " + sample.token,
            "Set the detector's number of cameras to that of the data set.");
}

}

std::shared_ptr<const Picture> PictureCache::get(const std::filesystem::path& file, int width, int height) {
    const std::string key = file.string();
    {
        const std::lock_guard lock(m_mutex);
        if (const auto found = m_entries.find(key); found != m_entries.end()) {
            found->second.used = ++m_clock;
            return found->second.picture;
        }
    }
    auto picture = std::make_shared<const Picture>(read_picture(file, width, height));
    const std::lock_guard lock(m_mutex);
    while (!m_entries.empty() && m_bytes + picture->rgb.size() > m_budget) {
        const auto oldest = std::min_element(m_entries.begin(), m_entries.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
        m_bytes -= oldest->second.picture->rgb.size();
        m_entries.erase(oldest);
    }
    if (m_entries.emplace(key, Entry{picture, ++m_clock}).second) m_bytes += picture->rgb.size();
    return picture;
}

std::vector<int> history_entries(int frames) {
    std::vector<int> entries;
    for (int i = 1; i < frames; ++i) entries.push_back(2 * i - 1);
    return entries;
}

GroundTruth truth_of(const std::vector<TrueBox>& boxes) {
    GroundTruth truth;
    for (const TrueBox& box : boxes) {
        truth.boxes.push_back(box.box);
        truth.labels.push_back(box.label);
    }
    return truth;
}

NetworkInput test_input(const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, AlignOptions align, PictureCache& pictures) {
    check_cameras(sample, config);
    align.history = history_entries(config.frames);
    std::vector<ImageAugmentation> augmentations;
    for (int t = 0; t < config.frames; ++t)
        for (const CameraInfo& camera : sample.cameras) augmentations.push_back(test_augmentation(camera.width, camera.height, config.width, config.height));
    NetworkInput input = prepared(sample, root, config, align, std::move(augmentations), pictures);
    input.truth = truth_of(training_boxes(sample.boxes, align.bev, config.range));
    return input;
}

NetworkInput training_input(const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, const AugmentationRanges& ranges, Draws& draws, PictureCache& pictures) {
    check_cameras(sample, config);
    AlignOptions align;
    align.history = history_entries(config.frames);
    align.bev = draw_bev_augmentation(draws, ranges.bev);
    std::vector<ImageAugmentation> augmentations;
    for (int t = 0; t < config.frames; ++t)
        for (const CameraInfo& camera : sample.cameras) augmentations.push_back(draw_image_augmentation(draws, camera.width, camera.height, config.width, config.height, ranges.image));
    NetworkInput input = prepared(sample, root, config, align, std::move(augmentations), pictures);
    std::vector<TrueBox> seen;   // as the official loader: a box without a lidar point is not learned
    std::copy_if(sample.boxes.begin(), sample.boxes.end(), std::back_inserter(seen), [](const TrueBox& box) { return box.lidar_points > 0; });
    input.truth = truth_of(training_boxes(seen, align.bev, config.range));
    return input;
}

}
