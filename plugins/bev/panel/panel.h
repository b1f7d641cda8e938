#pragma once
// The workspace of bev: pictures and scene in the centre; parameters, map, inspector, coverage and timeline in docks. All views share one selection and one
// moment. It asks through PanelContext and shows what comes back; everything on the GUI thread.
#include "plugins/bev/panel/selection.h"
#include "widgets/panel.h"
#include <QThreadPool>
#include <QTimer>

class QStackedWidget;

namespace lathe {
class DockTitle;
class EmptyState;
class ParameterForm;
class SegmentedControl;
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

/// A run as it stands in the project.
struct RecordedRun {
    PanelRun run;                                             ///< uuid empty: no run of this plugin
    QString method;
    QList<Artifact> artifacts;
    std::optional<Error> problem;
};

class Panel : public QWidget {
    Q_OBJECT
public:
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    ParameterForm* form() { return m_form; }
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
    bool is_stale() const;                                    ///< parameters or sources are no longer those of what is shown

protected:
    void hideEvent(QHideEvent* event) override;

private:
    // panel.cpp: what it is made of, parameters
    void build_centre();
    void build_parameters();
    void build_docks();
    void build_actions();
    void take_catalogue();
    void parameters_changed();
    void source_changed();
    void take_facts(const Json& summary);
    void show_drive(const QString& name, int sample);
    void choose_moment(int sample);
    void load_state();
    void save_state();
    // panel_runs.cpp: asking and listening
    RunRequest request(const char* method, bool live) const;
    QList<std::pair<QString, QString>> assets() const;
    QString sources() const;                                  ///< the same as one text
    void tell(const Error& error);
    bool is_ready_to_run() const;
    void describe();
    void send_live();
    void run();
    void make_street();
    void run_ablation(const QStringList& axes, int samples);
    void take_event(const RunEvent& event);
    void take_detect(const RunEvent& event);
    void take_street(const RunEvent& event);
    void run_ended(const QString& uuid, RunState state);
    void failed(const QString& uuid, const event::Failed& failure);
    void restore_run(const QString& uuid);
    void read_recorded(const QString& uuid, bool undoable);
    void show_recorded(const RecordedRun& recorded);
    void project_opened();
    void show_measured(const QList<Artifact>& artifacts, const QString& title);
    // panel_show.cpp: what is seen
    void show_soon();
    void show_now();
    void show_stale();
    void show_centre();
    void select(Selection selection);
    void pick_object(bool is_truth, int index);
    void pick_pixel(int camera, const QPointF& pixel);
    void pick_ground(const QPointF& metres);
    void pick_voxel(const std::array<int, 3>& voxel);
    void shown_changed();
    void export_results();

    PanelContext& m_context;
    SourceBar* m_source;
    DockTitle* m_title;
    QStackedWidget* m_centre;
    EmptyState* m_empty;
    CamerasView* m_cameras;
    ParameterForm* m_form;
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
    Json m_facts;
    QString m_describe, m_street, m_ablation_run;
    bool m_live = true, m_live_waits = false, m_loading = false, m_show_waits = false;
    QTimer m_show, m_save;
    QThreadPool m_readers;                                    // last: its end waits for the readers, which call back into this
};

}
