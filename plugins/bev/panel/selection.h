#pragma once
// What all views of the workspace share: what is picked, and what is shown of it.
#include "plugins/bev/panel/frame.h"
#include "viewers/scene_view.h"
#include <QColor>
#include <QPoint>

namespace lathe::bev {

struct Selection {
    enum class Kind { none, voxel, truth, box } kind = Kind::none;
    std::array<int, 3> voxel{-1, -1, -1};
    int object = -1;                                       ///< index of Frame::truth or Frame::boxes
    int camera = -1;                                       ///< where a pixel was clicked: index of VoxelView::cameras
    QPoint cell;                                           ///< of its feature map
    std::vector<std::size_t> ray;                          ///< voxels that copy that cell
    bool is_object(Kind which, int index) const { return kind == which && object == index; }
};

struct Shown {
    double score = 0.3;
    std::array<bool, 10> classes{true, true, true, true, true, true, true, true, true, true};
    bool truth = true, predicted = true, velocity = true;
    bool shows_truth(const SceneObject& o) const { return truth && classes[std::size_t(o.label)]; }
    bool shows_box(const SceneObject& o) const { return predicted && classes[std::size_t(o.label)] && o.score >= score; }
};

Json to_json(const Shown& shown);
Shown shown_from(const Json& json);                        ///< what is missing or damaged stays at its default

/// The colours of ui.md section 4; cameras of other rigs take the series' colours in turn.
QColor camera_colour(const QString& channel, int index);
inline const QColor kTruthColour(0x78, 0xC8, 0x8C), kBoxColour(0xFF, 0xFF, 0xFF), kPickColour = kScenePick;

}
