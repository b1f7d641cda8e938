#include "plugins/hypergraph/engine/graph_source.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "plugins/hypergraph/engine/graph_reader.h"
#include "plugins/hypergraph/engine/hyperedge_choice.h"
#include "plugins/hypergraph/engine/raw_graph.h"
#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

namespace lathe::hypergraph {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeptFiles = 2, kKeptGraphs = 3, kMostStamped = 10'000;
constexpr double kProgressSeconds = 0.1;

/// The last few, by key; the one used last stands first.
class KeptGraphs {
public:
    explicit KeptGraphs(std::size_t most) : m_most(most) {}
    const OpenGraph* find(const std::string& key) {
        const auto at = std::ranges::find(m_kept, key, &std::pair<std::string, OpenGraph>::first);
        if (at == m_kept.end()) return nullptr;
        m_kept.splice(m_kept.begin(), m_kept, at);
        return &m_kept.front().second;
    }
    const OpenGraph& keep(std::string key, OpenGraph graph) {
        m_kept.emplace_front(std::move(key), std::move(graph));
        if (m_kept.size() > m_most) m_kept.pop_back();
        return m_kept.front().second;
    }
private:
    std::size_t m_most;
    std::list<std::pair<std::string, OpenGraph>> m_kept;
};

/// Changes when a file, or one in a folder, is written: sizes and times of change.
std::string stamp(const fs::path& path) {
    if (path.empty()) return {};
    std::error_code error;
    std::uintmax_t bytes = 0;
    fs::file_time_type last = fs::last_write_time(path, error);
    std::size_t files = 0;
    if (fs::is_directory(path, error)) {
        for (auto at = fs::recursive_directory_iterator(path, error); !error && at != fs::recursive_directory_iterator() && files < kMostStamped; at.increment(error)) {
            ++files;
            if (const auto time = at->last_write_time(error); !error) last = std::max(last, time);
            if (at->is_regular_file(error)) bytes += at->file_size(error);
        }
    } else {
        bytes = fs::file_size(path, error);
    }
    return path.string() + ":" + std::to_string(files) + ":" + std::to_string(bytes) + ":" + std::to_string(last.time_since_epoch().count());
}

std::string group_key(const Json& params, std::string_view prefix) {
    Json of_group = Json::object();
    for (const auto& [key, value] : params.items())
        if (key.starts_with(prefix)) of_group[key] = value;
    return json_text(of_group);
}

std::string text(const Json& params, const char* key) { return params.value(key, std::string()); }

ReadOptions read_options(const Json& params, Tick tick) {
    ReadOptions options;
    options.format = text(params, "graph.format");
    options.direction = text(params, "graph.direction");
    options.duplicates = text(params, "graph.duplicates");
    options.loops = text(params, "graph.loops");
    options.matrix = text(params, "graph.matrix");
    options.features = text(params, "graph.features");
    options.feature_file = text(params, "graph.feature_file");
    options.log_target = text(params, "graph.target_scale") == "log";
    options.all_faces = params.value("graph.all_faces", false);
    options.tick = std::move(tick);
    return options;
}

const Attribute& node_attribute(const HybridGraph& graph, std::string_view name, bool numbers) {
    std::vector<std::string> known;
    for (const Attribute& attribute : graph.node_names.attributes) {
        if (attribute.name == name && (!numbers || !attribute.numbers.empty())) return attribute;
        if (!numbers || !attribute.numbers.empty()) known.push_back(attribute.name);
    }
    std::string list;
    for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
    throw Error(ErrorCode::unknown_name, std::string("The nodes have no attribute of this name") + (numbers ? " that is a number." : "."), valid_text(name, 60), known.empty() ? "The file has none at all." : "There are: " + list + ".");
}

Csr windows(const HybridGraph& graph, const Json& params) {
    const std::string position_name = text(params, "hyperedges.position");
    const Attribute& position = node_attribute(graph, position_name, true);
    std::vector<std::string> group(static_cast<std::size_t>(graph.nodes));
    if (const std::string name = text(params, "hyperedges.group"); !name.empty()) {
        const Attribute& given = node_attribute(graph, name, false);
        for (std::size_t node = 0; node < group.size(); ++node) group[node] = given.texts.empty() ? number_text(given.numbers[node]) : given.texts[node];
    }
    return window_hyperedges(position.numbers, group, params.value("hyperedges.width", 200'000.0), params.value("hyperedges.step", 200'000.0));
}

Csr nearest(const HybridGraph& graph, const Json& params, const Tick& tick, double* threshold) {
    std::int64_t k = params.value("hyperedges.k", std::int64_t{0});
    if (k == 0) k = graph.nodes > 0 ? graph.out.size() / graph.nodes : 0;
    if (k < 1) throw Error(ErrorCode::invalid_value, "The number of neighbours cannot be told from the edges, since a node has less than one on average.", "parameter \"Neighbours\"", "Give a number.");
    const fs::path file = text(params, "hyperedges.embedding");
    if (file.empty() && graph.features.empty()) throw Error(ErrorCode::invalid_value, "The graph has no features to look for near nodes in.", "parameter \"Embedding\"", "Give a file with one row for each node.");
    return nearest_hyperedges(file.empty() ? graph.features : read_features(file, graph.nodes, tick), k, params.value("hyperedges.percentile", 80.0), tick, threshold);
}

Csr from_table(const HybridGraph& graph, const Json& params, const Tick& tick) {
    const fs::path file = text(params, "hyperedges.table");
    if (file.empty()) throw Error(ErrorCode::invalid_value, "No table of hyperedges was chosen.", "parameter \"Table\"", "Give the path of a file with names of nodes in rows.");
    std::vector<std::string> names = graph.node_names.label;
    if (names.empty())
        for (std::int64_t node = 0; node < graph.nodes; ++node) names.push_back(std::to_string(node));
    return table_hyperedges(read_table(file, tick), names, params.value("hyperedges.strip_version", true));
}

/// Which hyperedges the graph has in the end. What is found goes into the report.
class HyperedgeBuild {
public:
    HyperedgeBuild(const OpenGraph& file, const Json& params, Tick tick) : m_params(params), m_tick(std::move(tick)), m_graph(*file.graph), m_report(*file.report), m_source(text(params, "hyperedges.source")) {}

    OpenGraph operator()() {
        const double begin = monotonic_seconds();
        OpenGraph made;
        if (m_source == "none") {
            set_hyperedges(m_graph, {});
            m_report.rows.push_back({"hyperedges", "left out", "as asked"});
        } else if (m_source != "as_file") {
            set_hyperedges(m_graph, virtual_ones(made.threshold));
            m_report.rows.push_back({"virtual hyperedges", counted(m_graph.hyperedge_count()), counted(m_graph.members.size()) + " memberships"});
        }
        if (const std::int64_t gone = keep_sizes(m_graph, m_params.value("hyperedges.keep_smallest", std::int64_t{0}), m_params.value("hyperedges.keep_largest", std::int64_t{0})); gone > 0)
            m_report.rows.push_back({"hyperedges of other sizes", counted(gone), "left out as asked"});
        rewire();
        made.seconds = monotonic_seconds() - begin;
        made.graph = std::make_shared<const HybridGraph>(std::move(m_graph));
        made.report = std::make_shared<const ImportReport>(std::move(m_report));
        return made;
    }

private:
    Csr virtual_ones(double& threshold) {
        if (m_source == "cliques") {
            if (m_graph.out.size() == 0) throw Error(ErrorCode::invalid_value, "The graph has no edges, so it has no cliques.", "parameter \"Hyperedges\"", "Take the hyperedges of the file, or another source.");
            Csr cliques = maximal_cliques(simple_neighbours(m_graph), m_params.value("hyperedges.smallest", std::int64_t{3}), m_tick);
            const std::int64_t largest = m_params.value("hyperedges.largest", std::int64_t{0});
            if (largest <= 0) return cliques;
            HybridGraph limited;
            limited.nodes = m_graph.nodes;
            set_hyperedges(limited, std::move(cliques));
            keep_sizes(limited, 0, largest);
            return std::move(limited.members);
        }
        if (m_source == "table") return from_table(m_graph, m_params, m_tick);
        if (m_source == "window") return windows(m_graph, m_params);
        return nearest(m_graph, m_params, m_tick, &threshold);
    }

    void rewire() {
        const std::string how = text(m_params, "hyperedges.rewire");
        if (how != "sizes" && how != "degrees") return;
        const auto seed = static_cast<std::uint64_t>(m_params.value("hyperedges.rewire_seed", std::int64_t{1}));
        std::vector<float> weights = m_graph.hyperedge_weights;
        set_hyperedges(m_graph, how == "sizes" ? random_members(m_graph, seed, m_tick) : swapped_members(m_graph, seed, m_tick));
        m_graph.hyperedge_weights = std::move(weights);
        m_report.rows.push_back({"members of hyperedges", "as built", how == "sizes" ? "drawn at random; sizes are kept" : "exchanged at random; sizes and hyperdegrees are kept"});
        m_report.warnings.push_back("The hyperedges are a random control, not those of the data.");
    }

    const Json& m_params;
    Tick m_tick;
    HybridGraph m_graph;
    ImportReport m_report;
    std::string m_source;
};

bool changes_hyperedges(const Json& params) {
    return text(params, "hyperedges.source") != "as_file" || params.value("hyperedges.keep_smallest", std::int64_t{0}) > 0 || params.value("hyperedges.keep_largest", std::int64_t{0}) > 0
        || text(params, "hyperedges.rewire") != "none";
}

}

OpenGraph open_graph(RunContext& run) {
    static std::mutex guard;
    static KeptGraphs files(kKeptFiles), graphs(kKeptGraphs);
    const InputAsset* asset = run.input("data");
    if (!asset || asset->path.empty()) throw Error(ErrorCode::invalid_value, "No graph was chosen.", "input \"data\"", "Choose a file or folder.");
    const std::lock_guard lock(guard);
    const Json& params = run.params();
    double told = -1;
    const auto tick = [&](const char* note) {
        return Tick([&run, &told, note](double done, double total) {
            run.check_cancelled();
            if (const double now = monotonic_seconds(); now - told > kProgressSeconds) {
                told = now;
                run.progress(done, total, note);
            }
        });
    };
    const std::string file_key = asset->sha256 + "|" + stamp(asset->path) + "|" + stamp(text(params, "graph.feature_file")) + "|" + group_key(params, "graph.");
    const OpenGraph* file = files.find(file_key);
    if (!file) {
        ReadGraph read = read_graph(asset->path, read_options(params, tick("Reading the graph")));
        file = &files.keep(file_key, {std::make_shared<const HybridGraph>(std::move(read.graph)), std::make_shared<const ImportReport>(std::move(read.report))});
    }
    if (!changes_hyperedges(params)) return *file;
    const std::string key = file_key + "|" + stamp(text(params, "hyperedges.table")) + "|" + stamp(text(params, "hyperedges.embedding")) + "|" + group_key(params, "hyperedges.");
    if (const OpenGraph* known = graphs.find(key)) return *known;
    return graphs.keep(key, HyperedgeBuild(*file, params, tick("Building hyperedges"))());
}

}
