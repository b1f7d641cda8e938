// What the workspace shows of its results, and what it writes to files.
#include "plugins/hypergraph/panel/build_row.h"
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/graph_pane.h"
#include "plugins/hypergraph/panel/panel.h"
#include "plugins/hypergraph/panel/result_view.h"
#include "plugins/hypergraph/panel/rows_view.h"
#include "plugins/hypergraph/panel/source_bar.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "viewers/graph_selection.h"
#include "viewers/graph_view.h"
#include "viewers/set_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/number_field.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>
#include <QStackedWidget>
#include <cmath>

namespace lathe::hypergraph {

bool Panel::is_empty() const { return m_centre->currentWidget() == m_empty; }

void Panel::show_now() {
    m_centre->setCurrentWidget(data_path().isEmpty() && !m_graph ? static_cast<QWidget*>(m_empty) : m_pane);
    for (QWidget* view : {static_cast<QWidget*>(m_pane->graph_view()), static_cast<QWidget*>(m_pane->set_view())}) view->setProperty("lathe_run", m_training ? m_training->uuid : QString());
    show_facts();
    show_stale();
}

void Panel::show_facts() {
    QStringList facts, shown;
    if (m_graph) {
        const auto add = [&](const char* key, const QString& text) {
            if (const double value = fact(m_graph->summary, key); value > 0) facts << text.arg(grouped_number(value, 0));
        };
        add("nodes", tr("%1 nodes"));
        add("edges", tr("%1 edges"));
        add("hyperedges", tr("%1 hyperedges"));
        shown = facts;   // the bar is narrow
        add("features", tr("%1 features"));
        if (!m_graph->classes.isEmpty()) facts << tr("%1 classes").arg(m_graph->classes.size());
        if (!m_graph->targets.empty()) facts << tr("regression");
    }
    m_source->set_facts(shown.join(QStringLiteral(" · ")), facts.join(u'\n'));
    m_compare->set_regression(m_graph && !m_graph->targets.empty());
}

/// What is shown is stale when data or parameters have moved on, until the new result is there.
void Panel::show_stale() {
    const Json key = graph_key();
    const bool graph_stale = m_graph && m_graph_key != key;
    m_pane->set_stale(graph_stale);
    const bool has_embedding = m_embedding_key.is_object(), of_learnt = !text_fact(m_embedding_key, "of").isEmpty();
    m_embedding->set_shown(!has_embedding ? QString() : of_learnt ? tr("what a network learnt") : tr("features"), is_embedding_stale());
    const auto is_of_another = [&](const Json& made_of) { return !made_of.is_null() && made_of != key; };
    const bool statistics_stale = is_of_another(m_statistics_key);
    m_statistics->set_stale(statistics_stale);
    m_compare->set_stale(is_of_another(m_compare_key));
    m_compare->set_resumable(can_resume());
    m_build->set_stale(is_of_another(m_build_key));
    const bool training_stale = is_training_stale(), shows_coming = m_coming && !m_coming->series.is_empty();
    m_curves->show_training(shows_coming ? m_coming.get() : m_training.get(), !shows_coming && training_stale);
    m_result->show_training(m_training, m_graph && !m_graph->targets.empty(), training_stale);
    m_selected->set_stale(training_stale || (m_selected->node() >= 0 && m_training && !m_explained_training.isEmpty() && m_explained_training != m_training->uuid));
    const bool can_explain = m_training && m_training->model && m_values.training();
    m_selected->set_why(can_explain, tr("Run trains a network; then it can be asked."));
    if (!m_coming) m_context.set_dock_hint(QStringLiteral("details"), training_stale ? (is_live() ? tr("stale · Run trains again") : tr("stale · changes wait for Run")) : QString());
    m_context.set_dock_hint(QStringLiteral("statistics"), statistics_stale ? tr("stale") : QString());
}

/// Tables of nodes and hyperedges, with what was learnt and measured.
void Panel::show_rows() {
    if (!m_graph) return;
    m_node_table = std::shared_ptr<const CsvTable>(m_graph, &m_graph->nodes);
    m_hyperedge_table = std::shared_ptr<const CsvTable>(m_graph, &m_graph->hyperedges);
    std::vector<MoreCells> more;
    if (const Training* training = m_values.training()) {
        MoreCells predicted{tr("prediction"), {}}, right{tr("right"), {}};
        for (std::size_t node = 0; node < std::size_t(m_graph->data->nodes); ++node) {
            if (training->predictions.empty()) {
                predicted.cells.push_back(std::isnan(training->values[node]) ? std::string() : std::to_string(training->values[node]));
                continue;
            }
            predicted.cells.push_back(m_graph->class_name(training->predictions[node]).toStdString());
            right.cells.push_back(m_graph->labels.empty() || m_graph->labels[node] < 0 ? std::string() : m_graph->labels[node] == training->predictions[node] ? tr("yes").toStdString() : tr("no").toStdString());
        }
        more.push_back(std::move(predicted));
        if (!right.cells.empty()) more.push_back(std::move(right));
    }
    const CsvTable& measured = *m_values.statistics();
    for (std::size_t c = 1; c < measured.columns.size(); ++c) {
        MoreCells column{QString::fromStdString(measured.columns[c]), {}};
        for (const auto& row : measured.rows) column.cells.push_back(row[c]);
        more.push_back(std::move(column));
    }
    m_node_rows->set_table(m_node_table, std::move(more));
    m_hyperedge_rows->set_table(m_hyperedge_table);
    show_selection();
}

void Panel::show_selection() {
    m_node_rows->select(m_selection->nodes());
    m_hyperedge_rows->select(m_selection->hyperedges());
    QStringList parts;
    if (const int nodes = int(m_selection->nodes().size()); nodes > 0) parts << (nodes == 1 ? tr("1 node") : tr("%1 nodes").arg(grouped_number(nodes, 0)));
    if (const int hyperedges = int(m_selection->hyperedges().size()); hyperedges > 0) parts << (hyperedges == 1 ? tr("1 hyperedge") : tr("%1 hyperedges").arg(grouped_number(hyperedges, 0)));
    m_context.set_dock_hint(QStringLiteral("selection"), parts.join(QStringLiteral(" · ")));
}

void Panel::show_colours() { m_embedding->set_colouring(m_pane->shown_colouring()); }

// --- files

bool Panel::write_file(const QString& path, const QByteArray& bytes) {
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit()) return true;
    m_context.show_message(QStringLiteral("err"), tr("The file could not be written."), path + QStringLiteral(": ") + file.errorString(), tr("Check the free space and your right to write there."));
    return false;
}

void Panel::export_picture() {
    if (!m_graph) {
        m_context.show_message(QStringLiteral("info"), tr("There is nothing to export yet."), {}, tr("Open a graph first."));
        return;
    }
    const QString file = QFileDialog::getSaveFileName(window(), tr("Export picture"), QFileInfo(data_path()).completeBaseName() + QStringLiteral(".svg"), tr("Drawing (*.svg);;PDF (*.pdf);;Picture (*.png);;Table (*.csv)"));
    if (!file.isEmpty()) write_picture(file);
}

void Panel::write_picture(const QString& file) {
    if (m_pane->shown_view() == m_pane->graph_view()) m_pane->graph_view()->start_export(file);
    else picture_ended(file, m_pane->set_view()->export_file(file), {});
}

void Panel::picture_ended(const QString& file, bool good, const QString& note) {
    m_pane->set_exporting({});
    if (good) m_context.show_message(QStringLiteral("info"), tr("The picture was exported."), file, note);
    else m_context.show_message(QStringLiteral("err"), tr("The picture could not be written."), file, tr("Use the ending png, svg, pdf or csv, and check your right to write there."));
}

void Panel::select_answers(int truth, int said) {
    const Training* training = m_values.training();
    if (!training || training->predictions.empty() || !m_graph || m_graph->labels.empty()) return;
    constexpr int kTestPart = 3;
    std::vector<std::int32_t> nodes;
    for (std::size_t node = 0; node < m_graph->labels.size(); ++node)
        if (m_graph->labels[node] == truth && training->predictions[node] == said && (node >= training->parts.size() || training->parts[node] == kTestPart)) nodes.push_back(std::int32_t(node));
    m_selection->select_nodes(std::move(nodes));
}

void Panel::export_selection() {
    const QString csv = m_selected->as_csv();
    if (csv.isEmpty()) {
        m_context.show_message(QStringLiteral("info"), tr("No node is selected."), {}, tr("Click one in the graph; Shift+drag selects a rectangle."));
        return;
    }
    const QString file = QFileDialog::getSaveFileName(window(), tr("Selection as CSV"), QStringLiteral("selection.csv"), tr("CSV (*.csv)"));
    if (!file.isEmpty() && write_file(file, csv.toUtf8())) m_context.show_message(QStringLiteral("info"), tr("The selection was saved."), file, {});
}

void Panel::save_model() {
    if (!m_training || !m_training->model) {
        m_context.show_message(QStringLiteral("info"), tr("There is no trained model to save."), {}, tr("Run trains one."));
        return;
    }
    const Bytes bytes = m_training->model;
    const QString file = QFileDialog::getSaveFileName(window(), tr("Save the trained model"), QFileInfo(data_path()).completeBaseName() + QStringLiteral("-model.safetensors"), tr("Checkpoint (*.safetensors)"));
    if (!file.isEmpty() && write_file(file, QByteArray(bytes->data(), qsizetype(bytes->size())))) m_context.show_message(QStringLiteral("info"), tr("The model was saved."), file, {});
}

}
