#pragma once
// The workspace of quantization: the layers in the centre; parameters, ranges, result, bit assignments and what was compared, deployed or learnt in docks. All views
// share one selection. It asks through PanelContext and shows what comes back; everything on the GUI thread.
#include "plugins/quantization/panel/choices.h"
#include "plugins/quantization/panel/front_view.h"
#include "plugins/quantization/panel/layers_view.h"
#include "plugins/quantization/panel/measurement.h"
#include "widgets/method_options.h"
#include "widgets/method_panel.h"

class QDir;
class QStackedWidget;

namespace lathe {
class EmptyState;
class KeptView;
}

namespace lathe::quantization {

class BudgetRows;
class EngineView;
class LearningView;
class LearntRow;
class MethodsView;
class NoteRows;
class PicturesView;
class RangesView;
class ResultView;
class SourceBar;

class Panel : public MethodPanel {
    Q_OBJECT
public:
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    SourceBar* source() { return m_source; }
    LayersView* layers() { return m_layers; }
    RangesView* ranges() { return m_ranges; }
    ResultView* result_view() { return m_result_view; }
    FrontView* front() { return m_front; }
    BudgetRows* budget() { return m_budget; }
    NoteRows* notes() { return m_notes; }
    MethodsView* methods() { return m_methods; }
    EngineView* engine() { return m_engine; }
    PicturesView* pictures() { return m_pictures; }
    LearningView* learning() { return m_learning; }
    MethodOptions* options(const QString& method) const { return m_options.of(method); }   ///< null: that method has none here
    const Network& network() const { return m_network; }
    const Assignment& assignment() const { return m_assignment; }
    const Measurement* result() const { return m_result.get(); }
    const Sensitivity& sensitivity() const { return m_sensitivity; }
    const std::optional<Estimate>& estimate() const { return m_estimate; }
    double estimate_ms() const { return m_estimate_ms; }   ///< from a moved slider to the number on the screen, last time
    bool is_stale() const override;
    bool is_classifier() const;                            ///< as far as is known
    void write_results(const QDir& folder, double scale);  ///< tables as CSV, views as PNG; says how it went
    void write_onnx(const QString& file);                  ///< the network that was checked last, and its clip ranges; says how it went

private:
    // panel.cpp: what it is made of, parameters
    void build_centre();
    void build_parameters();
    void build_docks();
    void build_actions();
    void catalogue_taken() override;
    void parameters_changed() override;
    void source_changed();
    void load(const Json& state) override;
    Json state() const override;
    Json view_state() const;
    // panel_bits.cpp: the assignment and what changes it
    LayerBits own_bits(const LayerRow& row) const;
    void take_own_bits(const Network& network, const Json& params);
    void refresh_assignment();
    void edit_choices(const LayerChoices& next, bool dragging, const QString& text);
    void move_bits(bool is_weight, const std::map<QString, int>& bits, bool dragging);
    void reset_bits(bool is_weight, const QStringList& nodes);
    void move_clip(bool is_weight, double low, double high, bool dragging);
    void reset_clip(bool is_weight);
    void use_scheme(LayersView::Scheme scheme);
    void use_assignment(const Assignment& bits, const QString& text);
    void use_uniform(int bits);
    void use_best();
    void use_tried(int index);
    Assignment all_at(int bits) const;
    // panel_runs.cpp: asking and listening
    Assets assets() const override;
    void choose_asset(const QString& role, const QString& path) override;
    QString sources() const;                               ///< the assets as one text
    bool is_ready_to_run() const override;
    void describe() override;
    bool wants_live() const override { return is_stale() || !m_result; }
    void send_live() override;
    void run() override;
    void take_event(const RunEvent& event) override;
    void take_description(const RunEvent& event);
    void take_measurement(const RunEvent& event);
    void adopt(const Network& network, const Json& params);
    void finished(const std::shared_ptr<Measurement>& measurement);
    void run_ended(const QString& uuid, RunState state) override;
    void failed(const QString& uuid, const event::Failed& failure);
    QStringList opened_methods() const override;
    QStringList recorded_series() const override;
    void show_recorded(const RecordedRun& recorded) override;
    // panel_jobs.cpp: recorded work that takes longer
    bool start_job(const char* method);                    ///< with its own options
    bool start_job(const char* method, const Json& extra);
    QString job_of(const QString& uuid) const;             ///< its method; empty: none of ours
    void take_job(const QString& method, const RunEvent& event);
    void job_finished(const QString& method, const Json& params, const Json& summary);
    void job_ended(const QString& method);
    void take_job_artifact(const QString& method, const Artifact& artifact);
    void job_progress(const QString& method, const QString& text);
    void find_sensitivity();
    void find_tried();                                     ///< what was measured of this model on these pictures, from the project
    void add_tried(Tried tried);
    void measure_sensitivity();
    bool is_checked() const;                               ///< what was checked on the engine has the bits of the form
    void check_on_engine();
    void export_onnx();
    void save_onnx();
    bool write_bytes(const QString& path, const Bytes& bytes);   ///< says what went wrong
    void start_learning(const QString& method);
    void use_learnt(const QString& method);
    void use_quantizers(const QString& file);              ///< a step of undo
    void take_quantizers(const QString& file);
    void save_model(const QString& method);
    // panel_show.cpp: what is seen
    void show_now() override;
    void show_centre();
    void show_costs();
    void show_estimate();
    void show_front();
    void show_ranges();
    void show_stale();
    QString result_hint() const;
    void show_facts();
    void export_results();

    PanelOptions m_options;                                // of methods that have no form here
    SourceBar* m_source;
    QStackedWidget* m_centre;
    EmptyState* m_empty;
    LayersView* m_layers;
    RangesView* m_ranges;
    ResultView* m_result_view;
    FrontView* m_front;
    BudgetRows* m_budget;
    NoteRows* m_notes;
    LearntRow* m_learnt_row;
    MethodsView* m_methods;
    EngineView* m_engine;
    PicturesView* m_pictures;
    LearningView* m_learning;
    KeptView* m_kept_view;

    Network m_network;                                     // what is shown
    QHash<QString, LayerBits> m_own_bits;                  // the backend's own, by the node of the layer
    Json m_own_key;                                        // backend and bits that they belong to
    LayerChoices m_choices;
    Assignment m_assignment;
    QList<ShownLayer> m_shown;
    std::shared_ptr<Measurement> m_result, m_coming;       // shown; asked for
    Sensitivity m_sensitivity, m_sensitivity_coming;
    QString m_sensitivity_source;                          // the model it belongs to
    std::optional<Estimate> m_estimate;
    double m_estimate_ms = 0;
    QList<Tried> m_tried;
    QString m_tried_source;                                // model and data whose recorded runs were looked up
    QList<FrontMark> m_front_marks;                        // top-1 of the front at these activations
    FrontMark m_all_8, m_all_4;
    Json m_front_key;

    QString m_describe;
    Json m_described_params;
    Network m_description;
    Json m_facts;                                          // summary of the description; null: not known yet
    QHash<QString, QString> m_jobs;                        // method -> run under way
    QHash<QString, Json> m_job_params;
    QString m_asked_for;                                   // recorded run that the user wants to see
    QString m_pictured;                                    // run whose pictures are shown
    QString m_quantizers;                                  // file that takes the place of calibration; empty: none
    Json m_checked_params;                                 // what the last check on the engine was of
    bool m_live_waits = false, m_save_onnx_waits = false;
};

}
