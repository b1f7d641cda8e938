#pragma once
// What the shell gives to one panel (PanelContext). The reading functions (runs, artifacts, series) may be called from any thread, so that panels can keep
// their queries and decodes off the GUI thread; everything else on the GUI thread.
#include "widgets/panel.h"
#include <QAction>
#include <QPointer>
#include <QStringList>

namespace lathe {

class DockArea;
class Workspace;
struct Shell;

class PanelHost : public PanelContext {
    Q_OBJECT
public:
    PanelHost(const Shell& shell, const QString& plugin, Workspace* workspace);

    const Catalogue& catalogue() const override;
    QString submit(const RunRequest& request, const QList<std::pair<QString, QString>>& assets, const QString& live_key) override;
    void cancel(const QString& uuid) override;
    bool has_project() const override;
    QList<PanelRun> runs(const QString& query, int limit) const override;
    std::optional<PanelRun> run(const QString& uuid) const override;
    QList<Artifact> artifacts(const QString& run_uuid) const override;
    QList<std::pair<double, double>> series(const QString& run_uuid, const QString& key) const override;
    Json panel_state() const override;
    void set_panel_state(const Json& state) override;
    void pin_live(const QString& uuid) override;
    QUndoStack* undo_stack() override;
    void add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent) override;
    void set_dock_hint(const QString& id, const QString& hint) override;
    void add_action(QAction* action, const QString& id) override;
    void set_bar(QWidget* left_of_undo) override;
    void show_message(const QString& level, const QString& what, const QString& where, const QString& hint, const QString& button, std::function<void()> remedy) override;
    void copy_command_line(const RunRequest& request, const QList<std::pair<QString, QString>>& assets) override;

    /// All that the panel asked for in create() is there: bar buttons are made now.
    void complete();
    bool owns(const QString& uuid) const { return m_submitted.contains(uuid); }
private:
    const Shell& m_shell;
    QString m_plugin;
    Workspace* m_workspace;
    QStringList m_submitted;
    QList<QPointer<QAction>> m_actions;
};

}
