// The readers of graph files: the first byte chooses the format, the rest is the file. What is read must be a graph whose parts fit.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/readers.h"
#include <cstdlib>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

void check(const HybridGraph& graph) {
    if (graph.out.rows() != graph.nodes && graph.out.size() != 0) std::abort();
    if (graph.hyperedges.size() != graph.members.size() || graph.out.size() != graph.in.size()) std::abort();
    if (!graph.labels.empty() && static_cast<std::int64_t>(graph.labels.size()) != graph.nodes) std::abort();
    if (!graph.node_names.label.empty() && static_cast<std::int64_t>(graph.node_names.label.size()) != graph.nodes) std::abort();
    if (!graph.direction.empty() && static_cast<std::int64_t>(graph.direction.size()) != graph.members.size()) std::abort();
    if (!graph.features.empty() && graph.features.rows != graph.nodes) std::abort();
}

void read_as(char format, std::string_view bytes) {
    ReadOptions options;
    options.matrix = bytes.size() % 2 ? "adjacency" : "incidence";
    options.all_faces = true;
    options.most_bytes = 1 << 30;
    Reading reading(options);
    ByteStream stream(bytes, "input");
    switch (format) {
    case '1': read_pairs(stream, reading, false); break;
    case '2': read_pairs(stream, reading, true); break;
    case '3': read_hyperedge_lines(stream, reading); break;
    case '4': read_hif(stream, reading); break;
    case '5': read_xgi(stream, reading); break;
    case '6': read_graphml(stream, reading); break;
    case '7': read_matrix_market(stream, reading); break;
    case '8': read_hmetis(stream, reading); break;
    case '9': read_node_table(stream, reading); break;
    case 'g': read_gexf(stream, reading); break;
    case 's': read_sif(stream, reading); break;
    case 'a': read_feature_lists(stream, reading); break;
    default: read_hyperedge_table(stream, reading); break;
    }
    check(finish(reading));
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);   // at an address of its own, so that the sanitizer sees a read behind it
    try {
        if (!input.empty()) read_as(input[0], std::string_view(input).substr(1));
    } catch (const Error&) {
    }
    return 0;
}
