#include "app/gui/run_actions.h"
#include "app/gui/action_registry.h"
#include "app/gui/import_dialog.h"
#include "app/gui/job_list.h"
#include "app/gui/project_host.h"
#include "app/gui/run_commands.h"
#include "app/gui/run_dialog.h"
#include "app/gui/runs_page.h"
#include "app/gui/runs_table.h"
#include "app/gui/shell.h"
#include "app/gui/sweep_dialog.h"
#include "app/gui/sweep_runner.h"
#include "app/gui/text.h"
#include "core/base/paths.h"
#include "core/base/uuid.h"
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QInputDialog>
#include <QMessageBox>
#include <QUndoStack>
#include <algorithm>

namespace lathe {

RunActions::RunActions(const Shell& shell, RunsPage& page, JobList& jobs, QObject* parent) : QObject(parent), m_shell(shell), m_page(page), m_jobs(jobs), m_sweeps(new SweepRunner(shell, jobs, this)) {
    add_actions();
    connect(&page, &RunsPage::retry_sweep_requested, m_sweeps, &SweepRunner::retry);
    connect(&page, &RunsPage::selection_changed, this, &RunActions::refresh);
    connect(shell.projects, &ProjectHost::opened, this, &RunActions::refresh);
    connect(shell.projects, &ProjectHost::closed, this, &RunActions::refresh);
    connect(shell.session, &Session::catalogue_ready, this, &RunActions::refresh);
    refresh();
}

void RunActions::add_actions() {
    ActionRegistry& actions = *m_shell.actions;
    const QString runs = tr("Runs"), run = tr("Run");
    actions.add({QStringLiteral("runs.open"), tr("&Open what made this"), runs, QStringLiteral("target"), {}, tr("Its workspace, with its parameters and pictures")}, [this] { open(); });
    actions.add({QStringLiteral("runs.rerun"), tr("Run a&gain"), runs, QStringLiteral("retry"), {}, tr("The same parameters, as new runs")}, [this] { rerun(); });
    actions.add({QStringLiteral("runs.resume"), tr("Re&sume"), runs, QStringLiteral("run"), {}, tr("A new run that goes on from the last checkpoint of this one")}, [this] {
        for (const ListedRun* entry : m_page.chosen()) rerun(entry->run.id, true);
    });
    actions.add({QStringLiteral("runs.duplicate"), tr("D&uplicate with changes…"), runs, QStringLiteral("copy"), {}, tr("A new run that starts from these parameters")}, [this] { duplicate(); });
    actions.add({QStringLiteral("runs.copy_command"), tr("Copy as command &line"), runs, QStringLiteral("terminal"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_K)}, tr("The lathe-cli command that repeats this run")}, [this] { copy_command(); });
    actions.add({QStringLiteral("runs.tag"), tr("&Tag…"), runs, QStringLiteral("tag"), {QKeySequence(Qt::CTRL | Qt::Key_T)}, tr("Tags of the selected runs, separated by commas")}, [this] { edit_tags(); });
    actions.add({QStringLiteral("runs.rename"), tr("&Rename"), runs, QStringLiteral("edit"), {QKeySequence(Qt::Key_F2)}, {}}, [this] { m_page.table()->edit_title(); });
    actions.add({QStringLiteral("runs.notes"), tr("&Notes…"), runs, QStringLiteral("note"), {}, {}}, [this] { edit_notes(); });
    actions.add({QStringLiteral("runs.pin"), tr("&Pin"), runs, QStringLiteral("pin"), {}, tr("Pinned live results are kept; again: not pinned")}, [this] { toggle_pin(); });
    actions.add({QStringLiteral("runs.delete"), tr("&Move to bin"), runs, QStringLiteral("trash"), {QKeySequence(Qt::Key_Delete)}, tr("Undo brings them back")}, [this] { remove(); });
    actions.add({QStringLiteral("runs.restore"), tr("Restore &from bin"), runs, QStringLiteral("bin-restore"), {}, {}}, [this] { restore(); });
    actions.add({QStringLiteral("runs.empty_bin"), tr("&Empty the bin…"), runs, {}, {}, tr("Removes what is in the bin for good")}, [this] { empty_bin(); });
    actions.add({QStringLiteral("runs.import"), tr("&Import runs from another project…"), runs, QStringLiteral("download"), {}, {}}, [this] { import_runs(); });
    actions.add({QStringLiteral("run.new"), tr("&New run…"), run, QStringLiteral("run"), {}, tr("Any method of the engine, with all its parameters")}, [this] { show_run_dialog({}, Json::object(), {}); });
    actions.add({QStringLiteral("run.sweep"), tr("New &sweep…"), run, QStringLiteral("sweep"), {}, tr("A run for each combination of values")}, [this] {
        SweepDialog dialog(m_shell, *m_sweeps, m_shell.window);
        dialog.exec();
    });
}

void RunActions::refresh() {
    ActionRegistry& actions = *m_shell.actions;
    const QList<const ListedRun*> chosen = m_page.chosen();
    const bool open = m_shell.projects->is_open();
    const QString lock = m_shell.projects->read_only_reason();
    const QString none = !open ? tr("No project is open.") : tr("Open the Runs workspace and select a run.");
    const QString locked = lock.isEmpty() ? none : tr("The project is read-only: %1").arg(lock);
    const bool any = !chosen.isEmpty(), writable = any && lock.isEmpty(), engine = m_shell.has_catalogue();
    const QString wait = any && !engine ? tr("The engine is not ready.") : locked;
    actions.set_enabled(QStringLiteral("runs.open"), any, none);
    actions.set_enabled(QStringLiteral("runs.copy_command"), any, none);
    for (const char* id : {"runs.tag", "runs.rename", "runs.notes", "runs.pin"}) actions.set_enabled(QLatin1String(id), writable, any ? locked : none);
    actions.set_enabled(QStringLiteral("runs.delete"), writable && !m_page.in_bin(), m_page.in_bin() ? tr("These runs are in the bin already.") : any ? locked : none);
    actions.set_enabled(QStringLiteral("runs.restore"), writable && m_page.in_bin(), tr("Choose Bin in the library and select a run."));
    for (const char* id : {"runs.rerun", "runs.duplicate"}) actions.set_enabled(QLatin1String(id), writable && engine, any ? wait : none);
    const auto can_go_on = [this](const ListedRun* entry) {
        const RunState state = entry->run.state;
        const MethodInfo* method = m_shell.catalogue().find(entry->run.method);
        return method && method->is_long && state != RunState::finished && state != RunState::queued && state != RunState::running;
    };
    const bool resumable = writable && engine && std::all_of(chosen.begin(), chosen.end(), can_go_on);
    actions.set_enabled(QStringLiteral("runs.resume"), resumable, writable && engine ? tr("Select runs that ended early, of methods that write checkpoints.") : any ? wait : none);
    for (const char* id : {"runs.empty_bin", "runs.import"}) actions.set_enabled(QLatin1String(id), open && lock.isEmpty(), open ? locked : none);
    const QString why_not = !engine ? tr("The engine is not ready.") : !open ? tr("No project is open: a run is kept in one. Make or open a project first.") : tr("The project is read-only: %1").arg(lock);
    for (const char* id : {"run.new", "run.sweep"}) actions.set_enabled(QLatin1String(id), engine && open && lock.isEmpty(), why_not);
}

void RunActions::open() {
    const QList<const ListedRun*> chosen = m_page.chosen();
    if (!chosen.isEmpty()) m_shell.restore_run(qs(chosen.first()->run.uuid), qs(chosen.first()->run.method));
}

void RunActions::with_assets(RunId run, std::function<void(const RunRow&, const RunAssets&)> use) {
    using Answer = std::pair<RunRow, RunAssets>;
    m_shell.projects->read<Answer>(this, [run](const ProjectReader& reader) {
        return Answer(reader.run(run), assets_of(reader, run));
    }, [use = std::move(use)](const Answer& answer) { use(answer.first, answer.second); });
}

void RunActions::rerun() {
    for (const ListedRun* entry : m_page.chosen()) rerun(entry->run.id);
}

void RunActions::rerun(const QString& uuid) {
    if (const RunId run = m_shell.session->run_id(ss(uuid)); run > 0) rerun(run);
}

void RunActions::resume(const QString& uuid) {
    if (const RunId run = m_shell.session->run_id(ss(uuid)); run > 0) rerun(run, true);
}

void RunActions::rerun(RunId run, bool from_checkpoint) {
    with_assets(run, [this, from_checkpoint](const RunRow& row, const RunAssets& assets) {
        if (!assets.missing.isEmpty()) {
            m_shell.say(QStringLiteral("err"), tr("%1 was not run again.").arg(run_number(row.id)), tr("not found: %1").arg(assets.missing.join(QStringLiteral(", "))), tr("Put the file beside the project, or duplicate the run and choose another."));
            return;
        }
        RunRequest request = row.request();
        request.uuid = make_uuid();
        request.lane = Lane::batch;
        request.assets.clear();
        request.resume = from_checkpoint ? row.uuid : std::string();
        std::vector<std::pair<std::string, std::string>> paths;
        for (const auto& [role, path] : assets.paths) paths.emplace_back(ss(role), ss(path));
        try {
            const std::string uuid = m_shell.session->submit(request, paths, row.title);
            m_jobs.set_info(qs(uuid), qs(row.method), qs(row.title), false);
        } catch (...) {
            const Error error = current_error("starting the run");
            m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
        }
    });
}

void RunActions::duplicate() {
    const QList<const ListedRun*> chosen = m_page.chosen();
    if (chosen.isEmpty()) return;
    with_assets(chosen.first()->run.id, [this](const RunRow& row, const RunAssets& assets) { show_run_dialog(qs(row.method), row.params, assets.paths); });
}

void RunActions::show_run_dialog(const QString& method, const Json& params, const AssetPaths& assets) {
    auto* dialog = new RunDialog(m_shell, m_jobs, m_shell.window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->choose(method, params, assets);
    dialog->open();
}

void RunActions::copy_command() {
    const QList<const ListedRun*> chosen = m_page.chosen();
    if (chosen.isEmpty()) return;
    with_assets(chosen.first()->run.id, [this](const RunRow& row, const RunAssets& assets) {
        QGuiApplication::clipboard()->setText(command_line_of(row.request(), assets.paths, m_shell.projects->file(), m_shell.catalogue().find(row.method)));
        m_shell.say(QStringLiteral("info"), tr("The command line is on the clipboard."), {}, tr("Paste it into a terminal: it repeats %1.").arg(run_number(row.id)));
    });
}

void RunActions::edit_tags() {
    const QList<const ListedRun*> chosen = m_page.chosen();
    if (chosen.isEmpty()) return;
    QStringList before;
    for (const std::string& tag : chosen.first()->run.tags) before << qs(tag);
    std::vector<TagChange> changes;
    for (const ListedRun* entry : chosen) changes.push_back({entry->run.id, entry->run.tags, {}});
    bool ok = false;
    const QString text = QInputDialog::getText(m_shell.window, tr("Tags"), tr("Tags of %n run(s), separated by commas:", nullptr, int(chosen.size())), QLineEdit::Normal, before.join(QStringLiteral(", ")), &ok);
    if (!ok) return;
    std::vector<std::string> tags;
    for (const QString& tag : text.split(u',', Qt::SkipEmptyParts))
        if (const std::string clean = ss(tag.trimmed()); !clean.empty() && std::find(tags.begin(), tags.end(), clean) == tags.end()) tags.push_back(clean);
    for (TagChange& change : changes) change.to = tags;
    m_shell.undo->push(tags_command(changes));
}

void RunActions::edit_notes() {
    const QList<const ListedRun*> chosen = m_page.chosen();
    if (chosen.isEmpty()) return;
    const RunId run = chosen.first()->run.id;
    const std::string before = chosen.first()->run.notes;
    bool ok = false;
    const QString text = QInputDialog::getMultiLineText(m_shell.window, tr("Notes of %1").arg(run_number(run)), tr("Notes:"), qs(before), &ok);
    if (ok && ss(text) != before) m_shell.undo->push(notes_command(run, before, ss(text)));
}

void RunActions::toggle_pin() {
    std::vector<std::pair<RunId, bool>> runs;
    bool all = true;
    for (const ListedRun* entry : m_page.chosen()) {
        runs.emplace_back(entry->run.id, entry->run.pinned);
        all = all && entry->run.pinned;
    }
    if (!runs.empty()) m_shell.undo->push(pin_command(runs, !all));
}

void RunActions::remove() {
    std::vector<RunId> runs;
    int busy = 0;
    for (const ListedRun* entry : m_page.chosen()) {
        if (is_terminal(entry->run.state) || entry->run.state == RunState::interrupted || entry->run.state == RunState::paused) runs.push_back(entry->run.id);
        else ++busy;
    }
    if (busy > 0) m_shell.say(QStringLiteral("warn"), tr("%n run(s) stay.", nullptr, busy), tr("They are still under way"), tr("Cancel them first."));
    if (!runs.empty()) m_shell.undo->push(bin_command(runs, false));
}

void RunActions::restore() {
    const QList<RunId> chosen = m_page.table()->selected();
    if (!chosen.isEmpty()) m_shell.undo->push(bin_command({chosen.begin(), chosen.end()}, true));
}

void RunActions::empty_bin() {
    if (QMessageBox::question(m_shell.window, tr("Empty the bin"), tr("Remove all runs in the bin for good, with their pictures and numbers? This cannot be undone."), QMessageBox::Yes | QMessageBox::Cancel, QMessageBox::Cancel) != QMessageBox::Yes) return;
    m_shell.projects->write([](Project& project) { project.empty_bin(); }, [this] { m_shell.say(QStringLiteral("info"), tr("The bin is empty."), {}, tr("Tools > Storage… gives the space back to the disk.")); });
}

void RunActions::import_runs() {
    const QString file = QFileDialog::getOpenFileName(m_shell.window, tr("Import runs from"), QFileInfo(m_shell.projects->file()).path(), tr("Lathe projects (*.lathe)"));
    if (file.isEmpty()) return;
    auto* dialog = new ImportDialog(m_shell, file, m_shell.window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

}
