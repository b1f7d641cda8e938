#include "plugins/hypergraph/panel/shown_graph.h"
#include "core/base/error.h"
#include <algorithm>
#include <map>
#include <numeric>

namespace lathe::hypergraph {
namespace {

QString row_name(const CsvTable& table, std::int32_t row) {
    const QString name = text_in(table, std::size_t(row), "name");
    return name.isEmpty() ? QStringLiteral("#%1").arg(row) : name;
}

/// Nodes that edges or hyperedges join, numbered by falling size.
void find_components(ShownGraph& graph) {
    const GraphData& data = *graph.data;
    std::vector<std::int32_t> found(std::size_t(data.nodes), -1), queue;
    std::vector<std::uint8_t> seen(std::size_t(data.hyperedges), 0);
    std::vector<std::int64_t> sizes;
    const auto visit = [&](std::int32_t node) {
        if (found[std::size_t(node)] >= 0) return;
        found[std::size_t(node)] = std::int32_t(sizes.size()) - 1;
        ++sizes.back();
        queue.push_back(node);
    };
    for (std::int64_t first = 0; first < data.nodes; ++first) {
        if (found[std::size_t(first)] >= 0) continue;
        sizes.push_back(0);
        visit(std::int32_t(first));
        while (!queue.empty()) {
            const std::int32_t node = queue.back();
            queue.pop_back();
            for (const std::int32_t other : data.neighbours[node]) visit(other);
            for (const std::int32_t hyperedge : data.memberships[node])
                if (!std::exchange(seen[std::size_t(hyperedge)], 1))
                    for (const std::int32_t other : data.members[hyperedge]) visit(other);
        }
    }
    std::vector<std::int32_t> order(sizes.size()), place(sizes.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](std::int32_t c) { return sizes[std::size_t(c)]; });
    for (std::size_t i = 0; i < order.size(); ++i) place[std::size_t(order[i])] = std::int32_t(i);
    for (std::int32_t& c : found) c = place[std::size_t(c)];
    graph.component = std::move(found);
    for (const std::int32_t c : order) graph.component_sizes.push_back(sizes[std::size_t(c)]);
}

std::vector<std::string> amounts_of(const CsvTable& nodes) {
    std::vector<std::string> found;
    for (std::size_t c = 0; c < nodes.columns.size(); ++c) {
        const std::string& column = nodes.columns[c];
        if (column == "id" || column == "name" || column == "class") continue;
        bool any = false, all = true;
        for (std::size_t r = 0; r < nodes.rows.size() && all; ++r) {
            const std::string& cell = nodes.rows[r][c];
            const auto number = cell.empty() ? std::nullopt : parse_number(cell);
            any = any || number;
            all = cell.empty() || (number && *number >= 0);
        }
        if (any && all) found.push_back(column);
    }
    return found;
}

}

QString ShownGraph::node_name(std::int32_t node) const { return row_name(nodes, node); }
QString ShownGraph::hyperedge_name(std::int32_t hyperedge) const { return row_name(hyperedges, hyperedge); }
QString ShownGraph::class_name(std::int32_t label) const { return label < 0 ? QString() : classes.value(label, QString::number(label)); }

ShownGraphPtr make_shown_graph(const QList<Artifact>& artifacts, const Json& summary) {
    const double nodes = fact(summary, "nodes"), hyperedges = fact(summary, "hyperedges");
    if (!(nodes >= 0) || !(hyperedges >= 0)) throw Error(ErrorCode::wrong_format, "The graph cannot be shown.", "summary of hypergraph.open: nodes and hyperedges are missing", "Run it again.");
    const auto n = std::int64_t(nodes), h = std::int64_t(hyperedges);
    auto graph = std::make_shared<ShownGraph>();
    std::vector<std::int32_t> edges, memberships;
    for (const Artifact& artifact : artifacts) {
        const std::string& key = artifact.key;
        if (key == "import") graph->import = table_of(artifact);
        else if (key == "nodes") graph->nodes = table_of(artifact);
        else if (key == "hyperedges") graph->hyperedges = table_of(artifact);
        else if (key == "edge_index") edges = wholes_of(artifact, 2, -1);
        else if (key == "memberships") memberships = wholes_of(artifact, 2, -1);
        else if (key == "labels") graph->labels = wholes_of(artifact, n, 0);
        else if (key == "targets") graph->targets = floats_of(artifact, n, 0);
        else if (key == "parts") {
            graph->parts = bytes_of(artifact, -1, n);
            graph->parts.resize(std::size_t(n));
        } else if (key == "positions") {
            const std::vector<float> both = floats_of(artifact, n, 2);
            for (std::size_t i = 0; i < both.size(); i += 2) graph->x.push_back(both[i]), graph->y.push_back(both[i + 1]);
        }
    }
    const auto half = [](const std::vector<std::int32_t>& rows, bool second) { return std::span(rows).subspan(second ? rows.size() / 2 : 0, rows.size() / 2); };
    graph->data = GraphData::make(n, h, half(edges, false), half(edges, true), half(memberships, false), half(memberships, true));
    graph->classes = texts_fact(summary, "classes");
    graph->warnings = texts_fact(summary, "warnings");
    graph->summary = summary;
    graph->amounts = amounts_of(graph->nodes);
    find_components(*graph);
    return graph;
}

std::vector<std::pair<double, double>> length_counts(const GraphRows& rows) {
    std::map<std::int64_t, std::int64_t> counts;
    for (std::int64_t r = 0; r < rows.rows(); ++r) ++counts[rows.length(r)];
    return {counts.begin(), counts.end()};
}

}
