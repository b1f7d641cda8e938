#pragma once
// The matrices of all images of a sample: current frame and history seen from the current lidar frame, with the augmentations of the ground plane and of
// the images, and with what an experiment spoils. Source: Fast-BEV, nuscenes_dataset.py and its pipelines (the order of float32 operations included).
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/sample_info.h"
#include <array>
#include <cstdint>
#include <vector>

namespace lathe::bev {

/// A wrong calibration, in the camera's own axes (x right, y down, z forward): rotations about x, then y, then z.
struct CalibrationNoise { Vec3 degrees{}, metres{}; };
/// A random axis turned by N(0, degrees), a random direction moved by N(0, metres); the same for the same seed.
CalibrationNoise draw_noise(double degrees, double metres, std::uint64_t seed);
Mat4 with_noise(const Mat4& sensor2lidar, const CalibrationNoise& noise);

/// Augmentation of the ground plane, applied to boxes and cameras alike: flips, rotation (clockwise), scale, shift.
struct BevAugmentation {
    bool flip_y = false, flip_x = false;                    ///< y -> -y first (the reference calls it horizontal), then x -> -x (vertical)
    double rotation = 0, scale = 1;
    Vec3 shift{};
    Mat4 flips() const;
    Mat4 matrix() const;                                    ///< [scale * rotation | shift] * flips
    Box flipped(Box box) const;
    Box applied(Box box) const;                             ///< the yaw is not wrapped
};
struct BevRanges { double flip = 0.5, rotation = 0.3925, scale_low = 0.95, scale_high = 1.05, shift = 0.05; };
BevAugmentation draw_bev_augmentation(Draws& draws, const BevRanges& ranges = {});
/// As training takes them: augmented, centre strictly inside +-range in x and y, yaw in [-pi, pi).
std::vector<TrueBox> training_boxes(const std::vector<TrueBox>& boxes, const BevAugmentation& augmentation, double range = 50);

inline constexpr int kCurrentFrame = -1;                    ///< as an entry of a history: the current frame once more

struct AlignOptions {
    std::vector<int> history{1, 3, 5};                      ///< entries of SampleInfo::previous, each clamped to the last; empty: the current frame alone
    bool ego_motion = true;                                 ///< off: the history is taken as if the car had stood still
    bool static_calibration = false;                        ///< on: without the motion between lidar key frame and exposure
    std::vector<CalibrationNoise> offsets, noise;           ///< one for each camera, or none; the offsets come first
    BevAugmentation bev;
};

/// The history frame that entry `id` means: of previous, where there is none of following; null: the sample has neither.
const HistoryFrame* history_frame(const SampleInfo& sample, int id);

/// Lidar frame of a history frame -> lidar frame of now.
Mat4 motion_between(const SampleInfo& sample, const HistoryFrame& then);

/// sensor2lidar of every image: all cameras of the current frame, then all cameras of each history frame. Throws Error(invalid_value) for a singular pose.
std::vector<Mat4> image_poses(const SampleInfo& sample, const AlignOptions& options);
/// The files in the same order.
std::vector<std::string> image_files(const SampleInfo& sample, const AlignOptions& options);

/// What happened to an image: pixel' = turn * pixel + shift (turn: the upper left 2 x 2 counts).
struct ImageMatrix { Mat3 turn; Vec3 shift{}; };

/// Pixel (times depth) of a point of the lidar frame, rows 0 to 2; row 3 is 0 0 0 1. Throws Error(invalid_value) for a singular matrix.
Mat4 lidar2img(const Mat4& sensor2lidar, const Mat3& intrinsic, const ImageMatrix& image = {});
std::array<float, 16> to_float(const Mat4& matrix);

}
