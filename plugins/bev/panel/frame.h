#pragma once
// What one run of bev.detect has given so far: pictures, boxes, the view of every voxel, maps. Filled from events, or from a project. Lidar frame, metres.
#include "core/method/run.h"
#include "widgets/answers.h"
#include <QImage>
#include <QString>
#include <QStringList>
#include <array>
#include <optional>
#include <vector>

namespace lathe::bev {

using Point3 = std::array<double, 3>;
using Matrix16 = std::array<double, 16>;                   ///< 4 x 4, row by row, acting on columns

/// The ten classes of the detection task, in the official order.
const QStringList& class_names();

struct SceneObject {
    int label = 0;                                         ///< of class_names()
    Point3 centre{}, size{};                               ///< size: width, length, height
    double yaw = 0;                                        ///< of the length axis, counter-clockwise from x
    std::array<double, 2> velocity{};
    double score = 1;
    QString token;                                         ///< of true boxes
    int candidate = -1;                                    ///< row of the table "candidates", of predicted ones
};

struct CameraPicture {
    QString channel;
    QImage picture;                                        ///< what the network takes
    Matrix16 lidar2img{};                                  ///< to pixels of `picture`, times depth
};

/// The grid of voxels and which camera fills which.
struct VoxelView {
    std::array<int, 3> n{};
    Point3 origin{}, size{};                               ///< origin: where voxel 0 is sampled
    int feature_height = 0, feature_width = 0, stride = 1, image_height = 0, image_width = 0;
    bool sampled_at_centre = false;
    QStringList cameras;
    qint64 changed = 0;                                    ///< voxels whose camera is another one without the offsets
    std::vector<std::uint8_t> camera, seen;                ///< [x][y][z]; camera 255: none
    std::vector<std::int32_t> lut;
    std::vector<float> magnitude, channel, difference;     ///< may be empty
    bool is_empty() const { return camera.empty(); }
    std::size_t at(int x, int y, int z) const { return (std::size_t(x) * std::size_t(n[1]) + std::size_t(y)) * std::size_t(n[2]) + std::size_t(z); }
    std::array<int, 3> index_of(std::size_t at) const;
    Point3 sample_point(const std::array<int, 3>& voxel) const;
    Point3 centre(const std::array<int, 3>& voxel) const;  ///< of the cell, wherever it is sampled
};

struct Map2d { int height = 0, width = 0; std::vector<float> values; };   ///< rows along y, columns along x

struct Frame {
    QString uuid, sources;                                 ///< sources: the data set and model it was asked of
    Json params;
    bool live = false, finished = false, stopped = false;
    double seconds = 0;
    std::vector<CameraPicture> cameras;
    std::vector<SceneObject> truth, boxes;
    VoxelView view;
    std::array<Map2d, 10> heat;                            ///< of each class: the largest score of the anchors of a cell
    Map2d bev_magnitude;
    std::vector<float> voxel_feature, lidar;               ///< lidar: x, y, z, intensity of each point
    CsvTable candidates, matches, stages, history, coverage_cameras, coverage_heights;
    Json summary = Json::object();
    bool has_boxes = false;

    /// Takes over what the event says; true where something to be seen came. Throws Error(wrong_format).
    bool take(const RunEvent& event);
    bool take(const Artifact& artifact);
    double range() const;                                  ///< half the side of the map, from the voxels
    const CameraPicture* camera(const QString& channel) const;
};

/// "FRONT_LEFT" for "CAM_FRONT_LEFT".
QString short_name(const QString& channel);

}
