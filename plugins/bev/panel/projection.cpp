#include "plugins/bev/panel/projection.h"
#include "viewers/scene_view.h"
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

constexpr double kNear = 0.1;   // metres; in front of it a pixel would be at infinity

struct InCamera { double x, y, depth; };   // pixel times depth

InCamera in_camera(const Point3& p, const Matrix16& m) {
    return {m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3], m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7], m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11]};
}

std::optional<QLineF> clipped(InCamera a, InCamera b) {
    if (a.depth < kNear && b.depth < kNear) return std::nullopt;
    if (a.depth < kNear) std::swap(a, b);
    if (b.depth < kNear) {
        const double t = (a.depth - kNear) / (a.depth - b.depth);
        b = {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y), kNear};
    }
    return QLineF(a.x / a.depth, a.y / a.depth, b.x / b.depth, b.y / b.depth);
}

}

std::vector<PictureEdge> edges_in(const SceneObject& box, const CameraPicture& camera) {
    std::array<InCamera, 8> at{};
    const std::array<Point3, 8> corners = box_corners(box.centre, box.size, box.yaw);
    for (std::size_t i = 0; i < 8; ++i) at[i] = in_camera(corners[i], camera.lidar2img);
    std::vector<PictureEdge> out;
    const auto add = [&](unsigned a, unsigned b) {
        if (const auto line = clipped(at[a], at[b])) out.push_back({*line, (a & 1) && (b & 1)});
    };
    for (unsigned i = 0; i < 8; ++i)
        for (const unsigned bit : {1u, 2u, 4u})
            if (!(i & bit)) add(i, i | bit);
    add(1, 7);   // the cross on the front
    add(3, 5);
    return out;
}

QRectF bounds_of_edges(const std::vector<PictureEdge>& edges) {
    if (edges.empty()) return {};
    double left = 1e30, top = 1e30, right = -1e30, bottom = -1e30;
    for (const PictureEdge& edge : edges)
        for (const QPointF& p : {edge.line.p1(), edge.line.p2()}) {
            left = std::min(left, p.x());
            right = std::max(right, p.x());
            top = std::min(top, p.y());
            bottom = std::max(bottom, p.y());
        }
    return {QPointF(left, top), QPointF(right, bottom)};
}

Sight sight_of(const Point3& point, const CameraPicture& camera, const VoxelView& view) {
    const InCamera at = in_camera(point, camera.lidar2img);
    Sight out;
    out.depth = at.depth;
    out.u = at.x / at.depth / view.stride;
    out.v = at.y / at.depth / view.stride;
    const double x = std::nearbyint(out.u), y = std::nearbyint(out.v);
    using V = Sight::Verdict;
    out.verdict = !(at.depth > 0) ? V::behind : x < 0 ? V::left : x >= view.feature_width ? V::right : y < 0 ? V::above : y >= view.feature_height ? V::below : V::seen;
    return out;
}

std::vector<std::size_t> voxels_of_cell(const VoxelView& view, int camera, int cell_x, int cell_y, const Matrix16& lidar2img) {
    std::vector<std::pair<double, std::size_t>> found;
    if (cell_x < 0 || cell_y < 0 || cell_x >= view.feature_width || cell_y >= view.feature_height) return {};
    const std::int32_t wanted = (camera * view.feature_height + cell_y) * view.feature_width + cell_x;
    for (std::size_t i = 0; i < view.lut.size(); ++i)
        if (view.lut[i] == wanted) found.emplace_back(in_camera(view.sample_point(view.index_of(i)), lidar2img).depth, i);
    std::sort(found.begin(), found.end());
    std::vector<std::size_t> out;
    out.reserve(found.size());
    for (const auto& [depth, i] : found) out.push_back(i);
    return out;
}

}
