#include "tests/bench/hyper_bench_learning.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/graph_reader.h"
#include "plugins/hypergraph/engine/graph_trainer.h"
#include "plugins/hypergraph/engine/paired_test.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <set>

namespace lathe::bench {
namespace {

using namespace lathe::hypergraph;
namespace fs = std::filesystem;

constexpr int kLearningTurns = 7;
constexpr std::int64_t kColumns = 32;

/// Removed again at the end.
class BenchFile {
public:
    explicit BenchFile(const char* name) : m_path(fs::temp_directory_path() / (std::to_string(::getpid()) + "-" + name)) {}
    BenchFile(const BenchFile&) = delete;
    BenchFile& operator=(const BenchFile&) = delete;
    ~BenchFile() {
        std::error_code ignored;
        fs::remove(m_path, ignored);
    }
    const fs::path& path() const { return m_path; }
private:
    fs::path m_path;
};

at::Tensor pairs(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second) { return at::stack({at::tensor(first, at::kInt), at::tensor(second, at::kInt)}); }

/// The graph for the Python side.
void write_graph_for_python(const HybridGraph& graph, const std::vector<Part>& part, const fs::path& file) {
    std::vector<std::uint8_t> parts;
    for (const Part one : part) parts.push_back(static_cast<std::uint8_t>(one));
    write_safetensors(file, {{"nodes", at::tensor(graph.nodes, at::kLong)}, {"features", at::tensor(graph.features.columns, at::kLong)}, {"edge_index", pairs(row_of_each(graph.out), graph.out.items)},
                                {"hyperedge_index", pairs(graph.members.items, row_of_each(graph.members))}, {"feature_index", pairs(row_of_each(graph.features.pattern), graph.features.pattern.items)},
                                {"labels", at::tensor(graph.labels, at::kInt)}, {"parts", at::tensor(parts, at::kByte)}});
}

/// As core/engine/rates.cpp measures it, on the threads of this run.
double triad_bytes_per_s() {
    constexpr std::int64_t n = 12 << 20;
    const at::Tensor b = at::rand({n}), c = at::rand({n}), a = at::empty({n});
    at::Tensor out = a;
    const std::vector<double> times = timed(9, [&] { at::add_out(out, b, c, 3.0); });
    return 3.0 * 4.0 * static_cast<double>(n) / *std::ranges::min_element(times);
}

void measure_conv(const std::string& script, int threads, const HybridGraph& graph, const fs::path& file) {
    const std::shared_ptr<GraphView> view = view_of(graph);
    const AddLayer no_taps = [](std::string, std::string, std::string, int) { return 0; };
    HypergraphConv layer(kColumns, kColumns, {}, no_taps, "");
    std::vector<at::Tensor> parameters;
    {
        const c10::NoGradGuard no_gradients;
        layer.visit_parameters("", [&](const std::string&, at::Tensor& tensor) {
            tensor.uniform_(-0.3, 0.3);
            parameters.push_back(tensor.set_requires_grad(true));
        });
    }
    const at::Tensor x = at::rand({graph.nodes, kColumns}).set_requires_grad(true), gy = at::rand({graph.nodes, kColumns});
    const auto work = [&] {
        const c10::AutoGradMode gradients(true);
        x.mutable_grad() = at::Tensor();
        for (at::Tensor& parameter : parameters) parameter.mutable_grad() = at::Tensor();
        Pass pass;
        layer.forward(*view, {x, {}, {}}, pass).backward(gy);
    };
    const Turns turns = in_turns(script, {"--part", "conv", "--graph", file.string()}, threads, kLearningTurns, work);
    const double bandwidth = triad_bytes_per_s(), entries = static_cast<double>(graph.members.size()), row = 4.0 * kColumns;
    const double bytes = 4 * entries * (8 + row) + 2 * row * static_cast<double>(graph.hyperedge_count() + graph.nodes);
    print("hyper.conv_roofline_share", 100 * bytes / turns.ours / bandwidth, "%", Bar::at_least, 50,
        text("HypergraphConv forward and backward, %lld memberships, width %d, its products included: %.1f ms for %.2f GB; memory %.1f GB/s; %d threads", static_cast<long long>(graph.members.size()), int(kColumns), 1e3 * turns.ours, bytes / 1e9,
            bandwidth / 1e9, threads));
    print("hyper.conv_vs_python", turns.ratio(), "x", Bar::at_least, 3, text("the same: Python gather and scatter %.1f ms, Lathe %.1f ms; medians of %d in turns, %d threads", 1e3 * turns.python, 1e3 * turns.ours, kLearningTurns, threads));
}

void measure_gcn(const std::string& script, int threads, const HybridGraph& graph, const fs::path& file) {
    const TrainingData data = training_data(std::make_shared<const HybridGraph>(graph), hgb_split(graph.nodes));
    NetworkOptions options;
    options.features = graph.features.columns;
    options.classes = data.classes;
    GraphTraining settings;
    settings.epochs = 1'000'000;
    settings.keep_best = false;
    GraphTrainer trainer(settings, data, make_network(options));
    const auto epoch = [&] { trainer.step(); };
    const Turns dense = in_turns(script, {"--part", "gcn-dense", "--graph", file.string()}, threads, kLearningTurns, epoch), sparse = in_turns(script, {"--part", "gcn-sparse", "--graph", file.string()}, threads, kLearningTurns, epoch);
    print("hyper.gcn_epoch_vs_python", dense.ratio(), "x", Bar::at_least, 3,
        text("GCN on Facebook, %lld raw features, a step and a measurement: Python %.0f ms with dense x, %.0f ms with sparse x (%.1f x), Lathe %.1f ms; medians of %d in turns, %d threads", static_cast<long long>(graph.features.columns),
            1e3 * dense.python, 1e3 * sparse.python, sparse.ratio(), 1e3 * dense.ours, kLearningTurns, threads));
}

/// Simple edges among the members of each hyperedge.
HybridGraph clique_expansion(HybridGraph graph) {
    std::set<std::pair<std::int32_t, std::int32_t>> edges;
    for (std::int64_t e = 0; e < graph.members.rows(); ++e)
        for (const std::int32_t a : graph.members[e])
            for (const std::int32_t b : graph.members[e])
                if (a != b) edges.emplace(a, b);
    std::vector<std::int32_t> source, target;
    for (const auto& [a, b] : edges) {
        source.push_back(a);
        target.push_back(b);
    }
    set_edges(graph, source, target);
    return graph;
}

std::vector<double> cora_accuracies(const HybridGraph& graph, const std::string& kind) {
    std::vector<double> accuracies;
    const auto shared = std::make_shared<const HybridGraph>(graph);
    for (std::size_t k = 0; k < graph.splits.size(); ++k) {
        const TrainingData data = training_data(shared, graph.splits[k].part);
        NetworkOptions options;
        options.kind = kind;
        options.features = graph.features.columns;
        options.classes = data.classes;
        GraphTraining settings;
        settings.epochs = 200;
        settings.optimizer.weight_decay = 5e-4;
        settings.keep_best = false;
        settings.seed = settings.initial_seed = k + 1;
        GraphTrainer trainer(settings, data, make_network(options));
        while (trainer.steps_done() < trainer.steps_total()) trainer.step();
        accuracies.push_back(trainer.best().test);
    }
    return accuracies;
}

std::vector<double> python_accuracies(const std::string& script, const std::string& net, int threads) {
    const std::string command = "python3 '" + script + "' cora --net " + net + " --threads " + std::to_string(threads);
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) throw Error(ErrorCode::io, "The Python side cannot be started.", command);
    std::string line;
    for (char part[4096]; std::fgets(part, sizeof part, pipe);) line += part;
    if (::pclose(pipe) != 0) throw Error(ErrorCode::io, "The Python side has failed.", command, "Install python3-torch.");
    return parse_json(line, "python").at("accuracies").get<std::vector<double>>();
}

void measure_cora(const std::string& script, int threads, const fs::path& data) {
    const HybridGraph cora = read_graph(data / "hypergcn" / "cora_coauthorship", {}).graph;
    double gap = 0;
    std::string how = "test accuracy of " + std::to_string(cora.splits.size()) + " published splits, last of 200 epochs";
    for (const auto& [net, kind, graph] : {std::tuple("hyperconv", "hyper-gcn", cora), std::tuple("gcn", "gcn", clique_expansion(cora))}) {
        const std::vector<double> own = cora_accuracies(graph, kind), python = python_accuracies(script, net, threads);
        const Spread a = spread(own), b = spread(python);
        gap = std::max(gap, 100 * std::abs(a.mean - b.mean));
        how += text("; %s %.2f ± %.2f %%, Python %.2f ± %.2f %%", net == std::string("gcn") ? "GCN on the clique expansion" : "two HypergraphConv", 100 * a.mean, 100 * a.deviation, 100 * b.mean, 100 * b.deviation);
    }
    print("hyper.cora_gap", gap, "points", Bar::at_most, 1, how);
}

}

void measure_hypergraph_learning(const std::string& script, int threads, HybridGraph facebook, const fs::path& data) {
    const c10::InferenceMode as_in_the_engine(false);   // its work thread has gradients off
    const c10::NoGradGuard no_gradients;
    set_hyperedges(facebook, maximal_cliques(simple_neighbours(facebook), 3, {}));
    const BenchFile file("facebook.safetensors");
    write_graph_for_python(facebook, hgb_split(facebook.nodes), file.path());
    measure_conv(script, threads, facebook, file.path());
    measure_gcn(script, threads, facebook, file.path());
    measure_cora(script, threads, data);
}

}
