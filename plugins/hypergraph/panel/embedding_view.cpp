#include "plugins/hypergraph/panel/embedding_view.h"
#include "viewers/graph_view.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe::hypergraph {

EmbeddingView::EmbeddingView(GraphSelection* selection, QWidget* options, QWidget* parent)
    : QWidget(parent), m_view(new GraphView(this)), m_of(new SegmentedControl({tr("Features"), tr("Learnt")}, this)), m_run(make_button(tr("Embed"), QStringLiteral("run"), false, this)), m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_of->set_tool_size(true);
    m_of->set_current(0);
    m_of->set_tool_tip(0, tr("The features that the nodes have"));
    m_run->setProperty("lathe_tool", true);
    m_run->setToolTip(tr("Places the nodes in a plane: those that are alike lie near"));
    row->addWidget(m_of);
    row->addWidget(m_run);
    if (options) row->addWidget(options);
    row->addWidget(m_note, 1);
    column->addLayout(row);
    column->addWidget(m_view, 1);
    m_view->setAccessibleName(tr("Embedding"));
    m_view->set_selection(selection);
    m_view->set_nodes_movable(false);
    m_view->set_edges_visible(false);
    m_view->set_empty_text(tr("Embed places the nodes in a plane by their features, or by what a network learnt."));
    set_learnt_available(false);
    connect(m_of, &SegmentedControl::chosen, this, [this](int index) {
        m_wants_learnt = index == 1;
        Q_EMIT view_changed(m_wants_learnt ? tr("Embed what was learnt") : tr("Embed features"));
    });
    connect(m_run, &QPushButton::clicked, this, &EmbeddingView::run_requested);
    set_running({});
}

void EmbeddingView::set_graph(const ShownGraphPtr& graph) {
    m_graph = graph;
    m_view->set_graph(nullptr);
    set_shown({}, false);
    m_run->setEnabled(bool(graph));
}

void EmbeddingView::set_places(std::vector<float> x, std::vector<float> y) {
    if (!m_graph || std::int64_t(x.size()) != m_graph->data->nodes) return;
    if (!m_view->graph()) {   // the nodes alone; what is selected stays so
        const std::vector<std::int32_t> nodes = m_view->selection()->nodes(), hyperedges = m_view->selection()->hyperedges();
        m_view->set_graph(GraphData::make(m_graph->data->nodes, 0, {}, {}, {}, {}));
        m_view->set_names([graph = m_graph](std::int32_t node) { return graph->node_name(node); }, {});
        m_view->set_colouring(m_colouring);
        m_view->set_visible_nodes(m_visible);
        m_view->selection()->select(nodes, hyperedges);
    }
    m_view->set_places(std::move(x), std::move(y));
}

void EmbeddingView::set_colouring(const NodeColouring& colouring) {
    m_colouring = colouring;
    m_view->set_colouring(colouring);
}

void EmbeddingView::set_visible_nodes(std::vector<std::uint8_t> visible) {
    m_visible = std::move(visible);
    m_view->set_visible_nodes(m_visible);
}

void EmbeddingView::set_shown(const QString& of, bool stale) {
    m_view->set_stale(stale);
    m_shown = of.isEmpty() ? QString() : stale ? tr("Stale: %1").arg(of) : tr("Shown: %1").arg(of);
    m_note->set_stale(stale);
    show_note();
}

bool EmbeddingView::uses_learnt() const { return m_wants_learnt && m_learnt_available; }

void EmbeddingView::set_learnt_available(bool available) {
    m_learnt_available = available;
    m_of->set_choice_enabled(1, available, available ? tr("The last hidden layer of the trained network") : tr("Train a network first: Run."));
    show_choice();
}

void EmbeddingView::show_choice() { m_of->set_current(uses_learnt() ? 1 : 0); }

void EmbeddingView::set_running(const QString& text) {
    m_run->setText(text.isEmpty() ? tr("Embed") : tr("Cancel"));
    m_running = text;
    show_note();
}

void EmbeddingView::show_note() { m_note->setText(m_running.isEmpty() ? m_shown : m_running); }
QString EmbeddingView::note() const { return m_note->text(); }

Json EmbeddingView::choice() const { return {{"of", m_wants_learnt ? "learnt" : "features"}}; }

void EmbeddingView::set_choice(const Json& choice) {
    m_wants_learnt = text_fact(choice, "of") == u"learnt";
    show_choice();
}

}
