#include "app/gui/panel_host.h"
#include "app/gui/action_registry.h"
#include "app/gui/artifact_decode.h"
#include "app/gui/command_line.h"
#include "app/gui/dock_area.h"
#include "app/gui/job_list.h"
#include "app/gui/project_host.h"
#include "app/gui/run_assets.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "app/gui/workspace.h"
#include "app/gui/workspace_bar.h"
#include <QClipboard>
#include <QGuiApplication>

namespace lathe {
namespace {
std::vector<std::pair<std::string, std::string>> plain(const AssetPaths& assets) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const auto& [role, path] : assets) list.emplace_back(ss(role), ss(path));
    return list;
}

PanelRun panel_run(const RunRow& row) {
    return {qs(row.uuid), row.id, qs(row.title), qs(row.method), row.state, row.params, row.environment.is_object() ? row.environment.value("summary", Json()) : Json(), {}, {}, row.taps};
}
}

PanelHost::PanelHost(const Shell& shell, const QString& plugin, Workspace* workspace) : m_shell(shell), m_plugin(plugin), m_workspace(workspace) {
    setParent(workspace);
    connect(shell.session, &Session::catalogue_ready, this, &PanelContext::catalogue_changed);
    connect(shell.session, &Session::run_event, this, [this](const std::shared_ptr<RunEvent>& event) {
        if (owns(qs(event->run))) Q_EMIT run_event(event);
    });
    connect(shell.session, &Session::run_ended, this, [this](const QString& uuid, RunState state) {
        if (owns(uuid)) Q_EMIT run_ended(uuid, state);
    });
    connect(shell.projects, &ProjectHost::opened, this, &PanelContext::project_changed);
    connect(shell.projects, &ProjectHost::closed, this, &PanelContext::project_changed);
}

const Catalogue& PanelHost::catalogue() const { return m_shell.catalogue(); }

QString PanelHost::submit(const RunRequest& request, const QList<std::pair<QString, QString>>& assets, const QString& live_key) {
    try {
        const QString uuid = qs(m_shell.session->submit(request, plain(assets), {}, ss(live_key)));
        m_submitted << uuid;
        m_shell.jobs->set_info(uuid, qs(request.method), {}, request.lane == Lane::live);
        if (m_submitted.size() > 1000) m_submitted.remove(0, 500);
        return uuid;
    } catch (...) {
        const Error error = current_error("starting the run");
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
        return {};
    }
}

void PanelHost::cancel(const QString& uuid) { m_shell.session->cancel(ss(uuid)); }
bool PanelHost::has_project() const { return m_shell.projects->is_open(); }

QList<PanelRun> PanelHost::runs(const QString& query, int limit) const {
    QList<PanelRun> list;
    m_shell.projects->with_reader([&](const ProjectReader& reader) {
        QueryError error;
        const RunQuery compiled = compile_query(ss(query), &error);
        if (!error.text.empty()) throw Error(ErrorCode::invalid_value, "The query is wrong.", error.text, {});
        for (const RunRow& row : reader.runs(compiled, limit)) list << panel_run(row);
    });
    return list;
}

std::optional<PanelRun> PanelHost::run(const QString& uuid) const {
    std::optional<PanelRun> found;
    m_shell.projects->with_reader([&](const ProjectReader& reader) {
        const std::optional<RunId> run = reader.find_run(ss(uuid));
        if (!run) return;
        found = panel_run(reader.run(*run));
        const RunAssets assets = assets_of(reader, *run);
        found->assets = assets.paths;
        found->missing_assets = assets.missing;
    });
    return found;
}

QList<Artifact> PanelHost::artifacts(const QString& run_uuid) const {
    QList<Artifact> list;
    m_shell.projects->with_reader([&](const ProjectReader& reader) {
        const std::optional<RunId> run = reader.find_run(ss(run_uuid));
        if (!run) return;
        for (const ArtifactRow& row : reader.artifacts(*run))
            if (row.kind != "state") list << load_artifact(reader, row);
    });
    return list;
}

QList<std::pair<double, double>> PanelHost::series(const QString& run_uuid, const QString& key) const {
    QList<std::pair<double, double>> points;
    m_shell.projects->with_reader([&](const ProjectReader& reader) {
        const std::optional<RunId> run = reader.find_run(ss(run_uuid));
        if (!run) return;
        const Series series = reader.series(*run, ss(key));
        for (std::size_t i = 0; i < series.step.size(); ++i) points << std::pair(series.step[i], series.value[i]);
    });
    return points;
}

Json PanelHost::panel_state() const { return m_shell.projects->panel_state(m_plugin); }
void PanelHost::set_panel_state(const Json& state) { m_shell.projects->set_panel_state(m_plugin, state); }

void PanelHost::pin_live(const QString& uuid) {
    const RunId run = m_shell.session->run_id(ss(uuid));
    if (!run) {
        m_shell.say(QStringLiteral("warn"), tr("The result was not pinned."), {}, tr("It is not in a project: open or make one first."));
        return;
    }
    m_shell.projects->write([run](Project& project) { project.set_pinned(run, true); });
}

QUndoStack* PanelHost::undo_stack() { return m_shell.undo; }

void PanelHost::add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent) {
    m_workspace->docks()->add_dock(content, id, title, hint, side, extent);
}

void PanelHost::set_dock_hint(const QString& id, const QString& hint) { m_workspace->docks()->set_hint(id, hint); }

void PanelHost::add_action(QAction* action, const QString& id) {
    if (!action->parent()) action->setParent(this);
    m_shell.actions->adopt(action, m_plugin + u'.' + id, m_workspace->title());
    m_actions << action;
}

void PanelHost::set_bar(QWidget* left_of_undo) { m_workspace->bar()->set_chooser(left_of_undo); }

/// Actions with an icon (property "lathe_icon") stand in the bar, the first three of them; all are in the menu and the palette.
void PanelHost::complete() {
    for (const auto& action : std::as_const(m_actions))
        if (action && !action->property("lathe_icon").toString().isEmpty()) m_workspace->bar()->add_action(action, action->property("lathe_icon").toString());
}

void PanelHost::show_message(const QString& level, const QString& what, const QString& where, const QString& hint, const QString& button, std::function<void()> remedy) {
    QList<MessageButton> buttons;
    if (!button.isEmpty() && remedy) buttons << MessageButton{button, {}, std::move(remedy)};
    m_shell.say(level, what, where, hint, std::move(buttons));
}

void PanelHost::copy_command_line(const RunRequest& request, const QList<std::pair<QString, QString>>& assets) {
    const MethodInfo* method = catalogue().find(request.method);
    QGuiApplication::clipboard()->setText(command_line_of(request, assets, m_shell.projects->file(), method));
    m_shell.say(QStringLiteral("info"), tr("The command line is on the clipboard."), {}, tr("Paste it into a terminal: it repeats this run."));
}

}
