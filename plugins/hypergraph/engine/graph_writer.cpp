#include "plugins/hypergraph/engine/graph_writer.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/writers.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {

void TextWriter::flush() {
    if (m_tick) m_tick(0, 1);
    m_file.write(m_text.data(), m_text.size());
    m_text.clear();
}

std::string value_text(const Attribute& attribute, std::int64_t at) {
    const auto k = static_cast<std::size_t>(at);
    if (!attribute.texts.empty()) return attribute.texts[k];
    return std::isnan(attribute.numbers[k]) ? std::string() : number_text(attribute.numbers[k]);
}

std::string label_of(const Names& names, std::int64_t id) { return names.label.empty() ? std::to_string(id) : names.label[static_cast<std::size_t>(id)]; }

const std::vector<WriteFormat>& write_formats() {
    static const std::vector<WriteFormat> formats{{"hif", "HIF", "hyperedges with names, weights, directions and attributes; simple edges are left out"},
        {"graphml", "GraphML", "simple edges and hyperedges, names and attributes"},
        {"csv", "CSV folder", "edges.csv, hyperedges.csv, nodes.csv, features.mtx: everything but splits"},
        {"safetensors", "safetensors", "x, edge_index, y, hyperedge_index, num_hyperedges and masks: the record of the Hybrid Graph Benchmark"},
        {"mtx_incidence", "MatrixMarket, incidence", "rows are nodes, columns are hyperedges"},
        {"mtx_adjacency", "MatrixMarket, adjacency", "the simple edges"},
        {"hgr", "hMETIS", "hyperedges with their weights"}};
    return formats;
}

std::vector<std::string> write_graph(const HybridGraph& graph, const std::string& format, const std::filesystem::path& path, const Tick& tick) {
    LeftOut left_out;
    if (path.empty()) throw Error(ErrorCode::invalid_value, "No place for the file was chosen.", "parameter \"File\"", "Give a path.");
    if (format == "csv") {
        write_csv_folder(graph, path, tick, left_out);
    } else if (format == "safetensors") {
        write_graph_tensors(graph, path, left_out);
    } else {
        using Write = void (*)(const HybridGraph&, TextWriter&, LeftOut&);
        static const std::vector<std::pair<std::string_view, Write>> kWriters{{"hif", write_hif}, {"graphml", write_graphml}, {"mtx_incidence", write_incidence}, {"mtx_adjacency", write_adjacency}, {"hgr", write_hmetis}};
        const auto writer = std::ranges::find(kWriters, std::string_view(format), [](const auto& entry) { return entry.first; });
        if (writer == kWriters.end()) throw Error(ErrorCode::unknown_name, "There is no such format to write.", valid_text(format, 60), "Choose one of the list.");
        AtomicFile file(path);
        TextWriter out(file, tick);
        writer->second(graph, out, left_out);
        out.flush();
        file.commit();
    }
    return left_out;
}

std::vector<float> positions_of(const HybridGraph& graph) {
    const Attribute *x = nullptr, *y = nullptr;
    for (const Attribute& attribute : graph.node_names.attributes) {
        if (attribute.numbers.empty()) continue;
        if (attribute.name == "x") x = &attribute;
        if (attribute.name == "y") y = &attribute;
    }
    std::vector<float> positions;
    if (!x || !y) return positions;
    for (std::size_t node = 0; node < static_cast<std::size_t>(graph.nodes); ++node)
        for (const Attribute* axis : {x, y}) {
            if (!std::isfinite(axis->numbers[node])) return {};
            positions.push_back(static_cast<float>(axis->numbers[node]));
        }
    return positions;
}

}
