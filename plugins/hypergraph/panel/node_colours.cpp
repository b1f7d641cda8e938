#include "plugins/hypergraph/panel/node_colours.h"
#include <QCoreApplication>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr int kMostWholeClasses = 20;                      // a column of so few different whole numbers names kinds, not amounts

QString colour_text(const char* text) { return QCoreApplication::translate("lathe::hypergraph::NodeColours", text); }

std::vector<float> row_lengths(const GraphRows& rows) {
    std::vector<float> out;
    for (std::int64_t r = 0; r < rows.rows(); ++r) out.push_back(float(rows.length(r)));
    return out;
}

const QString kOfFile = QStringLiteral("file:"), kOfStatistics = QStringLiteral("statistics:");

}

void NodeColours::set_graph(ShownGraphPtr graph) {
    m_graph = std::move(graph);
    m_training.reset();
    set_statistics(nullptr);
}

void NodeColours::set_training(std::shared_ptr<const Training> training) { m_training = training && m_graph && training->fits(*m_graph) ? std::move(training) : nullptr; }

void NodeColours::set_statistics(std::shared_ptr<const CsvTable> nodes) {
    const bool fits = nodes && m_graph && std::int64_t(nodes->rows.size()) == m_graph->data->nodes;
    m_statistics = fits ? std::move(nodes) : std::make_shared<CsvTable>();
}

QList<ColourChoice> NodeColours::choices() const {
    QList<ColourChoice> out{{QStringLiteral("plain"), colour_text("One colour")}};
    if (!m_graph) return out;
    if (!m_graph->labels.empty()) out << ColourChoice{QStringLiteral("label"), colour_text("Label")};
    if (!m_graph->targets.empty()) out << ColourChoice{QStringLiteral("target"), colour_text("Target")};
    if (m_training) {
        out << ColourChoice{QStringLiteral("prediction"), colour_text("Prediction")};
        if (!m_graph->labels.empty() || !m_graph->targets.empty()) out << ColourChoice{QStringLiteral("error"), colour_text("Error")};
    }
    if (m_training ? !m_training->parts.empty() : !m_graph->parts.empty()) out << ColourChoice{QStringLiteral("part"), colour_text("Part of the split")};
    out << ColourChoice{QStringLiteral("degree"), colour_text("Degree")} << ColourChoice{QStringLiteral("hyperdegree"), colour_text("Hyperdegree")} << ColourChoice{QStringLiteral("component"), colour_text("Component")};
    for (const std::string& column : m_graph->nodes.columns)
        if (column != "id" && column != "name" && column != "class" && column != "target") out << ColourChoice{kOfFile + QString::fromStdString(column), QString::fromStdString(column)};
    for (const std::string& column : m_statistics->columns)
        if (column != "node" && column != "degree" && column != "hyperdegree" && column != "component") out << ColourChoice{kOfStatistics + QString::fromStdString(column), QString::fromStdString(column)};
    return out;
}

NodeColouring NodeColours::by_column(const CsvTable& table, int column) const {
    const QString title = QString::fromStdString(table.columns[std::size_t(column)]);
    std::vector<float> values;
    std::vector<std::int32_t> kinds;
    QStringList names;
    QHash<QString, int> place;
    bool all_numbers = true, all_whole = true;
    for (std::size_t r = 0; r < std::size_t(m_graph->data->nodes); ++r) {
        const QString text = text_in(table, r, column);
        const auto number = number_in(table, r, column);
        all_numbers = all_numbers && (number || text.isEmpty());
        all_whole = all_whole && (!number || *number == std::floor(*number));
        values.push_back(number ? float(*number) : std::nanf(""));
        if (!text.isEmpty() && !place.contains(text)) {
            place.insert(text, int(names.size()));
            names << text;
        }
        kinds.push_back(text.isEmpty() ? -1 : place.value(text));
    }
    if (title == u"community") return NodeColouring::by_class(title, std::move(kinds), names);
    if (all_numbers && !(all_whole && names.size() <= kMostWholeClasses)) return NodeColouring::by_value(title, std::move(values));
    return NodeColouring::by_class(title, std::move(kinds), names);
}

NodeColouring NodeColours::colouring(const QString& id) const {
    const QList<ColourChoice> offered = choices();
    const auto chosen = std::ranges::find(offered, id, &ColourChoice::id);
    if (!m_graph || chosen == offered.end()) return {};
    const ShownGraph& graph = *m_graph;
    const QString title = chosen->title;
    if (id == u"label") return NodeColouring::by_class(title, graph.labels, graph.classes);
    if (id == u"target") return NodeColouring::by_value(title, graph.targets);
    if (id == u"prediction") return m_training->values.empty() ? NodeColouring::by_class(title, m_training->predictions, graph.classes) : NodeColouring::by_value(title, m_training->values);
    if (id == u"error") {
        if (!m_training->values.empty() && !graph.targets.empty()) {
            std::vector<float> errors;
            for (std::size_t i = 0; i < graph.targets.size(); ++i) errors.push_back(std::abs(m_training->values[i] - graph.targets[i]));
            return NodeColouring::by_value(title, std::move(errors), ColourMapId::magma);
        }
        if (m_training->predictions.empty() || graph.labels.empty()) return {};
        std::vector<std::int32_t> wrong;
        for (std::size_t i = 0; i < graph.labels.size(); ++i) wrong.push_back(graph.labels[i] < 0 ? -1 : m_training->predictions[i] != graph.labels[i] ? 1 : 0);
        return NodeColouring::by_class(title, std::move(wrong), {colour_text("right"), colour_text("wrong")});
    }
    if (id == u"part") {
        std::vector<std::int32_t> kinds;
        for (const std::uint8_t part : m_training && !m_training->parts.empty() ? m_training->parts : graph.parts) kinds.push_back(std::int32_t(part) - 1);
        return NodeColouring::by_class(title, std::move(kinds), {part_name(1), part_name(2), part_name(3)});
    }
    if (id == u"degree") return NodeColouring::by_value(title, row_lengths(graph.data->neighbours), ColourMapId::cividis);
    if (id == u"hyperdegree") return NodeColouring::by_value(title, row_lengths(graph.data->memberships), ColourMapId::cividis);
    if (id == u"component") {
        QStringList names;
        for (std::size_t c = 0; c < std::min<std::size_t>(graph.component_sizes.size(), kMostWholeClasses); ++c) names << QString::number(c + 1);
        return NodeColouring::by_class(title, graph.component, names);
    }
    const auto [table, column] = column_of_id(id);
    return column < 0 ? NodeColouring{} : by_column(*table, column);
}

QList<ColourChoice> NodeColours::size_choices() const {
    QList<ColourChoice> out{{QStringLiteral("alike"), colour_text("All alike")}};
    if (!m_graph) return out;
    out << ColourChoice{QStringLiteral("degree"), colour_text("Degree")} << ColourChoice{QStringLiteral("hyperdegree"), colour_text("Hyperdegree")};
    for (const std::string& column : m_graph->amounts) out << ColourChoice{kOfFile + QString::fromStdString(column), QString::fromStdString(column)};
    for (const std::string& column : m_statistics->columns)
        if (column != "node" && column != "degree" && column != "hyperdegree" && column != "component" && column != "community") out << ColourChoice{kOfStatistics + QString::fromStdString(column), QString::fromStdString(column)};
    return out;
}

NodeSizing NodeColours::sizing(const QString& id) const {
    const QList<ColourChoice> offered = size_choices();
    const auto chosen = std::ranges::find(offered, id, &ColourChoice::id);
    if (!m_graph || chosen == offered.end() || chosen == offered.begin()) return {};
    if (id == u"degree") return {chosen->title, row_lengths(m_graph->data->neighbours)};
    if (id == u"hyperdegree") return {chosen->title, row_lengths(m_graph->data->memberships)};
    const auto [table, column] = column_of_id(id);
    NodeSizing out{chosen->title, {}};
    for (std::size_t r = 0; column >= 0 && r < std::size_t(m_graph->data->nodes); ++r) out.values.push_back(float(std::max(0.0, number_in(*table, r, column).value_or(0))));   // below 0 by rounding alone
    return out;
}

std::pair<const CsvTable*, int> NodeColours::column_of_id(const QString& id) const {
    const bool of_file = id.startsWith(kOfFile);
    const CsvTable& table = of_file ? m_graph->nodes : *m_statistics;
    return {&table, column_of(table, id.mid(of_file ? kOfFile.size() : kOfStatistics.size()).toStdString().c_str())};
}

std::vector<std::int32_t> NodeColours::groups() const {
    if (!m_graph) return {};
    if (const int column = column_of(*m_statistics, "community"); column >= 0) {
        std::vector<std::int32_t> out;
        for (std::size_t r = 0; r < m_statistics->rows.size(); ++r) out.push_back(std::int32_t(number_in(*m_statistics, r, column).value_or(-1)));
        return out;
    }
    return m_graph->labels;
}

}
