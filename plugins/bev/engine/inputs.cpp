#include "plugins/bev/engine/inputs.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <exception>
#include <functional>

namespace lathe::bev {
namespace {

/// As at::parallel_for over single numbers; an exception may not leave a parallel region, so the last one is thrown again after it.
void for_each_image(std::int64_t count, const std::function<void(std::int64_t)>& work) {
    std::exception_ptr failed;
    std::mutex mutex;
    at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) {
            try {
                work(i);
            } catch (...) {
                const std::lock_guard lock(mutex);
                failed = std::current_exception();
            }
        }
    });
    if (failed) std::rethrow_exception(failed);
}

at::Tensor empty_images(std::int64_t count, int height, int width) {
    return at::empty({count, 3, height, width}, at::TensorOptions().dtype(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor matrices_of(const SampleInfo& sample, const AlignOptions& align, const std::vector<ImageAugmentation>& augmentations) {
    const std::vector<Mat4> poses = image_poses(sample, align);
    at::Tensor out = at::empty({static_cast<std::int64_t>(poses.size()), 4, 4}, at::kFloat);
    for (std::size_t i = 0; i < poses.size(); ++i) {
        const auto matrix = to_float(lidar2img(poses[i], sample.cameras[i % sample.cameras.size()].intrinsic, matrix_of(augmentations[i])));
        std::ranges::copy(matrix, out.mutable_data_ptr<float>() + i * matrix.size());
    }
    return out;
}

std::vector<ImageAugmentation> test_augmentations(const SampleInfo& sample, const DetectorConfig& config) {
    std::vector<ImageAugmentation> out;
    for (const CameraInfo& camera : sample.cameras) out.push_back(test_augmentation(camera.width, camera.height, config.width, config.height));
    return out;
}

void check_cameras(const SampleInfo& sample, const DetectorConfig& config) {
    if (static_cast<int>(sample.cameras.size()) != config.cameras)
        throw Error(ErrorCode::invalid_value, "The sample has another number of cameras than the detector.", std::to_string(sample.cameras.size()) + " instead of " + std::to_string(config.cameras) + ", sample " + sample.token,
            "Set the detector's number of cameras to that of the data set.");
}

}

std::shared_ptr<const Picture> PictureCache::get(const std::filesystem::path& file, int width, int height) {
    std::error_code missing;   // reading it will tell
    const std::string key = file.string() + '\n' + std::to_string(std::filesystem::last_write_time(file, missing).time_since_epoch().count());
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

std::vector<int> history_entries(int frames, int used) {
    std::vector<int> entries;
    for (int i = 1; i < frames; ++i) {
        const int taken = used > 0 ? std::min(i, used - 1) : i;
        entries.push_back(taken == 0 ? kCurrentFrame : 2 * taken - 1);
    }
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

at::Tensor test_matrices(const SampleInfo& sample, const DetectorConfig& config, const AlignOptions& align) {
    check_cameras(sample, config);
    const std::vector<ImageAugmentation> one = test_augmentations(sample, config);
    std::vector<ImageAugmentation> all;
    for (int t = 0; t < config.frames; ++t) all.insert(all.end(), one.begin(), one.end());
    return matrices_of(sample, align, all);
}

std::vector<Picture> test_pictures(const SampleInfo& sample, std::span<const std::string> files, const std::filesystem::path& root, const DetectorConfig& config, PictureCache& pictures) {
    const std::vector<ImageAugmentation> augmentations = test_augmentations(sample, config);
    std::vector<Picture> out(augmentations.size());
    for_each_image(static_cast<std::int64_t>(out.size()), [&](std::int64_t i) {
        const auto k = static_cast<std::size_t>(i);
        out[k] = augmented(*pictures.get(root / files[k], sample.cameras[k].width, sample.cameras[k].height), augmentations[k]);
    });
    return out;
}

at::Tensor network_images(const std::vector<Picture>& pictures) {
    const int height = pictures.at(0).height, width = pictures[0].width;
    at::Tensor out = empty_images(static_cast<std::int64_t>(pictures.size()), height, width);
    auto* pixels = out.mutable_data_ptr<float>();
    for_each_image(out.size(0), [&](std::int64_t i) { normalise(pictures[static_cast<std::size_t>(i)], pixels + i * 3 * height * width, true); });
    return out;
}

NetworkInput training_input(const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, const AugmentationRanges& ranges, Draws& draws, PictureCache& pictures) {
    check_cameras(sample, config);
    AlignOptions align;
    align.history = history_entries(config.frames);
    align.bev = draw_bev_augmentation(draws, ranges.bev);
    std::vector<ImageAugmentation> augmentations;
    for (int t = 0; t < config.frames; ++t)
        for (const CameraInfo& camera : sample.cameras) augmentations.push_back(draw_image_augmentation(draws, camera.width, camera.height, config.width, config.height, ranges.image));
    const std::vector<std::string> files = image_files(sample, align);
    NetworkInput input;
    input.lidar2img = matrices_of(sample, align, augmentations);
    input.images = empty_images(static_cast<std::int64_t>(files.size()), config.height, config.width);
    auto* pixels = input.images.mutable_data_ptr<float>();
    for_each_image(input.images.size(0), [&](std::int64_t i) {
        const auto k = static_cast<std::size_t>(i);
        const CameraInfo& camera = sample.cameras[k % sample.cameras.size()];
        normalise(augmented(*pictures.get(root / files[k], camera.width, camera.height), augmentations[k]), pixels + i * 3 * config.height * config.width, true);
    });
    input.augmentations = std::move(augmentations);
    std::vector<TrueBox> seen;   // as the official loader: a box without a lidar point is not learned
    std::copy_if(sample.boxes.begin(), sample.boxes.end(), std::back_inserter(seen), [](const TrueBox& box) { return box.lidar_points > 0; });
    input.truth = truth_of(training_boxes(seen, align.bev, config.range));
    return input;
}

}
