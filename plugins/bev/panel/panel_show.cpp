// What the workspace shows of the results, and the one selection of all its views.
#include "core/base/error.h"
#include "plugins/bev/panel/ablation_view.h"
#include "plugins/bev/panel/bev_map.h"
#include "plugins/bev/panel/cameras_view.h"
#include "plugins/bev/panel/coverage_view.h"
#include "plugins/bev/panel/inspector.h"
#include "plugins/bev/panel/panel.h"
#include "plugins/bev/panel/projection.h"
#include "plugins/bev/panel/scene_dock.h"
#include "plugins/bev/panel/side_rows.h"
#include "plugins/bev/panel/source_bar.h"
#include "plugins/bev/panel/timeline.h"
#include "viewers/view_export.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_title.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include <QDir>
#include <QFileDialog>
#include <QInputDialog>
#include <QStackedWidget>
#include <cmath>

namespace lathe::bev {

bool Panel::is_stale() const { return m_frame && (m_frame->params != m_form->values() || m_frame->sources != sources()); }

void Panel::show_centre() {
    m_centre->setCurrentWidget(m_source->data()->path().isEmpty() && !m_frame ? static_cast<QWidget*>(m_empty) : m_cameras);
    m_cameras->set_empty_text(m_source->model()->path().isEmpty() ? tr("No model yet. Open a Fast-BEV checkpoint, or train one with bev.train.") : tr("Press Run, or move a live control, to see the first key frame."));
}

void Panel::show_now() {
    show_centre();
    const std::shared_ptr<const Frame> frame = m_frame;
    const QString uuid = frame ? frame->uuid : QString();
    for (QWidget* view : {static_cast<QWidget*>(m_cameras), static_cast<QWidget*>(m_map), static_cast<QWidget*>(m_scene)}) view->setProperty("lathe_run", uuid);
    m_cameras->set_frame(frame);
    m_map->set_frame(frame);
    m_scene->set_frame(frame);
    m_coverage->show_frame(frame.get());
    m_classes->show_counts(frame, m_shown);
    select(m_selection);
    if (frame) {
        QList<double> history;
        for (std::size_t row = 0; row < frame->history.rows.size(); ++row)
            if (const auto ago = number_in(frame->history, row, "seconds ago")) history << *ago;
        m_timeline->track()->set_history(history);
        const double calls = frame->summary.value("ms_per_sample", 0.0);
        m_title->set_hint(calls > 0 ? tr("ring layout, linked zoom · frame in %1 ms").arg(calls, 0, 'f', 0) : tr("ring layout, linked zoom"));
        m_title->set_loading(!frame->finished && !frame->stopped);
        const bool moved = frame->params.is_object() && frame->params.value("calibration", Json::object()).value("rows", Json::array()).size() > 0;
        m_calibration->set_note(moved && !frame->view.is_empty() ? tr("%1 cells change camera (%2 %).").arg(frame->view.changed).arg(100.0 * double(frame->view.changed) / double(frame->view.camera.size()), 0, 'f', 1) : QString());
    }
    show_stale();
}

/// What is shown is stale when the parameters have moved on, until the new result is there.
void Panel::show_stale() {
    const bool stale = is_stale(), other_moment = stale && (m_frame->sources != sources() || m_frame->params.value("sample", Json()) != m_form->value(QStringLiteral("sample")) || m_frame->params.value("split", Json()) != m_form->value(QStringLiteral("split")));
    m_cameras->set_stale(other_moment);   // the pictures of this moment stay true, whatever is computed from them
    m_map->set_stale(stale || (m_frame && !m_frame->has_boxes));
    m_inspector->set_stale(stale);
    m_context.set_dock_hint(QStringLiteral("map"), stale ? (is_live() ? tr("stale") : tr("stale · changes wait for Run")) : tr("forward is up"));
}

// --- one selection

void Panel::select(Selection selection) {
    m_selection = std::move(selection);
    if (m_frame) {
        const VoxelView& view = m_frame->view;
        const auto& v = m_selection.voxel;
        if (m_selection.kind == Selection::Kind::voxel && (view.is_empty() || v[0] >= view.n[0] || v[1] >= view.n[1] || v[2] >= view.n[2])) m_selection = {};   // another grid
        const int count = m_selection.kind == Selection::Kind::truth ? int(m_frame->truth.size()) : int(m_frame->boxes.size());
        if ((m_selection.kind == Selection::Kind::truth || m_selection.kind == Selection::Kind::box) && m_selection.object >= count) m_selection = {};
    }
    m_cameras->set_selection(m_selection);
    m_map->set_selection(m_selection);
    m_scene->set_selection(m_selection);
    m_inspector->show_selection(m_frame.get(), m_selection);
}

void Panel::pick_object(bool is_truth, int index) {
    Selection selection;
    selection.kind = is_truth ? Selection::Kind::truth : Selection::Kind::box;
    selection.object = index;
    select(selection);
}

/// The feature of the voxel is asked from the engine; where the views show it does not wait for that.
void Panel::pick_voxel(const std::array<int, 3>& voxel) {
    Selection selection;
    selection.kind = Selection::Kind::voxel;
    selection.voxel = voxel;
    if (m_frame) m_frame->voxel_feature.clear();
    select(selection);
    without_undo([&] { m_form->set_values({{"voxel", {voxel[0], voxel[1], voxel[2]}}}, {}); });   // looking is nothing to undo
    if (is_live()) send_live();
}

void Panel::pick_pixel(int camera, const QPointF& pixel) {
    if (!m_frame || camera < 0 || camera >= int(m_frame->cameras.size()) || m_frame->view.is_empty()) return;
    const VoxelView& view = m_frame->view;
    const CameraPicture& picture = m_frame->cameras[std::size_t(camera)];
    const int index = int(view.cameras.indexOf(picture.channel));
    const QPoint cell(int(std::nearbyint(pixel.x() / view.stride)), int(std::nearbyint(pixel.y() / view.stride)));
    std::vector<std::size_t> ray = voxels_of_cell(view, index, cell.x(), cell.y(), picture.lidar2img);
    if (!ray.empty()) pick_voxel(view.index_of(ray.front()));
    else select({});
    Selection selection = m_selection;
    selection.camera = index;
    selection.cell = cell;
    selection.ray = std::move(ray);
    select(std::move(selection));
}

/// The lowest covered voxel of the column.
void Panel::pick_ground(const QPointF& metres) {
    if (!m_frame || m_frame->view.is_empty()) return;
    const VoxelView& view = m_frame->view;
    const Point3 first = view.centre({0, 0, 0});
    const int x = int(std::lround((metres.x() - first[0]) / view.size[0])), y = int(std::lround((metres.y() - first[1]) / view.size[1]));
    if (x < 0 || y < 0 || x >= view.n[0] || y >= view.n[1]) return;
    int z = 0;
    while (z + 1 < view.n[2] && view.camera[view.at(x, y, z)] == 255) ++z;
    if (view.camera[view.at(x, y, z)] == 255) z = 0;
    pick_voxel({x, y, z});
}

void Panel::show(const Shown& shown) {
    m_shown = shown;
    m_detections->set_shown(m_shown);
    m_cameras->set_shown(m_shown);
    m_map->set_shown(m_shown);
    m_scene->set_shown(m_shown);
    m_classes->show_counts(m_frame, m_shown);
    save_soon();
}

// --- files

namespace {

Json box_rows(const std::vector<SceneObject>& objects) {
    Json out = Json::array();
    for (const SceneObject& o : objects)
        out.push_back({{"class", class_names()[o.label].toStdString()}, {"score", o.score}, {"center", o.centre}, {"size", o.size}, {"yaw", o.yaw}, {"velocity", o.velocity}, {"token", o.token.toStdString()}});
    return out;
}

}

/// All of the moment into one folder.
void Panel::export_results() {
    if (!m_frame) {
        m_context.show_message(QStringLiteral("info"), tr("There is nothing to export yet."), {}, tr("Press Run first."));
        return;
    }
    const QStringList sizes{tr("as on the screen"), tr("2 × (print)"), tr("4 × (poster)")};
    bool chosen = false;
    const auto size = sizes.indexOf(QInputDialog::getItem(window(), tr("Export results"), tr("Size of the pictures"), sizes, 1, false, &chosen));
    const QString folder = chosen ? QFileDialog::getExistingDirectory(window(), tr("Export the results into a folder")) : QString();
    if (folder.isEmpty()) return;
    write_results(QDir(folder), size == 0 ? 1 : size == 1 ? 2 : 4);
}

void Panel::write_results(const QDir& target, double scale) {
    if (!m_frame) return;
    QStringList failed;
    const auto keep = [&](const QString& name, bool written) {
        if (!written) failed << name;
    };
    const Json boxes{{"frame", "lidar"}, {"sample", m_frame->summary.value("sample", std::string())}, {"boxes", box_rows(m_frame->boxes)}, {"truth", box_rows(m_frame->truth)}};
    keep(QStringLiteral("boxes.json"), write_text(target.filePath(QStringLiteral("boxes.json")), QString::fromStdString(json_text(boxes, 2))));
    for (const auto& [name, table] : {std::pair(QStringLiteral("candidates.csv"), &m_frame->candidates), std::pair(QStringLiteral("matches.csv"), &m_frame->matches), std::pair(QStringLiteral("stages.csv"), &m_frame->stages),
             std::pair(QStringLiteral("coverage_cameras.csv"), &m_frame->coverage_cameras), std::pair(QStringLiteral("coverage_heights.csv"), &m_frame->coverage_heights)})
        if (!table->columns.empty()) keep(name, write_text(target.filePath(name), csv_of_run(csv_of(*table), m_frame->uuid)));
    keep(QStringLiteral("cameras.png"), m_cameras->export_file(target.filePath(QStringLiteral("cameras.png")), scale));
    keep(QStringLiteral("birds_eye.png"), m_map->export_file(target.filePath(QStringLiteral("birds_eye.png")), scale));
    if (m_scene->has_picture()) keep(QStringLiteral("scene.png"), m_scene->export_file(target.filePath(QStringLiteral("scene.png")), scale));
    if (failed.isEmpty()) m_context.show_message(QStringLiteral("info"), tr("The results were exported."), target.path(), {});
    else m_context.show_message(QStringLiteral("err"), tr("Not everything could be written."), target.path() + QStringLiteral(": ") + failed.join(QStringLiteral(", ")), tr("Check the free space and your right to write there."));
}

}
