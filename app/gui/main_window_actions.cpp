// The actions that belong to the window itself, and the menus that are made from all of them.
#include "app/gui/about_dialogs.h"
#include "app/gui/action_registry.h"
#include "app/gui/dock_area.h"
#include "app/gui/main_window.h"
#include "app/gui/panel_host.h"
#include "app/gui/query_field.h"
#include "app/gui/runs_page.h"
#include "app/gui/settings.h"
#include "app/gui/settings_dialog.h"
#include "app/gui/shortcut_editor.h"
#include "app/gui/text.h"
#include "app/gui/title_row.h"
#include "app/gui/workspace.h"
#include "core/base/paths.h"
#include "widgets/command_palette.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QDockWidget>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QStackedWidget>
#include <QUndoStack>
#include <QUrl>

namespace lathe {
namespace {
QList<QKeySequence> keys(std::initializer_list<QKeyCombination> list) {
    QList<QKeySequence> sequences;
    for (const QKeyCombination key : list) sequences << QKeySequence(key);
    return sequences;
}
}

void MainWindow::add_actions() {
    ActionRegistry& a = *m_actions;
    const QString file = tr("File"), edit = tr("Edit"), run = tr("Run"), tools = tr("Tools"), help = tr("Help"), workspace_menu = tr("Workspace");
    a.add({QStringLiteral("app.quit"), tr("&Quit"), file, {}, keys({Qt::CTRL | Qt::Key_Q}), {}}, [this] { close(); });
    a.add({QStringLiteral("edit.undo"), tr("&Undo"), edit, QStringLiteral("undo"), keys({Qt::CTRL | Qt::Key_Z}), {}}, [this] { m_undo->undo(); });
    a.add({QStringLiteral("edit.redo"), tr("&Redo"), edit, QStringLiteral("redo"), keys({Qt::CTRL | Qt::SHIFT | Qt::Key_Z}), {}}, [this] { m_undo->redo(); });
    a.add({QStringLiteral("palette.open"), tr("&Find anything…"), edit, QStringLiteral("search"), keys({Qt::CTRL | Qt::Key_K}), tr("Actions, runs, parameters and settings by name")}, [this] { m_palette->open(); });
    a.add({QStringLiteral("edit.filter"), tr("Fi&lter this dock"), edit, QStringLiteral("filter"), keys({Qt::CTRL | Qt::Key_F}), {}}, [this] {
        if (m_current == u"runs") {
            m_runs->query_field()->setFocus(Qt::ShortcutFocusReason);
            return;
        }
        QWidget* area = QApplication::focusWidget();
        while (area && !qobject_cast<QDockWidget*>(area) && area != m_pages->currentWidget()) area = area->parentWidget();
        for (QLineEdit* field : (area ? area : m_pages->currentWidget())->findChildren<QLineEdit*>())
            if (field->isVisible() && field->placeholderText().contains(tr("Filter"))) {
                field->setFocus(Qt::ShortcutFocusReason);
                return;
            }
        m_shell.say(QStringLiteral("info"), tr("There is nothing to filter here."), {}, tr("Ctrl+K finds parameters and runs by name."));
    });
    a.add({QStringLiteral("app.settings"), tr("&Settings…"), edit, QStringLiteral("sliders"), keys({Qt::CTRL | Qt::Key_Comma}), {}}, [this] { show_settings(); });

    QAction* live = a.add({QStringLiteral("run.live"), tr("&Live"), run, QStringLiteral("wave"), keys({Qt::CTRL | Qt::Key_L}), tr("Live parameters are sent while you drag; off: all changes wait for Run")}, {});
    live->setCheckable(true);
    live->setChecked(Settings::instance().store().value(QStringLiteral("window/live"), true).toBool());
    connect(live, &QAction::toggled, this, [this](bool on) {
        Settings::instance().store().setValue(QStringLiteral("window/live"), on);
        for (PanelHost* panel : std::as_const(m_panels)) Q_EMIT panel->live_toggled(on);
    });
    a.add({QStringLiteral("run.run"), tr("&Run"), run, QStringLiteral("run"), keys({Qt::CTRL | Qt::Key_Return, Qt::CTRL | Qt::Key_Enter}), tr("Records a run with these parameters in the project")}, [this] { if (PanelHost* panel = current_panel()) Q_EMIT panel->run_pressed(); });
    a.add({QStringLiteral("run.cancel"), tr("&Cancel the running run"), run, QStringLiteral("stop"), keys({Qt::CTRL | Qt::Key_Period}), {}}, [this] {
        const std::vector<std::string> active = m_session->active();
        const std::string& current = m_session->engine().current_run();
        if (!current.empty()) m_session->cancel(current);
        else if (!active.empty()) m_session->cancel(active.front());
    });
    a.add({QStringLiteral("run.cancel_all"), tr("Cancel &all runs"), run, {}, {}, {}}, [this] { for (const std::string& uuid : m_session->active()) m_session->cancel(uuid); });
    a.add({QStringLiteral("engine.restart"), tr("&Stop now and restart the engine"), tools, QStringLiteral("retry"), {}, tr("Ends the engine at once; its runs are marked interrupted")}, [this] {
        const EngineState state = m_session->engine().state();
        if (state == EngineState::stopped || state == EngineState::failed) m_session->engine().start();
        else m_session->engine().kill_and_restart();
    });
    a.action(QStringLiteral("engine.restart"))->setIconText(tr("Restart"));
    a.add({QStringLiteral("engine.drop_cache"), tr("&Empty the model cache"), tools, QStringLiteral("trash"), {}, tr("Gives the memory of loaded models back")}, [this] { m_session->engine().drop_cache(); });
    a.action(QStringLiteral("engine.drop_cache"))->setIconText(tr("Empty the cache"));
    add_view_actions();
    int number = 0;
    for (const QString& id : std::as_const(m_order)) {
        const auto panel = std::find_if(m_plugins.begin(), m_plugins.end(), [&](const PanelFile& p) { return p.ok() && p.id == id; });
        const QString title = id == u"start" ? tr("Start") : id == u"runs" ? tr("Runs") : id == u"engine" ? tr("Engine") : panel->title;
        ++number;
        const QString icon = id == u"start" ? QStringLiteral("home") : id == u"runs" ? QStringLiteral("list") : id == u"engine" ? QStringLiteral("cpu") : panel->icon;
        a.add({QStringLiteral("workspace.") + id, tr("Go to %1").arg(title), workspace_menu, icon, id != u"engine" && number <= 9 ? QList<QKeySequence>{QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_0 + number))} : QList<QKeySequence>(), {}},
            [this, id] { show_workspace(id); });
    }
    a.add({QStringLiteral("help.contents"), tr("&Help"), help, QStringLiteral("help"), keys({Qt::Key_F1}), tr("The page about what has the focus")}, [this] { show_help(); });
    a.add({QStringLiteral("help.keys"), tr("&Keys"), help, QStringLiteral("keyboard"), keys({Qt::CTRL | Qt::Key_Slash}), {}}, [this] { KeySheet(*m_actions, *m_viewer_keys, this).exec(); });
    a.add({QStringLiteral("help.plugins"), tr("&Plugins"), help, QStringLiteral("plugin"), {}, tr("Which are loaded, and why others are not")}, [this] { PluginsDialog(m_shell, this).exec(); });
    a.add({QStringLiteral("help.diagnostics"), tr("Copy &diagnostics"), help, QStringLiteral("copy"), {}, tr("Versions, machine, plugins and the end of the log, for a bug report")}, [this] {
        QGuiApplication::clipboard()->setText(diagnostics(m_shell));
        m_shell.say(QStringLiteral("info"), tr("The diagnostics are on the clipboard."), {}, tr("Look through them before you send them."));
    });
    a.add({QStringLiteral("help.log"), tr("Open the &log folder"), help, QStringLiteral("log"), {}, {}}, [] { QDesktopServices::openUrl(QUrl::fromLocalFile(path_text(user_state_folder()))); });
    a.add({QStringLiteral("help.about"), tr("&About Lathe"), help, QStringLiteral("info"), {}, {}}, [this] { AboutDialog(m_shell, this).exec(); });
}

void MainWindow::add_view_actions() {
    ActionRegistry& a = *m_actions;
    const QString view = tr("View"), window_menu = tr("Window");
    a.add({QStringLiteral("view.log"), tr("&Log"), view, QStringLiteral("log"), {}, {}}, [this] { toggle_dock(QStringLiteral("shell.log")); });
    a.add({QStringLiteral("view.jobs"), tr("&Jobs"), view, QStringLiteral("list"), {}, {}}, [this] { toggle_dock(QStringLiteral("shell.jobs")); });
    a.add({QStringLiteral("view.messages"), tr("&Messages of this session"), view, QStringLiteral("info"), {}, {}}, [this] { show_messages(); });
    a.add({QStringLiteral("view.export"), tr("&Export this view…"), view, QStringLiteral("export"), keys({Qt::CTRL | Qt::Key_E}), {}}, [this] { export_current(); });
    a.add({QStringLiteral("view.export_all"), tr("Export &all views…"), view, QStringLiteral("export"), keys({Qt::CTRL | Qt::SHIFT | Qt::Key_E}), {}}, [this] { export_all(); });
    for (int columns = 1; columns <= 3; ++columns)
        a.add({QStringLiteral("view.grid_%1").arg(columns), columns == 1 ? tr("Grid: views of the centre in &1 column") : tr("Grid: views of the centre in &%1 columns").arg(columns), view, QStringLiteral("grid"), {}, tr("All of one size. A dock comes here by its ⋯ menu: Move to, Centre.")}, [this, columns] {
            if (Workspace* shown = m_workspaces.value(m_current); shown && shown->docks()) shown->docks()->set_grid(columns);
        });
    a.add({QStringLiteral("view.theme"), tr("Light or &dark"), view, QStringLiteral("moon"), {}, tr("Switches the theme; Settings: as the desktop")}, [] {
        Settings::instance().set_value(QStringLiteral("appearance/theme"), Theme::instance().is_dark() ? QStringLiteral("light") : QStringLiteral("dark"));
    });
    a.add({QStringLiteral("view.reset_layout"), tr("&Reset layout"), window_menu, QStringLiteral("reset"), keys({Qt::CTRL | Qt::SHIFT | Qt::Key_0}), tr("The docks of this workspace as they were made; undo brings yours back")}, [this] {
        Workspace* shown = m_workspaces.value(m_current);
        if (shown && shown->docks()) shown->docks()->reset_layout();
    });
    QAction* full = a.add({QStringLiteral("view.full_screen"), tr("&Full screen"), window_menu, {}, keys({Qt::Key_F11}), {}}, [this] { isFullScreen() ? showNormal() : showFullScreen(); });
    full->setCheckable(true);
    for (const bool back : {false, true})
        a.add({back ? QStringLiteral("view.previous_dock") : QStringLiteral("view.next_dock"), back ? tr("&Previous dock") : tr("&Next dock"), window_menu, {}, back ? keys({Qt::SHIFT | Qt::Key_F6}) : keys({Qt::Key_F6}), {}}, [this, back] {
            Workspace* shown = m_workspaces.value(m_current);
            if (shown && shown->docks()) shown->docks()->focus_next(back);
        });
}

void MainWindow::fill_menu(QMenu* menu, const QStringList& ids) {
    for (const QString& id : ids) {
        if (id.isEmpty()) menu->addSeparator();
        else if (QAction* action = m_actions->action(id)) menu->addAction(action);
    }
}

void MainWindow::add_panel_actions(QMenu* menu, const QString& category) {
    for (const ActionRegistry::Entry& entry : m_actions->entries())
        if (entry.category == category) menu->addAction(entry.action);
}

void MainWindow::make_menus() {
    QMenuBar* bar = m_title->menu_bar();
    auto menu = [bar](const QString& title) {
        QMenu* made = bar->addMenu(title);
        made->setToolTipsVisible(true);   // a grey entry says why
        return made;
    };
    fill_menu(menu(tr("&File")), {QStringLiteral("project.new"), QStringLiteral("project.open"), QStringLiteral("model.open"), QStringLiteral("data.open"), {}, QStringLiteral("project.save_copy"), QStringLiteral("project.share"), QStringLiteral("runs.import"), {},
        QStringLiteral("project.snapshot"), QStringLiteral("project.snapshots"), QStringLiteral("project.revert"), {}, QStringLiteral("project.close"), QStringLiteral("app.quit")});
    fill_menu(menu(tr("&Edit")), {QStringLiteral("edit.undo"), QStringLiteral("edit.redo"), {}, QStringLiteral("palette.open"), QStringLiteral("edit.filter"), {}, QStringLiteral("app.settings")});
    QMenu* view = menu(tr("&View"));
    connect(view, &QMenu::aboutToShow, this, [this, view] {
        view->clear();
        Workspace* shown = m_workspaces.value(m_current);
        if (shown && shown->docks())
            for (const DockArea::Dock& dock : shown->docks()->docks()) {
                if (!dock.dock) continue;
                QAction* toggle = view->addAction(dock.title, this, [docks = shown->docks(), id = dock.id, visible = DockArea::is_shown(dock)] { visible ? docks->close_dock(id) : docks->show_dock(id); });
                toggle->setCheckable(true);
                toggle->setChecked(DockArea::is_shown(dock));
            }
        QMenu* grid = view->addMenu(tr("&Grid"));
        grid->setToolTipsVisible(true);
        const int views = shown && shown->docks() ? shown->docks()->centre_count() : 0;
        for (int columns = 1; columns <= 3; ++columns) {
            const QAction* known = m_actions->action(QStringLiteral("view.grid_%1").arg(columns));
            QAction* entry = grid->addAction(QStringLiteral("%1 × %2").arg(std::max(1, (views + columns - 1) / columns)).arg(columns), known, &QAction::trigger);
            entry->setEnabled(known->isEnabled());
            entry->setToolTip(known->toolTip());
            entry->setCheckable(true);
            entry->setChecked(shown && shown->docks() && shown->docks()->grid() == columns);
        }
        view->addSeparator();
        fill_menu(view, {QStringLiteral("view.log"), QStringLiteral("view.jobs"), QStringLiteral("view.messages"), {}, QStringLiteral("view.export"), QStringLiteral("view.export_all"), {}, QStringLiteral("view.theme")});
    });
    QMenu* workspaces = menu(tr("&Workspace"));
    connect(workspaces, &QMenu::aboutToShow, this, [this, workspaces] {
        workspaces->clear();
        for (const QString& id : std::as_const(m_order)) fill_menu(workspaces, {QStringLiteral("workspace.") + id});
        if (Workspace* shown = m_workspaces.value(m_current); shown && m_panels.contains(m_current)) {
            workspaces->addSeparator();
            add_panel_actions(workspaces, shown->title());
        }
    });
    QMenu* run = menu(tr("&Run"));
    fill_menu(run, {QStringLiteral("run.run"), QStringLiteral("run.live"), {}, QStringLiteral("run.new"), QStringLiteral("run.sweep"), {}, QStringLiteral("run.cancel"), QStringLiteral("run.cancel_all"), {}, QStringLiteral("runs.compare"), QStringLiteral("runs.baseline"), QStringLiteral("runs.percent"), {},
        QStringLiteral("runs.open"), QStringLiteral("runs.rerun"), QStringLiteral("runs.resume"), QStringLiteral("runs.duplicate"), QStringLiteral("runs.copy_command"), {}, QStringLiteral("runs.tag"), QStringLiteral("runs.rename"), QStringLiteral("runs.notes"), QStringLiteral("runs.pin"), {}, QStringLiteral("runs.delete"), QStringLiteral("runs.restore"), QStringLiteral("runs.empty_bin")});
    fill_menu(menu(tr("&Tools")), {QStringLiteral("project.storage"), QStringLiteral("project.check"), {}, QStringLiteral("engine.restart"), QStringLiteral("engine.drop_cache"), {}, QStringLiteral("runs.columns"), QStringLiteral("runs.save_view"), QStringLiteral("runs.report")});
    fill_menu(menu(tr("Wi&ndow")), {QStringLiteral("view.next_dock"), QStringLiteral("view.previous_dock"), {}, QStringLiteral("view.reset_layout"), QStringLiteral("view.full_screen")});
    fill_menu(menu(tr("&Help")), {QStringLiteral("help.contents"), QStringLiteral("help.keys"), {}, QStringLiteral("help.plugins"), QStringLiteral("help.diagnostics"), QStringLiteral("help.log"), {}, QStringLiteral("help.about")});
}

void MainWindow::refresh_actions() {
    if (!m_runs || m_closing) return;   // the undo stack tells of its end
    ActionRegistry& a = *m_actions;
    a.set_enabled(QStringLiteral("edit.undo"), m_undo->canUndo(), tr("There is nothing to undo."));
    a.set_enabled(QStringLiteral("edit.redo"), m_undo->canRedo(), tr("There is nothing to redo."));
    if (m_undo->canUndo()) a.action(QStringLiteral("edit.undo"))->setToolTip(tr("Undo: %1").arg(m_undo->undoText()));
    if (m_undo->canRedo()) a.action(QStringLiteral("edit.redo"))->setToolTip(tr("Redo: %1").arg(m_undo->redoText()));
    const bool panel = current_panel(), engine = m_shell.has_catalogue(), open = m_projects->is_open();
    const QString lock = m_projects->read_only_reason();
    QString why;
    if (!panel) why = tr("Open the workspace of a plugin first.");
    else if (!engine) why = m_session->engine().state() == EngineState::failed ? tr("The engine does not start: the Engine page says why.") : tr("The engine is starting.");
    else if (!open) why = tr("No project is open: a run is kept in one. Make or open a project first (Ctrl+N, Ctrl+O).");
    else if (!lock.isEmpty()) why = tr("The project is read-only (%1); live results can be tried.").arg(lock);
    a.set_enabled(QStringLiteral("run.run"), why.isEmpty(), why);
    a.set_enabled(QStringLiteral("run.live"), panel, tr("Open the workspace of a plugin first."));
    const bool active = !m_session->active().empty();
    a.set_enabled(QStringLiteral("run.cancel"), active, tr("No run is under way."));
    a.set_enabled(QStringLiteral("run.cancel_all"), active, tr("No run is under way."));
    const EngineState state = m_session->engine().state();
    a.set_enabled(QStringLiteral("engine.drop_cache"), state == EngineState::idle, tr("The engine is not idle."));
    Workspace* shown = m_workspaces.value(m_current);
    const bool docks = shown && shown->docks();
    for (const char* id : {"view.reset_layout", "view.next_dock", "view.previous_dock", "view.log", "view.jobs", "view.export", "view.export_all"}) a.set_enabled(QLatin1String(id), docks, tr("The start page has no docks."));
    const int views = docks ? shown->docks()->centre_count() : 0;
    for (int columns = 1; columns <= 3; ++columns)
        a.set_enabled(QStringLiteral("view.grid_%1").arg(columns), views >= std::max(2, columns), docks ? tr("The centre has %n view(s). A dock comes here by its ⋯ menu: Move to, Centre.", nullptr, views) : tr("The start page has no docks."));
}

}
