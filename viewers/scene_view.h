#pragma once
// A scene in 3D: coloured voxels, boxes with heading and velocity, cameras with their pictures, dots, range rings, a vehicle. Left drag orbits, middle drag (or
// Shift) pans, the wheel comes nearer; a click picks, with Ctrl through boxes. Keys: arrows orbit, Shift+arrows pan, + - nearer and farther, T from above, E
// from the vehicle, O orbit, C next camera, PgUp PgDn slices, Enter picks in the middle. Drawn without a window of its own (core/scene), from the first time it
// is shown, so it works wherever Qt does; where there is no OpenGL it says so. Lidar-like frame: z up, metres. GUI thread only.
#include "core/base/json.h"
#include "viewers/voxel_mesh.h"
#include <QColor>
#include <QImage>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

namespace lathe {

/// A scene, and every map and picture with things drawn on it, is dark in both themes.
inline const QColor kSceneCanvas(0x17, 0x19, 0x1D), kSceneText(0xE4, 0xE7, 0xEB), kSceneText2(0xA7, 0xAF, 0xBA), kScenePick(0xFF, 0xD6, 0x66);

struct SceneBox {
    int id = 0;                                            ///< as it is picked
    QColor colour;
    Vector3 centre{}, size{};                              ///< size: width, length, height; the length along the heading
    double yaw = 0;                                        ///< of the length axis, counter-clockwise from x
    std::array<double, 2> velocity{};                      ///< metres in a second; drawn from the front
    QString label;                                         ///< beside it where there is room
    bool picked = false;
};

/// Bits of the index: 1 in front, 2 left, 4 above. size: width, length, height; yaw of the length axis.
std::array<Vector3, 8> box_corners(const Vector3& centre, const Vector3& size, double yaw);

struct SceneFrustum {
    QColor colour;
    Vector3 eye{};
    std::array<Vector3, 4> corners{};                      ///< far plane: lower left, lower right, upper right, upper left
    QImage picture;                                        ///< on the far plane; may be null
};

struct SceneEye { Vector3 eye{}, target{}, up{0, 0, 1}; double angle = 40; bool parallel = false; };   ///< angle: of the whole height, degrees; parallel: without perspective, as high as that at the target

class SceneView : public QWidget {
    Q_OBJECT
public:
    enum class Layer { voxels, boxes, velocity, frustums, pictures, dots, rings, vehicle, trail };
    explicit SceneView(QWidget* parent = nullptr);
    ~SceneView() override;
    bool has_opengl();                                     ///< opens it; where there is none the view says so
    QString driver();

    /// shown and colours: one for each voxel, as VoxelGridShape::at counts.
    void set_voxels(const VoxelGridShape& grid, std::vector<std::uint8_t> shown, const std::vector<QRgb>& colours);
    void set_voxel_colours(const std::vector<QRgb>& colours);   ///< of the same voxels: no new mesh
    void set_slice(int z);                                 ///< -1: all
    int slice() const;
    void set_clip(const Vector3& low, const Vector3& high);   ///< voxels outside are not shown; low > high: no clipping
    void set_marked(std::vector<std::array<int, 3>> voxels);   ///< outlined; the first one stands out
    void set_boxes(std::vector<SceneBox> boxes);
    void set_frustums(const std::vector<SceneFrustum>& frustums);
    void set_dots(const std::vector<float>& places, const std::vector<QRgb>& colours);   ///< places: 3 each
    void set_trail(const std::vector<Vector3>& places);    ///< where the vehicle was, newest first
    void set_rings(const std::vector<double>& metres, double ground);   ///< ground: their z
    void set_layer(Layer layer, bool visible);
    bool has_layer(Layer layer) const;
    void set_note(const QString& text);                    ///< in the upper left corner
    void set_empty_text(const QString& text);              ///< in the middle; empty: none
    void set_stale(bool stale);

    const SceneEye& eye() const;
    void look(const SceneEye& eye);
    void look_around(double range);                        ///< from behind and above, all of it in sight
    void look_down(double range);                          ///< parallel; forward (y) is up
    static Json to_json(const SceneEye& eye);
    static std::optional<SceneEye> eye_from(const Json& json);

    std::size_t faces() const;                             ///< of the voxels that are drawn
    double last_draw_ms() const;      ///< of one frame at full size, reading it back included
    QImage render(double scale = 1);                       ///< what is seen, without what is written on it, at so many pixels for each of the widget's and with smooth edges; null without OpenGL
    bool export_file(const QString& file, double scale = 2);   ///< png, svg, pdf; scale: pixels for each of the widget's
    std::optional<QPointF> place_of(const Vector3& point) const;   ///< on the widget; nullopt: behind the eye
    QString description() const;                           ///< what there is to be seen, for screen readers
    QSize minimumSizeHint() const override { return {240, 160}; }
    QSize sizeHint() const override { return {780, 400}; }
Q_SIGNALS:
    void voxel_clicked(int x, int y, int z);
    void box_clicked(int id);
    void empty_clicked();
    void eye_moved();
    void around_asked();
    void down_asked();
    void vehicle_asked();
    void next_camera_asked();
    void slice_asked(int by);
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
private:
    struct Impl;
    struct Ray { Vector3 from{}, way{}; };
    void changed(int parts = 0);
    bool open();
    void mesh_voxels();
    void refresh_stage();
    void stage_voxels(bool only_colours);
    void stage_boxes();
    void stage_frustums();
    void stage_surroundings();
    QImage draw_once(double scale, std::size_t sample);
    void draw_frame();
    void smooth_step();
    void draw_over(QPainter& painter) const;
    void draw_ring_labels(QPainter& painter) const;
    void draw_box_labels(QPainter& painter, const QRectF& taken) const;   // taken: where the note stands
    void draw_axes(QPainter& painter) const;
    void orbit(double right, double up);
    void pan(double right, double up);
    void approach(double factor);
    Ray ray_through(const QPointF& position) const;
    void pick(const QPointF& position, bool through_boxes);
    void export_with_dialog();
    std::unique_ptr<Impl> m;
};

}
