#include "plugins/hypergraph/panel/panel.h"
#include "plugins/hypergraph/panel/build_row.h"
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/graph_pane.h"
#include "plugins/hypergraph/panel/import_view.h"
#include "plugins/hypergraph/panel/result_view.h"
#include "plugins/hypergraph/panel/rows_view.h"
#include "plugins/hypergraph/panel/source_bar.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "viewers/graph_selection.h"
#include "viewers/graph_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_pages.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QAction>
#include <QFileInfo>
#include <QStackedWidget>
#include <QUndoStack>
#include <QVBoxLayout>
#include <cmath>
#include <cstring>

namespace lathe::hypergraph {
namespace {

constexpr int kHypergraphStateVersion = 1;
constexpr int kOpenAfterMs = 150;                          // of rest, after a change of how the graph is read
const QStringList kPages{QStringLiteral("curves"), QStringLiteral("result"), QStringLiteral("nodes"), QStringLiteral("hyperedges"), QStringLiteral("embedding"), QStringLiteral("compare"), QStringLiteral("import")};   // as Panel::Tab
constexpr std::size_t kMostKeptPlaces = 25'000;            // nodes; of larger graphs a recorded layout keeps them

std::string places_text(const std::vector<float>& x, const std::vector<float>& y) {
    if (x.empty() || x.size() > kMostKeptPlaces) return {};
    QByteArray bytes(qsizetype(8 * x.size()), Qt::Uninitialized);
    std::memcpy(bytes.data(), x.data(), 4 * x.size());
    std::memcpy(bytes.data() + 4 * x.size(), y.data(), 4 * y.size());
    return qCompress(bytes).toBase64().toStdString();
}

std::pair<std::vector<float>, std::vector<float>> places_from(const std::string& text) {
    const QByteArray bytes = text.empty() ? QByteArray() : qUncompress(QByteArray::fromBase64(QByteArray::fromStdString(text)));
    const std::size_t count = std::size_t(bytes.size()) / 8;
    if (bytes.size() % 8 != 0 || count > kMostKeptPlaces) return {};
    std::vector<float> x(count), y(count);
    std::memcpy(x.data(), bytes.data(), 4 * count);
    std::memcpy(y.data(), bytes.data() + 4 * count, 4 * count);
    return {std::move(x), std::move(y)};
}

}

Panel::Panel(PanelContext& context, QWidget* parent)
    : MethodPanel(context, "hypergraph.train", kHypergraphStateVersion, parent), m_options(context.undo_stack()), m_selection(new GraphSelection(this)), m_source(new SourceBar), m_centre(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("hypergraph"), tr("No graph yet. Open a file or a folder to see its nodes, edges and hyperedges."), tr("Open graph…"), this)),
      m_pane(new GraphPane(m_selection, m_options.add("hypergraph.layout"), this)), m_statistics(new StatisticsView(m_options.add("hypergraph.statistics"))), m_selected(new SelectionView(m_selection)), m_curves(new CurvesView), m_result(new ResultView),
      m_node_rows(new RowsView(tr("Nodes"))), m_hyperedge_rows(new RowsView(tr("Hyperedges"))), m_embedding(new EmbeddingView(m_selection, m_options.add("hypergraph.embed"))), m_compare(new CompareView(m_options.add("hypergraph.compare"))),
      m_import(new ImportView), m_build(new BuildRow), m_details(new TabPages) {
    m_maker = std::make_unique<LatestWorker<OpenJob, OpenResult>>(
        this,
        [](const OpenJob& job, const std::atomic<bool>&) {
            OpenResult result{nullptr, job.key, {}};
            try {
                result.graph = make_shown_graph(job.artifacts, job.summary);
            } catch (const Error& error) {
                result.problem = error;
            }
            return result;
        },
        [this](OpenResult result) { adopt(std::move(result)); });
    m_open_soon.setSingleShot(true);
    m_open_soon.setInterval(kOpenAfterMs);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_centre);
    m_centre->addWidget(m_empty);
    m_centre->addWidget(m_pane);
    build_parameters();
    build_docks();
    build_actions();
    connect_views();
    begin();
    show_now();
}

Panel::~Panel() = default;

void Panel::build_parameters() {
    m_form->add_to_group(tr("Hyperedges"), m_build);
    for (const QString& group : {tr("Sampling"), tr("Augmentation")}) m_form->fold_group(group);   // most graphs are trained whole
    m_kept_view = new KeptView(QStringLiteral("view.hypergraph.shown"), [this] { return view_state(); },
        [this](const Json& kept) {
            take_view(kept);
            save_soon();
        },
        this);
    m_kept_view->set_undo_stack(m_context.undo_stack());
}

void Panel::build_docks() {
    m_details->set_pages({{tr("Curves"), m_curves}, {tr("Result"), m_result}, {tr("Nodes"), m_node_rows}, {tr("Hyperedges"), m_hyperedge_rows}, {tr("Embedding"), m_embedding}, {tr("Compare"), m_compare}, {tr("Import"), m_import}});
    m_context.set_bar(m_source);
    m_form->setMinimumWidth(304);
    m_context.add_dock(m_form, QStringLiteral("parameters"), tr("Parameters"), QStringLiteral("hypergraph.train"), DockSide::left, 312);
    m_context.add_dock(scrolled(m_statistics), QStringLiteral("statistics"), tr("Statistics"), {}, DockSide::right, 320);
    m_context.add_dock(scrolled(m_selected), QStringLiteral("selection"), tr("Selection"), {}, DockSide::right, 320);
    m_context.add_dock(m_details, QStringLiteral("details"), tr("Training and tables"), {}, DockSide::bottom, 300);
}

void Panel::show_tab(Tab tab) { m_details->set_current(int(tab)); }

void Panel::build_actions() {
    add_action(QStringLiteral("export_picture"), tr("Export picture…"), QStringLiteral("export"), tr("What is seen in the centre as PNG, SVG or PDF"), [this] { export_picture(); });
    add_action(QStringLiteral("compare"), tr("Compare networks"), QStringLiteral("compare"), tr("Do hyperedges help? Networks with and without them over several seeds"), [this] {
        show_tab(Tab::compare);
        start_job("hypergraph.compare");
    });
    add_action(QStringLiteral("layout"), tr("Lay out the graph"), {}, tr("While it runs: stop"), [this] { start_layout(false); });
    add_action(QStringLiteral("statistics"), tr("Measure statistics"), {}, tr("Overlaps, components, clustering, centralities, groups of nodes"), [this] { start_job("hypergraph.statistics"); });
    add_action(QStringLiteral("embed"), tr("Embed the nodes"), {}, {}, [this] {
        show_tab(Tab::embedding);
        embed();
    });
    add_action(QStringLiteral("explain"), tr("Why this answer?"), {}, tr("Which neighbours and hyperedges the answer for the selected node comes from"), [this] { explain(m_selected->node()); });
    add_action(QStringLiteral("find_node"), tr("Find a node"), {}, {}, [this] { m_pane->focus_search(); });
    add_action(QStringLiteral("filters"), tr("Show filters"), {}, {}, [this] { m_pane->toggle_filters(); });
    add_action(QStringLiteral("export_graph"), tr("Export graph…"), {}, tr("The graph with the hyperedges that are chosen, as HIF, GraphML, CSV, safetensors, MatrixMarket or hMETIS, or the positions"), [this] { export_graph(); });
    add_action(QStringLiteral("export_selection"), tr("Selection as CSV…"), {}, {}, [this] { export_selection(); });
    add_action(QStringLiteral("save_model"), tr("Save the trained model…"), {}, {}, [this] { save_model(); });
    add_action(QStringLiteral("open_folder"), tr("Open a folder as graph…"), {}, {}, [this] { m_source->ask_folder(); });
    add_action(QStringLiteral("copy_command_line"), tr("Copy as command line"), {}, {}, [this] { copy_command_line(); });
}

void Panel::connect_views() {
    connect(&m_open_soon, &QTimer::timeout, this, [this] {
        if (is_live()) send_live();
    });
    connect(&m_context, &PanelContext::data_dropped, this, [this](const QString& path) { m_source->data()->choose(path); });
    connect(&m_context, &PanelContext::model_dropped, this, [this](const QString& path) { m_source->data()->choose(path); });   // any file: here it is a graph
    connect(&m_context, &PanelContext::restore_run, this, [this](const QString& uuid) { m_asked_for = uuid; });
    connect(&Theme::instance(), &Theme::changed, this, &Panel::show_colours);
    connect(&m_options, &PanelOptions::changed, this, &Panel::save_soon);
    connect(m_details, &TabPages::chosen, this, &Panel::save_soon);
    connect(m_source, &SourceBar::source_changed, this, &Panel::source_changed);
    connect(m_empty, &EmptyState::button_clicked, m_source, &SourceBar::ask_file);
    connect(m_pane, &GraphPane::view_changed, this, &Panel::viewed);
    connect(m_pane, &GraphPane::colour_changed, this, &Panel::show_colours);
    connect(m_pane, &GraphPane::filter_changed, this, [this] {
        m_node_rows->set_visible_rows(m_pane->visible_nodes());
        m_hyperedge_rows->set_visible_rows(m_pane->visible_hyperedges());
        m_embedding->set_visible_nodes(m_pane->visible_nodes());
        show_selection();
    });
    connect(m_pane, &GraphPane::layout_requested, this, [this] { start_layout(false); });
    connect(m_pane, &GraphPane::not_found, this, [this](const QString& text) { m_context.show_message(QStringLiteral("info"), tr("No visible node is called “%1”.").arg(text), {}, tr("A part of the name is enough; filters may hide it.")); });
    connect(m_pane->graph_view(), &GraphView::node_moved, this, &Panel::move_node);
    connect(m_pane->graph_view(), &GraphView::node_activated, this, [this](int node) { m_selection->select_nodes({node}); });
    connect(m_statistics, &StatisticsView::view_changed, this, &Panel::viewed);
    connect(m_statistics, &StatisticsView::run_requested, this, [this] { start_job("hypergraph.statistics"); });
    connect(m_selected, &SelectionView::why_requested, this, &Panel::explain);
    connect(m_embedding, &EmbeddingView::run_requested, this, &Panel::embed);
    connect(m_embedding, &EmbeddingView::view_changed, this, &Panel::viewed);
    connect(m_result, &ResultView::cell_chosen, this, &Panel::select_answers);
    connect(m_pane, &GraphPane::export_cancel_requested, this, &Panel::cancel_export);
    for (GraphView* view : {m_pane->graph_view(), m_embedding->view()}) {
        connect(view, &GraphView::export_started, this, [this](const QString& file) { m_pane->set_exporting(tr("writing %1…").arg(QFileInfo(file).fileName())); });
        connect(view, &GraphView::exported, this, [this](const QString& file, const QString& note) { picture_ended(file, true, note); });
        connect(view, &GraphView::export_failed, this, [this](const QString& file) { picture_ended(file, false, {}); });
        connect(view, &GraphView::export_cancelled, this, [this] { m_pane->set_exporting({}); });
    }
    connect(m_compare, &CompareView::run_requested, this, [this] { start_job("hypergraph.compare"); });
    connect(m_build, &BuildRow::preview_requested, this, [this] { start_job("hypergraph.build", {{"preview", true}}); });
    connect(m_node_rows, &RowsView::selected, this, [this](const std::vector<std::int32_t>& nodes) { m_selection->select_nodes(nodes); });
    connect(m_hyperedge_rows, &RowsView::selected, this, [this](const std::vector<std::int32_t>& hyperedges) { m_selection->select_hyperedges(hyperedges); });
    connect(m_selection, &GraphSelection::selection_changed, this, &Panel::show_selection);
}

void Panel::catalogue_taken() {
    if (const MethodInfo* train = m_context.catalogue().find("hypergraph.train")) m_options.take_catalogue(m_context.catalogue(), *train);
}

void Panel::parameters_changed() {
    m_form->clear_errors();
    if (is_graph_stale()) m_open_soon.start();
    save_soon();
    show_stale();
}

/// Another graph: what was found of the old one is not of this.
void Panel::source_changed() {
    show_tab(Tab::import);
    save_soon();
    show_stale();
    describe();
    show_now();
}

void Panel::viewed(const QString& text) {
    m_kept_view->edited(text);
    save_soon();
}

// --- kept

void Panel::take_view(const Json& view) {
    if (!view.is_object()) return;
    m_pane->set_view(view.value("pane", Json()));
    m_statistics->set_view(view.value("statistics", Json()));
    m_embedding->set_choice(view.value("embedding", Json()));
    m_moved.clear();
    if (const Json moved = view.value("moved", Json()); moved.is_array())
        for (const Json& row : moved)
            if (row.is_array() && row.size() == 3 && row[0].is_number() && row[1].is_number() && row[2].is_number()) m_moved[row[0].get<int>()] = {row[1].get<float>(), row[2].get<float>()};
    show_places();
}

Json Panel::view_state() const {
    Json moved = Json::array();
    for (const auto& [node, place] : m_moved) moved.push_back({node, place.first, place.second});
    return {{"pane", m_pane->view()}, {"statistics", m_statistics->view()}, {"embedding", m_embedding->choice()}, {"moved", moved}};
}

void Panel::load(const Json& state) {
    m_options.set_values(state.value("options", Json()));
    m_places = places_from(state.contains("places") && state["places"].is_string() ? state["places"].get<std::string>() : std::string());
    m_places_key = state.value("places_of", Json());
    m_hyperedge_places = places_from(text_fact(state, "hyperedge_places").toStdString());
    m_hyperedge_places_key = state.value("hyperedge_places_of", Json());
    m_kept_places.clear();
    m_source->data()->set_recent(texts_of(state.value("recent", Json())));
    if (const QString path = text_fact(state, "data"); QFileInfo::exists(path)) choose_asset(QStringLiteral("data"), path);
    take_view(state.value("view", Json()));
    show_tab(Tab(std::max<qsizetype>(0, kPages.indexOf(text_fact(state, "page")))));
    m_kept_view->loaded();
}

Json Panel::state() const {
    if (m_kept_places.empty()) {
        m_kept_places = places_text(m_places.first, m_places.second);
        m_kept_hyperedge_places = places_text(m_hyperedge_places.first, m_hyperedge_places.second);
    }
    return {{"data", data_path().toStdString()}, {"recent", array_of(m_source->data()->recent())}, {"view", view_state()}, {"options", m_options.values()}, {"page", kPages.value(m_details->current()).toStdString()}, {"places", m_kept_places}, {"places_of", m_places_key},
        {"hyperedge_places", m_kept_hyperedge_places}, {"hyperedge_places_of", m_hyperedge_places_key}};
}

}
