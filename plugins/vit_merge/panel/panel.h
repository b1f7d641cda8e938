#pragma once
// The workspace of merging: pictures with the gate's choice in the centre, similarity and sweeps below them; parameters and models left; the picked picture and the costs right;
// tables, model differences and training below. All views share one selection of picture, model and block. It asks through PanelContext and shows what comes back;
// everything on the GUI thread.
#include "plugins/vit_merge/panel/compare_view.h"
#include "plugins/vit_merge/panel/models.h"
#include "plugins/vit_merge/panel/strip.h"
#include "widgets/method_options.h"
#include "widgets/method_panel.h"

class QPushButton;
class QSplitter;
class QStackedWidget;

namespace lathe {
class AssetChooser;
class EmptyState;
class KeptView;
class TabPages;
class TextLabel;
}

namespace lathe::vit_merge {

class AccuracyView;
class ConfusionView;
class CostView;
class FindingRows;
class InspectorView;
class ModelList;
class SimilarityView;
class SourceBar;
class StripView;
class SweepView;
class TrainingView;

class Panel : public MethodPanel {
    Q_OBJECT
public:
    enum class Tab { accuracy, confusion, compare, training };
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    SourceBar* source() { return m_source; }
    AssetChooser* gate_file() { return m_gate; }
    ModelList* models() { return m_models; }
    FindingRows* findings() { return m_findings; }
    StripView* strip_view() { return m_strip_view; }
    SimilarityView* similarity() { return m_similarity; }
    SweepView* sweep() { return m_sweep; }
    InspectorView* inspector() { return m_inspector; }
    CostView* costs() { return m_costs; }
    AccuracyView* accuracy() { return m_accuracy; }
    ConfusionView* confusion() { return m_confusion; }
    CompareView* compare() { return m_compare; }
    TrainingView* training() { return m_training; }
    MethodOptions* options(const QString& method) const { return m_options.of(method); }   ///< null: that method has none here
    const Description& description() const { return m_description; }
    const Strip& strip() const { return m_strip; }
    QString selected_model() const { return m_model; }
    int selected_block() const { return m_block; }
    bool is_empty() const;                                 ///< the empty state is shown
    bool is_stale() const override;
    void show_tab(Tab tab);
    bool merge_to(const QString& file);                    ///< starts vit_merge.merge; its model and recipe are written when it ends. False: not started
    void add_pictures(const QStringList& files);           ///< a step of undo

private:
    // panel.cpp: what it is made of, parameters, what is kept
    void build_centre();
    void build_parameters();
    void build_docks();
    void build_actions();
    void connect_views();
    void catalogue_taken() override;
    void parameters_changed() override;
    void source_changed(bool is_set);
    void dropped_file(const QString& path);
    void dropped_folder(const QString& path);
    void load(const Json& state) override;
    Json state() const override;
    Json view_state() const;
    void take_view(const Json& view);
    void viewed(const QString& text);
    // panel_edits.cpp: what changes parameters and the selection
    double number_value(const char* id) const;             ///< NaN: no such parameter
    QStringList list_value(const char* id) const;
    void edit_models(const QList<ModelEntry>& models, bool dragging, const QString& text);
    void forget_set_models();                              ///< rows that belong to a set that is no more chosen; nothing to undo
    void edit_value(const QString& id, const Json& value, const QString& text);   ///< a step of undo; says why where it does not fit
    void edit_values(const Json& values, const QString& text);
    void remove_picture(const QString& file);
    void gate_block(int block, bool is_attention);
    void use_swept(const QString& axis, double value);
    void select_picture(int index);
    void select_model(const QString& name);
    void select_block(int block);
    // panel_runs.cpp: the set and its pictures
    Assets assets() const override;
    void choose_asset(const QString& role, const QString& path) override;
    bool has_models() const;
    Json source_key() const;                               ///< assets and models
    Json describe_key() const;
    Json strip_key(const Json& params) const;
    Json job_key(const QString& method, const QString& axis, const Json& params) const;   ///< what its result depends on, of parameters of that method or of the form
    bool is_ready_to_run() const override;
    void describe() override;
    bool wants_live() const override;
    void send_live() override;
    void run() override;
    void take_event(const RunEvent& event) override;
    void take_description(const RunEvent& event);
    void adopt_description();
    void take_strip(const RunEvent& event);
    void adopt_strip();
    void failed(const QString& uuid, const event::Failed& failure);
    void run_ended(const QString& uuid, RunState state) override;
    void find_measured();
    QStringList opened_methods() const override;
    QStringList recorded_series() const override;
    void show_recorded(const RecordedRun& recorded) override;
    // panel_jobs.cpp: what is asked for besides
    void inspect();
    void ask_difference();
    bool start_job(const char* method, const Json& extra = Json::object());   ///< with its own options
    QString job_of(const QString& uuid) const;             ///< its method; empty: none of ours
    void take_job(const QString& method, const RunEvent& event);
    void take_job_artifact(const QString& method, const Artifact& artifact);
    void job_finished(const QString& method, const Json& summary);
    void job_progress(const QString& method, const QString& text);
    void start_sweep();
    void start_compare();
    void ask_merge();
    void finish_merge();
    void save_training(const QString& method);
    bool write_bytes(const QString& path, const Bytes& bytes);   ///< says what went wrong
    // panel_show.cpp: what is seen
    void show_now() override;
    void show_centre();
    void show_models();
    void show_bars(const QStringList& names);              ///< models of the gate's probabilities
    void show_facts();
    void show_strip();
    void show_gated();
    void limit_m(int depth);
    void show_stale();
    int colour_of(const QString& model);
    QStringList used_names() const;                        ///< models in the order of the gate's outputs

    PanelOptions m_options;                                // of methods that have no form here
    SourceBar* m_source;
    QStackedWidget* m_centre;
    EmptyState* m_empty;
    QSplitter *m_rows, *m_halves;
    AssetChooser* m_gate;
    ModelList* m_models;
    FindingRows* m_findings;
    StripView* m_strip_view;
    SimilarityView* m_similarity;
    SweepView* m_sweep;
    InspectorView* m_inspector;
    CostView* m_costs;
    AccuracyView* m_accuracy;
    ConfusionView* m_confusion;
    CompareView* m_compare;
    TrainingView* m_training;
    TabPages* m_details;                                   // in the order of Tab
    KeptView* m_kept_view;
    QPushButton* m_merge;
    TextLabel* m_merge_note;

    Description m_description, m_description_coming;
    Strip m_strip, m_strip_coming;                         // shown; asked for
    QHash<QString, int> m_colours;                         // of the models, by name, in the order in which they came
    PictureKey m_picture;                                  // the selection
    QString m_model;
    int m_block = -1;

    QString m_describe, m_inspect, m_difference;           // runs under way
    QString m_inspected_model, m_difference_model;
    Artifact m_difference_layers;
    QHash<QString, QString> m_jobs;                        // method -> run under way
    QHash<QString, Json> m_job_keys;                       // method -> what it was asked of
    bool m_keys_wait = false;                              // some of them were made before the form knew the parameters
    QString m_sweep_axis;
    Json m_accuracy_key;
    QString m_merge_file;                                  // where the merged model goes
    bool m_engine_writes = false;                          // it, not this
    Artifact m_merged, m_recipe;
    QStringList m_left_out;
    QStringList m_asked_for;                               // recorded runs that somebody wants to see
    bool m_taking_over = false;                            // a kept state: its rows of models belong to the set that comes with it
    QTimer m_describe_soon, m_inspect_soon;
};

}
