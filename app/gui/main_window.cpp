#include "app/gui/main_window.h"
#include "app/gui/action_registry.h"
#include "app/gui/dock_area.h"
#include "app/gui/engine_page.h"
#include "app/gui/engine_watch.h"
#include "app/gui/help_window.h"
#include "app/gui/job_list.h"
#include "app/gui/model_opener.h"
#include "app/gui/palette_source.h"
#include "app/gui/panel_host.h"
#include "app/gui/project_actions.h"
#include "app/gui/rail.h"
#include "app/gui/report_action.h"
#include "app/gui/run_actions.h"
#include "app/gui/runs_page.h"
#include "app/gui/settings.h"
#include "app/gui/status_strip.h"
#include "app/gui/text.h"
#include "app/gui/title_row.h"
#include "app/gui/undo_keeper.h"
#include "app/gui/viewer_keys.h"
#include "app/gui/welcome_page.h"
#include "app/gui/workspace.h"
#include "app/gui/workspace_bar.h"
#include "core/base/version.h"
#include "viewers/view_export.h"
#include "widgets/command_palette.h"
#include "widgets/kept_command.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QResizeEvent>
#include <QScreen>
#include <QStackedWidget>
#include <QTimer>
#include <QUndoStack>
#include <QVBoxLayout>

namespace lathe {

namespace {
/// Viewers know no settings: they read this property of the application.
void tell_viewers() { qApp->setProperty("lathe_reduced_motion", Settings::instance().value(QStringLiteral("appearance/reduced_motion"))); }
}

MainWindow::MainWindow(const StartOptions& options, QWidget* parent) : QMainWindow(parent), m_options(options) {
    setObjectName(QStringLiteral("lathe"));
    setWindowTitle(QStringLiteral("Lathe"));
    setMinimumSize(1280, 800);
    setAcceptDrops(true);
    setContextMenuPolicy(Qt::NoContextMenu);
    m_plugins = find_panels();
    m_actions = new ActionRegistry(this);
    m_projects = new ProjectHost(this);
    m_session = std::make_unique<Session>();
    m_undo = new QUndoStack(this);
    m_undo->setUndoLimit(500);
    tell_viewers();
    make_frame();
    make_parts();
    make_menus();
    connect_parts();
    QSettings& store = Settings::instance().store();
    if (options.size.isValid()) resize(options.size);
    else if (const QByteArray geometry = store.value(QStringLiteral("window/geometry")).toByteArray(); geometry.isEmpty() || !restoreGeometry(geometry)) {
        const QRect screen = QGuiApplication::primaryScreen()->availableGeometry();
        resize(std::min(1600, screen.width()), std::min(1000, screen.height()));
    }
    show_workspace(m_order.contains(options.workspace) && options.project.isEmpty() ? options.workspace : QStringLiteral("start"));
    refresh_actions();
    refresh_project_name();
}

MainWindow::~MainWindow() {
    m_closing = true;
    set_undo_guide({});
    set_export_report({});
    disconnect(m_actions, nullptr, nullptr, nullptr);   // panels take their actions away while the frame is already half gone
    m_session->set_project(nullptr);
    m_projects->close();
    // Widgets that listen to the parts go first, then the parts themselves.
    delete takeCentralWidget();
    delete m_palette;
    delete m_projects;
    m_projects = nullptr;
}

void MainWindow::make_frame() {
    m_title = new TitleRow(this);
    setMenuWidget(m_title);
    auto* centre = new QWidget(this);
    auto* rows = new QVBoxLayout(centre);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    auto* across = new QHBoxLayout;
    across->setContentsMargins(0, 0, 0, 0);
    across->setSpacing(0);
    m_rail = new Rail(centre);
    auto* column = new QVBoxLayout;
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_bars = new QStackedWidget(centre);
    m_bars->setFixedHeight(45);
    m_messages = new MessageBar(centre);
    m_pages = new QStackedWidget(centre);
    column->addWidget(m_bars);
    column->addWidget(m_messages);
    column->addWidget(m_pages, 1);
    across->addWidget(m_rail);
    across->addLayout(column, 1);
    m_status = new StatusStrip(centre);
    rows->addLayout(across, 1);
    rows->addWidget(m_status);
    setCentralWidget(centre);
}

void MainWindow::make_parts() {
    m_shell.window = this;
    m_shell.actions = m_actions;
    m_shell.projects = m_projects;
    m_shell.session = m_session.get();
    m_shell.undo = m_undo;
    m_shell.messages = m_messages;
    m_shell.plugins = &m_plugins;
    m_shell.show_workspace = [this](const QString& id) { show_workspace(id); };
    m_shell.restore_run = [this](const QString& uuid, const QString& method) { restore_run(uuid, method); };
    m_shell.show_help = [this](const QString& page) { show_help(page); };
    m_shell.show_run = [this](const QString& uuid) { m_runs->select_run(uuid); };
    m_shell.run_again = [this](const QString& uuid) { m_run_actions->rerun(uuid); };
    m_shell.resume_run = [this](const QString& uuid) { m_run_actions->resume(uuid); };
    m_shell.may_leave_project = [this] { return may_leave_project(); };
    m_viewer_keys = new ViewerKeys(this);
    set_export_report([this](const QString& what, const QString& where, const QString& hint) { m_shell.say(QStringLiteral("err"), what, where, hint); });

    m_rail->add(QStringLiteral("start"), QStringLiteral("home"), tr("Start"));
    m_order << QStringLiteral("start");
    for (const PanelFile& panel : m_plugins) {
        if (!panel.ok()) continue;
        m_rail->add(panel.id, panel.icon, panel.title);
        m_order << panel.id;
    }
    m_rail->add(QStringLiteral("runs"), QStringLiteral("list"), tr("Runs"));
    m_rail->add(QStringLiteral("engine"), QStringLiteral("cpu"), tr("Engine"), true);
    m_rail->add(QStringLiteral("settings"), QStringLiteral("sliders"), tr("Settings"), true);
    m_order << QStringLiteral("runs") << QStringLiteral("engine");
    QStringList states{QStringLiteral("shell"), QStringLiteral("shell.views"), QStringLiteral("shell.runs")};
    for (const QString& id : std::as_const(m_order)) states << id << QStringLiteral("shell.layout.") + id;
    m_projects->set_state_names(states << UndoKeeper::state_name());
    new UndoKeeper(m_projects, m_undo, this);
    set_undo_guide([this](const QString& target) { guide_undo(target); });

    m_recents = new RecentProjects(this);
    m_examples = new ExampleGallery(this);
    m_jobs = new JobList(*m_session, this);
    m_shell.jobs = m_jobs;
    m_project_actions = new ProjectActions(m_shell, *m_recents, this);
    add_actions();
    m_runs = new RunsPage(m_shell, *m_jobs, this);
    m_run_actions = new RunActions(m_shell, *m_runs, *m_jobs, this);
    m_report = new ReportAction(m_shell, *m_runs, this);
    m_models = new ModelOpener(m_shell, this);
    m_watch = new EngineWatch(m_shell, *m_jobs, *m_status, this);
    m_palette = new CommandPalette(this);
    m_palette_source = new PaletteSource(m_shell, [this]() -> QWidget* { return m_workspaces.value(m_current); }, this);
    m_palette->set_source([this] { return m_palette_source->entries(); });
}

void MainWindow::connect_parts() {
    connect(m_rail, &Rail::chosen, this, [this](const QString& id) {
        if (id == u"settings") show_settings();
        else show_workspace(id);
    });
    connect(m_title->search(), &QAbstractButton::clicked, this, [this] { m_palette->open(); });
    connect(m_status, &StatusStrip::engine_clicked, this, [this] { show_workspace(QStringLiteral("engine")); });
    connect(m_status, &StatusStrip::messages_clicked, this, &MainWindow::show_messages);
    connect(m_messages, &MessageBar::count_changed, this, [this](int, int all) { m_status->set_messages(all); });
    connect(m_projects, &ProjectHost::opened, this, &MainWindow::project_opened);
    connect(m_projects, &ProjectHost::closing, this, [this] {
        for (Workspace* workspace : std::as_const(m_workspaces))
            if (workspace->docks()) m_projects->set_panel_state(QStringLiteral("shell.layout.") + workspace->id(), workspace->docks()->save_layout());
    });
    connect(m_projects, &ProjectHost::closed, this, &MainWindow::project_closed);
    connect(m_projects, &ProjectHost::saving, this, [this](bool under_way) {
        m_saving = under_way;
        show_saved();
    });
    connect(m_session.get(), &Session::storing, this, [this](bool waits) {
        m_store_waits = waits;
        show_saved();
    });
    connect(m_projects, &ProjectHost::states_restored, this, [this] {
        for (Workspace* workspace : std::as_const(m_workspaces)) restore_layout(*workspace);
        for (PanelHost* panel : std::as_const(m_panels)) Q_EMIT panel->project_changed();
    });
    connect(m_session.get(), &Session::message, this, [this](const QString& level, const QString& what, const QString& where, const QString& hint) { m_shell.say(level, what, where, hint); });
    connect(m_session.get(), &Session::catalogue_ready, this, &MainWindow::refresh_actions);
    connect(&m_session->engine(), &EngineProcess::state_changed, this, &MainWindow::refresh_actions);
    connect(m_session.get(), &Session::run_added, this, &MainWindow::refresh_actions);
    connect(m_session.get(), &Session::run_ended, this, &MainWindow::refresh_actions);
    connect(&m_session->engine(), &EngineProcess::cancel_is_slow, this, [this] {
        m_shell.say(QStringLiteral("warn"), tr("The run has not stopped yet."), tr("2 s after Cancel"), tr("It may be in a long operation. Stop now ends the engine and starts it again; finished steps are kept."),
            {MessageButton{tr("Stop now"), QStringLiteral("stop"), [this] { m_session->engine().kill_and_restart(); }}});
    });
    connect(m_project_actions, &ProjectActions::choose_model, this, &MainWindow::choose_model);
    connect(m_models, &ModelOpener::open_in, this, [this](const QString& id, const QString& file) {
        show_workspace(id);
        if (PanelHost* panel = current_panel()) Q_EMIT panel->model_dropped(file);
    });
    connect(m_project_actions, &ProjectActions::choose_data, this, &MainWindow::choose_data);
    connect(m_palette_source, &PaletteSource::run_chosen, this, [this](qint64 run) {
        show_workspace(QStringLiteral("runs"));
        m_runs->show_query({});
        m_runs->select_run(run);
    });
    connect(m_palette_source, &PaletteSource::setting_chosen, this, &MainWindow::show_settings);
    connect(m_undo, &QUndoStack::indexChanged, this, &MainWindow::refresh_actions);
    connect(&Settings::instance(), &Settings::changed, this, [this](const QString& key) {
        if (key == u"storage/keep_live") m_session->set_live_history(std::size_t(Settings::instance().value(key).toInt()));
        if (key == u"engine/launcher") {
            try {
                Settings::instance().store().sync();
                m_session->use_launcher(default_launcher());
                m_shell.say(QStringLiteral("info"), tr("The launcher is changed."), {}, tr("It acts when the engine is started again."), {MessageButton{tr("Restart now"), QStringLiteral("retry"), [this] { m_actions->action(QStringLiteral("engine.restart"))->trigger(); }}});
            } catch (const Error& error) {
                m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
            }
        }
        if (key == u"appearance/reduced_motion") tell_viewers();
        if (key == u"appearance/theme" || key == u"appearance/high_contrast") {
            const QString mode = Settings::instance().value(QStringLiteral("appearance/theme")).toString();
            Theme::instance().set_mode(mode == u"light" ? ThemeMode::light : mode == u"dark" ? ThemeMode::dark : ThemeMode::system);
            Theme::instance().set_high_contrast(Settings::instance().value(QStringLiteral("appearance/high_contrast")).toBool());
        }
    });
    auto show_keys = [this] {
        if (QAction* palette = m_actions->action(QStringLiteral("palette.open"))) m_title->search()->set_keys(KeyHint::text_of(palette->shortcut()));
        for (const QString& id : std::as_const(m_order))
            if (QAction* action = m_actions->action(QStringLiteral("workspace.") + id)) m_rail->set_keys(id, KeyHint::text_of(action->shortcut()));
    };
    connect(m_actions, &ActionRegistry::changed, this, show_keys);
    show_keys();
    m_session->set_live_history(std::size_t(Settings::instance().value(QStringLiteral("storage/keep_live")).toInt()));
    m_status->set_saved(tr("No project open"));
    int loaded = 0;
    for (const PanelFile& panel : m_plugins) loaded += panel.ok();
    m_status->set_note(tr("%n plugin(s), Lathe %1", nullptr, loaded).arg(qs(version())));
}

// --- workspaces ---

Workspace* MainWindow::workspace(const QString& id) {
    if (Workspace* known = m_workspaces.value(id)) return known;
    return m_order.contains(id) ? make_workspace(id) : nullptr;
}

Workspace* MainWindow::make_workspace(const QString& id) {
    const auto panel = std::find_if(m_plugins.begin(), m_plugins.end(), [&](const PanelFile& file) { return file.ok() && file.id == id; });
    const QString title = id == u"start" ? tr("Start") : id == u"runs" ? tr("Runs") : id == u"engine" ? tr("Engine") : panel->title;
    auto* made = new Workspace(id, title, m_pages);
    m_workspaces.insert(id, made);
    m_bars->addWidget(made->bar());
    m_pages->addWidget(made);
    if (id == u"start") {
        m_welcome = new WelcomePage(m_shell, *m_recents, *m_examples, *m_watch);
        made->use_page(m_welcome);
        made->bar()->add_right(m_actions->action(QStringLiteral("project.new")), QStringLiteral("file-plus"));
        made->bar()->add_right(m_actions->action(QStringLiteral("project.open")), QStringLiteral("folder"));
        connect(m_welcome, &WelcomePage::open_requested, m_project_actions, &ProjectActions::open);
        connect(m_welcome, &WelcomePage::example_requested, this, [this](const QString& file, const QString& workspace) {
            m_open_in_workspace = workspace;
            m_project_actions->open_example(file);
        });
        connect(m_welcome, &WelcomePage::dropped, this, &MainWindow::open_files);
    } else if (id == u"runs") {
        m_runs->build(*made);
    } else if (id == u"engine") {
        build_engine_workspace(*made, m_shell, *m_watch, *m_jobs);
    } else {
        make_panel(*made, *panel);
    }
    if (made->docks()) {
        made->docks()->set_undo_stack(m_undo);
        restore_layout(*made);
        connect(made->docks(), &DockArea::docks_changed, this, &MainWindow::refresh_actions);
        connect(made->docks(), &DockArea::layout_changed, this, [this, made] { m_projects->set_panel_state(QStringLiteral("shell.layout.") + made->id(), made->docks()->save_layout()); });
    }
    made->set_window_size(size());
    return made;
}

void MainWindow::make_panel(Workspace& workspace, const PanelFile& file) {
    workspace.use_docks();
    auto* host = new PanelHost(m_shell, file.id, &workspace);
    m_panels.insert(file.id, host);
    QWidget* centre = nullptr;
    try {
        centre = load_panel(file)->create(*host);
    } catch (...) {
        const Error error = current_error("opening the panel");
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
    }
    if (!centre) {
        auto* failed = new EmptyState(QStringLiteral("plugin"), tr("The panel of %1 did not open. Help > Plugins says why.").arg(file.title), tr("Show plugins"));
        connect(failed, &EmptyState::button_clicked, this, [this] { m_actions->action(QStringLiteral("help.plugins"))->trigger(); });
        centre = failed;
    }
    workspace.docks()->set_centre(centre);
    workspace.bar()->add_undo(*m_actions);
    host->complete();
    int number = 0;
    for (ParameterForm* form : workspace.findChildren<ParameterForm*>()) {
        form->set_undo_name(QStringLiteral("form.%1.%2").arg(file.id).arg(number++));
        connect(form, &ParameterForm::help_requested, this, [this, form](const QString& id) { show_parameter_help(*form, id); });
    }
    workspace.bar()->add_live_and_run(m_actions->action(QStringLiteral("run.live")), m_actions->action(QStringLiteral("run.run")));
    QAction* live = m_actions->action(QStringLiteral("run.live"));
    auto hint = [bar = workspace.bar(), live] { bar->set_live_hint(live->isChecked() ? tr("Live: redraws while you drag") : tr("Live is off: changes wait for Run")); };
    connect(live, &QAction::toggled, workspace.bar(), hint);
    hint();
    Q_EMIT host->live_toggled(live->isChecked());
}

void MainWindow::show_workspace(const QString& id) {
    Workspace* shown = workspace(id);
    if (!shown) return;
    m_current = id;
    m_rail->set_current(id);
    m_bars->setCurrentWidget(shown->bar());
    m_pages->setCurrentWidget(shown);
    shown->set_window_size(size());
    m_runs->set_current(id == u"runs");
    if (m_projects->is_open()) m_projects->set_panel_state(QStringLiteral("shell"), {{"workspace", ss(id)}});
    refresh_actions();
    Q_EMIT workspace_changed(id);
}

/// Shows the place where a step of undo is about to change something: "form.WORKSPACE.0", "layout.WORKSPACE", else the table of runs.
void MainWindow::guide_undo(const QString& target) {
    const QString kind = target.section(u'.', 0, 0);
    const QString where = kind == u"form" || kind == u"layout" || kind == u"view" ? target.section(u'.', 1, 1) : QStringLiteral("runs");
    if (where != m_current && m_order.contains(where)) show_workspace(where);
}

PanelHost* MainWindow::current_panel() const { return m_panels.value(m_current); }

void MainWindow::restore_layout(Workspace& workspace) {
    if (!workspace.docks()) return;
    const QStringList unknown = workspace.docks()->restore_layout(m_projects->panel_state(QStringLiteral("shell.layout.") + workspace.id()));
    if (!unknown.isEmpty()) m_shell.say(QStringLiteral("warn"), tr("The saved layout of %1 names docks that are not here.").arg(workspace.title()), unknown.join(QStringLiteral(", ")), tr("They may belong to another version of the plugin; the rest was laid out."));
}

// --- painting and size ---

void MainWindow::paintEvent(QPaintEvent* event) {
    QMainWindow::paintEvent(event);
    if (m_painted) return;
    m_painted = true;
    QTimer::singleShot(0, this, [this] {
        Q_EMIT first_painted();
        start_after_paint();
    });
}

void MainWindow::start_after_paint() {
    if (m_options.measure_start) return;
    m_session->start_engine();
    m_examples->load();
    m_recents->look();
    if (!m_options.project.isEmpty()) {
        m_open_in_workspace = m_options.workspace;
        open_files({m_options.project});
    } else if (Settings::instance().value(QStringLiteral("start/reopen")).toBool() && m_options.screenshot.isEmpty() && !m_recents->list().isEmpty()) {
        m_project_actions->open(m_recents->list().first().file);
    }
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    m_title->set_narrow(width() < 1360);
    for (Workspace* workspace : std::as_const(m_workspaces)) workspace->set_window_size(size());
    if (m_drop_hint) m_drop_hint->setGeometry(rect());
}

bool MainWindow::is_settled() const {
    if (!m_painted || m_projects->is_busy() || !m_watch->is_settled() || m_jobs->active_count() > 0) return false;
    if (m_current == u"start" && !m_examples->is_loaded()) return false;
    if (m_current == u"runs" && m_runs->is_loading()) return false;
    Workspace* shown = m_workspaces.value(m_current);
    return shown && shown->is_ready();
}

}
