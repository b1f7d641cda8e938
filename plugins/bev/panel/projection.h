#pragma once
// Boxes and voxels in the pictures of cameras, and back: near-plane clipping, the ray of voxels behind a pixel, why a camera does not see a point.
#include "plugins/bev/panel/frame.h"
#include <QLineF>
#include <QPointF>
#include <QRectF>

namespace lathe::bev {


struct PictureEdge { QLineF line; bool front = false; };   ///< in pixels of the picture (0, 0: centre of the first); front: of the face towards the heading
/// The twelve edges and the two diagonals of the front face, each cut at the near plane instead of dropped; empty: behind the camera.
std::vector<PictureEdge> edges_in(const SceneObject& box, const CameraPicture& camera);
QRectF bounds_of_edges(const std::vector<PictureEdge>& edges);

struct Sight {
    double u = 0, v = 0, depth = 0;                        ///< in cells of the feature map
    enum class Verdict { seen, behind, left, right, above, below } verdict = Verdict::behind;
};
/// How a camera sees the sample point of a voxel. The camera that fills it stands in the view's table, this is the explanation.
Sight sight_of(const Point3& point, const CameraPicture& camera, const VoxelView& view);

/// Voxels that copy this cell of the feature map of this camera, nearest first.
std::vector<std::size_t> voxels_of_cell(const VoxelView& view, int camera, int cell_x, int cell_y, const Matrix16& lidar2img);

}
