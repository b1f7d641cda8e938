#pragma once
// The workspace of hypergraphs: the graph in the centre; parameters, statistics, the selection, and what was trained, embedded or compared in docks. All views share one
// selection. It asks through PanelContext and shows what comes back; everything on the GUI thread but the making of the graph.
#include "plugins/hypergraph/panel/node_colours.h"
#include "plugins/hypergraph/panel/selection_view.h"
#include "viewers/latest_worker.h"
#include "widgets/method_options.h"
#include "widgets/method_panel.h"
#include <map>

class QStackedWidget;

namespace lathe {
class EmptyState;
class GraphSelection;
class KeptView;
class TabPages;
}

namespace lathe::hypergraph {

class BuildRow;
class CompareView;
class CurvesView;
class EmbeddingView;
class GraphPane;
class ImportView;
class ResultView;
class RowsView;
class SourceBar;
class StatisticsView;

class Panel : public MethodPanel {
    Q_OBJECT
public:
    enum class Tab { curves, result, nodes, hyperedges, embedding, compare, import };
    explicit Panel(PanelContext& context, QWidget* parent = nullptr);
    ~Panel() override;
    SourceBar* source() { return m_source; }
    GraphSelection* selection() { return m_selection; }
    GraphPane* pane() { return m_pane; }
    StatisticsView* statistics() { return m_statistics; }
    SelectionView* selected() { return m_selected; }
    CurvesView* curves() { return m_curves; }
    ResultView* result() { return m_result; }
    RowsView* node_rows() { return m_node_rows; }
    RowsView* hyperedge_rows() { return m_hyperedge_rows; }
    EmbeddingView* embedding() { return m_embedding; }
    CompareView* compare() { return m_compare; }
    ImportView* import() { return m_import; }
    BuildRow* build() { return m_build; }
    MethodOptions* options(const QString& method) const { return m_options.of(method); }   ///< null: that method has none here
    const ShownGraph* graph() const { return m_graph.get(); }
    const Training* training() const { return m_training.get(); }
    bool is_empty() const;                                 ///< the empty state is shown
    bool is_stale() const override;                        ///< the graph, or what was trained on it
    bool is_graph_stale() const;
    bool is_training_stale() const;
    void show_tab(Tab tab);
    bool write_graph(const QString& file, const QString& format = {});   ///< starts hypergraph.export; empty: the format is that of the file's ending. False: not started
    void write_picture(const QString& file);               ///< png, svg, pdf, csv of the view in the centre, in the background where it is a graph; says how it went

private:
    struct OpenJob {
        QList<Artifact> artifacts;
        Json summary, key;
    };
    struct OpenResult {
        ShownGraphPtr graph;
        Json key;
        std::optional<Error> problem;
    };
    using Places = std::pair<std::vector<float>, std::vector<float>>;
    // panel.cpp: what it is made of, parameters, what is kept
    void build_parameters();
    void build_docks();
    void build_actions();
    void connect_views();
    void catalogue_taken() override;
    void parameters_changed() override;
    void source_changed();
    void load(const Json& state) override;
    Json state() const override;
    Json view_state() const;
    void take_view(const Json& view);
    void viewed(const QString& text);
    // panel_runs.cpp: the graph and its training
    Assets assets() const override;
    void choose_asset(const QString& role, const QString& path) override;
    QString data_path() const;
    Json graph_key() const;                                ///< data and graph parameters as they are now
    Json graph_key_of(const Json& params) const;           ///< with the graph parameters of these
    bool is_ready_to_run() const override;
    void describe() override;
    bool wants_live() const override { return is_graph_stale(); }
    void send_live() override;
    void run() override;
    void take_event(const RunEvent& event) override;
    void take_open(const RunEvent& event);
    void adopt(OpenResult result);
    void show_training();
    void find_trainings();                                 ///< those of this graph, for the table of results
    void failed(const QString& uuid, const event::Failed& failure);
    void run_ended(const QString& uuid, RunState state) override;
    QStringList opened_methods() const override;
    QStringList recorded_series() const override;
    void show_recorded(const RecordedRun& recorded) override;
    // panel_jobs.cpp: layout, and what is asked for by a button
    void start_layout(bool live);
    void forget_layout();
    void take_layout(const RunEvent& event);
    void take_places(const Artifact& artifact);
    void take_hyperedge_places(const Artifact& artifact);
    void show_places();
    void move_node(int node, double x, double y);
    bool start_job(const char* method, const Json& extra = Json::object(), const Assets& more = {});
    QString job_of(const QString& uuid) const;             ///< its method; empty: none of ours
    void take_job(const QString& method, const RunEvent& event);
    void take_job_artifact(const QString& method, const Artifact& artifact);
    void job_finished(const QString& method, const Json& summary);
    void job_progress(const QString& method, const QString& text);
    void explain(int node);
    void embed();
    Json embedding_key(const Json& params, const QString& file) const;   // what an embedding is of; file: of what was learnt, empty: the features
    bool is_embedding_stale() const;
    RunRequest job_request(const QString& method, const Json& extra) const;
    bool can_resume() const;
    void export_graph();
    void cancel_export();
    QString kept_positions();                              // those on the screen as a file; empty: there are none, or it could not be written
    QString kept_file(const Bytes& bytes, const QString& name);   ///< a run's input is a file; empty: it could not be written, and that was told
    // panel_show.cpp: what is seen
    void show_now() override;
    void show_facts();
    void show_stale();
    void show_rows();
    void show_selection();
    void show_colours();
    void export_picture();
    void export_selection();
    void picture_ended(const QString& file, bool good, const QString& note);
    void select_answers(int truth, int said);              // test nodes of this class that the network took for that one
    void save_model();
    bool write_file(const QString& path, const QByteArray& bytes);

    PanelOptions m_options;                                // of methods that have no form here
    GraphSelection* m_selection;
    SourceBar* m_source;
    QStackedWidget* m_centre;
    EmptyState* m_empty;
    GraphPane* m_pane;
    StatisticsView* m_statistics;
    SelectionView* m_selected;
    CurvesView* m_curves;
    ResultView* m_result;
    RowsView *m_node_rows, *m_hyperedge_rows;
    EmbeddingView* m_embedding;
    CompareView* m_compare;
    ImportView* m_import;
    BuildRow* m_build;
    TabPages* m_details;                                   // in the order of Tab
    KeptView* m_kept_view;

    ShownGraphPtr m_graph;
    Json m_graph_key;                                      // that m_graph is of
    NodeColours m_values;                                  // of the nodes: for colours, tables and the selection
    std::shared_ptr<const CsvTable> m_node_table, m_hyperedge_table;
    std::shared_ptr<Training> m_training, m_coming;        // shown; asked for
    Places m_places, m_hyperedge_places;                   // as the layout gave them; of hyperedges only where it places them
    Json m_places_key, m_hyperedge_places_key;             // data that they are of; data and graph parameters
    std::map<int, std::pair<float, float>> m_moved;        // by hand
    mutable std::string m_kept_places, m_kept_hyperedge_places;   // as text for the project; the first is empty: to be made anew

    QString m_open, m_layout;                              // runs under way
    bool m_layout_is_live = false;                         // nobody asked for it
    OpenJob m_opening;
    Json m_statistics_key, m_compare_key, m_build_key, m_embedding_key;
    Json m_compare_asked;                                  // parameters of the comparison under way
    struct { QString uuid, data; Json params; } m_unfinished;   // a comparison that ended early, with finished parts
    bool m_compare_has_parts = false;
    QHash<QString, QString> m_jobs;                        // method -> run under way
    QHash<QString, Json> m_job_keys;                       // method -> graph that what comes is of
    QList<RecordedRun> m_recorded_early;                   // read before their graph was there
    Explanation m_explaining;
    QString m_asked_for;                                   // recorded run that somebody wants to see
    QString m_explained_training;                          // the training that the explanation is of
    QTimer m_open_soon;
    std::unique_ptr<LatestWorker<OpenJob, OpenResult>> m_maker;   // last: it calls back into this
};

}
