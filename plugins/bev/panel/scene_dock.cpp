#include "plugins/bev/panel/scene_dock.h"
#include "plugins/bev/panel/projection.h"
#include "viewers/colour_table.h"
#include "viewers/scene_view.h"
#include "widgets/kept_view.h"
#include "widgets/number_field.h"
#include "widgets/range_strip.h"
#include "widgets/segmented_control.h"
#include "widgets/slider.h"
#include "widgets/text_label.h"
#include <QAction>
#include <QComboBox>
#include <QCursor>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QMenu>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr double kGround = -1.84, kFrustumDepth = 9;       // the lidar stands so high above the road; metres to the picture of a camera
constexpr std::array<ColourBy, 6> kColourings{ColourBy::camera, ColourBy::overlap, ColourBy::uncovered, ColourBy::magnitude, ColourBy::channel, ColourBy::difference};
using SceneLayer = SceneView::Layer;
struct LayerEntry { SceneLayer layer; const char* text; const char* key; };
constexpr std::array<LayerEntry, 9> kLayers{{{SceneLayer::voxels, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Voxels"), "voxels"}, {SceneLayer::boxes, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Boxes"), "boxes"},
    {SceneLayer::frustums, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Camera frustums"), "frustums"}, {SceneLayer::pictures, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Pictures in the frustums"), "pictures"},
    {SceneLayer::dots, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Lidar points"), "lidar"}, {SceneLayer::rings, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Range rings"), "rings"},
    {SceneLayer::vehicle, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Car"), "car"}, {SceneLayer::trail, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "History positions"), "history"},
    {SceneLayer::velocity, QT_TRANSLATE_NOOP("lathe::bev::SceneDock", "Velocity arrows"), "velocity"}}};

Matrix16 inverse_of(const Matrix16& m) {                   // [A t; 0 0 0 1], by the adjugate of A
    const double a = m[0], b = m[1], c = m[2], d = m[4], e = m[5], f = m[6], g = m[8], h = m[9], i = m[10];
    const double det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g), s = det != 0 ? 1 / det : 0;
    Matrix16 out{s * (e * i - f * h), s * (c * h - b * i), s * (b * f - c * e), 0, s * (f * g - d * i), s * (a * i - c * g), s * (c * d - a * f), 0, s * (d * h - e * g), s * (b * g - a * h), s * (a * e - b * d), 0, 0, 0, 0, 1};
    for (std::size_t r = 0; r < 3; ++r) out[r * 4 + 3] = -(out[r * 4] * m[3] + out[r * 4 + 1] * m[7] + out[r * 4 + 2] * m[11]);
    return out;
}

/// The point that is seen in pixel (u, v) at this depth.
Vector3 point_at(const Matrix16& img2lidar, double u, double v, double depth) {
    Vector3 out{};
    for (std::size_t r = 0; r < 3; ++r) out[r] = img2lidar[r * 4] * u * depth + img2lidar[r * 4 + 1] * v * depth + img2lidar[r * 4 + 2] * depth + img2lidar[r * 4 + 3];
    return out;
}

SceneEye eye_of(const CameraPicture& camera) {
    const Matrix16 back = inverse_of(camera.lidar2img);
    const double w = camera.picture.width(), h = camera.picture.height(), u = (w - 1) / 2, v = (h - 1) / 2;
    const Vector3 eye = point_at(back, 0, 0, 0), middle = point_at(back, u, v, 10), top = point_at(back, u, -0.5, 10), bottom = point_at(back, u, h - 0.5, 10);
    const auto apart = [](const Vector3& a, const Vector3& b) { return std::sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2])); };
    return {eye, middle, {top[0] - bottom[0], top[1] - bottom[1], top[2] - bottom[2]}, std::clamp(360 / std::numbers::pi * std::atan(apart(top, bottom) / 2 / apart(eye, middle)), 5.0, 150.0)};
}

}

SceneDock::SceneDock(QWidget* parent)
    : QWidget(parent), m_view(new SceneView(this)), m_colour(new QComboBox(this)), m_slice(new SegmentedControl({tr("All")}, this)), m_place(new SegmentedControl({tr("Orbit"), tr("Top"), tr("Ego"), tr("Camera")}, this)),
      m_threshold(new Slider(this)), m_threshold_field(new NumberField(this)), m_index(new NumberField(this)), m_index_name(new TextLabel({}, 12, false, TextRole::secondary, this)), m_clip(new QToolButton(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(8, 4, 8, 4);
    row->setSpacing(6);
    m_colour->setAccessibleName(tr("Colour by"));
    m_colour->setToolTip(tr("What colours the voxels"));
    for (const QString& text : {tr("Winning camera"), tr("Overlap"), tr("Uncovered"), tr("Feature length"), tr("One channel"), tr("Frame difference")}) m_colour->addItem(text);
    row->addWidget(m_colour);
    row->addWidget(m_index_name);
    m_index->set_integer(true);
    m_index->setFixedWidth(48);
    row->addWidget(m_index);
    m_slice->set_tool_size(true);
    m_slice->set_current(0);
    row->addWidget(m_slice);
    build_clip_box();
    row->addWidget(m_clip);
    auto* name = new TextLabel(tr("Threshold"), 12, false, TextRole::secondary, bar);
    row->addWidget(name);
    m_threshold->set_range(0, 1);
    m_threshold->set_step(0.01);
    m_threshold->set_value(0.3);
    m_threshold->setMaximumWidth(90);
    m_threshold->setAccessibleName(tr("Threshold"));
    m_threshold->setToolTip(tr("Voxels whose feature is shorter than this part of the longest are not shown."));
    row->addWidget(m_threshold, 1);
    m_threshold_field->set_limits(0, 1);
    m_threshold_field->set_decimals(2);
    m_threshold_field->set_step(0.05);
    m_threshold_field->set_value(0.3);
    m_threshold_field->setFixedWidth(48);
    m_threshold_field->setAccessibleName(tr("Threshold"));
    row->addWidget(m_threshold_field);
    row->addStretch(1);
    m_place->set_tool_size(true);
    m_place->set_current(0);
    row->addWidget(m_place);
    column->addWidget(bar);
    column->addWidget(m_view, 1);
    for (const LayerEntry& entry : kLayers) m_view->set_layer(entry.layer, entry.layer != SceneLayer::dots);
    m_kept = new KeptView(QStringLiteral("view.bev.scene"), [this] { return look(); }, [this](const Json& look) { set_look(look); }, this);
    connect(m_kept, &KeptView::changed, this, &SceneDock::view_changed);
    connect(m_colour, &QComboBox::currentIndexChanged, this, [this] {
        show_index();
        paint_voxels_again();
        m_kept->edited(tr("Colour by %1").arg(m_colour->currentText()));
    });
    connect(m_threshold, &Slider::moved, this, [this](double value, bool dragging) {
        m_threshold_field->set_value(value);
        paint_voxels_again();
        m_kept->edited(tr("Threshold %1").arg(value, 0, 'f', 2), dragging);
    });
    connect(m_threshold_field, &NumberField::value_edited, this, [this](double value) {
        m_threshold->set_value(value);
        paint_voxels_again();
        m_kept->edited(tr("Threshold %1").arg(value, 0, 'f', 2));
    });
    connect(m_index, &NumberField::value_edited, this, [this](double value) { Q_EMIT parameter_chosen(colour_by() == ColourBy::channel ? QStringLiteral("show_channel") : QStringLiteral("show_frame"), int(value)); });
    connect(m_slice, &SegmentedControl::chosen, this, [this](int index) {
        set_slice(index == m_slice->count() - 1 ? -1 : index);
        m_kept->edited(tr("Slice"));
    });
    connect(m_place, &SegmentedControl::chosen, this, &SceneDock::choose_place);
    connect(m_view, &SceneView::around_asked, this, [this] { choose_place(0); });
    connect(m_view, &SceneView::down_asked, this, [this] { choose_place(1); });
    connect(m_view, &SceneView::vehicle_asked, this, [this] { choose_place(2); });
    connect(m_view, &SceneView::next_camera_asked, this, &SceneDock::next_camera);
    connect(m_view, &SceneView::eye_moved, this, &SceneDock::view_changed);
    connect(m_view, &SceneView::slice_asked, this, [this](int by) {
        const int all = m_slice->count() - 1, now = m_view->slice() < 0 ? (by > 0 ? -1 : all) : m_view->slice(), next = std::clamp(now + by, 0, all);
        set_slice(next == all ? -1 : next);
        m_kept->edited(tr("Slice"));
    });
    connect(m_view, &SceneView::voxel_clicked, this, [this](int x, int y, int z) { Q_EMIT voxel_picked({x, y, z}); });
    connect(m_view, &SceneView::box_clicked, this, [this](int id) { Q_EMIT object_picked(id < 0, id < 0 ? -1 - id : id); });
    connect(m_view, &SceneView::empty_clicked, this, &SceneDock::nothing_picked);
    show_index();
    set_frame(nullptr);
}

void SceneDock::set_undo_stack(QUndoStack* stack) { m_kept->set_undo_stack(stack); }

void SceneDock::set_slice(int z) {
    m_slice->set_current(z < 0 ? m_slice->count() - 1 : z);
    m_view->set_slice(z);
    update_note();
}

/// Three strips of cells that come up below the button. No menu: in one, Tab and the arrow keys would not be the strips'.
void SceneDock::build_clip_box() {
    auto* box = new QFrame(this, Qt::Popup);
    box->setFrameShape(QFrame::StyledPanel);
    auto* rows = new QGridLayout(box);
    rows->setContentsMargins(12, 8, 12, 8);
    rows->setHorizontalSpacing(8);
    const QStringList names{tr("Right (x)"), tr("Forward (y)"), tr("Up (z)")};
    for (int k = 0; k < 3; ++k) {
        auto* strip = m_clip_strips[std::size_t(k)] = new RangeStrip(box);
        strip->setFixedWidth(180);
        strip->setAccessibleName(tr("Shown cells, %1").arg(names[k]));
        rows->addWidget(new TextLabel(names[k], 12, false, TextRole::secondary, box), k, 0);
        rows->addWidget(strip, k, 1);
        rows->addWidget(m_clip_metres[std::size_t(k)] = new TextLabel({}, 12, false, TextRole::normal, box), k, 2);
        m_clip_metres[std::size_t(k)]->setMinimumWidth(110);
        connect(strip, &RangeStrip::moved, this, [this](int, int, bool dragging) {
            clip();
            m_kept->edited(tr("Clip box"), dragging);
        });
        connect(strip, &RangeStrip::reset_requested, this, [this, strip, k] {
            strip->set_range(0, std::max(1, m_grid[std::size_t(k)]));
            clip();
            m_kept->edited(tr("Reset the clip box"));
        });
    }
    auto* away = new QAction(box);
    away->setShortcut(Qt::Key_Escape);
    box->addAction(away);
    connect(away, &QAction::triggered, box, &QWidget::hide);
    connect(m_clip, &QToolButton::clicked, this, [this, box] {
        clip();   // the button is pressed by what is cut off, not by the click
        box->adjustSize();
        box->move(m_clip->mapToGlobal(QPoint(0, m_clip->height() + 2)));
        box->show();
        m_clip_strips[0]->setFocus(Qt::PopupFocusReason);
    });
    m_clip->setText(tr("Clip"));
    m_clip->setToolTip(tr("The box within which voxels are shown"));
    m_clip->setCheckable(true);   // pressed while something is cut off
}

void SceneDock::clip() {
    if (!m_frame || m_frame->view.is_empty()) return;
    const VoxelView& view = m_frame->view;
    const Point3 first = view.centre({0, 0, 0});
    Vector3 low{}, high{};
    bool cuts = false;
    for (std::size_t k = 0; k < 3; ++k) {
        const int begin = m_clip_strips[k]->first(), end = m_clip_strips[k]->end();
        low[k] = first[k] + (begin - 0.5) * view.size[k];
        high[k] = first[k] + (end - 0.5) * view.size[k];
        m_clip_metres[k]->setText(tr("%1 to %2 m").arg(low[k], 0, 'f', 1).arg(high[k], 0, 'f', 1));
        cuts = cuts || begin > 0 || end < view.n[k];
    }
    if (cuts) m_view->set_clip(low, high);
    else m_view->set_clip({1, 1, 1}, {0, 0, 0});
    m_clip->setChecked(cuts);
    update_note();
}

ColourBy SceneDock::colour_by() const { return kColourings[std::size_t(std::clamp(m_colour->currentIndex(), 0, 5))]; }

void SceneDock::set_colour_by(ColourBy by) { m_colour->setCurrentIndex(int(std::find(kColourings.begin(), kColourings.end(), by) - kColourings.begin())); }

void SceneDock::show_index() {
    const bool channel = colour_by() == ColourBy::channel, time = colour_by() == ColourBy::difference;
    m_index_name->setVisible(channel || time);
    m_index->setVisible(channel || time);
    m_index_name->setText(channel ? tr("Channel") : tr("Frame"));
    m_index->setAccessibleName(m_index_name->text());
    m_index->set_limits(channel ? -1 : 0, channel ? 4095 : std::max(0, m_frames - 1));
    m_index->set_value(channel ? m_channel : m_time);
}

void SceneDock::set_channel_and_frame(int channel, int frame) {
    m_channel = channel;
    m_time = frame;
    show_index();
}

void SceneDock::set_frame_count(int frames) {
    m_frames = frames;
    show_index();
}

void SceneDock::set_frame(std::shared_ptr<const Frame> frame) {
    m_frame = std::move(frame);
    m_view->set_empty_text(m_frame ? QString() : tr("The scene: which camera fills which voxel, boxes and cameras in 3D."));
    if (!m_frame) return;
    if (m_grid != m_frame->view.n && !m_frame->view.is_empty()) {   // another grid: its slices, its rings, all of it in sight
        const bool first = m_grid[0] == 0;
        m_grid = m_frame->view.n;
        QStringList slices;
        for (int z = 0; z < m_grid[2]; ++z) slices << (z == 0 ? QStringLiteral("z 0") : QString::number(z));
        m_slice->set_labels(slices << tr("All"));
        set_slice(-1);
        for (std::size_t k = 0; k < 3; ++k) {
            m_clip_strips[k]->set_limits(0, m_grid[k]);
            m_clip_strips[k]->set_range(0, m_grid[k]);
        }
        clip();
        if (m_look_waits.is_object()) set_look(std::exchange(m_look_waits, Json()));   // kept before the grid was known
        m_kept->loaded();
        std::vector<double> rings;
        for (double r = 10; r <= m_frame->range() + 0.1; r += 10) rings.push_back(r);
        m_view->set_rings(rings, kGround);
        if (!first || m_place->current() == 0) choose_place(std::max(0, m_place->current()));
    }
    paint_voxels_again();
    show_objects();
    show_surroundings();
}

/// Where only colours changed there is no new mesh.
void SceneDock::paint_voxels_again() {
    if (!m_frame || m_frame->view.is_empty()) return;
    const VoxelView& view = m_frame->view;
    const VoxelPaint paint = paint_voxels(view, colour_by(), m_threshold->value());
    VoxelGridShape grid;
    grid.n = view.n;
    grid.size = view.size;
    const Point3 first = view.centre({0, 0, 0});
    for (std::size_t k = 0; k < 3; ++k) grid.low[k] = first[k] - view.size[k] / 2;
    if (paint.shown == m_painted && grid.n == m_painted_grid.n && grid.low == m_painted_grid.low && grid.size == m_painted_grid.size) {
        m_view->set_voxel_colours(paint.colours);
    } else {
        m_view->set_voxels(grid, paint.shown, paint.colours);
        m_painted = paint.shown;
        m_painted_grid = grid;
    }
    update_note();
}

void SceneDock::update_note() {
    if (!m_frame || m_frame->view.is_empty()) return m_view->set_note({});
    const VoxelView& view = m_frame->view;
    QStringList lines;
    if (const QString missing = missing_for(view, colour_by()); !missing.isEmpty()) lines << missing;
    const Coverage coverage = coverage_of(view);
    lines << tr("%1 cells, %2 faces").arg(view.camera.size()).arg(m_view->faces()) << tr("overlap %1 %, uncovered %2 %").arg(100 * coverage.overlap, 0, 'f', 1).arg(100 * (1 - coverage.covered), 0, 'f', 1) << tr("rings every 10 m");
    m_view->set_note(lines.join(u'\n'));
}

void SceneDock::set_selection(const Selection& selection) {
    m_selection = selection;
    std::vector<std::array<int, 3>> marked;
    if (selection.kind == Selection::Kind::voxel && selection.voxel[0] >= 0) marked.push_back(selection.voxel);
    if (m_frame && !m_frame->view.is_empty())
        for (const std::size_t at : selection.ray)
            if (at < m_frame->view.camera.size()) marked.push_back(m_frame->view.index_of(at));
    m_view->set_marked(std::move(marked));
    show_objects();
}

void SceneDock::set_shown(const Shown& shown) {
    m_shown = shown;
    m_view->set_layer(SceneLayer::velocity, shown.velocity);
    show_objects();
}

/// True boxes have the ids -1, -2, …
void SceneDock::show_objects() {
    if (!m_frame) return;
    std::vector<SceneBox> boxes;
    const auto add = [&](const SceneObject& o, int id, const QColor& colour, bool picked, const QString& label) { boxes.push_back({id, colour, o.centre, o.size, o.yaw, o.velocity, label, picked}); };
    for (std::size_t i = 0; i < m_frame->boxes.size(); ++i)
        if (const SceneObject& o = m_frame->boxes[i]; m_shown.shows_box(o)) add(o, int(i), kBoxColour, m_selection.is_object(Selection::Kind::box, int(i)), QStringLiteral("%1 %2").arg(class_names()[o.label]).arg(o.score, 0, 'f', 2));
    for (std::size_t i = 0; i < m_frame->truth.size(); ++i)
        if (const SceneObject& o = m_frame->truth[i]; m_shown.shows_truth(o)) add(o, -1 - int(i), kTruthColour, m_selection.is_object(Selection::Kind::truth, int(i)), {});
    m_view->set_boxes(std::move(boxes));
}

/// They come once a run, in parts: pictures, lidar, history.
void SceneDock::show_surroundings() {
    const std::array<std::size_t, 3> there{m_frame->cameras.size(), m_frame->lidar.size(), m_frame->history.rows.size()};
    if (m_staged == m_frame->uuid && m_surroundings == there) return;
    m_staged = m_frame->uuid;
    m_surroundings = there;
    std::vector<SceneFrustum> frustums;
    for (std::size_t i = 0; i < m_frame->cameras.size(); ++i) {
        const CameraPicture& camera = m_frame->cameras[i];
        const Matrix16 back = inverse_of(camera.lidar2img);
        const double right = camera.picture.width() - 0.5, bottom = camera.picture.height() - 0.5;
        SceneFrustum f;
        f.colour = camera_colour(camera.channel, int(i));
        f.eye = point_at(back, 0, 0, 0);
        f.corners = {point_at(back, -0.5, bottom, kFrustumDepth), point_at(back, right, bottom, kFrustumDepth), point_at(back, right, -0.5, kFrustumDepth), point_at(back, -0.5, -0.5, kFrustumDepth)};
        f.picture = camera.picture;
        frustums.push_back(std::move(f));
    }
    m_view->set_frustums(frustums);
    if (m_frame->lidar != m_lidar) show_lidar();
    std::vector<Vector3> trail;
    for (std::size_t row = 0; row < m_frame->history.rows.size(); ++row)
        if (const auto x = number_in(m_frame->history, row, "x m"), y = number_in(m_frame->history, row, "y m"); x && y) trail.push_back({*x, *y, kGround});
    m_view->set_trail(trail);
}

/// Not again for the same moment: the points are many, and a dragged slider changes none of them.
void SceneDock::show_lidar() {
    m_lidar = m_frame->lidar;
    const ColourTable heights(ColourMapId::viridis, kSceneCanvas);
    std::vector<float> dots;
    std::vector<QRgb> colours;
    for (std::size_t i = 0; i + 3 < m_frame->lidar.size(); i += 4) {
        dots.insert(dots.end(), {m_frame->lidar[i], m_frame->lidar[i + 1], m_frame->lidar[i + 2]});
        colours.push_back(heights.at((m_frame->lidar[i + 2] + 2) / 5));
    }
    m_view->set_dots(dots, colours);
}

// --- where one looks from

void SceneDock::choose_place(int place) {
    m_place->set_current(place);
    const double range = m_frame ? m_frame->range() : 50;
    switch (place) {
    case 0: return m_view->look_around(range);
    case 1: return m_view->look_down(range);
    case 2: return m_view->look({{0, -7, 2.2}, {0, 8, 0}, {0, 0, 1}, 60});
    default: return next_camera();
    }
}

void SceneDock::next_camera() {
    if (!m_frame || m_frame->cameras.empty()) return;
    m_place->set_current(3);
    m_camera = (m_camera + 1) % int(m_frame->cameras.size());
    m_view->look(eye_of(m_frame->cameras[std::size_t(m_camera)]));
}

void SceneDock::show_view_menu() {
    QMenu menu(this);
    const QStringList places{tr("Orbit"), tr("Top"), tr("Ego")};
    for (int i = 0; i < 3; ++i) menu.addAction(places[i], this, [this, i] { choose_place(i); });
    if (m_frame)
        for (std::size_t i = 0; i < m_frame->cameras.size(); ++i)
            menu.addAction(short_name(m_frame->cameras[i].channel), this, [this, i] {
                m_camera = int(i) - 1;
                next_camera();
            });
    menu.addSeparator();
    for (const auto& [name, place] : m_bookmarks.items())
        if (const auto eye = SceneView::eye_from(place)) menu.addAction(QString::fromStdString(name), this, [this, eye] { m_view->look(*eye); });
    menu.addAction(tr("Keep this place…"), this, &SceneDock::bookmark);
    if (!m_bookmarks.empty())
        menu.addAction(tr("Forget all kept places"), this, [this] {
            m_bookmarks = Json::object();
            m_kept->edited(tr("Forget kept places"));
        });
    menu.exec(QCursor::pos());
}

void SceneDock::bookmark() {
    bool ok = false;
    const QString name = QInputDialog::getText(window(), tr("Keep this place"), tr("Name"), QLineEdit::Normal, tr("Place %1").arg(m_bookmarks.size() + 1), &ok).trimmed();
    if (!ok || name.isEmpty()) return;
    m_bookmarks[name.toStdString()] = SceneView::to_json(m_view->eye());
    m_kept->edited(tr("Keep place %1").arg(name));
}

void SceneDock::show_layer_menu() {
    QMenu menu(this);
    for (const LayerEntry& entry : kLayers) {
        QAction* action = menu.addAction(tr(entry.text));
        action->setCheckable(true);
        action->setChecked(m_view->has_layer(entry.layer));
        connect(action, &QAction::toggled, this, [this, action, layer = entry.layer](bool on) {
            m_view->set_layer(layer, on);
            m_kept->edited(on ? tr("Show %1").arg(action->text()) : tr("Hide %1").arg(action->text()));
        });
    }
    menu.exec(QCursor::pos());
}

bool SceneDock::has_picture() const { return m_frame && m_view->has_opengl(); }
bool SceneDock::export_file(const QString& file, double scale) const { return m_view->export_file(file, scale); }

Json SceneDock::look() const {
    Json layers = Json::object(), clip = Json::array();
    for (const LayerEntry& entry : kLayers) layers[entry.key] = m_view->has_layer(entry.layer);
    for (const RangeStrip* strip : m_clip_strips) clip.push_back({strip->first(), strip->end()});
    return {{"layers", layers}, {"bookmarks", m_bookmarks}, {"colour", m_colour->currentIndex()}, {"threshold", m_threshold->value()}, {"slice", m_view->slice()}, {"clip", clip}};
}

void SceneDock::set_look(const Json& look) {
    if (!look.is_object()) return;
    const auto number = [&look](const char* key, double otherwise) {
        const auto found = look.find(key);
        return found != look.end() && found->is_number() ? found->get<double>() : otherwise;
    };
    const Json layers = look.value("layers", Json::object()), clips = look.value("clip", Json());
    for (const LayerEntry& entry : kLayers)
        if (layers.is_object() && layers.contains(entry.key) && layers[entry.key].is_boolean()) m_view->set_layer(entry.layer, layers[entry.key].get<bool>());
    if (const Json bookmarks = look.value("bookmarks", Json::object()); bookmarks.is_object()) m_bookmarks = bookmarks;
    {
        const QSignalBlocker quiet(m_colour);
        m_colour->setCurrentIndex(int(std::clamp(number("colour", 0), 0.0, 5.0)));
    }
    const double threshold = std::clamp(number("threshold", 0.3), 0.0, 1.0);
    m_threshold->set_value(threshold);
    m_threshold_field->set_value(threshold);
    show_index();
    if (m_grid[0] == 0) {   // no grid yet, so no cells to choose among
        m_look_waits = look;
        return;
    }
    set_slice(int(std::clamp(number("slice", -1), -1.0, m_grid[2] - 1.0)));
    if (clips.is_array() && clips.size() == 3)
        for (std::size_t k = 0; k < 3; ++k)
            if (clips[k].is_array() && clips[k].size() == 2 && clips[k][0].is_number_integer() && clips[k][1].is_number_integer()) {
                const int first = std::clamp(clips[k][0].get<int>(), 0, m_grid[k] - 1);
                m_clip_strips[k]->set_range(first, std::clamp(clips[k][1].get<int>(), first + 1, m_grid[k]));
            }
    clip();
    paint_voxels_again();
}

Json SceneDock::state() const {
    Json kept = m_look_waits.is_object() ? m_look_waits : look();
    kept["eye"] = SceneView::to_json(m_view->eye());
    kept["place"] = m_place->current();
    return kept;
}

void SceneDock::load(const Json& state) {
    if (!state.is_object()) return;
    set_look(state);
    m_kept->loaded();
    if (const Json place = state.value("place", Json()); place.is_number_integer()) m_place->set_current(std::clamp(place.get<int>(), 0, 3));
    if (const auto eye = SceneView::eye_from(state.value("eye", Json()))) m_view->look(*eye);
}

}
