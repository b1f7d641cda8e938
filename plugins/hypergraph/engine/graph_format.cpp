// Which format a file or folder has.
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/json_items.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>

namespace lathe::hypergraph {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStartBytes = 1u << 16;

std::string without_gz(const fs::path& path) {
    std::string name = path.filename().string();
    return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
}

std::string folder_format(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(without_gz(entry.path()));
    const auto any = [&](auto test) { return std::ranges::any_of(names, test); };
    const auto has = [&](std::string_view name) { return any([&](const std::string& file) { return file == name; }); };
    const auto ends = [&](std::string_view end) { return any([&](const std::string& file) { return file.ends_with(end); }); };
    if (has("hyperedges.tsv")) return "hypergcn";
    if (has("num-node-list.csv") || !with_or_without_gz(folder / "raw" / "num-node-list.csv").empty()) return "ogb";
    if (ends("-nverts.txt") || any([](const std::string& file) { return file.starts_with("hyperedges-") && file.ends_with(".txt"); })) return "benson";
    if (ends("target.csv") || ends("edges.csv") || ends("edges.tsv") || ends("nodes.csv") || ends("edges.txt")) return "csv_folder";
    if (ends(".npz")) return "tensors";
    std::error_code error;
    bool pytorch = false;
    for (const char* part : {"raw", "processed"})
        for (const auto& entry : fs::directory_iterator(folder / part, error)) {
            if (entry.path().extension() == ".npz") return "tensors";
            pytorch |= entry.path().extension() == ".pt";
        }
    if (pytorch)
        throw Error(ErrorCode::unsupported, "The folder holds PyTorch Geometric files, which are Python pickles.", folder.string(),
            "Open a .pt file that is a plain dict of tensors, or convert it in Python: safetensors.torch.save_file({k: v.contiguous() for k, v in data.to_dict().items() if torch.is_tensor(v)}, \"graph.safetensors\").");
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.is_directory() && fs::is_directory(entry.path() / "raw"))
            throw Error(ErrorCode::wrong_format, "The folder holds several data sets.", folder.string() + ", one of them " + entry.path().filename().string(), "Choose the folder of one of them.");
    throw Error(ErrorCode::unsupported, "No graph was found in this folder.", folder.string(),
        "Looked for *edges.csv, *target.csv, *nodes.csv, hyperedges.tsv, hyperedges-NAME.txt, NAME-nverts.txt, num-node-list.csv, raw/*.npz. Choose a file instead.");
}

/// By the first key of the outermost object.
std::string json_format(const fs::path& file, std::string_view start) {
    const auto has = [&](const char* key) { return start.find(std::string("\"") + key + "\"") != start.npos; };
    if (has("edge-dict") || has("hypergraph-data") || has("node-data") || has("datasets")) return "xgi";
    if (has("incidences") || has("network-type") || has("metadata") || trimmed(start) == "{}") return "hif";
    if (has("nodes") || has("edges")) return "hif";
    throw Error(ErrorCode::unsupported, "This JSON is no format of graphs that is known.", file.string(), "HIF has the member \"incidences\", XGI's JSON \"edge-dict\". For lists of features choose the folder that holds them.");
}

std::string text_format(const fs::path& file, std::string_view start) {
    const std::string name = without_gz(file);
    if (name.ends_with(".hgr")) return "hmetis";
    if (name.ends_with(".sif")) return "sif";
    if (name.starts_with("hyperedges-") && name.ends_with(".txt")) return "hyperedge_lines";
    if (start.find('\0') != start.npos) throw Error(ErrorCode::unsupported, "This is no text file, and no format of graphs that is known.", file.string(), "See the list of formats of the parameter \"Format\".");
    // Pairs have a header, or two or three fields on each line; lines of hyperedges have this many and that.
    const std::size_t last = start.size() < kStartBytes ? start.size() : start.rfind('\n');
    if (last == start.npos) return "hyperedge_lines";   // one line longer than all that was looked at
    ByteStream stream(start.substr(0, last), file.string());
    FieldReader rows(stream);
    std::vector<std::string_view> fields;
    std::size_t first = 0;
    for (int row = 0; row < 200 && rows.next(fields); ++row) {
        const bool numbers = std::ranges::all_of(fields, [](std::string_view field) { return field.empty() || whole_number(field).has_value(); });
        if (row == 0 && is_pair_header(fields)) return "pairs";
        if (row == 0) first = fields.size();
        if (fields.size() != first || fields.size() == 1 || (fields.size() > 3 && numbers)) return "hyperedge_lines";
    }
    return "pairs";
}

}

const std::vector<GraphFormat>& graph_formats() {
    static const std::vector<GraphFormat> formats{
        {"auto", "As found", "told by the content of the file or the names in the folder"},
        {"pairs", "Edge list", "two ids on a line, separated by comma, tab or blanks; a third column holds weights"},
        {"memberships", "Membership list", "node and hyperedge on a line"},
        {"hyperedge_lines", "Lines of hyperedges", "the nodes of one hyperedge on each line"},
        {"csv_folder", "MUSAE or CSV folder", "*edges.csv, *target.csv or *nodes.csv, *features.json or .mtx, *hyperedges.csv, splits_train.json"},
        {"hypergcn", "HyperGCN folder", "hyperedges.tsv, features.mtx, labels.txt, splits_train.json"},
        {"ogb", "OGB folder", "raw/edge.csv, num-node-list.csv, node-feat.csv, node-label.csv, split/"},
        {"benson", "Benson text set", "hyperedges-NAME.txt, or NAME-nverts.txt with NAME-simplices.txt"},
        {"hif", "HIF", "Hypergraph Interchange Format"},
        {"xgi", "XGI JSON", "hypergraph-data, node-data, edge-data, edge-dict"},
        {"graphml", "GraphML", "simple graphs, <hyperedge>, and bipartite graphs of networkx"},
        {"gexf", "GEXF", "Gephi: nodes, edges, attributes and positions"},
        {"sif", "SIF", "Cytoscape: a node, the kind of edge, its targets"},
        {"matrix_market", "MatrixMarket", "adjacency or incidence"},
        {"hmetis", "hMETIS", ".hgr"},
        {"tensors", "npz, safetensors, .pt", "edge_index, hyperedge_index, x, y; or gnn-benchmark's arrays; or the Hybrid Graph Benchmark's raw folder"}};
    return formats;
}

std::string detect_format(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) return folder_format(path);
    const std::string start = first_bytes(path, kStartBytes);
    if (start.starts_with("PK\x03\x04") || start.starts_with('\x80')) return "tensors";
    if (start.starts_with("\x93NUMPY")) throw Error(ErrorCode::unsupported, "A single array is no graph.", path.string(), "Give it as features or embedding of a graph.");
    if (start.size() > 9 && start[8] == '{' && start.substr(0, 8).find('\0') != std::string::npos) return "tensors";   // safetensors: the size of its header stands first
    if (start.starts_with("%%MatrixMarket") || start.starts_with("%%matrixmarket")) return "matrix_market";
    const std::string_view text = trimmed(std::string_view(start).substr(start.starts_with("\xef\xbb\xbf") ? 3 : 0));
    if (text.empty()) throw Error(ErrorCode::wrong_format, "The file is empty.", path.string(), "Choose a file that holds a graph.");
    if (text[0] == '<') return text.find("<gexf") != text.npos ? "gexf" : "graphml";
    if (text[0] == '{') return json_format(path, text);
    return text_format(path, start);
}

}
