#pragma once
// The window: menus and search on top, the rail, the bar of the current workspace, messages, the workspace itself, the status bar. It owns the parts that
// everything shares (Shell) and makes workspaces when they are first shown; the engine starts after the first paint.
#include "app/gui/example_gallery.h"
#include "app/gui/plugin_files.h"
#include "app/gui/project_host.h"
#include "app/gui/recent_projects.h"
#include "app/gui/shell.h"
#include "app/gui/start_options.h"
#include <QHash>
#include <QMainWindow>
#include <QPointer>
#include <memory>

class QLabel;
class QMenu;
class QStackedWidget;

namespace lathe {

class ActionRegistry;
class CommandPalette;
class EngineWatch;
class HelpWindow;
class JobList;
class ModelOpener;
class PaletteSource;
class PanelHost;
class ParameterForm;
class ProjectActions;
class Rail;
class ReportAction;
class RunActions;
class RunsPage;
class StatusStrip;
class TitleRow;
class ViewerKeys;
class WelcomePage;
class Workspace;

class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(const StartOptions& options, QWidget* parent = nullptr);
    ~MainWindow() override;

    void show_workspace(const QString& id);
    const QString& current_workspace() const { return m_current; }
    Workspace* workspace(const QString& id);              ///< made if it is not there yet; null: unknown
    QStringList workspace_ids() const { return m_order; }
    bool is_settled() const;                              ///< nothing will change by itself: engine, queries, pictures
    void open_files(const QStringList& files);            ///< what was dropped or given on the command line
    void show_settings(const QString& key = {});
    void show_help(const QString& page = {});              ///< empty: the page about what has the focus
    void show_parameter_help(const ParameterForm& form, const QString& id);
    Shell& shell() { return m_shell; }
    ActionRegistry& actions() { return *m_actions; }
    ViewerKeys& viewer_keys() { return *m_viewer_keys; }
    ProjectHost& projects() { return *m_projects; }
    Session& session() { return *m_session; }
    MessageBar& messages() { return *m_messages; }
    CommandPalette& palette() { return *m_palette; }
    RunsPage& runs() { return *m_runs; }
    RunActions& run_actions() { return *m_run_actions; }
    ReportAction& report() { return *m_report; }
    EngineWatch& engine_watch() { return *m_watch; }

Q_SIGNALS:
    void first_painted();
    void workspace_changed(QString id);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void make_parts();
    void make_frame();
    void connect_parts();
    void add_actions();
    void add_view_actions();
    void make_menus();
    void fill_menu(QMenu* menu, const QStringList& ids);
    void add_panel_actions(QMenu* menu, const QString& category);
    Workspace* make_workspace(const QString& id);
    void make_panel(Workspace& workspace, const PanelFile& file);
    void start_after_paint();
    void project_opened();
    void project_closed();
    void show_saved();
    void restore_layout(Workspace& workspace);
    void refresh_actions();
    void refresh_project_name();
    void restore_run(const QString& uuid, const QString& method);
    void find_exported_run(const QString& file);
    void choose_model();
    void open_model(const QString& file);
    void choose_data();
    PanelHost* current_panel() const;
    PanelHost* panel_for_files();
    void export_current();
    void export_all();
    void toggle_dock(const QString& id);
    void show_messages();
    void wait_in_background();
    bool ask_about_runs();
    bool may_leave_project();
    int recorded_runs_under_way() const;
    void guide_undo(const QString& target);
    HelpWindow& help_window();

    StartOptions m_options;
    Shell m_shell;
    std::vector<PanelFile> m_plugins;
    ActionRegistry* m_actions;
    ProjectHost* m_projects;
    std::unique_ptr<Session> m_session;
    QUndoStack* m_undo;
    JobList* m_jobs = nullptr;
    RecentProjects* m_recents = nullptr;
    ExampleGallery* m_examples = nullptr;
    ProjectActions* m_project_actions = nullptr;
    RunsPage* m_runs = nullptr;
    RunActions* m_run_actions = nullptr;
    ReportAction* m_report = nullptr;
    EngineWatch* m_watch = nullptr;
    ViewerKeys* m_viewer_keys = nullptr;
    ModelOpener* m_models = nullptr;
    PaletteSource* m_palette_source = nullptr;
    TitleRow* m_title = nullptr;
    Rail* m_rail = nullptr;
    MessageBar* m_messages = nullptr;
    StatusStrip* m_status = nullptr;
    CommandPalette* m_palette = nullptr;
    QStackedWidget *m_bars = nullptr, *m_pages = nullptr;
    QPointer<HelpWindow> m_help;
    QPointer<WelcomePage> m_welcome;
    QHash<QString, Workspace*> m_workspaces;
    QHash<QString, PanelHost*> m_panels;
    QStringList m_order;
    QString m_current, m_open_in_workspace;
    QLabel* m_drop_hint = nullptr;
    bool m_painted = false, m_closing = false, m_saving = false, m_store_waits = false;
};

}
