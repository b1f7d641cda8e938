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
    : QWidget(parent), m_view(new GraphView(this)), m_of(new SegmentedControl({tr("Features"), tr("Learnt")}, this)), m_run(make_button(tr("Embed"), QStringLiteral("run"), false, this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_of->set_tool_size(true);
    m_of->set_current(0);
    m_of->set_tool_tip(0, tr("The features that the nodes have"));
    m_of->set_tool_tip(1, tr("The last hidden layer of the trained network"));
    m_run->setProperty("lathe_tool", true);
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
    connect(m_run, &QPushButton::clicked, this, &EmbeddingView::run_requested);
    set_running({});
}

void EmbeddingView::set_graph(const ShownGraphPtr& graph) {
    m_graph = graph;
    m_view->set_graph(nullptr);
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

void EmbeddingView::set_stale(bool stale) { m_view->set_stale(stale); }
bool EmbeddingView::uses_learnt() const { return m_of->current() == 1; }

void EmbeddingView::set_learnt_available(bool available) {
    if (!available && uses_learnt()) m_of->set_current(0);
    m_of->set_choice_enabled(1, available, tr("Train a network first: Run."));
}

void EmbeddingView::set_running(const QString& text) {
    m_run->setText(text.isEmpty() ? tr("Embed") : tr("Cancel"));
    m_note->setText(text);
}

}
