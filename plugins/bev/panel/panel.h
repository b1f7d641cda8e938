#pragma once
// The workspace of bev: pictures and scene in the centre; parameters, map, inspector, coverage and timeline in docks. All views share one selection and one
// moment. It asks through PanelContext and shows what comes back; everything on the GUI thread.
#include "plugins/bev/panel/selection.h"
#include "widgets/method_panel.h"

class QDir;
class QStackedWidget;

namespace lathe {
class DockTitle;
class EmptyState;
class KeptView;
}

namespace lathe::bev {

class AblationView;
class BevMap;
class CalibrationRows;
class CamerasView;
class ClassRows;
class CoverageView;
class DetectionRows;
class Inspector;
class SceneDock;
class SourceBar;
class Timeline;

class Panel : public MethodPanel {
    Q_OBJECT
public:
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    CamerasView* cameras() { return m_cameras; }
    BevMap* map() { return m_map; }
    SceneDock* scene() { return m_scene; }
    Timeline* timeline() { return m_timeline; }
    Inspector* inspector() { return m_inspector; }
    AblationView* ablation() { return m_ablation; }
    SourceBar* source() { return m_source; }
    CalibrationRows* calibration() { return m_calibration; }
    const Frame* frame() const { return m_frame.get(); }
    const Selection& selection() const { return m_selection; }
    const Shown& shown() const { return m_shown; }
    bool is_stale() const override;
    void write_results(const QDir& folder, double scale);     ///< boxes as JSON, tables as CSV, every view as PNG with so many pixels for each of the screen's; says how it went

protected:
    void hideEvent(QHideEvent* event) override;

private:
    // panel.cpp: what it is made of, parameters
    void build_centre();
    void build_parameters();
    void build_docks();
    void build_actions();
    void catalogue_taken() override;
    void parameters_changed() override;
    void source_changed();
    void take_facts(const Json& summary);
    void show_drive(const QString& name, int sample);
    void choose_moment(int sample);
    void load(const Json& state) override;
    Json state() const override;
    // panel_runs.cpp: asking and listening
    Assets assets() const override;
    void choose_asset(const QString& role, const QString& path) override;
    QString sources() const;                                  ///< the assets as one text
    bool is_ready_to_run() const override;
    void describe() override;
    bool wants_live() const override { return is_stale() || !m_frame; }
    void send_live() override;
    void run() override;
    void make_street();
    void run_ablation(const QStringList& axes, int samples);
    void take_event(const RunEvent& event) override;
    void take_detect(const RunEvent& event);
    void take_street(const RunEvent& event);
    void run_ended(const QString& uuid, RunState state) override;
    void failed(const QString& uuid, const event::Failed& failure);
    QStringList opened_methods() const override;
    void show_recorded(const RecordedRun& recorded) override;
    void show_measured(const QList<Artifact>& artifacts, const QString& title);
    // panel_show.cpp: what is seen
    void show_now() override;
    void show_stale();
    void show_centre();
    void select(Selection selection);
    void pick_object(bool is_truth, int index);
    void pick_pixel(int camera, const QPointF& pixel);
    void pick_ground(const QPointF& metres);
    void pick_voxel(const std::array<int, 3>& voxel);
    void show(const Shown& shown);
    void export_results();

    SourceBar* m_source;
    DockTitle* m_title;
    QStackedWidget* m_centre;
    EmptyState* m_empty;
    CamerasView* m_cameras;
    CalibrationRows* m_calibration;
    DetectionRows* m_detections;
    ClassRows* m_classes;
    SceneDock* m_scene;
    BevMap* m_map;
    Inspector* m_inspector;
    CoverageView* m_coverage;
    AblationView* m_ablation;
    Timeline* m_timeline;
    std::shared_ptr<Frame> m_frame, m_coming;                 // shown; asked for, nothing seen of it yet
    Selection m_selection;
    Shown m_shown;
    KeptView* m_kept_shown;
    Json m_facts;
    QString m_describe, m_street, m_ablation_run;
    bool m_live_waits = false;
};

}
