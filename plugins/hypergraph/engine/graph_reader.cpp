#include "plugins/hypergraph/engine/graph_reader.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/hyperedge_choice.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>

namespace lathe::hypergraph {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostTableRows = 10'000'000;

std::string format_label(const std::string& id) {
    for (const GraphFormat& format : graph_formats())
        if (format.id == id) return format.label;
    throw Error(ErrorCode::unknown_name, "There is no such format of graphs.", valid_text(id, 60), "Choose one of the list.");
}

void read_folder(const fs::path& folder, const std::string& format, Reading& reading) {
    if (format == "csv_folder") return read_csv_folder(folder, reading);
    if (format == "hypergcn") return read_hypergcn_folder(folder, reading);
    if (format == "ogb") return read_ogb_folder(folder, reading);
    if (format == "benson") return read_benson_folder(folder, reading);
    if (format == "tensors") {
        const std::vector<fs::path> files = hgb_files(folder);
        if (files.empty()) throw Error(ErrorCode::not_found, "There is no npz file in this folder.", folder.string(), "Choose the file itself.");
        return read_tensors(files, reading);
    }
    throw Error(ErrorCode::invalid_value, "This format is one of files, and a folder was chosen.", folder.string() + ", format " + format, "Choose the file, or the format \"auto\".");
}

void read_one_file(const fs::path& file, const std::string& format, Reading& reading) {
    if (format == "tensors") return read_tensors({file}, reading);
    ByteStream stream(file);
    if (format == "pairs" || format == "memberships") read_pairs(stream, reading, format == "memberships");
    else if (format == "hyperedge_lines") read_hyperedge_lines(stream, reading);
    else if (format == "hif") read_hif(stream, reading);
    else if (format == "xgi") read_xgi(stream, reading);
    else if (format == "graphml") read_graphml(stream, reading);
    else if (format == "gexf") read_gexf(stream, reading);
    else if (format == "sif") read_sif(stream, reading);
    else if (format == "matrix_market") read_matrix_market(stream, reading);
    else if (format == "hmetis") read_hmetis(stream, reading);
    else throw Error(ErrorCode::invalid_value, "This format is one of folders, and a file was chosen.", file.string() + ", format " + format, "Choose the folder, or the format \"auto\".");
}

void other_features(HybridGraph& graph, const ReadOptions& options, ImportReport& report) {
    if (options.features != "other") return;
    if (options.feature_file.empty()) throw Error(ErrorCode::invalid_value, "No file of features was chosen.", "parameter \"Features\"", "Give its path, or take the features of the graph's own file.");
    graph.features = read_features(options.feature_file, graph.nodes, options.tick);
    report.rows.push_back({"features of another file", counted(graph.features.columns) + " columns", options.feature_file.filename().string()});
}

}

ReadGraph read_graph(const fs::path& path, const ReadOptions& options) {
    std::error_code error;
    if (!fs::exists(path, error)) throw Error(ErrorCode::not_found, "There is no such file or folder.", path.string(), "Check the path.");
    const bool folder = fs::is_directory(path, error);
    const std::string format = options.format == "auto" ? detect_format(path) : options.format;
    Reading reading(options);
    reading.where = path.string();
    reading.report.format = format_label(format);
    folder ? read_folder(path, format, reading) : read_one_file(path, format, reading);
    ReadGraph read;
    read.graph = finish(reading);
    HybridGraph& graph = read.graph;
    if (reading.is_complex && options.all_faces && graph.hyperedge_count() > 0) {
        const std::int64_t listed = graph.hyperedge_count();
        set_hyperedges(graph, all_faces(graph.members));
        reading.found("faces of the simplices", graph.hyperedge_count() - listed, "added");
    }
    other_features(graph, options, reading.report);
    graph.name = reading.name.empty() ? path.filename().empty() ? path.parent_path().filename().string() : path.filename().string() : reading.name;
    if (format == "csv_folder" && !graph.classes.empty() && reading.raw.class_order.size() > 0) reading.report.format = "MUSAE folder";
    if (graph.nodes == 0) reading.warn("The graph has no nodes.");
    else if (graph.out.size() == 0 && graph.hyperedge_count() == 0) reading.warn("The graph has neither edges nor hyperedges.");
    else {
        std::int64_t alone = 0;
        for (std::int64_t node = 0; node < graph.nodes; ++node) alone += graph.out.length(node) == 0 && graph.in.length(node) == 0 && (graph.hyperedges.rows() == 0 || graph.hyperedges.length(node) == 0);
        if (alone > 0) reading.found("nodes without an edge or hyperedge", alone, "kept");
    }
    if (options.tick) options.tick(1, 1);
    read.report = std::move(reading.report);
    return read;
}

std::vector<std::vector<std::string>> read_table(const fs::path& path, const Tick& tick) {
    ByteStream stream(path);
    LineReader lines(stream);
    std::vector<std::vector<std::string>> rows;
    std::string_view line;
    while (lines.next(line)) {
        if (rows.size() >= kMostTableRows) lines.refuse("The table has more than " + counted(static_cast<std::int64_t>(kMostTableRows)) + " rows.");
        if (line.find('\0') != line.npos) lines.refuse("This is no text file.");
        std::vector<std::string>& row = rows.emplace_back();
        for (std::string_view field : split(line, line.find('\t') != line.npos ? '\t' : ',')) {
            field = trimmed(field);
            if (field.size() > 1 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
            if (!field.empty()) row.emplace_back(field);
        }
        if (tick && rows.size() % 4096 == 0) tick(stream.share(), 1);
    }
    return rows;
}

}
