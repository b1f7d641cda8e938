#pragma once
// What a plugin's panel half implements and what the shell gives it. A panel knows the vocabulary (methods, requests, events), the project through
// PanelContext, and nothing of other panels.
#include "core/method/method_info.h"
#include "core/method/run.h"
#include <QJsonObject>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QWidget>
#include <QtPlugin>
#include <functional>
#include <memory>
#include <optional>

class QUndoStack;
class QAction;

namespace lathe {

enum class DockSide { left, centre, right, bottom };

/// A recorded or live run as a panel sees it.
struct PanelRun {
    QString uuid;
    qint64 id = 0;
    QString title, method;
    RunState state = RunState::queued;
    Json params, summary;                                     ///< summary: null until it finished
    QList<std::pair<QString, QString>> assets;                ///< role -> path of what it used, where that is still found; of PanelContext::run() only
    QStringList missing_assets;                               ///< names of the others
    Json taps;                                                ///< [{"id", "params"}]; null: none
};

class PanelContext : public QObject {
    Q_OBJECT
public:
    // --- engine and runs
    virtual const Catalogue& catalogue() const = 0;
    /// Submits a live run (a newer one with the same key cancels the older) or a recorded one. assets: role -> path. Returns the uuid.
    virtual QString submit(const RunRequest& request, const QList<std::pair<QString, QString>>& assets, const QString& live_key) = 0;
    virtual void cancel(const QString& uuid) = 0;
    // --- what is kept
    virtual bool has_project() const = 0;
    // runs, run, artifacts and series may be called from any thread.
    virtual QList<PanelRun> runs(const QString& query, int limit) const = 0;
    virtual std::optional<PanelRun> run(const QString& uuid) const = 0;
    virtual QList<Artifact> artifacts(const QString& run_uuid) const = 0;               ///< with bytes decoded to raw form for images
    virtual QList<std::pair<double, double>> series(const QString& run_uuid, const QString& key) const = 0;
    virtual Json panel_state() const = 0;
    virtual void set_panel_state(const Json& state) = 0;
    virtual void pin_live(const QString& uuid) = 0;
    // --- the shell
    virtual QUndoStack* undo_stack() = 0;
    virtual void add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent) = 0;
    virtual void set_dock_hint(const QString& id, const QString& hint) = 0;
    virtual void add_action(QAction* action, const QString& id) = 0;                    ///< into menu, palette and shortcut table
    virtual void set_bar(QWidget* left_of_undo) = 0;                                    ///< model and data choosers in the workspace bar
    virtual void show_message(const QString& level, const QString& what, const QString& where, const QString& hint, const QString& button = {}, std::function<void()> remedy = {}) = 0;
    virtual void copy_command_line(const RunRequest& request, const QList<std::pair<QString, QString>>& assets) = 0;

Q_SIGNALS:
    void catalogue_changed();
    void run_event(std::shared_ptr<lathe::RunEvent> event);
    void run_ended(QString uuid, lathe::RunState state);
    void project_changed();
    void live_toggled(bool on);
    void run_pressed();                   ///< the Run button or Ctrl+Enter while this panel is current
    void restore_run(QString uuid);       ///< "open what made this": take over its parameters and pictures
    void model_dropped(QString path);
    void data_dropped(QString path);      ///< a data set: a folder
};

/// Root object of a panel plugin (QPluginLoader, metadata {id,title,version,api,abi,icon,order,engine}).
class PanelPlugin {
public:
    virtual ~PanelPlugin() = default;
    virtual QWidget* create(PanelContext& context) = 0;    ///< the centre of the workspace; owned by the shell
};

}
#define LATHE_PANEL_IID "org.lathe.Panel/1"
Q_DECLARE_INTERFACE(lathe::PanelPlugin, LATHE_PANEL_IID)
