// Bars of hypergraphs: opening files, maximal cliques, ForceAtlas2.
// Usage: hyper_bench PYTHON_SCRIPT [THREADS]; the published graphs are read from LATHE_DATA/hypergraphs.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/force_atlas2.h"
#include "plugins/hypergraph/engine/graph_reader.h"
#include "tests/bench/hyper_bench_learning.h"
#include "tests/bench/tensor_bench.h"
#include <filesystem>

using namespace lathe;
using namespace lathe::bench;
using namespace lathe::hypergraph;
namespace fs = std::filesystem;

namespace {

constexpr int kTurns = 5;
constexpr int kWarmSteps = 60, kSteps = 60;   // a layout that has unfolded is the harder one: far groups lie apart
constexpr std::int64_t kFacebookCliques = 236'663, kGermanCliques = 297'315;

fs::path data_folder() {
    const char* folder = std::getenv("LATHE_DATA");
    if (!folder) throw Error(ErrorCode::not_found, "The published graphs are not there.", "LATHE_DATA is not set", "Set it to the folder that holds hypergraphs.");
    return fs::path(folder) / "hypergraphs";
}

HybridGraph musae(const char* name) { return read_graph(data_folder() / "musae" / name, {}).graph; }

void measure_cliques(const char* id, const HybridGraph& graph, std::int64_t expected, double bar, int threads) {
    std::int64_t found = 0;
    const double seconds = median(timed(kTurns, [&] { found = maximal_cliques(simple_neighbours(graph), 3, {}).rows(); }));
    if (found != expected) throw Error(ErrorCode::internal, "The maximal cliques are not those that are known.", std::to_string(found) + " of " + std::to_string(expected));
    print(id, seconds, "s", Bar::at_most, bar, text("median of %d, %lld cliques of 3 and more, %lld nodes, neighbours sorted included, %d threads", kTurns, static_cast<long long>(found), static_cast<long long>(graph.nodes), threads));
}

void measure_layout(const HybridGraph& graph, int threads) {
    const LayoutGraph layout = layout_graph(graph, true, HyperedgePull::none);
    ForceAtlas2 forces(layout, {}, random_positions(layout.points, 1500, 1));
    for (int k = 0; k < kWarmSteps; ++k) forces.step();
    std::vector<double> steps;
    for (int k = 0; k < kSteps; ++k) steps.push_back(1e3 * seconds_of([&] { forces.step(); }));
    print("hyper.fa2_step_ms", median(steps), "ms", Bar::at_most, 50,
        text("median of steps %d to %d, %lld nodes, %zu edges, theta 1.2, %d threads; 95 %% below %.1f ms", kWarmSteps, kWarmSteps + kSteps, static_cast<long long>(layout.points), layout.edges.size(), threads,
            percentile(steps, 0.95)));
}

void measure_open(int threads) {
    std::int64_t nodes = 0;
    const double seconds = median(timed(kTurns, [&] { nodes = musae("facebook").nodes; }));
    print("hyper.open_s", seconds, "s", Bar::at_most, 1.5, text("median of %d, Facebook from csv and json, gzipped, features and targets included, %lld nodes, %d threads", kTurns, static_cast<long long>(nodes), threads));
}

/// Every compliant file must load, every other one be refused with a reason.
void measure_compliance() {
    int right = 0, all = 0;
    for (const auto& [folder, loads] : {std::pair("HIF-compliant", true), std::pair("HIF-non-compliant", false)})
        for (const auto& entry : fs::directory_iterator(data_folder() / "hif" / folder)) {
            ++all;
            bool loaded = false, refused = false;
            try {
                read_graph(entry.path(), {});
                loaded = true;
            } catch (const Error& error) {
                refused = !error.summary().empty() && !error.where().empty();
            }
            right += loads ? loaded : refused;
            if (!(loads ? loaded : refused)) std::fprintf(stderr, "hyper_bench: %s was %s\n", entry.path().c_str(), loaded ? "loaded" : "refused");
        }
    print("hyper.hif", right, "files", Bar::at_least, all, text("of %d: compliant ones loaded, others refused with a reason", all));
}

void measure(const std::string& script, int threads) {
    measure_compliance();
    measure_open(threads);
    const HybridGraph facebook = musae("facebook");
    measure_cliques("hyper.cliques_facebook_s", facebook, kFacebookCliques, 0.5, threads);
    measure_cliques("hyper.cliques_de_s", musae("twitch_DE"), kGermanCliques, 1.0, threads);
    measure_layout(facebook, threads);
    measure_hypergraph_learning(script, threads, facebook, data_folder());
}

}

int main(int argc, char** argv) { return bench_main(argc, argv, measure); }
