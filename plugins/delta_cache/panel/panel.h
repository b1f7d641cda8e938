#pragma once
// The workspace of delta_cache: the images in the centre; parameters, schedule, cost, block roles and history in docks. It asks through PanelContext and shows
// what comes back; everything on the GUI thread.
#include "plugins/delta_cache/panel/compare_rows.h"
#include "plugins/delta_cache/panel/result.h"
#include "plugins/delta_cache/panel/schedule.h"
#include "widgets/panel.h"
#include <QHash>
#include <QThreadPool>
#include <QTimer>

namespace lathe {
class DockTitle;
class ImageCompareViewer;
class ParameterForm;
}

namespace lathe::delta_cache {

class CostView;
class HistoryView;
class ModelChooser;
class RolesView;
class ScheduleView;

/// A run as it stands in the project.
struct RecordedRun {
    PanelRun run;                                             ///< uuid empty: no run of delta_cache.sample
    QList<Artifact> artifacts;
    QList<std::pair<double, double>> deviation;
    std::optional<Error> problem;
};

class Panel : public QWidget {
    Q_OBJECT
public:
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    ParameterForm* form() { return m_form; }
    ImageCompareViewer* images() { return m_images; }
    ScheduleView* schedule() { return m_schedule; }
    const SampleResult* result() const { return m_result.get(); }
    bool is_stale() const;                                    ///< the parameters are no longer those of what is shown
    bool is_drawn() const { return !m_show_waits; }           ///< nothing that came waits for its turn on the screen

protected:
    void hideEvent(QHideEvent* event) override;

private:
    using Result = std::shared_ptr<SampleResult>;
    // panel.cpp: what it is made of, parameters
    void build_parameters();
    void build_docks();
    void build_actions();
    void take_catalogue();
    void parameters_changed();
    void map_painted(bool dragging);
    void use_target(double target);
    void use_preset(int index);
    void save_preset();
    QList<Preset> presets() const;
    int steps() const;
    int depth() const;
    Schedule current_schedule() const;
    QString policy_name(const Json& params) const;
    void paint_rows(int first, int end);
    // panel_runs.cpp: asking and listening
    RunRequest request(const char* method, bool live) const;
    QList<std::pair<QString, QString>> assets() const;
    void describe_model();
    void send_live();
    void send_control();
    void run();
    void run_study();
    void take_event(const RunEvent& event);
    void run_ended(const QString& uuid, RunState state);
    void finished(const Result& result);
    void failed(const QString& uuid, const event::Failed& failure);
    void pin();
    void restore_run(const QString& uuid);
    void read_recorded(const QString& uuid, bool undoable);
    void show_recorded(const RecordedRun& recorded);
    void project_opened();
    void choose_result(const QString& uuid);
    void open_model(const QString& path);
    void load_state();
    void save_state();
    // panel_show.cpp: what is seen
    void show_soon();
    void show_now();
    void show_images();
    void show_curves();
    void show_stale();
    bool was_stopped() const;                                 // what is shown is a run that was not finished, as after a crash of the engine
    void go_to_step(int step);
    int shown_step() const;

    PanelContext& m_context;
    DockTitle* m_title;
    ImageCompareViewer* m_images;
    ParameterForm* m_form;
    ModelChooser* m_model;
    ScheduleView* m_schedule;
    CostView* m_cost;
    RolesView* m_roles;
    HistoryView* m_history;
    CompareRows* m_compare;
    TargetRow* m_target;
    PresetRows* m_preset_rows;
    Json m_facts;                                             // of the model; null: not known yet
    double m_macs_block = 0, m_macs_outside = 0;
    QList<Preset> m_saved;
    Result m_result, m_coming, m_before, m_control;           // shown; asked for, nothing seen of it yet; finished before the shown one; feature cache
    Json m_coming_sent;
    QHash<QString, Result> m_kept;                            // for the history
    QStringList m_kept_order;
    QString m_describe, m_study;                              // runs under way
    int m_step = -1;                                          // -1: the newest
    bool m_live = true, m_live_waits = false, m_loading = false, m_painting = false, m_laid_out_images = false, m_show_waits = false;
    QTimer m_show, m_save;
    QThreadPool m_readers;                                    // last: its end waits for the readers, which call back into this
};

}
