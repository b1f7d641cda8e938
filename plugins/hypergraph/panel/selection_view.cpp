#include "plugins/hypergraph/panel/selection_view.h"
#include "viewers/graph_selection.h"
#include "widgets/number_field.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kMostShown = 100;                    // rows of a table here; the tables below hold them all


}

SelectionView::SelectionView(GraphSelection* selection, QWidget* parent)
    : QWidget(parent), m_selection(selection), m_title(new TextLabel({}, 15, true, TextRole::normal, this)), m_count(new TextLabel({}, 12, false, TextRole::secondary, this)),
      m_hyperedges_head(new TextLabel({}, 12, true, TextRole::normal, this)), m_members_head(new TextLabel({}, 12, true, TextRole::normal, this)), m_why_note(new TextLabel({}, 11, false, TextRole::secondary, this)),
      m_neighbours_head(new TextLabel({}, 12, true, TextRole::normal, this)), m_why_head(new TextLabel({}, 12, true, TextRole::normal, this)), m_why_members_head(new TextLabel({}, 12, true, TextRole::normal, this)), m_facts(new SimpleTable({tr("Fact"), tr("Value")}, this)),
      m_hyperedges(new SimpleTable({tr("Hyperedge"), tr("Members"), tr("Own label")}, this)), m_members(new SimpleTable({tr("Node"), tr("Label")}, this)), m_why_neighbours(new SimpleTable({tr("Node"), tr("Weight"), tr("Label"), tr("Prediction")}, this)),
      m_why_hyperedges(new SimpleTable({tr("Hyperedge"), tr("Weight"), tr("Size"), tr("Own label")}, this)), m_why_members(new SimpleTable({tr("Node"), tr("Weight"), tr("Label"), tr("Prediction")}, this)), m_why(make_button(tr("Why?"), QStringLiteral("help"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 8);
    column->setSpacing(4);
    auto* heads = new QHBoxLayout;
    heads->setContentsMargins(12, 0, 12, 0);
    heads->setSpacing(8);
    m_title->setWordWrap(true);
    heads->addWidget(m_title, 1);
    m_why->setProperty("lathe_tool", true);
    heads->addWidget(m_why, 0, Qt::AlignTop);
    column->addLayout(heads);
    m_members->set_text_columns({0, 1});
    for (SimpleTable* table : {m_why_neighbours, m_why_members}) table->set_text_columns({0, 2, 3});
    for (SimpleTable* table : {m_facts, m_hyperedges, m_members, m_why_neighbours, m_why_hyperedges, m_why_members}) table->set_fit_rows(true);
    m_facts->horizontalHeader()->hide();
    m_facts->setAccessibleName(tr("Facts of the node"));
    m_hyperedges->setAccessibleName(tr("Hyperedges of the node"));
    m_members->setAccessibleName(tr("Members of the hyperedge"));
    m_why_neighbours->setAccessibleName(tr("Neighbours behind the answer"));
    m_why_hyperedges->setAccessibleName(tr("Hyperedges behind the answer"));
    m_why_members->setAccessibleName(tr("Members behind the answer"));
    for (TextLabel* label : {m_count, m_why_note, m_hyperedges_head, m_members_head, m_neighbours_head, m_why_head, m_why_members_head}) {
        label->setContentsMargins(12, 4, 12, 0);
        label->setWordWrap(true);
    }
    for (QWidget* widget : std::initializer_list<QWidget*>{m_count, m_facts, m_why_note, m_neighbours_head, m_why_neighbours, m_why_head, m_why_hyperedges, m_why_members_head, m_why_members, m_hyperedges_head, m_hyperedges, m_members_head, m_members}) column->addWidget(widget);
    column->addStretch(1);
    connect(m_why, &QPushButton::clicked, this, [this] { Q_EMIT why_requested(m_node); });
    const auto picks = [this](SimpleTable* table, const QList<int>& rows, bool nodes) {
        connect(table, &QTableWidget::cellClicked, this, [this, &rows, nodes](int row, int) {
            if (row < 0 || row >= rows.size()) return;
            if (nodes) m_selection->select_nodes({rows[row]});
            else m_selection->select_hyperedges({rows[row]});
        });
        connect(table, &QTableWidget::cellActivated, table, &QTableWidget::cellClicked);
    };
    picks(m_hyperedges, m_hyperedge_rows, false);
    picks(m_why_hyperedges, m_why_rows, false);
    picks(m_members, m_member_rows, true);
    picks(m_why_neighbours, m_neighbour_rows, true);
    picks(m_why_members, m_why_member_rows, true);
    connect(selection, &GraphSelection::selection_changed, this, &SelectionView::show_selection);
    show_selection();
}

void SelectionView::show_graph(const ShownGraphPtr& graph, const NodeColours& values) {
    m_graph = graph;
    m_values = values;
    show_selection();
}

void SelectionView::show_selection() {
    m_node = m_graph && !m_selection->nodes().empty() ? m_selection->nodes().front() : -1;
    m_hyperedge = m_graph && !m_selection->hyperedges().empty() ? m_selection->hyperedges().front() : -1;
    show_node();
    show_members();
    show_why();
}

QString SelectionView::title() const { return m_title->text(); }

QStringList SelectionView::lines() const {
    QStringList out;
    for (int r = 0; r < m_facts->rowCount(); ++r)
        if (m_facts->item(r, 0) && m_facts->item(r, 1)) out << m_facts->item(r, 0)->text() + QStringLiteral(": ") + m_facts->item(r, 1)->text();
    return out;
}

void SelectionView::show_node() {
    QList<QStringList> rows;
    QList<std::pair<int, CellTone>> tones;
    m_why->setVisible(m_node >= 0);
    if (m_node < 0) {
        m_title->setText(m_hyperedge >= 0 ? tr("Hyperedge %1").arg(m_graph->hyperedge_name(m_hyperedge)) : tr("Nothing selected"));
        m_count->setText(m_hyperedge >= 0 ? QString() : tr("Click a node in the graph, or a row of a table."));
    } else {
        const ShownGraph& graph = *m_graph;
        const auto at = std::size_t(m_node);
        m_title->setText(graph.node_name(m_node));
        const std::size_t others = m_selection->nodes().size() - 1;
        m_count->setText(others > 0 ? tr("and %1 more selected").arg(grouped_number(double(others), 0)) : QString());
        if (!graph.labels.empty()) rows << QStringList{tr("label"), graph.labels[at] < 0 ? tr("none") : graph.class_name(graph.labels[at])};
        if (!graph.targets.empty()) rows << QStringList{tr("target"), QString::number(double(graph.targets[at]), 'g', 5)};
        if (const Training* training = m_values.training()) {
            if (!training->predictions.empty()) {
                const std::int32_t predicted = training->predictions[at];
                const double confidence = training->confidence(m_node);
                const bool wrong = !graph.labels.empty() && graph.labels[at] >= 0 && predicted != graph.labels[at];
                QString text = predicted < 0 ? tr("none") : std::isnan(confidence) ? graph.class_name(predicted) : tr("%1, %2").arg(graph.class_name(predicted), percent(confidence));
                if (wrong) text += tr(" · wrong");
                if (wrong && !m_stale) tones << std::pair(int(rows.size()), CellTone::err);
                rows << QStringList{m_stale ? tr("prediction, stale") : tr("prediction"), text};
            } else if (!training->values.empty()) {
                rows << QStringList{m_stale ? tr("prediction, stale") : tr("prediction"), QString::number(double(training->values[at]), 'g', 5)};
            }
            if (at < training->parts.size() && training->parts[at] > 0) rows << QStringList{tr("part of the split"), part_name(training->parts[at])};
        }
        rows << QStringList{tr("degree"), QString::number(graph.data->neighbours.length(m_node))} << QStringList{tr("hyperedges"), QString::number(graph.data->memberships.length(m_node))};
        for (std::size_t c = 0; c < graph.nodes.columns.size(); ++c)
            if (const std::string& column = graph.nodes.columns[c]; column != "name" && column != "class" && column != "target" && at < graph.nodes.rows.size() && !graph.nodes.rows[at][c].empty())
                rows << QStringList{QString::fromStdString(column), shown_cell(graph.nodes.rows[at][c])};
        const CsvTable& measured = *m_values.statistics();
        for (std::size_t c = 0; c < measured.columns.size(); ++c)
            if (const std::string& column = measured.columns[c]; column != "node" && column != "degree" && column != "hyperdegree" && at < measured.rows.size() && !measured.rows[at][c].empty())
                rows << QStringList{QString::fromStdString(column), shown_cell(measured.rows[at][c])};
    }
    m_facts->set_rows(rows);
    for (int row = 0; row < rows.size(); ++row) m_facts->set_tone(row, 1, CellTone::normal);
    for (const auto& [row, tone] : tones) m_facts->set_tone(row, 1, tone);
    m_facts->setVisible(!rows.isEmpty());
    m_count->setVisible(!m_count->text().isEmpty());
}

void SelectionView::set_block(TextLabel* head, SimpleTable* table, const QString& title, const QList<QStringList>& rows, std::size_t all) {
    table->set_rows(rows);
    head->setText(std::size_t(rows.size()) < all ? tr("%1: the first %2 of %3").arg(title).arg(rows.size()).arg(grouped_number(double(all), 0)) : title);
    head->setVisible(!rows.isEmpty());
    table->setVisible(!rows.isEmpty());
}

void SelectionView::show_members() {
    QList<QStringList> rows;
    m_hyperedge_rows.clear();
    m_member_rows.clear();
    const bool labelled = m_graph && !m_graph->labels.empty();
    std::size_t all = 0;
    if (m_node >= 0) {
        const auto own = m_graph->data->memberships[m_node];
        all = own.size();
        const std::int32_t label = labelled ? m_graph->labels[std::size_t(m_node)] : -1;
        for (const std::int32_t hyperedge : own.first(std::min(own.size(), kMostShown))) {
            const auto members = m_graph->data->members[hyperedge];
            const auto same = std::ranges::count_if(members, [&](std::int32_t node) { return label >= 0 && m_graph->labels[std::size_t(node)] == label; });
            m_hyperedge_rows << hyperedge;
            rows << QStringList{m_graph->hyperedge_name(hyperedge), QString::number(members.size()), label < 0 ? QStringLiteral("–") : percent(double(same) / double(members.size()))};
        }
    }
    set_block(m_hyperedges_head, m_hyperedges, tr("Its hyperedges"), rows, all);
    rows.clear();
    all = 0;
    if (m_hyperedge >= 0) {
        const auto members = m_graph->data->members[m_hyperedge];
        all = members.size();
        for (const std::int32_t node : members.first(std::min(members.size(), kMostShown))) {
            m_member_rows << node;
            rows << QStringList{m_graph->node_name(node), labelled ? m_graph->class_name(m_graph->labels[std::size_t(node)]) : QString()};
        }
    }
    set_block(m_members_head, m_members, m_hyperedge >= 0 ? tr("Members of %1").arg(m_graph->hyperedge_name(m_hyperedge)) : QString(), rows, all);
}

void SelectionView::show_explanation(const Explanation& explanation) {
    m_explanation = explanation;
    show_members();
    show_why();
}

void SelectionView::set_explaining(const QString& text) {
    m_why->setText(text.isEmpty() ? tr("Why?") : tr("Cancel"));
    if (!text.isEmpty()) {
        m_why_note->setText(text);
        m_why_note->show();
    } else {
        show_why();
    }
}

void SelectionView::set_why(bool available, const QString& reason) {
    m_why->setEnabled(available);
    m_why->setToolTip(available ? tr("Which neighbours and hyperedges the answer for this node comes from") : reason);
}

void SelectionView::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    for (SimpleTable* table : {m_why_neighbours, m_why_hyperedges, m_why_members}) table->set_stale(stale);
    show_node();
    show_why();
}

void SelectionView::show_why() {
    m_neighbour_rows.clear();
    m_why_rows.clear();
    const bool shown = m_graph && m_node >= 0 && m_explanation.node == m_node;
    QList<QStringList> neighbours, hyperedges;
    const CsvTable &first = m_explanation.neighbours, &second = m_explanation.hyperedges;
    if (shown) {
        const int node = column_of(first, "node"), weight = column_of(first, "weight"), label = column_of(first, "label"), prediction = column_of(first, "prediction");
        for (std::size_t r = 0; r < std::min(first.rows.size(), kMostShown); ++r) {
            const double id = number_in(first, r, node).value_or(-1);
            if (id < 0 || id >= double(m_graph->data->nodes)) continue;
            m_neighbour_rows << int(id);
            neighbours << QStringList{int(id) == m_node ? tr("itself") : m_graph->node_name(int(id)), percent(number_or_nan(first, r, weight)), text_in(first, r, label), text_in(first, r, prediction)};
        }
        const int hyperedge = column_of(second, "hyperedge"), share = column_of(second, "weight"), size = column_of(second, "size"), own = column_of(second, "share of own label");
        for (std::size_t r = 0; r < std::min(second.rows.size(), kMostShown); ++r) {
            const double id = number_in(second, r, hyperedge).value_or(-1);
            if (id < 0 || id >= double(m_graph->data->hyperedges)) continue;
            m_why_rows << int(id);
            hyperedges << QStringList{m_graph->hyperedge_name(int(id)), percent(number_or_nan(second, r, share)), text_in(second, r, size), percent(number_or_nan(second, r, own))};
        }
    }
    set_block(m_neighbours_head, m_why_neighbours, tr("Neighbours behind the answer"), neighbours, shown ? first.rows.size() : 0);
    set_block(m_why_head, m_why_hyperedges, tr("Hyperedges behind the answer"), hyperedges, shown ? second.rows.size() : 0);
    if (const int whose = show_why_members(); whose >= 0 && whose == m_hyperedge) {   // the same with more
        m_members_head->hide();
        m_members->hide();
    }
    QStringList notes;
    if (shown) {
        if (m_stale) notes << tr("Stale: of another training or graph.");
        if (const QString how = text_fact(m_explanation.summary, "neighbour_weights"); !how.isEmpty()) notes << tr("Weight of a neighbour: %1.").arg(how);
        if (const QString how = text_fact(m_explanation.summary, "hyperedge_weights"); !how.isEmpty()) notes << tr("Weight of a hyperedge: %1.").arg(how);
        if (neighbours.isEmpty() && hyperedges.isEmpty()) notes << tr("The answer comes from the node's own features alone.");
    }
    m_why_note->setText(notes.join(u' '));
    m_why_note->setVisible(!notes.isEmpty());
}

int SelectionView::show_why_members() {
    m_why_member_rows.clear();
    const CsvTable& table = m_explanation.members;
    QList<QStringList> rows;
    int whose = -1;
    std::size_t all = 0;
    if (m_graph && m_node >= 0 && m_explanation.node == m_node && !m_why_rows.isEmpty()) {
        const int hyperedge = column_of(table, "hyperedge"), node = column_of(table, "node"), weight = column_of(table, "weight"), label = column_of(table, "label"), prediction = column_of(table, "prediction");
        const auto is_of = [&](std::size_t r, int id) { return number_in(table, r, hyperedge) == double(id); };
        whose = m_why_rows.first();
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            if (is_of(r, m_hyperedge)) whose = m_hyperedge;
        std::vector<std::pair<double, std::size_t>> order;
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            if (is_of(r, whose)) order.emplace_back(number_in(table, r, weight).value_or(0), r);
        std::ranges::stable_sort(order, std::greater(), &std::pair<double, std::size_t>::first);
        all = order.size();
        for (const auto& [share, r] : order) {
            const double id = number_in(table, r, node).value_or(-1);
            if (id < 0 || id >= double(m_graph->data->nodes) || std::size_t(rows.size()) >= kMostShown) continue;
            m_why_member_rows << int(id);
            rows << QStringList{int(id) == m_node ? tr("itself") : m_graph->node_name(int(id)), percent(share), text_in(table, r, label), text_in(table, r, prediction)};
        }
    }
    set_block(m_why_members_head, m_why_members, rows.isEmpty() ? QString() : tr("Members of %1 behind the answer").arg(m_graph->hyperedge_name(whose)), rows, all);
    return rows.isEmpty() ? -1 : whose;
}

QString SelectionView::as_csv() const {
    if (!m_graph || m_selection->nodes().empty()) return {};
    CsvTable table;
    table.columns = m_graph->nodes.columns;
    const Training* training = m_values.training();
    if (training) table.columns.emplace_back("prediction");
    for (const std::int32_t node : m_selection->nodes()) {
        if (std::size_t(node) >= m_graph->nodes.rows.size()) continue;
        table.rows.push_back(m_graph->nodes.rows[std::size_t(node)]);
        if (training) table.rows.back().push_back(training->values.empty() ? m_graph->class_name(training->predictions[std::size_t(node)]).toStdString() : std::to_string(training->values[std::size_t(node)]));
    }
    return csv_of(table);
}

}
