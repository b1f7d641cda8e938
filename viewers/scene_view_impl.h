#pragma once
// The insides of SceneView, shared by its files.
#include "core/scene/scene_stage.h"
#include "viewers/scene_view.h"
#include <QTimer>
#include <cmath>
#include <set>

namespace lathe {

/// The order of drawing: what is see-through comes late.
enum StageLayer {
    kStageRings, kStageTrail, kStageVehicle, kStageDots, kStageVoxels, kStageFrustums = kStageVoxels + 6, kStageBoxes, kStageVelocity,
    kStageHiddenBoxes, kStagePickedEdge, kStagePicked, kStageMarked, kStagePictures
};
/// What the stage does not show yet.
enum ScenePart { kPartVoxels = 1, kPartColours = 2, kPartMarked = 4, kPartBoxes = 8, kPartFrustums = 16, kPartSurroundings = 32, kPartDots = 64, kPartTrail = 128, kAllParts = 255 };

struct SceneView::Impl {
    std::unique_ptr<SceneStage> stage;
    QString problem;                                       ///< why there is none
    int parts = kAllParts;
    VoxelGridShape grid;
    std::vector<std::uint8_t> shown, drawn;                ///< drawn: within slice and clip box
    std::vector<QRgb> colours;
    VoxelFaces faces;
    Vector3 clip_low{1, 1, 1}, clip_high{};
    std::vector<std::array<int, 3>> marked;
    std::vector<SceneBox> boxes;
    std::vector<SceneFrustum> frustums;
    std::vector<float> dots;
    std::vector<QRgb> dot_colours;
    std::vector<Vector3> trail;
    std::vector<double> rings;
    double ground = 0;
    int slice = -1, pictures = 0;
    std::set<Layer> hidden;
    QString note, empty;

    SceneEye eye;
    QPointF pressed, last;
    bool dragged = false, stale = false;

    QImage frame;                                          ///< the last one that was drawn
    bool dirty = true;                                     ///< the frame is no longer what should be seen
    double draw_ms = 0;
    QTimer rest;                                           ///< until edges are smoothed, then between the samples
    std::vector<std::uint16_t> sums;                       ///< of the samples so far
    std::size_t samples = 0;
};

inline constexpr double kRadians = 0.017453292519943295;   // in a degree

inline StageColour stage_colour(QRgb colour) { return {std::uint8_t(qRed(colour)), std::uint8_t(qGreen(colour)), std::uint8_t(qBlue(colour))}; }

inline Vector3 minus(const Vector3& a, const Vector3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Vector3 plus(const Vector3& a, const Vector3& b, double times = 1) { return {a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]}; }
inline Vector3 cross(const Vector3& a, const Vector3& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
inline double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline double length(const Vector3& a) { return std::sqrt(dot(a, a)); }
inline Vector3 unit(const Vector3& a) {
    const double l = length(a);
    return l > 0 ? Vector3{a[0] / l, a[1] / l, a[2] / l} : Vector3{0, 0, 1};
}

struct EyeFrame { Vector3 forward, right, up; };
inline EyeFrame frame_of(const SceneEye& eye) {
    const Vector3 forward = unit(minus(eye.target, eye.eye)), right = unit(cross(forward, eye.up));
    return {forward, right, cross(right, forward)};
}
/// Half of what is seen from top to bottom at the target, metres.
inline double half_height(const SceneEye& eye) { return length(minus(eye.target, eye.eye)) * std::tan(eye.angle * kRadians / 2); }


}
