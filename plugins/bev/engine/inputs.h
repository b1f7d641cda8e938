#pragma once
// From a sample of a data set to what the detector takes: pictures resized, cropped and normalised, and the matrices that belong to them.
#include "plugins/bev/engine/alignment.h"
#include "plugins/bev/engine/detector_config.h"
#include "plugins/bev/engine/image_aug.h"
#include "plugins/bev/engine/loss.h"
#include <ATen/core/Tensor.h>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>

namespace lathe::bev {

/// Decoded pictures by file and its time of change, up to a number of bytes; the oldest go first. Any thread.
class PictureCache {
public:
    explicit PictureCache(std::size_t budget_bytes) : m_budget(budget_bytes) {}
    std::shared_ptr<const Picture> get(const std::filesystem::path& file, int width, int height);
private:
    struct Entry { std::shared_ptr<const Picture> picture; std::uint64_t used = 0; };
    std::mutex m_mutex;
    std::map<std::string, Entry> m_entries;
    std::size_t m_budget, m_bytes = 0;
    std::uint64_t m_clock = 0;
};

struct NetworkInput {
    at::Tensor images;                          ///< [frames * cameras, 3, H, W] float, channels last
    at::Tensor lidar2img;                       ///< [frames * cameras, 4, 4] float: of the network's pictures
    std::vector<ImageAugmentation> augmentations;   ///< one for each image
    GroundTruth truth;                          ///< in the frame of the matrices, inside the range
};

/// The history that `frames` frames need: entries 1, 3, 5, … of the sample's list. `used` of them (0: all) are different; the others repeat the last of those.
std::vector<int> history_entries(int frames, int used = 0);

/// lidar2img of all images as a test sees them, float [frames * cameras, 4, 4]; `align.history` as history_entries gives it.
/// Throws Error(invalid_value) where the sample has another number of cameras than the detector.
at::Tensor test_matrices(const SampleInfo& sample, const DetectorConfig& config, const AlignOptions& align);
/// The pictures of one moment as a test sees them, one for each camera, before normalisation. Uses all threads.
std::vector<Picture> test_pictures(const SampleInfo& sample, std::span<const std::string> files, const std::filesystem::path& root, const DetectorConfig& config, PictureCache& pictures);
/// Normalised: float [n, 3, H, W], channels last.
at::Tensor network_images(const std::vector<Picture>& pictures);

struct AugmentationRanges { ImageRanges image; BevRanges bev; };
/// As training sees it: every image and the ground plane drawn from `draws`.
NetworkInput training_input(const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, const AugmentationRanges& ranges, Draws& draws, PictureCache& pictures);

/// Boxes inside the anchors' range.
GroundTruth truth_of(const std::vector<TrueBox>& boxes);

}
