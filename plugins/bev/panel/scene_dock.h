#pragma once
// The scene: voxels, boxes, frustums, lidar and the car in 3D, with what colours the voxels, which slice, and from where one looks.
#include "plugins/bev/panel/selection.h"
#include "plugins/bev/panel/voxel_colours.h"
#include "viewers/voxel_mesh.h"
#include <QWidget>

class QComboBox;
class QToolButton;
class QUndoStack;

namespace lathe {
class KeptView;
class NumberField;
class RangeStrip;
class SceneView;
class SegmentedControl;
class Slider;
class TextLabel;
}

namespace lathe::bev {

class SceneDock : public QWidget {
    Q_OBJECT
public:
    explicit SceneDock(QWidget* parent = nullptr);
    void set_undo_stack(QUndoStack* stack);                ///< not owned
    void set_frame(std::shared_ptr<const Frame> frame);
    void set_selection(const Selection& selection);
    void set_shown(const Shown& shown);
    void set_channel_and_frame(int channel, int frame);    ///< of the parameters
    void set_frame_count(int frames);
    void show_layer_menu();
    void show_view_menu();
    bool has_picture() const;
    bool export_file(const QString& file, double scale = 2) const;   ///< png
    Json state() const;                                    ///< look, layers, place of the camera, bookmarks
    void load(const Json& state);
    SceneView* view() { return m_view; }
    ColourBy colour_by() const;
    void set_colour_by(ColourBy by);
Q_SIGNALS:
    void object_picked(bool is_truth, int index);
    void voxel_picked(std::array<int, 3> voxel);
    void nothing_picked();
    void view_changed();
    void parameter_chosen(QString id, int value);          ///< show_channel or show_frame
private:
    void paint_voxels_again();
    void show_objects();
    void show_surroundings();
    void show_lidar();
    void choose_place(int place);
    void next_camera();
    void bookmark();
    void build_clip_box();
    void clip();                                           ///< shows what the strips of the clip box say
    Json look() const;                                     ///< what can be undone: colours, slice, clip box, layers, kept places
    void set_look(const Json& look);
    void set_slice(int z);
    void update_note();
    void show_index();
    std::shared_ptr<const Frame> m_frame;
    Selection m_selection;
    Shown m_shown;
    SceneView* m_view;
    QComboBox* m_colour;
    SegmentedControl *m_slice, *m_place;
    Slider* m_threshold;
    NumberField *m_threshold_field, *m_index;
    TextLabel* m_index_name;
    Json m_bookmarks = Json::object(), m_look_waits;       ///< a kept look waits for the first grid
    std::array<int, 3> m_grid{};
    std::vector<std::uint8_t> m_painted;                   ///< the voxels of the view's mesh
    VoxelGridShape m_painted_grid;
    int m_camera = -1, m_channel = -1, m_time = 0, m_frames = 1;
    std::array<std::size_t, 3> m_surroundings{};           ///< how much of them is staged, of the run m_staged
    QString m_staged;
    std::vector<float> m_lidar;                            ///< whose dots are staged
    QToolButton* m_clip;
    std::array<RangeStrip*, 3> m_clip_strips{};            ///< cells along x, y, z
    std::array<TextLabel*, 3> m_clip_metres{};
    KeptView* m_kept;
};

}
