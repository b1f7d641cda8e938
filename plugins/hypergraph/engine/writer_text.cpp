// Plain text formats: MatrixMarket, hMETIS, folders of CSV files, positions.
#include "core/base/error.h"
#include "core/base/json.h"
#include "plugins/hypergraph/engine/writers.h"
#include <cmath>
#include <fcntl.h>

namespace lathe::hypergraph {
namespace {

namespace fs = std::filesystem;

/// A cell of RFC 4180.
std::string quoted_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == text.npos && !text.starts_with('#') && !text.starts_with('%') && !text.starts_with(' ')) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
}

/// The files of a folder, all written before any takes its name.
class FolderFiles {
public:
    FolderFiles(fs::path folder, Tick tick) : m_folder(std::move(folder)), m_tick(std::move(tick)) { fs::create_directories(m_folder); }
    TextWriter& add(const char* name) {
        m_files.push_back(std::make_unique<AtomicFile>(m_folder / name));
        return *m_writers.emplace_back(std::make_unique<TextWriter>(*m_files.back(), m_tick));
    }
    void commit() {
        for (auto& writer : m_writers) writer->flush();
        for (auto& file : m_files) file->commit();
    }

private:
    fs::path m_folder;
    Tick m_tick;
    std::vector<std::unique_ptr<AtomicFile>> m_files;
    std::vector<std::unique_ptr<TextWriter>> m_writers;
};

/// One column of attributes beside ids.
void write_table(TextWriter& out, const Names& names, std::int64_t count, const std::vector<std::pair<std::string, std::vector<std::string>>>& more) {
    out.put("id");
    for (const auto& [name, values] : more) out.put("," + quoted_cell(name));
    for (const Attribute& attribute : names.attributes) out.put("," + quoted_cell(attribute.name));
    out.put("\n");
    for (std::int64_t k = 0; k < count; ++k) {
        std::string row = quoted_cell(label_of(names, k));
        for (const auto& [name, values] : more) row += "," + quoted_cell(values[static_cast<std::size_t>(k)]);
        for (const Attribute& attribute : names.attributes) row += "," + quoted_cell(value_text(attribute, k));
        out.put(row + "\n");
    }
}

void write_features(TextWriter& out, const Features& features) {
    std::int64_t entries = features.pattern.size();
    if (features.is_dense()) {
        entries = 0;
        for (const float value : features.dense) entries += value != 0;
    }
    const bool pattern = !features.is_dense() && features.values.empty();
    out.put(std::string("%%MatrixMarket matrix coordinate ") + (pattern ? "pattern" : "real") + " general\n% features: rows are the rows of nodes.csv\n" + std::to_string(features.rows) + " " + std::to_string(features.columns) + " "
        + std::to_string(entries) + "\n");
    for (std::int64_t row = 0; row < features.rows; ++row) {
        const std::string start = std::to_string(row + 1) + " ";
        if (features.is_dense()) {
            for (std::int64_t column = 0; column < features.columns; ++column)
                if (const float value = features.dense[static_cast<std::size_t>(row * features.columns + column)]; value != 0) out.put(start + std::to_string(column + 1) + " " + number_text(value) + "\n");
            continue;
        }
        for (std::int64_t k = features.pattern.offsets[static_cast<std::size_t>(row)]; k < features.pattern.offsets[static_cast<std::size_t>(row) + 1]; ++k) {
            const auto at = static_cast<std::size_t>(k);
            out.put(start + std::to_string(features.pattern.items[at] + 1) + (pattern ? "" : " " + number_text(features.values[at])) + "\n");
        }
    }
}

bool in_order(const HybridGraph& graph, std::int64_t from, std::int32_t to) { return graph.directed || from <= to; }

}

void write_incidence(const HybridGraph& graph, TextWriter& out, LeftOut& left_out) {
    if (!graph.direction.empty()) left_out.push_back("The directions of hyperedges are not in the file.");
    if (graph.out.size() > 0) left_out.push_back("The simple edges are not in the file.");
    out.put("%%MatrixMarket matrix coordinate pattern general\n% incidence: rows are nodes, columns are hyperedges\n" + std::to_string(graph.nodes) + " " + std::to_string(graph.hyperedge_count()) + " " + std::to_string(graph.members.size()) + "\n");
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h)
        for (const std::int32_t node : graph.members[h]) out.put(std::to_string(node + 1) + " " + std::to_string(h + 1) + "\n");
}

void write_adjacency(const HybridGraph& graph, TextWriter& out, LeftOut& left_out) {
    if (graph.hyperedge_count() > 0) left_out.push_back("The hyperedges are not in the file.");
    const bool weighted = !graph.edge_weights.empty();
    out.put(std::string("%%MatrixMarket matrix coordinate ") + (weighted ? "real" : "pattern") + " general\n% adjacency: row to column\n" + std::to_string(graph.nodes) + " " + std::to_string(graph.nodes) + " " + std::to_string(graph.out.size()) + "\n");
    std::size_t k = 0;
    for (std::int64_t node = 0; node < graph.nodes; ++node)
        for (const std::int32_t other : graph.out[node]) {
            out.put(std::to_string(node + 1) + " " + std::to_string(other + 1) + (weighted ? " " + number_text(graph.edge_weights[k]) : "") + "\n");
            ++k;
        }
}

void write_hmetis(const HybridGraph& graph, TextWriter& out, LeftOut& left_out) {
    if (graph.out.size() > 0) left_out.push_back("The simple edges are not in the file.");
    bool whole = !graph.hyperedge_weights.empty();
    for (const float weight : graph.hyperedge_weights) whole &= weight == std::round(weight) && std::abs(weight) < 1e9f;
    if (!whole && !graph.hyperedge_weights.empty()) left_out.push_back("The weights of hyperedges are not whole numbers, so they are not in the file.");
    out.put(std::to_string(graph.hyperedge_count()) + " " + std::to_string(graph.nodes) + (whole ? " 1\n" : "\n"));
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        std::string line = whole ? std::to_string(static_cast<std::int64_t>(graph.hyperedge_weights[static_cast<std::size_t>(h)])) : std::string();
        for (const std::int32_t node : graph.members[h]) line += (line.empty() ? "" : " ") + std::to_string(node + 1);
        out.put(line + "\n");
    }
}

void write_csv_folder(const HybridGraph& graph, const fs::path& folder, const Tick& tick, LeftOut& left_out) {
    FolderFiles files(folder, tick);
    std::vector<std::pair<std::string, std::vector<std::string>>> more;
    if (!graph.labels.empty()) {
        auto& values = more.emplace_back("class", std::vector<std::string>()).second;
        for (const std::int32_t label : graph.labels) values.push_back(label < 0 ? std::string() : graph.classes[static_cast<std::size_t>(label)]);
    }
    if (graph.is_regression()) {
        auto& values = more.emplace_back("target", std::vector<std::string>()).second;
        for (const float target : graph.targets) values.push_back(std::isnan(target) ? std::string() : number_text(target));
    }
    write_table(files.add("nodes.csv"), graph.node_names, graph.nodes, more);
    const auto name = [&](std::int64_t node) { return quoted_cell(label_of(graph.node_names, node)); };
    TextWriter& edges = files.add("edges.csv");
    const bool weighted = !graph.edge_weights.empty();
    edges.put(weighted ? "source,target,weight\n" : "source,target\n");
    std::size_t k = 0;
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        std::int64_t loops = 0;
        for (const std::int32_t other : graph.out[node]) {
            // An undirected edge stands in both directions and is written once; a loop that is there twice as well.
            const bool skip = !in_order(graph, node, other) || (!graph.directed && other == node && ++loops % 2 == 0);
            if (!skip) edges.put(name(node) + "," + name(other) + (weighted ? "," + number_text(graph.edge_weights[k]) : "") + "\n");
            ++k;
        }
    }
    if (graph.hyperedge_count() > 0) {
        TextWriter& memberships = files.add("hyperedges.csv");
        memberships.put("node,hyperedge\n");
        for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h)
            for (const std::int32_t node : graph.members[h]) memberships.put(name(node) + "," + quoted_cell(label_of(graph.hyperedge_names, h)) + "\n");
        write_table(files.add("hyperedge_names.csv"), graph.hyperedge_names, graph.hyperedge_count(), {});
    }
    if (!graph.features.empty()) write_features(files.add("features.mtx"), graph.features);
    if (!graph.splits.empty()) left_out.push_back("The splits are not in the folder.");
    if (!graph.direction.empty()) left_out.push_back("The directions of hyperedges are not in the folder.");
    if (!graph.hyperedge_weights.empty()) left_out.push_back("The weights of hyperedges are not in the folder.");
    if (graph.directed) left_out.push_back("That the edges are directed is not in the folder: choose it when it is opened.");
    files.commit();
}

void write_positions(const HybridGraph& graph, std::span<const float> positions, const fs::path& path) {
    if (static_cast<std::int64_t>(positions.size()) != 2 * graph.nodes)
        throw Error(ErrorCode::invalid_value, "There is not one position for each node.", std::to_string(positions.size() / 2) + " positions, " + std::to_string(graph.nodes) + " nodes", "Lay out the same graph that is exported.");
    AtomicFile file(path);
    TextWriter out(file, {});
    out.put("id,x,y\n");
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        const auto at = static_cast<std::size_t>(2 * node);
        out.put(quoted_cell(label_of(graph.node_names, node)) + "," + number_text(positions[at]) + "," + number_text(positions[at + 1]) + "\n");
    }
    out.flush();
    file.commit();
}

}
