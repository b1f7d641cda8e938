#pragma once
// What every workspace does alike: the form of its method, requests, the throttle of what is shown, recorded runs read off the GUI thread, and the state that
// is kept with the project. A plugin's panel derives from it and says what is its own. GUI thread only.
#include "core/base/error.h"
#include "widgets/panel.h"
#include <QHash>
#include <QThreadPool>
#include <QTimer>
#include <optional>

namespace lathe {

class ParameterForm;

/// A run as it stands in the project.
struct RecordedRun {
    PanelRun run;
    QList<Artifact> artifacts;
    QHash<QString, QList<std::pair<double, double>>> series;         ///< those of MethodPanel::recorded_series()
    QString name() const;                                             ///< its title, or its number
};

class MethodPanel : public QWidget {
    Q_OBJECT
public:
    ~MethodPanel() override;
    ParameterForm* form() { return m_form; }
    virtual bool is_stale() const = 0;                                ///< parameters or sources are no longer those of what is shown
    bool is_drawn() const { return !m_show_waits; }                   ///< nothing that came waits for its turn on the screen

protected:
    using Assets = QList<std::pair<QString, QString>>;                // role -> path
    /// `method`: whose parameters the form holds and whose runs it takes over; `state_version`: a kept state of another version is not read.
    MethodPanel(PanelContext& context, const char* method, int state_version, QWidget* parent);
    /// The last thing in a panel's constructor: takes the catalogue and the project as they are.
    void begin();

    // What a panel says of itself.
    virtual Assets assets() const = 0;
    virtual void choose_asset(const QString& role, const QString& path) = 0;
    virtual void catalogue_taken() {}                                 // before the form gets its parameters
    virtual bool is_ready_to_run() const = 0;                         // model and data are chosen and there, and the engine knows the method
    virtual void describe() = 0;                                      // asks the engine for what depends on model and data
    virtual void parameters_changed() = 0;
    virtual bool wants_live() const = 0;                              // live was switched on: something on the screen is not what the form says
    virtual void send_live() = 0;
    virtual void run() = 0;
    virtual void take_event(const RunEvent& event) = 0;               // may throw Error: it is told
    virtual void run_ended(const QString& uuid, RunState state) = 0;
    virtual void show_now() = 0;
    /// Methods whose newest finished run is shown when a project is opened; that of the form only where nothing can be drawn anew, or the project was never
    /// worked in here.
    virtual QStringList opened_methods() const = 0;
    virtual QStringList recorded_series() const { return {}; }
    virtual void show_recorded(const RecordedRun& recorded) = 0;      // may throw Error: it is told
    virtual void load(const Json& state) = 0;                         // parameters are set already; undo is off
    virtual Json state() const = 0;                                   // an object, without parameters

    // What it can use.
    RunRequest request(const char* method, bool live) const;          // with those values of the form that the method knows, and the taps that are on where it takes any
    void copy_command_line();
    QAction* add_action(const QString& id, const QString& text, const QString& icon, const QString& tip, std::function<void()> act);
    void tell(const Error& error);
    void tell_failure(const event::Failed& failure);                  // and marks the field that it names
    void show_soon();                                                 // at once, then at most 30 times a second
    void save_soon();                                                 // not while a state is being loaded
    /// Finished runs of the method that used `path` in this role, of the last `most` of the method, newest first; looked for on another thread, then given to `take` here.
    void find_runs(const QString& method, const QString& role, const QString& path, int most, std::function<void(const QList<PanelRun>&)> take);
    void read_newest(const QString& method, const QString& role, const QString& path);   // the first of the last 20; as read_recorded
    void read_recorded(const QString& uuid, bool asked_for);          // on another thread, then show_recorded(); not asked for: nothing to undo, nothing to tell
    void without_undo(const std::function<void()>& change);           // looking and opening are nothing to undo
    void hideEvent(QHideEvent* event) override;
    bool is_live() const { return m_live; }
    static QStringList texts_of(const Json& array);
    static Json array_of(const QStringList& texts);

    PanelContext& m_context;
    ParameterForm* m_form;

private:
    void take_catalogue();
    void project_opened();
    void take_recorded(RecordedRun recorded, bool asked_for);
    std::vector<TapInfo> form_taps() const;                           // those that the form has a section for
    void load_state();
    void save_state();
    const char* m_method;
    int m_state_version;
    bool m_live = true, m_loading = false, m_show_waits = false;
    QTimer m_show, m_save;
    QThreadPool m_readers;                                            // last: its end waits for the readers, which call back into this
};

}
