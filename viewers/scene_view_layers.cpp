// What a SceneView shows, made into quads, lines and dots.
#include "viewers/scene_view_impl.h"
#include <algorithm>
#include <numbers>

namespace lathe {
namespace {

constexpr QRgb kRing = qRgb(0x3D, 0x43, 0x4C), kWay = qRgb(0x6F, 0xB0, 0xF5);
constexpr std::array<int, 6> kShade{184, 210, 168, 225, 128, 256};   // of 256; -x, +x, -y, +y, -z, +z: as if the light came from above
constexpr int kEverySecond = 240;                          // of 256: every second voxel is a little darker, so that equal neighbours can be told apart

struct Lines {
    std::vector<float> ends;
    std::vector<StageColour> colours;
    void add(const Vector3& a, const Vector3& b, QRgb colour) {
        for (const Vector3& p : {a, b})
            for (const double v : p) ends.push_back(float(v));
        colours.push_back(stage_colour(colour));
    }
    void edges(const std::array<Vector3, 8>& p, QRgb colour) {
        for (unsigned i = 0; i < 8; ++i)
            for (const unsigned bit : {1u, 2u, 4u})
                if (!(i & bit)) add(p[i], p[i | bit], colour);
    }
};

struct Quads {
    std::vector<float> corners;
    std::vector<StageColour> colours;
    void add(const std::array<Vector3, 4>& places, QRgb colour) {
        for (const Vector3& p : places)
            for (const double v : p) corners.push_back(float(v));
        colours.push_back(stage_colour(colour));
    }
    /// Upright body between two heights; its top may be smaller than its foot.
    void body(double x0, double x1, double y0, double y1, double z0, double z1, double inset_front, double inset_rear, double inset_side, QRgb colour) {
        const std::array<Vector3, 4> foot{{{x0, y0, z0}, {x1, y0, z0}, {x1, y1, z0}, {x0, y1, z0}}};
        const std::array<Vector3, 4> top{{{x0 + inset_side, y0 + inset_rear, z1}, {x1 - inset_side, y0 + inset_rear, z1}, {x1 - inset_side, y1 - inset_front, z1}, {x0 + inset_side, y1 - inset_front, z1}}};
        const auto shade = [&](double f) { return qRgb(int(qRed(colour) * f), int(qGreen(colour) * f), int(qBlue(colour) * f)); };
        add(top, colour);
        for (std::size_t i = 0; i < 4; ++i) add({foot[i], foot[(i + 1) % 4], top[(i + 1) % 4], top[i]}, shade(i % 2 ? 0.8 : 0.65));
    }
};

void add_box(Lines& lines, const SceneBox& box, QRgb colour) {
    const std::array<Vector3, 8> p = box_corners(box.centre, box.size, box.yaw);
    lines.edges(p, colour);
    lines.add(p[1], p[7], colour);   // the cross on the front
    lines.add(p[3], p[5], colour);
}

void add_arrow(Lines& lines, const SceneBox& box, QRgb colour) {
    const double speed = std::hypot(box.velocity[0], box.velocity[1]);
    if (!(speed >= 0.3)) return;
    const double c = std::cos(box.yaw), s = std::sin(box.yaw), ux = box.velocity[0] / speed, uy = box.velocity[1] / speed, head = std::min(0.8, speed / 3);
    const Vector3 from{box.centre[0] + c * box.size[1] / 2, box.centre[1] + s * box.size[1] / 2, box.centre[2]}, to{from[0] + box.velocity[0], from[1] + box.velocity[1], from[2]};
    lines.add(from, to, colour);
    for (const double side : {-0.5, 0.5}) lines.add(to, {to[0] - head * (ux - side * uy), to[1] - head * (uy + side * ux), to[2]}, colour);
}

void put(SceneStage& stage, int layer, const Lines& lines, double width, double opacity = 1) { stage.set_lines(layer, lines.ends, lines.colours, width, opacity); }

SceneTexture texture_of(const QImage& picture) {
    const QImage image = picture.convertToFormat(QImage::Format_RGB888).mirrored();
    SceneTexture texture{image.width(), image.height(), {}};
    for (int y = 0; y < image.height(); ++y) texture.rgb.insert(texture.rgb.end(), image.constScanLine(y), image.constScanLine(y) + std::ptrdiff_t(image.width()) * 3);
    return texture;
}

/// A plain grey body that stands on the ground, its nose along y; the lidar is above its middle.
Quads vehicle_on(double ground) {
    Quads car;
    for (const double x : {-0.95, 0.73})
        for (const double y : {-2.7, 0.25}) car.body(x, x + 0.22, y, y + 0.66, ground, ground + 0.6, 0.1, 0.1, 0, qRgb(0x2A, 0x2E, 0x34));
    car.body(-0.92, 0.92, -3.2, 1.2, ground + 0.3, ground + 0.95, 0.15, 0.08, 0.06, qRgb(0xB4, 0xBB, 0xC4));
    car.body(-0.86, 0.86, -2.75, 0.15, ground + 0.95, ground + 1.5, 0.75, 0.5, 0.18, qRgb(0x8A, 0x93, 0xA0));
    return car;
}

}

std::array<Vector3, 8> box_corners(const Vector3& centre, const Vector3& size, double yaw) {
    std::array<Vector3, 8> out;
    const double c = std::cos(yaw), s = std::sin(yaw);
    for (unsigned i = 0; i < 8; ++i) {
        const double along = (i & 1 ? 0.5 : -0.5) * size[1], across = (i & 2 ? 0.5 : -0.5) * size[0];
        out[i] = {centre[0] + c * along - s * across, centre[1] + s * along + c * across, centre[2] + (i & 4 ? 0.5 : -0.5) * size[2]};
    }
    return out;
}

void SceneView::set_voxels(const VoxelGridShape& grid, std::vector<std::uint8_t> shown, const std::vector<QRgb>& colours) {
    m->grid = grid;
    m->shown = std::move(shown);
    m->colours = colours;
    mesh_voxels();
}

void SceneView::set_voxel_colours(const std::vector<QRgb>& colours) {
    m->colours = colours;
    changed(kPartColours);
}

int SceneView::slice() const { return m->slice; }

void SceneView::set_slice(int z) {
    if (std::exchange(m->slice, z) != z) mesh_voxels();
}

void SceneView::set_clip(const Vector3& low, const Vector3& high) {
    if (m->clip_low == low && m->clip_high == high) return;
    m->clip_low = low;
    m->clip_high = high;
    mesh_voxels();
}

void SceneView::mesh_voxels() {
    const VoxelGridShape& grid = m->grid;
    m->drawn = m->shown;
    const bool clips = m->clip_low[0] <= m->clip_high[0];
    if ((m->slice >= 0 || clips) && m->shown.size() == grid.count())
        for (int x = 0; x < grid.n[0]; ++x)
            for (int y = 0; y < grid.n[1]; ++y)
                for (int z = 0; z < grid.n[2]; ++z) {
                    const std::array<int, 3> cell{x, y, z};
                    bool keep = m->slice < 0 || z == m->slice;
                    for (std::size_t k = 0; clips && k < 3; ++k) {
                        const double middle = grid.low[k] + (cell[k] + 0.5) * grid.size[k];
                        keep = keep && middle >= m->clip_low[k] && middle <= m->clip_high[k];
                    }
                    if (!keep) m->drawn[grid.at(x, y, z)] = 0;
                }
    m->faces = exposed_faces(grid, m->drawn);
    changed(kPartVoxels | kPartMarked);
}

std::size_t SceneView::faces() const { return m->faces.count(); }

void SceneView::set_marked(std::vector<std::array<int, 3>> voxels) {
    if (m->marked == voxels) return;
    m->marked = std::move(voxels);
    changed(kPartMarked);
}

void SceneView::set_boxes(std::vector<SceneBox> boxes) {
    m->boxes = std::move(boxes);
    changed(kPartBoxes);
}

void SceneView::set_frustums(const std::vector<SceneFrustum>& frustums) {
    m->frustums = frustums;
    changed(kPartFrustums);
}

void SceneView::set_dots(const std::vector<float>& places, const std::vector<QRgb>& colours) {
    if (places.size() != colours.size() * 3) return;
    m->dots = places;
    m->dot_colours = colours;
    changed(kPartDots);
}

void SceneView::set_trail(const std::vector<Vector3>& places) {
    m->trail = places;
    changed(kPartTrail);
}

void SceneView::set_rings(const std::vector<double>& metres, double ground) {
    m->rings = metres;
    m->ground = ground;
    changed(kPartSurroundings | kPartTrail);
}

void SceneView::set_layer(Layer layer, bool visible) {
    if (visible == has_layer(layer)) return;
    if (visible) m->hidden.erase(layer);
    else m->hidden.insert(layer);
    changed();
}

bool SceneView::has_layer(Layer layer) const { return !m->hidden.contains(layer); }

// --- onto the stage, when a frame is drawn

void SceneView::refresh_stage() {
    const int parts = std::exchange(m->parts, 0);
    if (parts & (kPartVoxels | kPartColours)) stage_voxels(!(parts & kPartVoxels));
    if (parts & kPartBoxes) stage_boxes();
    if (parts & kPartFrustums) stage_frustums();
    if (parts & (kPartMarked | kPartSurroundings | kPartTrail | kPartDots)) stage_surroundings();
    SceneStage& stage = *m->stage;
    const auto show = [&](int number, Layer layer) { stage.set_visible(number, has_layer(layer)); };
    for (const auto& [number, layer] : {std::pair(kStageRings, Layer::rings), std::pair(kStageTrail, Layer::trail), std::pair(kStageDots, Layer::dots), std::pair(kStageFrustums, Layer::frustums),
             std::pair(kStageBoxes, Layer::boxes), std::pair(kStageHiddenBoxes, Layer::boxes), std::pair(kStagePickedEdge, Layer::boxes), std::pair(kStagePicked, Layer::boxes), std::pair(kStageVelocity, Layer::velocity)})
        show(number, layer);
    for (int i = 0; i < m->pictures; ++i) show(kStagePictures + i, Layer::pictures);
    // Faces that look away from the eye are not worth the driver's time: those of a whole side, where the eye is beyond all of their planes.
    const Vector3 eye = m->eye.eye;
    for (std::size_t s = 0; s < 6; ++s) {
        const std::size_t k = s / 2;
        const double low = m->grid.low[k], high = low + m->grid.n[k] * m->grid.size[k];
        const bool faces_eye = m->eye.parallel ? (s % 2 ? -1 : 1) * frame_of(m->eye).forward[k] > 1e-9 : s % 2 ? eye[k] > low : eye[k] < high;
        stage.set_visible(kStageVoxels + int(s), has_layer(Layer::voxels) && faces_eye);
    }
    const bool inside = std::abs(eye[0]) < 1 && eye[1] > -3.3 && eye[1] < 1.3 && eye[2] < m->ground + 1.9;   // the roof would hide everything
    stage.set_visible(kStageVehicle, has_layer(Layer::vehicle) && !inside);
}

void SceneView::stage_voxels(bool only_colours) {
    const bool coloured = m->colours.size() == m->grid.count();
    std::vector<StageColour> colours(m->faces.count());
    for (std::size_t i = 0; i < colours.size(); ++i) {
        const std::array<int, 3> at = m->grid.index(m->faces.voxel[i]);
        const QRgb base = coloured ? m->colours[m->faces.voxel[i]] : kRing;
        const int shade = kShade[m->faces.side[i]] * ((at[0] + at[1] + at[2]) & 1 ? kEverySecond : 256);
        colours[i] = {std::uint8_t(qRed(base) * shade >> 16), std::uint8_t(qGreen(base) * shade >> 16), std::uint8_t(qBlue(base) * shade >> 16)};
    }
    for (std::size_t s = 0; s < 6; ++s) {
        const std::size_t from = m->faces.first[s], count = m->faces.first[s + 1] - from;
        const std::span own = std::span(std::as_const(colours)).subspan(from, count);
        if (only_colours) m->stage->set_quad_colours(kStageVoxels + int(s), own);
        else m->stage->set_quads(kStageVoxels + int(s), std::span(std::as_const(m->faces.corners)).subspan(from * 12, count * 12), own);
    }
}

/// Lines of boxes are seen through what stands before them, but faintly; the picked one always.
void SceneView::stage_boxes() {
    Lines lines, arrows, picked, edge;
    for (const SceneBox& box : m->boxes) {
        if (box.picked) {
            add_box(picked, box, kScenePick.rgb());
            add_box(edge, box, qRgb(0, 0, 0));
        } else {
            add_box(lines, box, box.colour.rgb());
        }
        add_arrow(arrows, box, box.picked ? kScenePick.rgb() : box.colour.rgb());
    }
    put(*m->stage, kStageBoxes, lines, 1.4);
    put(*m->stage, kStageHiddenBoxes, lines, 1, 0.35);
    put(*m->stage, kStageVelocity, arrows, 1.4);
    put(*m->stage, kStagePickedEdge, edge, 4);
    put(*m->stage, kStagePicked, picked, 2);
}

void SceneView::stage_frustums() {
    Lines lines;
    int pictures = 0;
    for (const SceneFrustum& f : m->frustums) {
        const QRgb colour = f.colour.rgb();
        for (std::size_t i = 0; i < 4; ++i) {
            lines.add(f.eye, f.corners[i], colour);
            lines.add(f.corners[i], f.corners[(i + 1) % 4], colour);
        }
        if (!f.picture.isNull()) m->stage->set_picture(kStagePictures + pictures++, f.corners, texture_of(f.picture), 0.85);
    }
    for (int i = pictures; i < m->pictures; ++i) m->stage->clear(kStagePictures + i);
    m->pictures = pictures;
    put(*m->stage, kStageFrustums, lines, 1, 0.6);
}

void SceneView::stage_surroundings() {
    constexpr int kParts = 120;
    Lines rings, trail, marked;
    for (const double radius : m->rings)
        for (int i = 0; i < kParts; ++i) {
            const double a = 2 * std::numbers::pi * i / kParts, b = 2 * std::numbers::pi * (i + 1) / kParts;
            rings.add({radius * std::cos(a), radius * std::sin(a), m->ground}, {radius * std::cos(b), radius * std::sin(b), m->ground}, kRing);
        }
    if (!m->rings.empty()) {
        const double most = m->rings.back();
        rings.add({-most, 0, m->ground}, {most, 0, m->ground}, kRing);
        rings.add({0, -most, m->ground}, {0, most, m->ground}, kRing);
    }
    put(*m->stage, kStageRings, rings, 1);
    const Quads car = m->rings.empty() ? Quads{} : vehicle_on(m->ground);
    m->stage->set_quads(kStageVehicle, car.corners, car.colours);

    Vector3 before{0, 0, m->ground};
    for (const Vector3& place : m->trail) {
        trail.add(before, place, kWay);
        for (const auto& [x, y] : {std::pair(0.5, 0.0), std::pair(0.0, 0.5)}) trail.add({place[0] - x, place[1] - y, place[2]}, {place[0] + x, place[1] + y, place[2]}, kWay);
        before = place;
    }
    put(*m->stage, kStageTrail, trail, 2);

    for (std::size_t i = 0; i < m->marked.size(); ++i) {
        SceneBox cell;
        const double grow = i == 0 ? 1.12 : 0.6;
        for (std::size_t k = 0; k < 3; ++k) cell.centre[k] = m->grid.low[k] + (m->marked[i][k] + 0.5) * m->grid.size[k];
        cell.size = {m->grid.size[1] * grow, m->grid.size[0] * grow, m->grid.size[2] * grow};
        marked.edges(box_corners(cell.centre, cell.size, cell.yaw), kScenePick.rgb());
    }
    put(*m->stage, kStageMarked, marked, 2);

    std::vector<StageColour> dots(m->dot_colours.size());
    std::ranges::transform(m->dot_colours, dots.begin(), stage_colour);
    m->stage->set_dots(kStageDots, m->dots, dots, 2);
}

}
