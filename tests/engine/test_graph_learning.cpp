// Operations over sparse patterns, layers and networks of graphs: against reference files and plain formulas.
#include "core/engine/registry.h"
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "engine/graph_learning_fixture.h"
#include "engine/test_data.h"
#include "engine/verify_text.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include "plugins/hypergraph/engine/graph_optimizer.h"
#include "plugins/hypergraph/engine/hyper_gcn.h"
#include "plugins/hypergraph/engine/learning_cases.h"
#include "plugins/hypergraph/engine/paired_test.h"
#include <QtTest>
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

/// Rows of uneven length, some empty, with entries that are there twice.
Pattern made_pattern(std::int64_t rows, std::int64_t items, std::uint64_t seed) {
    Random random(seed);
    Csr csr;
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t k = random.below(6) - 1; k > 0; --k) csr.items.push_back(static_cast<std::int32_t>(random.below(items)));
        csr.offsets.push_back(csr.size());
    }
    return make_pattern(std::move(csr), items);
}

at::Tensor index_of(const std::vector<std::int32_t>& numbers) { return at::tensor(numbers, at::kInt).to(at::kLong); }
at::Tensor random_leaf(at::IntArrayRef shape) { return at::randn(shape).set_requires_grad(true); }

/// The largest difference of results and of all gradients.
double difference(const std::function<at::Tensor()>& ours, const std::function<at::Tensor()>& plain, const std::vector<at::Tensor>& leaves) {
    const c10::AutoGradMode gradients(true);
    const at::Tensor a = ours(), b = plain(), g = at::randn(b.sizes());
    double worst = (a.sizes() == b.sizes()) ? (a - b).abs().max().item<double>() : HUGE_VAL;
    const auto da = torch::autograd::grad({a}, leaves, {g}), db = torch::autograd::grad({b}, leaves, {g});
    for (std::size_t k = 0; k < leaves.size(); ++k) worst = std::max(worst, (da[k] - db[k]).abs().max().item<double>());
    return worst;
}

VerifyReport verified(const std::filesystem::path& file) {
    Registry registry;
    for (VerifyCase (*make)() : {gcn_case, sage_case, gat_case, gatv2_case, hypergraph_conv_case, hypergcn_case, edhnn_case, hgb_net_case, hyperaug_net_case, schedule_case, saint_case, augmentations_case}) registry.add(make());
    FakeRun run;
    const c10::NoGradGuard as_in_the_engine;
    return verify_file(registry, file, {}, run);
}

}

class TestGraphLearning : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { at::manual_seed(5); }

    void references_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"gcn_weighted", "sage_max", "gat_edgeattr", "gatv2_h4_concat", "hg_weighted", "hg_att_edge_h3", "hypergcn_mediators", "edhnn_2layer", "hgb_lp-gat-hyper-gcn", "hgb_reg_hyper-gat", "hgb_diffpool",
                 "hyperaug_ta-gcn-edhnn-ablation", "saint", "schedule_adam_cosine", "baseline_augmentations"})
            QTest::newRow(name) << QString(name);
    }
    void references() {
        QFETCH(QString, name);
        const VerifyReport report = verified(test_data("hypergraph") / (name.toStdString() + ".safetensors"));
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
    }

    // --- operations
    void sums_are_those_of_gather_and_scatter_data() {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("heads");
        QTest::addColumn<bool>("weighted");
        QTest::addColumn<int>("size");
        for (const int width : {1, 3, 7, 8, 13, 32, 41, 72})
            for (const int size : {30, 4000})   // the second is worth threads
                QTest::addRow("%d columns, %d rows", width, size) << width << 1 << (width % 2 == 1) << size;
        QTest::newRow("three heads") << 5 << 3 << true << 30;
        QTest::newRow("two wide heads") << 16 << 2 << true << 4000;
    }
    void sums_are_those_of_gather_and_scatter() {
        QFETCH(int, width);
        QFETCH(int, heads);
        QFETCH(bool, weighted);
        QFETCH(int, size);
        const Pattern pattern = made_pattern(size, size / 2 + 3, 7);
        const at::Tensor row = index_of(row_of_each(pattern->rows)), item = index_of(pattern->rows.items);
        for (const Into into : {Into::rows, Into::items}) {
            const at::Tensor &from = into == Into::rows ? item : row, &to = into == Into::rows ? row : item;
            const std::int64_t others = into == Into::rows ? pattern->item_count() : pattern->row_count(), own = into == Into::rows ? pattern->row_count() : pattern->item_count();
            const at::Tensor x = heads == 1 ? random_leaf({others, width}) : random_leaf({others, heads, width}), weights = weighted ? random_leaf({pattern->entries(), heads}) : at::Tensor(), scale = at::rand({own});
            const auto plain = [&] {
                at::Tensor messages = x.index_select(0, from);
                if (weighted) messages = heads == 1 ? messages * weights : messages * weights.unsqueeze(2);
                std::vector<std::int64_t> shape = x.sizes().vec();
                shape[0] = own;
                const at::Tensor sum = at::zeros(shape).index_add(0, to, messages);
                return heads == 1 ? sum * scale.unsqueeze(1) : sum * scale.view({-1, 1, 1});
            };
            std::vector<at::Tensor> leaves{x};
            if (weighted) leaves.push_back(weights);
            const double worst = difference([&] { return gather_sum(pattern, into, x, weights, scale); }, plain, leaves);
            QVERIFY2(worst < 2e-4, std::to_string(worst).c_str());
        }
    }
    void results_do_not_depend_on_threads() {
        const Pattern pattern = made_pattern(20'000, 7000, 3);
        const at::Tensor x = at::randn({7000, 32});
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        const at::Tensor one = gather_sum(pattern, Into::rows, x);
        at::set_num_threads(std::max(2, threads));
        const at::Tensor several = gather_sum(pattern, Into::rows, x);
        at::set_num_threads(threads);
        QVERIFY(at::equal(one, several));
    }
    void attention_is_that_of_plain_formulas() {
        const Pattern pattern = made_pattern(50, 40, 9);
        const at::Tensor row = index_of(row_of_each(pattern->rows)), item = index_of(pattern->rows.items);
        const at::Tensor a = random_leaf({50, 2}), b = random_leaf({40, 2}), extra = random_leaf({pattern->entries(), 2});
        for (const Into among : {Into::rows, Into::items}) {
            const at::Tensor& group = among == Into::rows ? row : item;
            const auto plain = [&] {
                const at::Tensor scores = at::leaky_relu(a.index_select(0, row) + b.index_select(0, item) + extra, 0.2), e = scores.exp();
                return e / at::zeros({50, 2}).index_add(0, group, e).index_select(0, group);
            };
            const double worst = difference([&] { return entry_softmax(pattern, among, entry_scores(pattern, a, b, extra, 0.2)); }, plain, {a, b, extra});
            QVERIFY2(worst < 1e-5, std::to_string(worst).c_str());
        }
        const at::Tensor left = random_leaf({40, 3, 5}), right = random_leaf({50, 3, 5}), attention = random_leaf({3, 5});
        const double worst = difference([&] { return pair_scores(pattern, right, left, attention, 0.2); },
            [&] { return (at::leaky_relu(right.index_select(0, row) + left.index_select(0, item), 0.2) * attention).sum(-1); }, {left, right, attention});
        QVERIFY2(worst < 1e-4, std::to_string(worst).c_str());
    }
    void largest_values_share_their_gradient() {
        const Pattern pattern = make_pattern(Csr{{0, 3, 3}, {0, 1, 2}}, 3);
        const at::Tensor x = at::tensor({2.0f, 2.0f, -1.0f}).view({3, 1}).set_requires_grad(true);
        const c10::AutoGradMode gradients(true);
        const at::Tensor y = gather_max(pattern, x);
        QVERIFY(at::equal(y.detach(), at::tensor({2.0f, 0.0f}).view({2, 1})));
        y.sum().backward();
        QVERIFY(at::equal(x.grad(), at::tensor({0.5f, 0.5f, 0.0f}).view({3, 1})));
    }
    void sparse_features_are_dense_ones() {
        const HybridGraph graph = learnable_graph();
        const std::shared_ptr<GraphView> sparse = view_of(graph), dense = view_of(graph);
        dense->x = {sparse->x.to_dense(), {}, {}};
        for (const NetworkKind& kind : network_kinds()) {
            NetworkOptions options;
            options.kind = kind.id;
            options.features = 12;
            options.classes = 2;
            options.nodes = graph.nodes;
            options.edhnn.hidden = 16;
            options.released = false;
            const auto network = make_network(options);
            network->initialize(3);
            network->set_training(true);
            std::vector<at::Tensor> parameters;
            network->visit_parameters("", [&](const std::string&, at::Tensor& parameter) { parameters.push_back(parameter); });
            Pass pass;
            const c10::AutoGradMode gradients(true);
            const at::Tensor a = network->compute(*sparse, pass), b = network->compute(*dense, pass);
            QVERIFY2(pass.embedding.defined() && at::isfinite(a).all().item<bool>(), kind.id.c_str());
            QVERIFY2((a - b).abs().max().item<double>() < 2e-5, kind.id.c_str());
            const auto da = torch::autograd::grad({a.square().sum()}, parameters, {}, {}, false, true), db = torch::autograd::grad({b.square().sum()}, parameters, {}, {}, false, true);
            for (std::size_t k = 0; k < da.size(); ++k)
                if (da[k].defined()) QVERIFY2((da[k] - db[k]).abs().max().item<double>() < 1e-3 * (1 + db[k].abs().max().item<double>()), kind.id.c_str());
        }
    }

    // --- layers
    void as_documented_multiplies_twice_by_the_weights() {
        const HybridGraph graph = learnable_graph();
        const std::shared_ptr<GraphView> view = view_of(graph);
        const std::int64_t hyperedges = graph.hyperedge_count();
        view->hyperedge_weights = at::rand({hyperedges}) + 0.1;
        HypergraphOptions options;
        options.as_documented = true;
        const AddLayer none = [](std::string, std::string, std::string, int) { return 0; };
        HypergraphConv layer(12, 5, options, none, "");
        at::Generator draws = at::make_generator<at::CPUGeneratorImpl>(2);
        layer.initialize(draws);
        Pass pass;
        const at::Tensor y = layer.forward(*view, view->x, pass);
        const at::Tensor h = at::zeros({graph.nodes, hyperedges});
        for (std::int64_t e = 0; e < hyperedges; ++e)
            for (const std::int32_t node : graph.members[e]) h[node][e] += 1;
        at::Tensor theta;
        layer.visit("", [&](const std::string& key, at::Tensor& tensor) {
            if (key == "lin.weight") theta = tensor;
        });
        const at::Tensor z = at::mm(view->x.to_dense(), theta.t()), e = at::mm(h.t(), z) * inverse_or_zero(h.sum(0)).unsqueeze(1) * view->hyperedge_weights.unsqueeze(1);
        const at::Tensor expected = at::mm(h, e) * inverse_or_zero(at::mv(h, view->hyperedge_weights)).unsqueeze(1);
        QVERIFY((y - expected).abs().max().item<double>() < 1e-5);
    }
    void seeds_give_the_same_weights() {
        NetworkOptions options;
        options.features = 12;
        options.classes = 2;
        const auto a = make_network(options), b = make_network(options);
        a->initialize(1);
        b->initialize(1);
        for (const auto& [key, tensor] : a->state()) QVERIFY(at::equal(tensor, b->state().at(key)));
        b->initialize(2);
        QVERIFY(!at::equal(a->state().at("conv1.lin.weight"), b->state().at("conv1.lin.weight")));
        // torch.manual_seed(1) and GCNConv(12, 32): Linear draws when it is made and when it is reset.
        at::manual_seed(1);
        const double bound = std::sqrt(6.0 / 44);
        at::empty({32, 12}).uniform_(-bound, bound);
        QVERIFY(at::equal(a->state().at("conv1.lin.weight"), at::empty({32, 12}).uniform_(-bound, bound)));
    }
    void weights_load_under_every_name() {
        NetworkOptions options;
        options.kind = "gat";
        options.features = 12;
        options.classes = 2;
        const auto from = make_network(options), to = make_network(options);
        from->initialize(4);
        std::map<std::string, at::Tensor> renamed;
        for (const auto& [key, tensor] : reference_state(*from)) {
            if (key.ends_with("lin_dst.weight")) continue;
            std::string name = "model." + key;
            if (const auto found = name.find("lin_src"); found != name.npos) name.replace(found, 7, "lin");
            renamed.emplace(name, tensor);
        }
        to->load_named(renamed);
        for (const auto& [key, tensor] : from->state()) QVERIFY(at::equal(tensor, to->state().at(key)));
        renamed.emplace("model.conv9.bias", at::zeros({1}));
        QVERIFY(has_all(error_of([&] { to->load_named(renamed); }), {"does not fit", "conv9.bias"}));
        renamed.erase("model.conv9.bias");
        renamed["model.conv2.convs.0.bias"] = at::zeros({3});
        QVERIFY(has_all(error_of([&] { to->load_named(renamed); }), {"conv2.convs.0.bias", "[3]"}));
    }
    void hyperedges_of_one_member_are_left_out_of_hypergcn() {
        const Pattern members = make_pattern(Csr{{0, 1, 3}, {2, 0, 1}}, 3);
        const HypergraphLaplacian made = hypergraph_laplacian(*members, at::tensor({3.0, 1.0, 2.0}, at::kDouble), true);
        const at::Tensor expected = at::tensor({0.5f, 0.5f, 0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 0.0f, 1.0f}).view({3, 3});
        QVERIFY((NodeMatrix{{}, made.pattern, made.weights}.to_dense() - expected).abs().max().item<double>() < 1e-6);
    }

    // --- bad input
    void bad_input_is_refused() {
        NetworkOptions options;
        options.features = 12;
        options.classes = 2;
        QVERIFY(has_all(error_of([&] { NetworkOptions one = options; one.kind = "gnc"; make_network(one); }), {"no network", "gcn"}));
        QVERIFY(has_all(error_of([&] { NetworkOptions one = options; one.features = 0; make_network(one); }), {"no features"}));
        const HybridGraph graph = learnable_graph();
        Pass pass;
        NetworkOptions wide = options;
        wide.features = 13;
        QVERIFY(has_all(error_of([&] { make_network(wide)->compute(*view_of(graph), pass); }), {"12 columns", "13"}));
        HybridGraph plain = graph;
        set_hyperedges(plain, {});
        NetworkOptions hyper = options;
        hyper.kind = "hyper-gcn";
        QVERIFY(has_all(error_of([&] { make_network(hyper)->compute(*view_of(plain), pass); }), {"hyperedges", "none"}));
        QVERIFY(has_all(error_of([&] { pattern_of_pairs(std::vector<std::int32_t>{0}, std::vector<std::int32_t>{5}, 1, 5); }), {"does not exist", "5 of 5"}));
        const std::shared_ptr<GraphView> view = view_of(graph);
        view->edge_weights = at::full({graph.in.size()}, -3.0);
        QVERIFY(has_all(error_of([&] { make_network(options)->compute(*view, pass); }), {"less than 0"}));
        QVERIFY(has_all(error_of([&] { edhnn_options_from({{"normalization", "bn"}}); }), {"bn"}));
    }

    // --- statistics
    void t_test_is_students() {
        // Student's sleep data (1908): differences of the two drugs.
        const std::vector<double> first{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}, second{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
        const PairedResult r = paired_test(first, second, true);
        QCOMPARE(r.count, 10);
        QCOMPARE(r.wins, 0);
        QCOMPARE(r.ties, 1);
        QVERIFY(std::abs(r.t + 4.0621) < 1e-4);
        QVERIFY(std::abs(r.p - 0.00283289) < 1e-7);
        QVERIFY(has_all(paired_sentence(r, "A", "B", "seeds", true), {"Hyperedges hurt", "p = 0.0028"}));
        const PairedResult same = paired_test(first, first, true), one = paired_test({first.data(), 1}, {second.data(), 1}, true);
        QVERIFY(has_all(paired_sentence(same, "A", "B", "seeds", true), {"change nothing"}));
        QVERIFY(has_all(paired_sentence(one, "A", "B", "seeds", true), {"nothing about chance"}));
        const std::vector<double> near{0.5, 0.6, 0.4}, other{0.52, 0.57, 0.41};
        QVERIFY(has_all(paired_sentence(paired_test(near, other, true), "A", "B", "seeds", true), {"cannot be told"}));
    }
};

QTEST_GUILESS_MAIN(TestGraphLearning)
#include "test_graph_learning.moc"
