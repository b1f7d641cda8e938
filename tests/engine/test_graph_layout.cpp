// Layouts and embeddings: forces against sums over all pairs, invariance, edge cases, and the methods that stream them.
#include "core/engine/registry.h"
#include "core/method/parameter.h"
#include "core/nn/tensor_index.h"
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "engine/random_graphs.h"
#include "plugins/hypergraph/engine/force_atlas2.h"
#include "plugins/hypergraph/engine/fruchterman_reingold.h"
#include "plugins/hypergraph/engine/methods_structure.h"
#include "plugins/hypergraph/engine/multilevel_layout.h"
#include "plugins/hypergraph/engine/principal_components.h"
#include "plugins/hypergraph/engine/spectral.h"
#include "plugins/hypergraph/engine/tsne.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <limits>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

bool all_finite(const Positions& positions) {
    for (const std::vector<double>* axis : {&positions.x, &positions.y})
        for (const double v : *axis)
            if (!std::isfinite(v)) return false;
    return true;
}

double distance(const Positions& p, std::size_t a, std::size_t b) { return std::hypot(p.x[a] - p.x[b], p.y[a] - p.y[b]); }

/// Mean distance of two points of one group divided by that of points of two groups.
double tightness(const Positions& p, std::size_t group) {
    double in = 0, out = 0, inside = 0, outside = 0;
    for (std::size_t a = 0; a < p.size(); ++a)
        for (std::size_t b = a + 1; b < p.size(); ++b) (a / group == b / group ? in : out) += distance(p, a, b), ++(a / group == b / group ? inside : outside);
    return (in / inside) / (out / outside);
}

LayoutGraph simple_layout(const HybridGraph& graph) { return layout_graph(graph, true, HyperedgePull::none); }

/// Relative difference of two force fields.
double difference(std::span<const float> ax, std::span<const float> ay, const std::vector<double>& bx, const std::vector<double>& by) {
    double wrong = 0, all = 0;
    for (std::size_t i = 0; i < bx.size(); ++i) wrong += std::pow(ax[i] - bx[i], 2) + std::pow(ay[i] - by[i], 2), all += bx[i] * bx[i] + by[i] * by[i];
    return std::sqrt(wrong / all);
}

Features grouped_features(std::int64_t groups, std::int64_t size, std::int64_t columns, std::uint64_t seed) {
    Random random(seed);
    std::vector<double> centres;
    for (std::int64_t k = 0; k < groups * columns; ++k) centres.push_back(4 * random.normal());
    Features features;
    features.rows = groups * size;
    features.columns = columns;
    for (std::int64_t r = 0; r < features.rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) features.dense.push_back(static_cast<float>(centres[static_cast<std::size_t>(r / size * columns + c)] + random.normal()));
    return features;
}

Features sparse_of(const Features& dense) {
    Features sparse;
    sparse.rows = dense.rows;
    sparse.columns = dense.columns;
    for (std::int64_t r = 0; r < dense.rows; ++r) {
        for (std::int64_t c = 0; c < dense.columns; ++c)
            if (const float v = dense.dense[static_cast<std::size_t>(r * dense.columns + c)]; v != 0) sparse.pattern.items.push_back(static_cast<std::int32_t>(c)), sparse.values.push_back(v);
        sparse.pattern.offsets.push_back(sparse.pattern.size());
    }
    return sparse;
}

/// A method run on a small file, with complete parameters.
class MethodRun {
public:
    explicit MethodRun(Method method) : m_method(std::move(method)) {}
    void give(const char* role, const std::filesystem::path& file, const std::string& sha) { run.inputs.push_back({role, "data", sha, file.string()}); }
    void operator()(const Json& params) {
        run.set_params(complete_parameters(m_method.info.parameters, params));
        m_method.run(run);
    }
    FakeRun run;

private:
    Method m_method;
};

int previews_of(const FakeRun& run, bool preview) {
    int count = 0;
    for (const Artifact& made : run.artifacts) count += made.key == "positions" && made.preview == preview;
    return count;
}

}

class TestGraphLayout : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        const HybridGraph graph = grouped_graph(4, 15, 3, 0.5, 0.01);
        std::ofstream edges(file("edges.csv"));
        edges << "source,target\n";
        for (std::int64_t v = 0; v < graph.nodes; ++v)
            for (const std::int32_t u : graph.out[v])
                if (u > v) edges << v << "," << u << "\n";
        std::ofstream cells(file("sets.hif.json"));
        cells << R"({"incidences":[{"edge":"a","node":0},{"edge":"a","node":1},{"edge":"a","node":2},{"edge":"b","node":2},{"edge":"b","node":3},{"edge":"c","node":3}]})";
    }

    // --- forces
    void far_groups_stand_for_their_points() {
        const Positions p = random_positions(3000, 100, 1);
        std::vector<float> mass(3000), fx(3000), fy(3000);
        for (std::size_t i = 0; i < 3000; ++i) mass[i] = static_cast<float>(1 + i % 7);
        std::vector<double> ex(3000, 0), ey(3000, 0);
        for (std::size_t i = 0; i < 3000; ++i)
            for (std::size_t j = 0; j < 3000; ++j) {
                const double dx = p.x[i] - p.x[j], dy = p.y[i] - p.y[j], square = dx * dx + dy * dy;
                if (square > 0) ex[i] += mass[j] * dx / square, ey[i] += mass[j] * dy / square;
            }
        Quadtree tree;
        tree.build(p.x, p.y, mass);
        double last = 1;
        for (const float theta : {1.2f, 0.5f, 0.1f}) {   // the smaller theta, the nearer
            tree.inverse_distance(theta, fx, fy);
            const double error = difference(fx, fy, ex, ey);
            QVERIFY2(error < last && error < 0.03, std::to_string(error).c_str());
            last = error;
        }
        QVERIFY(last < 1e-4);
        const std::vector<float> before = fx;
        for (const int threads : {1, 3}) {
            const WithThreads guard(threads);
            tree.inverse_distance(0.1f, fx, fy);
            QVERIFY(fx == before);
        }
    }
    void student_t_is_that_of_all_pairs() {
        const Positions p = random_positions(700, 30, 2);
        const std::vector<float> mass(700, 1);
        std::vector<float> fx(700), fy(700);
        Quadtree tree;
        tree.build(p.x, p.y, mass);
        const double found = tree.student_t(0.2f, fx, fy);
        double sum = 0;
        std::vector<double> ex(700, 0), ey(700, 0);
        for (std::size_t i = 0; i < 700; ++i)
            for (std::size_t j = 0; j < 700; ++j) {
                if (i == j) continue;
                const double dx = p.x[i] - p.x[j], dy = p.y[i] - p.y[j], q = 1 / (1 + dx * dx + dy * dy);
                sum += q, ex[i] += q * q * dx, ey[i] += q * q * dy;
            }
        QVERIFY(std::abs(found - sum) < 1e-3 * sum);
        QVERIFY(difference(fx, fy, ex, ey) < 1e-2);
    }
    void coincident_points_make_no_trouble() {
        Positions p;
        p.x.assign(500, 3.0), p.y.assign(500, -1.0);
        p.x.back() = 4;
        const std::vector<float> mass(500, 1);
        std::vector<float> fx(500), fy(500);
        Quadtree tree;
        tree.build(p.x, p.y, mass);
        tree.inverse_distance(1.2f, fx, fy);
        QVERIFY(std::abs(fx.back() - 499) < 1e-2 && std::abs(fx.front() + 1) < 1e-5);
        for (const float f : fy) QVERIFY(f == 0);
        tree.build({}, {}, {});
        tree.inverse_distance(1.2f, {}, {});
        // A start where all lie in one place is moved apart.
        const LayoutGraph graph = simple_layout(grouped_graph(3, 10, 1));
        ForceAtlas2 layout(graph, {}, started_at(graph, std::vector<float>(60, 7.0f), 1));
        for (int k = 0; k < 200; ++k) layout.step();
        QVERIFY(all_finite(layout.current()));
        QVERIFY(tightness(layout.current(), 10) < 0.6);
    }

    // --- layouts
    void force_atlas2_with_a_tree_is_near_the_exact_one() {
        const HybridGraph graph = grouped_graph(20, 60, 4, 0.2, 0.001);
        const LayoutGraph layout = simple_layout(graph);
        ForceAtlas2Options exact_options;
        exact_options.barnes_hut_from = layout.points + 1;
        ForceAtlas2 exact(layout, exact_options, random_positions(layout.points, 300, 1)), fast(layout, {}, random_positions(layout.points, 300, 1));
        exact.step();
        fast.step();
        std::vector<float> fx(fast.forces().x.begin(), fast.forces().x.end()), fy(fast.forces().y.begin(), fast.forces().y.end());
        QVERIFY(difference(fx, fy, exact.forces().x, exact.forces().y) < 0.02);
    }
    void layouts_do_not_depend_on_the_threads() {
        const LayoutGraph graph = simple_layout(grouped_graph(15, 100, 5, 0.1, 0.001));
        const auto with = [&](int threads) {
            const WithThreads guard(threads);
            ForceAtlas2 layout(graph, {}, random_positions(graph.points, 300, 1));
            MultilevelLayout levels(graph, {}, 3);
            FruchtermanReingold reingold(graph, 0.03, 30, random_positions(graph.points, 1, 1), 1000);
            for (int k = 0; k < 30; ++k) layout.step(), levels.step(), reingold.step();
            std::vector<double> all = layout.current().x;
            for (const Positions& p : {levels.positions(), reingold.positions(), spectral_layout(graph, 2)}) all.insert(all.end(), p.x.begin(), p.x.end());
            return all;
        };
        const std::vector<double> one = with(1);
        QVERIFY(with(2) == one && with(5) == one);
    }
    void small_and_edgeless_graphs_are_laid_out() {
        for (const std::int64_t nodes : {0, 1, 2, 30, 1500}) {
            const LayoutGraph graph = simple_layout(graph_of(nodes, {}));
            ForceAtlas2 layout(graph, {}, random_positions(nodes, 10, 1));
            MultilevelLayout levels(graph, {}, 1);
            FruchtermanReingold reingold(graph, 0, 20, random_positions(nodes, 1, 1));
            for (int k = 0; k < 60; ++k) layout.step(), levels.step(), reingold.step();
            QVERIFY(all_finite(layout.current()) && all_finite(levels.positions()) && all_finite(reingold.positions()) && all_finite(spectral_layout(graph, 1)));
            QCOMPARE(static_cast<std::int64_t>(levels.positions().size()), nodes);
        }
    }
    void groups_lie_together() {
        const HybridGraph graph = grouped_graph(4, 40, 6, 0.4, 0.005);
        const LayoutGraph layout = simple_layout(graph);
        ForceAtlas2 force(layout, {}, random_positions(layout.points, 100, 1));
        MultilevelLayout levels(layout, {}, 1);
        for (int k = 0; k < 600; ++k) force.step(), levels.step();
        QCOMPARE(levels.level(), std::size_t{0});
        QVERIFY(force.moved() < 0.01);
        for (const Positions& p : {force.positions(), levels.positions(), spectral_layout(layout, 1)}) {
            QVERIFY2(tightness(p, 40) < 0.6, std::to_string(tightness(p, 40)).c_str());
            double x = 0, y = 0, radius = 0;
            for (std::size_t i = 0; i < p.size(); ++i) x += p.x[i], y += p.y[i], radius = std::max(radius, std::hypot(p.x[i], p.y[i]));
            QVERIFY(std::hypot(x, y) / static_cast<double>(p.size()) < 0.2 * radius);   // around 0
        }
    }
    void coarser_graphs_keep_masses_and_weights() {
        const LayoutGraph graph = simple_layout(random_graph(800, 0.01, 3));
        const Coarsening found = coarsened(graph, 1);
        QVERIFY(found.graphs.size() > 3 && found.graphs.back().points <= 60);
        double mass = 0;
        for (const double m : found.graphs.front().mass) mass += m;
        for (std::size_t level = 0; level < found.graphs.size(); ++level) {
            double sum = 0;
            for (const double m : found.graphs[level].mass) sum += m;
            QVERIFY(std::abs(sum - mass) < 1e-6);
            if (level + 1 == found.graphs.size()) break;
            double kept = 0, expected = 0;
            for (const LayoutEdge& edge : found.graphs[level + 1].edges) kept += edge.weight;
            for (const LayoutEdge& edge : found.graphs[level].edges)
                expected += found.parent[level][static_cast<std::size_t>(edge.source)] != found.parent[level][static_cast<std::size_t>(edge.target)] ? edge.weight : 0;
            QCOMPARE(kept, expected);
        }
        // A star cannot be matched in pairs, and is coarsened all the same.
        std::vector<std::pair<std::int32_t, std::int32_t>> spokes;
        for (std::int32_t v = 1; v < 500; ++v) spokes.emplace_back(0, v);
        const Coarsening star = coarsened(simple_layout(graph_of(500, spokes)), 1);
        QVERIFY(star.graphs.size() >= 1);
    }
    void hyperedges_pull_as_stars_or_cliques() {
        HybridGraph graph = graph_of(6, {{0, 1}});
        set_hyperedges(graph, csr_of({{0, 1, 2}, {3}, {}, {3, 4, 5, 0}}));
        const LayoutGraph star = layout_graph(graph, true, HyperedgePull::star);
        QCOMPARE(star.points, std::int64_t{8});
        QCOMPARE(star.edges.size(), std::size_t{1 + 3 + 4});
        QVERIFY((star.phantoms == std::vector<std::int32_t>{0, 3}));
        const LayoutGraph clique = layout_graph(graph, false, HyperedgePull::clique);
        QCOMPARE(clique.edges.size(), std::size_t{3 + 6});
        QCOMPARE(clique.edges.front().weight, 0.5);
        QCOMPARE(layout_graph(graph, false, HyperedgePull::clique, 3).points, std::int64_t{7});   // the larger one as a star
        const std::vector<float> start = {0, 0, 3, 0, 0, 3, 9, 9, 11, 9, std::numeric_limits<float>::quiet_NaN(), 0};
        const Positions placed = started_at(star, start, 1);
        QVERIFY(std::abs(placed.x[6] - 1) < 1e-6 && std::abs(placed.y[6] - 1) < 1e-6);   // in the middle of its members
        QVERIFY(std::isfinite(placed.x[5]));
        std::vector<std::int32_t> everyone(100'000);
        for (std::size_t v = 0; v < everyone.size(); ++v) everyone[v] = static_cast<std::int32_t>(v);
        HybridGraph huge = graph_of(100'000, {});
        set_hyperedges(huge, csr_of({everyone}));
        QVERIFY(has_all(error_of([&] { layout_graph(huge, false, HyperedgePull::clique, 200'000); }), {"too many edges"}));
        ForceAtlas2 layout(layout_graph(huge, false, HyperedgePull::clique), {}, random_positions(100'001, 1000, 1));
        layout.step();
        QVERIFY(all_finite(layout.current()));
    }

    // --- features
    void components_are_the_eigenvectors_of_the_covariance() {
        const Features features = grouped_features(3, 40, 9, 2);
        const PrincipalComponents found = principal_components(features, 2, 1), sparse = principal_components(sparse_of(features), 2, 1);
        std::vector<double> mean(9, 0), covariance(81, 0), values, vectors;
        for (std::size_t k = 0; k < features.dense.size(); ++k) mean[k % 9] += features.dense[k] / 120.0;
        for (std::size_t r = 0; r < 120; ++r)
            for (std::size_t i = 0; i < 9; ++i)
                for (std::size_t j = 0; j < 9; ++j) covariance[i * 9 + j] += (features.dense[r * 9 + i] - mean[i]) * (features.dense[r * 9 + j] - mean[j]) / 119;
        small_eigenvectors(covariance, 9, values, vectors);
        double total = 0;
        for (const double v : values) total += v;
        QVERIFY(std::abs(found.variance[0] - values[8]) < 1e-5 * values[8] && std::abs(found.variance[1] - values[7]) < 1e-5 * values[7] && std::abs(found.total_variance - total) < 1e-5 * total);
        double sum = 0, square = 0;
        for (std::int64_t r = 0; r < 120; ++r) {
            sum += found.scores.row(r)[0], square += found.scores.row(r)[0] * found.scores.row(r)[0];
            for (int c = 0; c < 2; ++c) QVERIFY(std::abs(found.scores.row(r)[c] - sparse.scores.row(r)[c]) < 1e-4);
        }
        QVERIFY(std::abs(sum) < 1e-6 && std::abs(square / 119 - values[8]) < 1e-5 * values[8]);
        Features one;
        one.rows = 4, one.columns = 1, one.dense = {1, 2, 3, 4};
        QCOMPARE(principal_components(one, 2, 1).scores.columns, std::int64_t{1});
        one.dense[2] = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(has_all(error_of([&] { principal_components(one, 2, 1); }), {"not a finite number", "node 2"}));
    }
    void tsne_tells_groups_apart() {
        const Features features = grouped_features(5, 60, 80, 3);
        Tsne layout(features, {}, 1, {});
        double early = 0;
        for (int k = 0; k < 500; ++k) {
            layout.step();
            if (k == 20) early = layout.divergence();
        }
        QVERIFY(all_finite(layout.positions()));
        QVERIFY2(tightness(layout.positions(), 60) < 0.3, std::to_string(tightness(layout.positions(), 60)).c_str());
        QVERIFY(layout.divergence() > 0 && layout.divergence() < early);
        // Equal rows, few rows.
        for (const std::int64_t rows : {1, 2, 3, 50}) {
            Features same;
            same.rows = rows, same.columns = 2;
            same.dense.assign(static_cast<std::size_t>(2 * rows), 1.0f);
            Tsne flat(same, {}, 1, {});
            for (int k = 0; k < 300; ++k) flat.step();
            QVERIFY(all_finite(flat.positions()));
        }
        Features bad = features;
        bad.dense[5] = std::numeric_limits<float>::infinity();
        QVERIFY(has_all(error_of([&] { Tsne(bad, {}, 1, {}); }), {"not a finite number", "node 0"}));
    }

    // --- methods
    void a_layout_streams_and_ends_by_itself() {
        MethodRun method(layout_method());
        method.give("data", file("edges.csv"), "a");
        method(Json{{"layout.seed", 4}});
        const FakeRun& run = method.run;
        QCOMPARE(previews_of(run, false), 1);
        QVERIFY(!run.find("positions")->preview);
        const at::Tensor positions = run.tensor("positions");
        QCOMPARE(positions.size(0), std::int64_t{60});
        QVERIFY(positions.isfinite().all().item<bool>());
        QVERIFY(run.summaries.at("converged").get<bool>());
        const auto steps = run.summaries.at("iterations").get<std::int64_t>();
        QVERIFY(steps > 10 && steps < 1000);
        QCOMPARE(static_cast<std::int64_t>(run.metrics.at("movement").size()), steps);
        QVERIFY(run.metrics.contains("step_ms"));
        QCOMPARE(run.find("positions")->step, steps);

        // The same seed gives the same places; a start goes on from there.
        MethodRun again(layout_method());
        again.give("data", file("edges.csv"), "a");
        again(Json{{"layout.seed", 4}});
        QVERIFY(at::equal(again.run.tensor("positions"), positions));
        write_safetensors(file("start.safetensors"), {{"value", positions}});
        MethodRun next(layout_method());
        next.give("data", file("edges.csv"), "a");
        next.give("start", file("start.safetensors"), "b");
        next(Json{{"layout.iterations", 1}, {"layout.moved", {{"columns", {"node", "x", "y"}}, {"rows", {{3, 50.0, -20.0}}}}}, {"layout.hold_moved", true}});
        const at::Tensor moved = next.run.tensor("positions");
        QVERIFY(moved[3][0].item<float>() == 50 && moved[3][1].item<float>() == -20);
        QVERIFY((moved - positions).abs().median().item<float>() < 0.2 * positions.abs().max().item<float>());
        QVERIFY(!next.run.summaries.at("converged").get<bool>());
    }
    void all_algorithms_lay_out_and_can_be_stopped() {
        for (const char* algorithm : {"force_atlas2", "multilevel", "fruchterman_reingold", "spectral"}) {
            MethodRun method(layout_method());
            method.give("data", file("edges.csv"), "a");
            method(Json{{"layout.algorithm", algorithm}, {"layout.iterations", 150}});
            const at::Tensor p = method.run.tensor("positions").to(at::kDouble).contiguous();
            Positions positions;
            for (std::int64_t i = 0; i < p.size(0); ++i) positions.x.push_back(p[i][0].item<double>()), positions.y.push_back(p[i][1].item<double>());
            QVERIFY2(tightness(positions, 15) < 0.75, algorithm);
            MethodRun stopped(layout_method());
            stopped.give("data", file("edges.csv"), "a");
            stopped.run.cancel_after = algorithm == std::string("spectral") ? 0 : 3;   // it looks but a few times
            QVERIFY_THROWS_EXCEPTION(Cancelled, stopped(Json{{"layout.algorithm", algorithm}}));
        }
    }
    void hyperedges_alone_are_drawn_as_stars() {
        MethodRun method(layout_method());
        method.give("data", file("sets.hif.json"), "h");
        method(Json{{"layout.iterations", 30}});
        QCOMPARE(method.run.summaries.at("points").get<std::int64_t>(), std::int64_t{6});   // four nodes, two hyperedges of two and more
        const at::Tensor middles = method.run.tensor("hyperedge_positions");
        QCOMPARE(middles.size(0), std::int64_t{3});
        QVERIFY(middles[0].isfinite().all().item<bool>() && middles[2].isnan().all().item<bool>());
    }
    void starts_that_do_not_fit_are_refused() {
        write_safetensors(file("short.safetensors"), {{"value", at::zeros({5, 2})}});
        MethodRun method(layout_method());
        method.give("data", file("edges.csv"), "a");
        method.give("start", file("short.safetensors"), "s");
        QVERIFY(has_all(error_of([&] { method(Json::object()); }), {"do not fit the graph", "5 rows for 60 nodes"}));
        MethodRun outside(layout_method());
        outside.give("data", file("edges.csv"), "a");
        QVERIFY(has_all(error_of([&] { outside(Json{{"layout.moved", {{"columns", {"node", "x", "y"}}, {"rows", {{60, 0, 0}}}}}}); }), {"not a row of node", "0 to 59"}));
    }
    void statistics_give_all_tables() {
        MethodRun method(statistics_method());
        method.give("data", file("sets.hif.json"), "h");
        method(Json::object());
        for (const char* key : {"degree", "hyperdegree", "sizes", "overlaps", "components", "nodes", "hyperedges", "figures", "communities"}) QVERIFY2(method.run.find(key), key);
        QCOMPARE(method.run.find("nodes")->shape[0], std::int64_t{4});
        QCOMPARE(method.run.find("hyperedges")->shape[0], std::int64_t{3});
        QCOMPARE(method.run.tensor("community").size(0), std::int64_t{4});
        const std::string figures = *method.run.find("figures")->bytes, components = *method.run.find("components")->bytes;
        QVERIFY2(figures.find("memberships,6") != figures.npos && figures.find("pairs of hyperedges that overlap,2") != figures.npos, figures.c_str());
        QVERIFY2(components.find("1,1,3") != components.npos && components.find("2,3,1") != components.npos, components.c_str());
        QVERIFY(figures.find("sampled") == figures.npos);

        // With few steps what can be sampled is, and says so.
        MethodRun few(statistics_method());
        few.give("data", file("edges.csv"), "a");
        few(Json{{"statistics.steps", 1000}, {"hyperedges.source", "cliques"}});
        const std::string sampled = *few.run.find("figures")->bytes;
        QVERIFY2(sampled.find(",sampled") != sampled.npos && sampled.find("left out: ") != sampled.npos, sampled.c_str());
        MethodRun stopped(statistics_method());
        stopped.give("data", file("edges.csv"), "a");
        stopped.run.cancel_after = 1;
        QVERIFY_THROWS_EXCEPTION(Cancelled, stopped(Json::object()));
    }
    void embeddings_are_placed() {
        const Features features = grouped_features(3, 20, 12, 5);
        const at::Tensor rows = at::tensor(features.dense).reshape({60, 12});
        write_safetensors(file("embedding.safetensors"), {{"embedding", rows}});
        for (const char* algorithm : {"pca", "tsne"}) {
            MethodRun method(embed_method());
            method.give("data", file("edges.csv"), "a");
            method.give("embedding", file("embedding.safetensors"), "e");
            method(Json{{"embed.algorithm", algorithm}, {"embed.iterations", 400}});
            const at::Tensor p = method.run.tensor("positions").to(at::kDouble);
            Positions positions;
            for (std::int64_t i = 0; i < 60; ++i) positions.x.push_back(p[i][0].item<double>()), positions.y.push_back(p[i][1].item<double>());
            QVERIFY2(tightness(positions, 20) < 0.6, algorithm);
        }
        MethodRun none(embed_method());
        none.give("data", file("edges.csv"), "a");
        QVERIFY(has_all(error_of([&] { none(Json::object()); }), {"has no features"}));
    }

private:
    std::filesystem::path file(const char* name) const { return std::filesystem::path(m_folder.path().toStdString()) / name; }
    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestGraphLayout)
#include "test_graph_layout.moc"
