#pragma once
// Which voxels are shown in the scene, and in which colour. Pure functions.
#include "plugins/bev/panel/frame.h"
#include <QColor>

namespace lathe::bev {

enum class ColourBy { camera, overlap, uncovered, magnitude, channel, difference };
/// Whether the result holds what is needed; else the sentence says what to do.
QString missing_for(const VoxelView& view, ColourBy by);

struct VoxelPaint {
    std::vector<std::uint8_t> shown;                       ///< [x][y][z]
    std::vector<QRgb> colours;
    std::size_t count = 0;
    double lowest = 0, highest = 0;                        ///< of the values, for the legend; equal: none
};
/// threshold: part of the largest value (0 to 1) below which voxels are not shown; for camera, overlap and uncovered it counts by the feature's length where that is known.
VoxelPaint paint_voxels(const VoxelView& view, ColourBy by, double threshold);

struct Coverage { double covered = 0, overlap = 0; };      ///< parts of all voxels
Coverage coverage_of(const VoxelView& view);

}
