// What the workspace asks of the engine, and how it takes the answers.
#include "core/base/error.h"
#include "plugins/bev/panel/ablation_view.h"
#include "plugins/bev/panel/panel.h"
#include "plugins/bev/panel/side_rows.h"
#include "plugins/bev/panel/source_bar.h"
#include "plugins/bev/panel/timeline.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include <QDir>
#include <QFileInfo>

namespace lathe::bev {

// --- asking

MethodPanel::Assets Panel::assets() const {
    Assets out;
    if (const QString data = m_source->data()->path(); !data.isEmpty()) out << std::pair(QStringLiteral("data"), data);
    if (const QString model = m_source->model()->path(); !model.isEmpty()) out << std::pair(QStringLiteral("model"), model);
    return out;
}

void Panel::choose_asset(const QString& role, const QString& path) {
    if (role == u"model") m_source->model()->choose(path);
    if (role == u"data") m_source->data()->choose(path);
}

QString Panel::sources() const { return m_source->data()->path() + u'\n' + m_source->model()->path(); }

bool Panel::is_ready_to_run() const { return !m_source->data()->path().isEmpty() && !m_source->model()->path().isEmpty() && m_context.catalogue().find("bev.detect"); }

/// Drives, cameras, frames are asked first; a live run waits for them.
void Panel::describe() {
    if (assets().isEmpty() || !m_context.catalogue().find("bev.describe")) return;
    m_describe = m_context.submit(request("bev.describe", true), assets(), QStringLiteral("bev.describe"));
}

void Panel::send_live() {
    if (!is_ready_to_run()) return;
    if (!m_facts.is_object()) {
        m_live_waits = true;
        return;
    }
    if (m_frame && m_frame->finished && !is_stale()) {   // back to what is shown
        if (m_coming && m_coming->live) m_context.cancel(m_coming->uuid);
        if (m_coming && m_coming->live) m_coming.reset();
        return;
    }
    if (m_coming && m_coming->live && m_coming->params == m_form->values() && m_coming->sources == sources()) return;   // just asked
    const auto grid_of = [](const Json& params) { return params.value("grid_cell", 1.0); };
    if (m_frame && (m_frame->sources != sources() || grid_of(m_frame->params) != grid_of(m_form->values())) && !m_form->value(QStringLiteral("voxel")).empty())
        without_undo([this] { m_form->set_values({{"voxel", Json::array()}}, {}); });   // it counts the cells of another grid
    const QString uuid = m_context.submit(request("bev.detect", true), assets(), QStringLiteral("bev.detect"));
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<Frame>();
    m_coming->uuid = uuid;
    m_coming->live = true;
    m_coming->params = m_form->values();
    m_coming->sources = sources();
}

void Panel::run() {
    if (!is_ready_to_run()) {
        const bool no_data = m_source->data()->path().isEmpty();
        m_context.show_message(QStringLiteral("warn"), no_data ? tr("There is no data set.") : tr("There is no model."), {}, no_data ? tr("Open a folder in the nuScenes layout, or make street drives.") : tr("Open a Fast-BEV checkpoint, or train one with bev.train."));
        return;
    }
    const QString uuid = m_context.submit(request("bev.detect", false), assets(), {});
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<Frame>();
    m_coming->uuid = uuid;
    m_coming->params = m_form->values();
    m_coming->sources = sources();
    m_form->set_recorded(m_form->values());
}

/// A few drives to look at, in the user's data folder.
void Panel::make_street() {
    if (!m_street.isEmpty() || !m_context.catalogue().find("bev.street")) return;
    if (QFileInfo::exists(street_folder())) {
        m_source->offer_street();
        m_source->data()->choose(street_folder());
        return;
    }
    QDir().mkpath(QFileInfo(street_folder()).path());
    RunRequest asked = request("bev.street", false);
    asked.params = {{"folder", street_folder().toStdString()}, {"train_scenes", 4}, {"val_scenes", 4}};
    m_street = m_context.submit(asked, {}, {});
    if (!m_street.isEmpty()) m_empty->set_sentence(tr("Making street drives…"));
}

void Panel::run_ablation(const QStringList& axes, int samples) {
    if (!m_ablation_run.isEmpty()) return m_context.cancel(m_ablation_run);
    if (!is_ready_to_run() || !m_context.catalogue().find("bev.ablation")) return run();   // says what is missing
    RunRequest asked = request("bev.ablation", false);
    Json wanted = Json::array();
    for (const QString& axis : axes) wanted.push_back(axis.toStdString());
    asked.params["axes"] = wanted;
    asked.params["samples"] = samples;
    const Drive* drive = m_source->find(m_source->drive());
    asked.params["split"] = drive && !drive->split.isEmpty() ? drive->split.toStdString() : std::string("val");
    m_ablation_run = m_context.submit(asked, assets(), {});
    if (!m_ablation_run.isEmpty()) m_ablation->set_running(tr("Waiting for the engine…"));
}

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    if (uuid == m_describe) {
        if (const auto* done = std::get_if<event::Finished>(&event.body)) take_facts(done->summary.is_object() ? done->summary : Json::object());
    } else if (uuid == m_street) {
        take_street(event);
    } else if (uuid == m_ablation_run) {
        if (const auto* made = std::get_if<event::ArtifactMade>(&event.body); made && made->artifact.key == "ablation") m_ablation->show_table(made->artifact);
        if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
            m_ablation->set_running(tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    } else if ((m_coming && uuid == m_coming->uuid) || (m_frame && uuid == m_frame->uuid)) {
        take_detect(event);
    }
}

/// The voxels of the new run take the place of the old ones as soon as they are there; its boxes follow, and until then the old ones stay.
void Panel::take_detect(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    const bool is_coming = m_coming && uuid == m_coming->uuid;
    Frame& taker = is_coming ? *m_coming : *m_frame;
    const bool something = taker.take(event);
    if (is_coming && !m_coming->view.seen.empty() && !m_coming->view.lut.empty() && !m_coming->cameras.empty()) {
        const bool same_moment = m_frame && m_frame->sources == m_coming->sources && m_frame->params.value("sample", Json()) == m_coming->params.value("sample", Json()) && m_frame->params.value("split", Json()) == m_coming->params.value("split", Json());
        if (same_moment && !m_coming->has_boxes) {   // nothing blinks: what belongs to the same pictures stays until its successor is there
            m_coming->boxes = m_frame->boxes;
            m_coming->lidar = m_frame->lidar;
            m_coming->history = m_frame->history;
            m_coming->heat = m_frame->heat;
            m_coming->bev_magnitude = m_frame->bev_magnitude;
            m_coming->candidates = m_frame->candidates;
            m_coming->matches = m_frame->matches;
            if (m_coming->view.magnitude.empty() && m_frame->view.n == m_coming->view.n) m_coming->view.magnitude = m_frame->view.magnitude;
        }
        if (!same_moment && m_selection.kind != Selection::Kind::voxel) m_selection = {};
        m_frame = std::exchange(m_coming, nullptr);
    }
    if (std::holds_alternative<event::Finished>(event.body)) m_timeline->frame_shown();
    if (something && m_frame && uuid == m_frame->uuid) show_soon();
}

void Panel::take_street(const RunEvent& event) {
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        m_empty->set_sentence(tr("Making street drives: %1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    if (!std::holds_alternative<event::Finished>(event.body)) return;
    m_source->offer_street();
    m_source->data()->choose(street_folder());
}

void Panel::failed(const QString& uuid, const event::Failed& failure) {
    const bool is_detect = (m_coming && uuid == m_coming->uuid) || (m_frame && uuid == m_frame->uuid);
    if (!is_detect && uuid != m_describe && uuid != m_street && uuid != m_ablation_run) return;
    tell_failure(failure);
    if (m_coming && uuid == m_coming->uuid) m_coming.reset();
    if (is_detect) m_timeline->set_playing(false);
}

void Panel::run_ended(const QString& uuid, RunState state) {
    if (uuid == m_street) {
        m_street.clear();
        if (state != RunState::finished) m_empty->set_sentence(tr("The street drives were not finished. Make them again: what is done is kept."));
    }
    if (uuid == m_ablation_run) {
        m_ablation_run.clear();
        m_ablation->set_running({});
    }
    if (m_coming && uuid == m_coming->uuid && state != RunState::finished) m_coming.reset();
    if (m_frame && uuid == m_frame->uuid && state != RunState::finished) m_frame->stopped = true;
    show_soon();
}

// --- recorded

QStringList Panel::opened_methods() const { return {QStringLiteral("bev.evaluate"), QStringLiteral("bev.ablation"), QStringLiteral("bev.detect")}; }

void Panel::show_recorded(const RecordedRun& recorded) {
    if (recorded.run.method == u"bev.evaluate") return show_measured(recorded.artifacts, recorded.name());
    if (recorded.run.method == u"bev.ablation") {
        for (const Artifact& artifact : recorded.artifacts)
            if (artifact.key == "ablation") m_ablation->show_table(artifact);
        return;
    }
    if (recorded.run.method != u"bev.detect") return;
    auto frame = std::make_shared<Frame>();
    frame->uuid = recorded.run.uuid;
    frame->finished = recorded.run.state == RunState::finished;
    for (const bool grid : {true, false})   // the grid before what lies on it
        for (const Artifact& artifact : recorded.artifacts)
            if ((artifact.key == "view.camera") == grid) frame->take(artifact);
    if (recorded.run.summary.is_object()) frame->summary = recorded.run.summary;
    m_form->set_values(recorded.run.params, tr("Open what made %1").arg(recorded.name()));
    frame->params = m_form->values();
    frame->sources = sources();
    m_frame = frame;
    m_coming.reset();
    m_selection = {};
    m_form->set_recorded(m_form->values());
    show_now();
}

/// The classes of the last evaluation beside those of the sample.
void Panel::show_measured(const QList<Artifact>& artifacts, const QString& title) {
    for (const Artifact& artifact : artifacts) {
        if (artifact.key != "classes" || !artifact.bytes) continue;
        const CsvTable table = table_of(artifact);
        std::array<std::optional<double>, 10> ap{};
        for (std::size_t row = 0; row < table.rows.size(); ++row)
            if (const auto label = class_names().indexOf(text_in(table, row, "class")); label >= 0) ap[std::size_t(label)] = number_in(table, row, "AP 2 m");
        m_classes->set_measured(ap, tr("Counts: this sample. AP: %1.").arg(title));
    }
}

}
