#include "app/gui/runs_page.h"
#include "app/gui/action_registry.h"
#include "app/gui/compare_view.h"
#include "app/gui/curves_view.h"
#include "app/gui/dock_area.h"
#include "app/gui/images_view.h"
#include "app/gui/job_list.h"
#include "app/gui/parallel_view.h"
#include "app/gui/project_host.h"
#include "app/gui/query_field.h"
#include "app/gui/run_commands.h"
#include "app/gui/run_drop.h"
#include "app/gui/runs_table.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "app/gui/workspace.h"
#include "app/gui/workspace_bar.h"
#include "widgets/dock_title.h"
#include "widgets/kept_command.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QClipboard>
#include <QGuiApplication>
#include <QMenu>
#include <QUndoStack>
#include <QVBoxLayout>

namespace lathe {
namespace {
constexpr int kMostCompared = 6;
}

RunsPage::RunsPage(const Shell& shell, JobList& jobs, QObject* parent) : QObject(parent), m_shell(shell), m_model(shell, m_look) {
    m_look.jobs = &jobs;
    make_run_target(shell.projects, this);
    new UndoTarget(QStringLiteral("baseline"), [this](const Json& run) { if (run.is_string()) apply_baseline(run.get<std::string>()); }, this);
    m_follow.setSingleShot(true);
    m_follow.setInterval(120);
    connect(&m_follow, &QTimer::timeout, this, [this] {
        if (!m_by_hand && m_table) compare(m_table->selected(), false);
    });
    connect(&jobs, &JobList::progressed, this, [this](const QString& uuid) { if (m_current) m_model.run_progressed(ss(uuid)); });
    connect(shell.projects, &ProjectHost::opened, this, &RunsPage::project_changed);
    connect(shell.projects, &ProjectHost::closed, this, &RunsPage::project_changed);
    connect(shell.projects, &ProjectHost::contents_changed, this, &RunsPage::refresh);
    connect(shell.session, &Session::catalogue_ready, this, [this] {
        label_columns();
        refresh();
    });
    add_actions();
}

void RunsPage::add_actions() {
    ActionRegistry& actions = *m_shell.actions;
    const QString category = tr("Runs");
    actions.add({QStringLiteral("runs.compare"), tr("&Compare selected"), category, QStringLiteral("compare"), {QKeySequence(Qt::CTRL | Qt::Key_D)}, tr("Shows what differs among the selected runs, their curves and pictures")},
        [this] { compare(m_table->selected(), true); });
    actions.add({QStringLiteral("runs.baseline"), tr("Set as &baseline"), category, QStringLiteral("pin"), {QKeySequence(Qt::CTRL | Qt::Key_B)}, tr("Stays on top; the other runs show their difference to it. Again: no baseline.")},
        [this] {
            const QList<const ListedRun*> runs = chosen();
            if (!runs.isEmpty()) set_baseline(m_look.baseline && m_look.baseline->run.id == runs.first()->run.id ? 0 : runs.first()->run.id);
        });
    QAction* percent = actions.add({QStringLiteral("runs.percent"), tr("Differences in &percent"), category, {}, {}, tr("Differences to the baseline as a share of its value")}, {});
    percent->setCheckable(true);
    connect(percent, &QAction::toggled, this, [this](bool on) {
        m_look.percent = on;
        Q_EMIT m_look.changed();
        save_state();
    });
    actions.add({QStringLiteral("runs.columns"), tr("C&olumns…"), category, QStringLiteral("columns"), {}, tr("Choose which parameters and metrics the table shows")}, [this] { choose_columns(); });
    actions.add({QStringLiteral("runs.save_view"), tr("&Save view…"), category, QStringLiteral("star"), {}, tr("Keeps this query in the library")}, [this] { save_view(); });
    actions.add({QStringLiteral("runs.filter"), tr("&Filter runs"), category, QStringLiteral("filter"), {}, tr("To the query of the table")}, [this] {
        m_shell.show_workspace(QStringLiteral("runs"));
        m_query->setFocus(Qt::ShortcutFocusReason);
        m_query->selectAll();
    });
    refresh_actions();
}

void RunsPage::build(Workspace& workspace) {
    m_workspace = &workspace;
    ActionRegistry& actions = *m_shell.actions;
    WorkspaceBar* bar = workspace.bar();
    m_query = new QueryField;
    m_query->setObjectName(QStringLiteral("runs.query"));
    m_query->setMaximumWidth(640);
    bar->add_left_widget(m_query, 1);
    bar->add_action(actions.action(QStringLiteral("runs.save_view")), QStringLiteral("star"));
    m_counts = new TextLabel({}, 12, false, TextRole::secondary);
    bar->add_right_widget(m_counts);
    bar->add_right(actions.action(QStringLiteral("runs.columns")), QStringLiteral("columns"));
    if (QAction* report = actions.action(QStringLiteral("runs.report"))) bar->add_right(report, QStringLiteral("report"));
    if (QAction* sweep = actions.action(QStringLiteral("run.sweep"))) bar->add_right(sweep, QStringLiteral("sweep"), true);

    DockArea* docks = workspace.use_docks();
    docks->set_undo_stack(m_shell.undo);
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* title = new DockTitle(tr("Runs"), {}, centre);
    title->setObjectName(QStringLiteral("runs.title"));
    m_table = new RunsTable(m_model, m_look, centre);
    column->addWidget(title);
    column->addWidget(m_table, 1);
    m_empty = new TextLabel({}, 13, false, TextRole::hint, m_table);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setAttribute(Qt::WA_TransparentForMouseEvents);
    auto* over = new QVBoxLayout(m_table->list()->viewport());
    over->addWidget(m_empty);
    docks->set_centre(centre);
    m_library = new LibraryList(m_shell);
    docks->add_dock(m_library, QStringLiteral("runs.library"), tr("Library"), {}, DockSide::left, 212);
    m_compare = new CompareView(m_shell, m_look.colours);
    m_compare->attach(docks->add_dock(m_compare, QStringLiteral("runs.compare"), tr("Compare"), {}, DockSide::bottom, 490));
    m_curves = new CurvesView(m_shell, m_look.colours);
    m_curves->attach(docks->add_dock(m_curves, QStringLiteral("runs.curves"), tr("Curves"), {}, DockSide::bottom, 490));
    m_images = new ImagesView(m_shell, m_look.colours);
    m_images->attach(docks->add_dock(m_images, QStringLiteral("runs.images"), tr("Images"), {}, DockSide::bottom, 490));
    m_parallel = new ParallelView(m_look);
    docks->add_dock(m_parallel, QStringLiteral("runs.parallel"), tr("Parallel coordinates"), tr("varying columns only"), DockSide::bottom, 150);
    docks->put_below(QStringLiteral("runs.parallel"), QStringLiteral("runs.curves"));

    connect(m_query, &QueryField::query_changed, this, &RunsPage::apply_query);
    connect(m_query, &QueryField::error_changed, this, &RunsPage::show_counts);
    connect(&m_model, &RunsModel::loaded, this, &RunsPage::show_counts);
    connect(&m_look, &RunsLook::changed, title, [this, title] {
        title->set_hint(m_look.baseline ? tr("small figures are the difference to the baseline %1").arg(run_number(m_look.baseline->run.id)) : tr("Ctrl+B sets a baseline, Ctrl+D compares the selected runs"));
    });
    connect(m_library, &LibraryList::chosen, this, [this](const LibraryView& view) {
        m_view = view;
        show_view_columns();
        m_query->set_query(view.query);
    });
    connect(m_table, &RunsTable::sort_changed, this, [this] {
        apply_query(m_text_query);
        save_state();
    });
    connect(m_table, &RunsTable::columns_dragged, this, &RunsPage::save_state);
    connect(m_table, &RunsTable::columns_moved, this, [this] {
        m_look.is_chosen = true;
        save_state();
    });
    connect(m_table, &RunsTable::selection_changed, this, [this] {
        m_by_hand = false;
        m_follow.start();
        refresh_actions();
        Q_EMIT selection_changed();
    });
    connect(m_table, &RunsTable::activated, this, [this](RunId run) {
        for (const ListedRun* entry : chosen())
            if (entry->run.id == run) m_shell.restore_run(qs(entry->run.uuid), qs(entry->run.method));
    });
    connect(m_table, &RunsTable::menu_requested, this, &RunsPage::show_menu);
    connect(&m_model, &RunsModel::rename_requested, this, [this](RunId run, const QString& from, const QString& to) { m_shell.undo->push(title_command(run, ss(from), ss(to))); });
    connect(m_library, &LibraryList::retry_sweep_requested, this, &RunsPage::retry_sweep_requested);
    for (QWidget* view : {static_cast<QWidget*>(m_compare), static_cast<QWidget*>(m_curves), static_cast<QWidget*>(m_images), static_cast<QWidget*>(m_parallel)})
        new RunDrop(view, tr("Let go to compare the run with those that are here"), [this](const QList<RunId>& runs) { add_compared(runs); });
    connect(m_library, &LibraryList::empty_bin_requested, this, [this] {
        if (QAction* action = m_shell.actions->action(QStringLiteral("runs.empty_bin"))) action->trigger();
    });
    project_changed();
}

void RunsPage::set_current(bool current) {
    m_current = current;
    refresh_actions();
    if (current) refresh();
}

QList<const ListedRun*> RunsPage::chosen() const {
    if (!m_table || !m_current) return {};
    return m_table->selected_entries();
}

void RunsPage::refresh_actions() {
    ActionRegistry& actions = *m_shell.actions;
    const qsizetype selected = m_table ? m_table->selected().size() : 0;
    const bool open = m_shell.projects->is_open();
    const QString no_project = tr("No project is open."), elsewhere = tr("Open the Runs workspace and select runs.");
    const QString why = !open ? no_project : !m_current ? elsewhere : tr("Select at least one run.");
    actions.set_enabled(QStringLiteral("runs.compare"), m_current && selected >= 2, selected == 1 && m_current ? tr("Select two or more runs.") : why);
    actions.set_enabled(QStringLiteral("runs.baseline"), m_current && selected >= 1, why);
    actions.set_enabled(QStringLiteral("runs.columns"), open && m_current, open ? elsewhere : no_project);
    actions.set_enabled(QStringLiteral("runs.save_view"), open && m_current, open ? elsewhere : no_project);
    actions.set_enabled(QStringLiteral("runs.percent"), open, no_project);
}

void RunsPage::project_changed() {
    m_look.baseline.reset();
    m_look.columns.clear();
    m_look.is_chosen = false;
    m_look.compared.clear();
    m_look.colours.keep_only({});
    m_compared.clear();
    m_model.clear();
    refresh_actions();
    m_view = {QStringLiteral("all"), {}, {}};
    if (!is_built()) return;
    m_library->set_current(m_view.id);
    restore_state();
    compare({}, false);
    m_query->set_query({});
    refresh();
    show_counts();
}

void RunsPage::refresh() {
    if (!is_built() || !m_shell.projects->is_open()) return;
    m_model.reload();
    m_library->refresh();
    refresh_names();
    if (m_look.baseline) apply_baseline(m_look.baseline->run.uuid);
    if (!m_compared.isEmpty()) {
        m_compare->set_runs(m_compared);
        m_curves->refresh();
        m_images->refresh();
    }
}

void RunsPage::refresh_names() {
    m_shell.projects->read<std::vector<std::string>>(this, [](const ProjectReader& reader) {
        std::vector<std::string> names = reader.parameter_paths();
        for (std::string& key : reader.metric_keys()) names.push_back(std::move(key));
        for (const std::string& tag : reader.tags()) names.push_back("tag:" + tag);
        return names;
    }, [this](std::vector<std::string> names) {
        for (const MethodInfo& method : m_shell.catalogue().methods) names.push_back("method:" + method.id);
        m_query->set_names(std::move(names));
    });
}

void RunsPage::apply_query(const RunQuery& query) {
    m_text_query = query;
    RunQuery full = query;
    full.bin = m_view.bin;
    if (m_view.live) full.lane = Lane::live;
    else if (!m_view.bin && m_view.id != u"pinned") full.lane = Lane::batch;
    full.sort = m_table->sort();
    if (m_look.baseline) {   // it stands above the list already
        full.where = full.where.empty() ? "run.id <> ?" : "(" + full.where + ") AND run.id <> ?";
        full.bind.push_back(m_look.baseline->run.id);
    }
    m_model.set_query(std::move(full));
}

void RunsPage::show_query(const QString& query) {
    m_view = {QStringLiteral("all"), {}, {}};
    m_library->set_current(m_view.id);
    show_view_columns();
    m_query->set_query(query);
}

void RunsPage::select_run(RunId run) { m_table->select({run}); }

void RunsPage::select_run(const QString& uuid) {
    if (const RunId run = m_shell.session->run_id(ss(uuid)); run > 0) {
        m_shell.show_workspace(QStringLiteral("runs"));
        show_query({});
        select_run(run);
    }
}

void RunsPage::show_counts() {
    m_counts->set_role(m_query->error().isEmpty() ? TextRole::secondary : TextRole::err);
    if (!m_query->error().isEmpty()) m_counts->setText(m_query->error());
    else if (!m_shell.projects->is_open()) m_counts->setText({});
    else m_counts->setText(tr("%1 of %n run(s), %2 ms", nullptr, int(m_model.total())).arg(m_model.rowCount() + (m_look.baseline ? 1 : 0)).arg(std::max(1, qRound(m_model.query_ms()))));
    const bool open = m_shell.projects->is_open();
    m_empty->setText(!open ? tr("No project is open. Ctrl+N makes one, Ctrl+O opens one.") : !m_query->text().trimmed().isEmpty() ? tr("No run matches the query.")
        : m_view.id == u"all" ? tr("No runs yet. Run in a workspace records one; Run > New run… starts any method.") : tr("Nothing here."));
    m_empty->setVisible(m_model.rowCount() == 0 && !m_model.is_loading());
    Q_EMIT m_look.changed();
}

// --- baseline and compare ---

void RunsPage::set_baseline(RunId run) {
    const std::string before = m_look.baseline ? m_look.baseline->run.uuid : std::string();
    std::string after;
    for (const ListedRun* entry : chosen())
        if (entry->run.id == run) after = entry->run.uuid;
    m_shell.undo->push(new KeptCommand(QStringLiteral("baseline"), tr("Set the baseline"), before, after, false));
}

void RunsPage::apply_baseline(const std::string& uuid) {
    const RunId before = m_look.baseline ? m_look.baseline->run.id : 0;
    if (uuid.empty()) {
        m_look.baseline.reset();
        Q_EMIT m_look.changed();
        save_state();
        if (before) apply_query(m_text_query);
        return;
    }
    m_shell.projects->read<std::vector<ListedRun>>(this, [uuid](const ProjectReader& reader) {
        const std::optional<RunId> run = reader.find_run(uuid);
        return run ? load_entries(reader, std::vector<RunId>{*run}) : std::vector<ListedRun>();
    }, [this, before](std::vector<ListedRun> entries) {
        m_look.baseline = entries.empty() ? std::nullopt : std::optional<ListedRun>(std::move(entries.front()));
        Q_EMIT m_look.changed();
        save_state();
        if ((m_look.baseline ? m_look.baseline->run.id : 0) != before) apply_query(m_text_query);
    });
}

/// The compared runs get their colours; the baseline takes part. By hand (Ctrl+D): they stay until others are compared.
void RunsPage::compare(const QList<RunId>& runs, bool by_hand) {
    m_by_hand = by_hand;
    QList<RunId> list;
    if (m_look.baseline && !runs.isEmpty() && !runs.contains(m_look.baseline->run.id)) list << m_look.baseline->run.id;
    for (const RunId run : runs)
        if (list.size() < kMostCompared) list << run;
    if (by_hand && runs.size() > kMostCompared) m_shell.say(QStringLiteral("info"), tr("The first %1 runs are compared.").arg(kMostCompared), tr("%1 are selected").arg(runs.size()), tr("Narrow the selection to see others."));
    m_compared = list;
    m_look.colours.keep_only(list);
    for (const RunId run : std::as_const(list)) m_look.colours.index(run);
    m_look.compared = QSet<RunId>(list.begin(), list.end());
    Q_EMIT m_look.changed();
    if (!is_built()) return;
    m_compare->set_runs(list);
    m_curves->set_runs(list);
    m_images->set_runs(list);
    QList<ListedRun> entries;
    for (const RunId run : std::as_const(list)) {
        const int row = m_model.row_of(run);
        if (const ListedRun* entry = row >= 0 ? m_model.entry(row) : nullptr) entries << *entry;
        else if (m_look.baseline && m_look.baseline->run.id == run) entries << *m_look.baseline;
    }
    m_parallel->set_runs(entries);
}

void RunsPage::add_compared(const QList<RunId>& runs) {
    QList<RunId> all = m_compared;
    for (const RunId run : runs)
        if (!all.contains(run)) all << run;
    compare(all, true);
}

void RunsPage::show_menu(const QPoint& at) {
    QMenu menu;
    menu.setToolTipsVisible(true);
    for (const char* id : {"runs.open", "", "runs.compare", "runs.baseline", "runs.pin", "", "runs.tag", "runs.rename", "runs.notes", "", "runs.rerun", "runs.resume", "runs.duplicate", "runs.copy_command", "", "runs.delete", "runs.restore"}) {
        if (!*id) menu.addSeparator();
        else if (QAction* action = m_shell.actions->action(QLatin1String(id)); action && (action->isEnabled() || (QLatin1String(id) != QLatin1String("runs.restore") && QLatin1String(id) != QLatin1String("runs.resume")))) menu.addAction(action);
    }
    const QList<const ListedRun*> runs = chosen();
    if (!runs.isEmpty()) {
        QAction* copy = new QAction(tr("Copy &row"), &menu);
        connect(copy, &QAction::triggered, this, &RunsPage::copy_rows);
        menu.insertAction(m_shell.actions->action(QStringLiteral("runs.copy_command")), copy);
    }
    menu.exec(at);
}

/// The selected rows as they are seen, with their heads, for a spreadsheet.
void RunsPage::copy_rows() {
    QStringList lines, cells;
    for (const RunColumn& column : m_look.columns) cells << column.head();
    lines << cells.join(u'\t');
    for (const RunId run : m_table->selected()) {
        cells.clear();
        for (int column = 0; column < m_model.columnCount(); ++column) cells << m_model.data(m_model.index(m_model.row_of(run), column), Qt::DisplayRole).toString();
        lines << cells.join(u'\t');
    }
    QGuiApplication::clipboard()->setText(lines.join(u'\n'));
}

}
