#pragma once
// The workspace of delta_cache: the images in the centre; parameters, schedule, cost, block roles and history in docks. It asks through PanelContext and shows
// what comes back; everything on the GUI thread.
#include "plugins/delta_cache/panel/compare_rows.h"
#include "plugins/delta_cache/panel/result.h"
#include "plugins/delta_cache/panel/schedule.h"
#include "widgets/method_panel.h"

namespace lathe {
class DockTitle;
class ImageCompareViewer;
}

namespace lathe::delta_cache {

class CostView;
class HistoryView;
class ModelChooser;
class RolesView;
class ScheduleView;

class Panel : public MethodPanel {
    Q_OBJECT
public:
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    ImageCompareViewer* images() { return m_images; }
    ScheduleView* schedule() { return m_schedule; }
    const SampleResult* result() const { return m_result.get(); }
    bool is_stale() const override;

private:
    using Result = std::shared_ptr<SampleResult>;
    // panel.cpp: what it is made of, parameters
    void build_parameters();
    void build_docks();
    void build_actions();
    void parameters_changed() override;
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
    Assets assets() const override;
    void choose_asset(const QString& role, const QString& path) override;
    bool is_ready_to_run() const override;
    void describe() override;
    bool wants_live() const override { return is_stale() || was_stopped(); }
    void send_live() override;
    void send_control();
    void run() override;
    void run_study();
    void take_event(const RunEvent& event) override;
    void run_ended(const QString& uuid, RunState state) override;
    void take_facts(const Json& summary);
    void finished(const Result& result);
    void failed(const QString& uuid, const event::Failed& failure);
    void pin();
    QStringList opened_methods() const override;
    QStringList recorded_series() const override;
    void show_recorded(const RecordedRun& recorded) override;
    void choose_result(const QString& uuid);
    void load(const Json& state) override;
    Json state() const override;
    // panel_show.cpp: what is seen
    void show_now() override;
    void show_images();
    void show_curves();
    void show_stale();
    bool was_stopped() const;                                 // what is shown is a run that was not finished, as after a crash of the engine
    void go_to_step(int step);
    int shown_step() const;

    DockTitle* m_title;
    ImageCompareViewer* m_images;
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
    bool m_live_waits = false, m_fitting = false, m_painting = false, m_laid_out_images = false;   // fitting: the form follows what the model allows
};

}
