// hypergraph.open: what a file holds, as tensors and tables for the workspace.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/file_methods.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/graph_writer.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kMostShownRows = 1'000'000;

Json attribute_cell(const Attribute& attribute, std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    if (!attribute.texts.empty()) return attribute.texts[at].empty() ? Json() : Json(attribute.texts[at]);
    const double value = attribute.numbers[at];
    if (std::isnan(value)) return {};
    return value == std::floor(value) && std::abs(value) < 9e15 ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

/// The attribute that is shown as name, where the file has one; null: ids are the names.
const Attribute* naming_attribute(const Names& names) {
    for (const char* wanted : {"page_name", "name", "label", "Label", "title", "FullName"})
        for (const Attribute& attribute : names.attributes)
            if (attribute.name == wanted && !attribute.texts.empty()) return &attribute;
    return nullptr;
}

/// Table of nodes or hyperedges: id, name, `more`, attributes.
class NamesTable {
public:
    NamesTable(const Names& names, std::vector<std::string> more) : m_names(names), m_naming(naming_attribute(names)), m_columns{"id", "name"} {
        m_columns.insert(m_columns.end(), more.begin(), more.end());
        for (const Attribute& attribute : names.attributes) {
            if (&attribute == m_naming) continue;
            const bool taken = std::ranges::find(m_columns, attribute.name) != m_columns.end();
            m_columns.push_back(taken ? attribute.name + " (file)" : attribute.name);
        }
    }
    template <typename More> void give(RunContext& run, const char* key, std::int64_t count, More more) const {
        std::vector<std::vector<Json>> rows;
        const std::int64_t shown = std::min(count, kMostShownRows);
        rows.reserve(static_cast<std::size_t>(shown));
        for (std::int64_t k = 0; k < shown; ++k) {
            std::vector<Json>& row = rows.emplace_back();
            row.reserve(m_columns.size());
            row.emplace_back(k);
            const std::string name = m_naming ? m_naming->texts[static_cast<std::size_t>(k)] : std::string();
            row.emplace_back(name.empty() ? label_of(m_names, k) : name);
            more(k, row);
            for (const Attribute& attribute : m_names.attributes)
                if (&attribute != m_naming) row.push_back(attribute_cell(attribute, k));
            if (k % 65'536 == 0) run.check_cancelled();
        }
        if (shown < count) run.log("warning", std::string("The table \"") + key + "\" shows the first " + std::to_string(shown) + " of " + std::to_string(count) + " rows.");
        run.table(key, m_columns, rows);
    }

private:
    const Names& m_names;
    const Attribute* m_naming;
    std::vector<std::string> m_columns;
};

void give_tensors(RunContext& run, const HybridGraph& graph) {
    run.tensor("edge_index", 0, pair_index(row_of_each(graph.out), graph.out.items));
    if (!graph.edge_weights.empty()) run.tensor("edge_weights", 0, tensor_of(graph.edge_weights));
    run.tensor("memberships", 0, pair_index(graph.members.items, row_of_each(graph.members)));
    if (!graph.labels.empty()) run.tensor("labels", 0, tensor_of(graph.labels));
    if (graph.is_regression()) run.tensor("targets", 0, tensor_of(graph.targets));
    if (const std::vector<float> positions = positions_of(graph); !positions.empty()) run.tensor("positions", 0, tensor_of(positions).reshape({-1, 2}));
    if (graph.splits.empty()) return;
    at::Tensor parts = at::empty({static_cast<std::int64_t>(graph.splits.size()), graph.nodes}, at::kByte);
    auto* at = parts.mutable_data_ptr<std::uint8_t>();
    Json names = Json::array();
    for (const Split& split : graph.splits) {
        for (const Part part : split.part) *at++ = static_cast<std::uint8_t>(part);
        names.push_back(split.name);
    }
    run.tensor("parts", 0, parts, {{"splits", names}});
}

void give_summary(RunContext& run, const HybridGraph& graph, const ImportReport& report) {
    run.summary("nodes", graph.nodes);
    run.summary("edges", graph.out.size());
    run.summary("hyperedges", graph.hyperedge_count());
    run.summary("memberships", graph.members.size());
    run.summary("features", graph.features.columns);
    run.summary("classes", graph.classes);
    run.summary("regression", graph.is_regression());
    run.summary("directed", graph.directed);
    run.summary("format", report.format);
    run.summary("name", graph.name);
    run.summary("warnings", report.warnings);
}

void open_run(RunContext& run) {
    const OpenGraph open = open_graph(run);
    const HybridGraph& graph = *open.graph;
    std::vector<std::vector<Json>> rows;
    for (const ImportRow& row : open.report->rows) rows.push_back({row.what, row.found, row.became});
    run.table("import", {"what", "found", "became"}, rows);
    give_tensors(run, graph);
    run.check_cancelled();
    std::vector<std::string> more;
    if (!graph.labels.empty()) more.emplace_back("class");
    if (graph.is_regression()) more.emplace_back("target");
    NamesTable(graph.node_names, more).give(run, "nodes", graph.nodes, [&](std::int64_t node, std::vector<Json>& row) {
        const auto at = static_cast<std::size_t>(node);
        if (!graph.labels.empty()) row.push_back(graph.labels[at] < 0 ? Json() : Json(graph.classes[static_cast<std::size_t>(graph.labels[at])]));
        if (graph.is_regression()) row.push_back(std::isnan(graph.targets[at]) ? Json() : Json(graph.targets[at]));
    });
    NamesTable(graph.hyperedge_names, {"size"}).give(run, "hyperedges", graph.hyperedge_count(), [&](std::int64_t h, std::vector<Json>& row) { row.emplace_back(graph.members.length(h)); });
    for (const std::string& warning : open.report->warnings) run.log("warning", warning);
    give_summary(run, graph, *open.report);
}

/// How many hyperedges have how many members, and how much of the graph they cover.
void build_run(RunContext& run) {
    const OpenGraph open = open_graph(run);
    const HybridGraph& graph = *open.graph;
    std::map<std::int64_t, std::int64_t> sizes;
    std::int64_t uncovered = 0;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) ++sizes[graph.members.length(h)];
    for (std::int64_t node = 0; node < graph.nodes; ++node) uncovered += graph.hyperedges.rows() == 0 || graph.hyperedges.length(node) == 0;
    std::vector<std::vector<Json>> rows;
    for (const auto& [size, count] : sizes) rows.push_back({size, count});
    run.table("sizes", {"size", "hyperedges"}, rows);
    if (!run.params().value("preview", true)) run.tensor("memberships", 0, pair_index(graph.members.items, row_of_each(graph.members)));
    for (const std::string& warning : open.report->warnings) run.log("warning", warning);
    run.summary("hyperedges", graph.hyperedge_count());
    run.summary("memberships", graph.members.size());
    run.summary("largest", sizes.empty() ? 0 : sizes.rbegin()->first);
    run.summary("uncovered", uncovered);
    if (!std::isnan(open.threshold)) run.summary("threshold", open.threshold);
    run.summary("seconds", open.seconds);
}

}

Method open_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.open";
    info.title = "Open a graph";
    info.help = "Reads a graph, hypergraph or hybrid graph and says what was found and what it became.";
    info.source = "Hybrid Graph Benchmark, arXiv 2306.05108";
    info.parameters = graph_parameters();
    info.inputs = {graph_input()};
    info.outputs = {{"import", "table", "What was found", "", ""}, {"nodes", "table", "Nodes", "", ""}, {"hyperedges", "table", "Hyperedges", "", ""}, {"edge_index", "tensor", "Edges", "", ""},
        {"memberships", "tensor", "Memberships", "", ""}, {"edge_weights", "tensor", "Weights of edges", "", ""}, {"labels", "tensor", "Labels", "", ""}, {"targets", "tensor", "Regression targets", "", ""},
        {"positions", "tensor", "Positions of the file", "", ""}, {"parts", "tensor", "Splits of the file", "", ""}};
    method.run = open_run;
    return method;
}

Method build_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.build";
    info.title = "Preview hyperedges";
    info.help = "Builds virtual hyperedges and says how many there are and how large they are.";
    info.source = "HyperAug, arXiv 2402.13033, section 3";
    info.parameters = graph_parameters();
    info.parameters.push_back(Parameter::boolean("preview", true).with_label("Counts only").with_help("Off: the memberships are given as well.").with_group("Hyperedges"));
    info.inputs = {graph_input()};
    info.outputs = {{"sizes", "table", "Sizes of hyperedges", "", ""}, {"memberships", "tensor", "Memberships", "", ""}};
    method.run = build_run;
    return method;
}

}
