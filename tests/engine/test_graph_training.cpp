// Training, comparing and explaining graph networks: splits, samplers, resuming, cancelling, bad input.
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "core/nn/random_stream.h"
#include "engine/graph_learning_fixture.h"
#include "plugins/hypergraph/engine/graph_trainer.h"
#include "plugins/hypergraph/engine/graph_writer.h"
#include "plugins/hypergraph/engine/learning_methods.h"
#include "plugins/hypergraph/engine/train_settings.h"
#include <QTemporaryDir>
#include <QtTest>
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <numeric>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

std::shared_ptr<const HybridGraph> shared(HybridGraph graph) { return std::make_shared<const HybridGraph>(std::move(graph)); }

/// A run of a method on a graph in a file.
class MethodRun : public FakeRun {
public:
    MethodRun(const Method& method, const HybridGraph& graph, Json params) : m_method(method) {
        const std::filesystem::path file = folder() / "graph.safetensors";
        write_graph(graph, "safetensors", file, {});
        inputs = {{"data", "data", "", file.string()}};
        set_params(complete_parameters(method.info.parameters, std::move(params)));
        change_request().seed = 3;
    }
    std::filesystem::path folder() const { return m_folder.path().toStdString(); }
    void operator()() {
        const c10::NoGradGuard as_in_the_engine;
        m_method.run(*this);
    }
    std::string text(std::string_view key) const {
        const Artifact* made = find(key);
        return made && made->bytes ? *made->bytes : std::string();
    }
private:
    QTemporaryDir m_folder;
    Method m_method;
};

TrainingData data_of(const HybridGraph& graph) { return training_data(shared(graph), hgb_split(graph.nodes)); }

std::shared_ptr<GraphNetwork> network_of(const TrainingData& data, const std::string& kind = "lp-gcn-hyper-gcn") {
    NetworkOptions options;
    options.kind = kind;
    options.features = data.view->x.columns();
    options.classes = data.classes;
    options.is_regression = data.classes == 0;
    options.nodes = data.graph->nodes;
    options.released = false;
    options.edhnn.hidden = 16;
    options.edhnn.dropout = 0.2;
    return make_network(options);
}

std::map<std::string, at::Tensor> copied_state(GraphTrainer& trainer) {
    std::map<std::string, at::Tensor> state;
    for (const auto& [key, tensor] : trainer.network().state()) state.emplace(key, tensor.clone());
    return state;
}

}

class TestGraphTraining : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// On graphs this small the threads mostly wait for each other, which takes thirty times as long where the cores are busy. test_graph_learning looks at threads.
    void initTestCase() { at::set_num_threads(1); }

    // --- splits
    void hgbs_split_is_numpys() {
        // numpy.random.seed(1); order = numpy.arange(10); numpy.random.shuffle(order) gives 2 9 6 4 0 3 1 7 8 5
        const std::vector<Part> part = hgb_split(10);
        for (const int node : {2, 9, 6, 4, 0, 3}) QVERIFY(part[static_cast<std::size_t>(node)] == Part::train);
        for (const int node : {1, 7}) QVERIFY(part[static_cast<std::size_t>(node)] == Part::validation);
        for (const int node : {8, 5}) QVERIFY(part[static_cast<std::size_t>(node)] == Part::test);
        const std::vector<Part> large = hgb_split(22'470);
        QCOMPARE(std::ranges::count(large, Part::train), 13'482);
        QCOMPARE(std::ranges::count(large, Part::validation), 4494);
    }
    void hyperedges_of_a_part() {
        const Csr members{{0, 3, 5, 6}, {0, 1, 2, 0, 1, 2}};
        const std::vector<Part> part{Part::train, Part::train, Part::test};
        QVERIFY(hyperedges_of_part(members, part, Part::train, HyperedgePolicy::joint) == (Csr{{0, 2, 4, 4}, {0, 1, 0, 1}}));
        QVERIFY(hyperedges_of_part(members, part, Part::train, HyperedgePolicy::strict) == (Csr{{0, 0, 2, 2}, {0, 1}}));
    }

    // --- samplers
    void samples_are_parts_of_the_graph_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"saint-node", "saint-edge", "saint-walk", "shadow", "random-node", "random-hyperedge"}) QTest::newRow(name) << QString(name);
    }
    void samples_are_parts_of_the_graph() {
        QFETCH(QString, name);
        const auto graph = shared(learnable_graph());
        SamplerOptions options;
        options.kind = sampler_kind(name.toStdString());
        options.batch = 10;
        std::vector<std::int32_t> roots(20);
        std::iota(roots.begin(), roots.end(), 5);
        const GraphSampler sampler(graph, options, roots);
        const auto draws = [](int number) { return random_stream(11, 0, number); };
        const GraphBatch batch = sampler(draws(1)), same = sampler(draws(1)), other = sampler(draws(2));
        QVERIFY(batch.nodes == same.nodes && batch.graph.out == same.graph.out && batch.nodes != other.nodes);
        QCOMPARE(batch.graph.nodes, static_cast<std::int64_t>(batch.nodes.size()));
        QVERIFY(batch.graph.nodes > 0 && batch.graph.nodes < (name == "shadow" ? 10'000 : graph->nodes));
        for (std::int64_t node = 0; node < batch.graph.nodes; ++node) {
            const std::int32_t old = batch.nodes[static_cast<std::size_t>(node)];
            QCOMPARE(batch.graph.labels[static_cast<std::size_t>(node)], graph->labels[static_cast<std::size_t>(old)]);
            QVERIFY(std::ranges::equal(batch.graph.features.pattern[node], graph->features.pattern[old]));
            for (const std::int32_t target : batch.graph.out[node]) QVERIFY(std::ranges::count(graph->out[old], batch.nodes[static_cast<std::size_t>(target)]) > 0);
        }
        for (std::int64_t e = 0; e < batch.graph.hyperedge_count(); ++e) {   // members share a hyperedge of the whole graph
            QVERIFY(batch.graph.members.length(e) > 0);
            bool found = false;
            for (std::int64_t all = 0; all < graph->hyperedge_count() && !found; ++all)
                found = std::ranges::all_of(batch.graph.members[e], [&](std::int32_t node) { return std::ranges::count(graph->members[all], batch.nodes[static_cast<std::size_t>(node)]) > 0; });
            QVERIFY(found);
        }
        for (const std::int32_t root : batch.roots) QVERIFY(std::ranges::count(roots, batch.nodes[static_cast<std::size_t>(root)]) == 1);
    }

    // --- training
    void every_network_learns_data() {
        QTest::addColumn<QString>("kind");
        for (const NetworkKind& kind : network_kinds()) QTest::newRow(kind.id.c_str()) << QString::fromStdString(kind.id);
    }
    void every_network_learns() {
        QFETCH(QString, kind);
        const c10::NoGradGuard as_in_the_engine;
        const TrainingData data = data_of(learnable_graph());
        GraphTraining settings;
        settings.epochs = 80;
        settings.optimizer.schedule_steps = 80;
        GraphTrainer trainer(settings, data, network_of(data, kind.toStdString()));
        const double before = trainer.measured().train_loss;
        while (trainer.steps_done() < trainer.steps_total()) trainer.step();
        const double after = trainer.measured().train_loss;
        QVERIFY2(after < 0.9 * before, (std::to_string(before) + " -> " + std::to_string(after)).c_str());
        QVERIFY(trainer.best_epoch() >= 1 && trainer.skipped() == 0);
    }
    void regression_minimises_the_error() {
        const c10::NoGradGuard as_in_the_engine;
        HybridGraph graph = learnable_graph();
        for (const std::int32_t label : graph.labels) graph.targets.push_back(static_cast<float>(label) * 2 - 1);
        graph.targets[5] = std::nanf("");
        graph.labels.clear();
        graph.classes.clear();
        const TrainingData data = data_of(graph);
        QVERIFY(data.part[5] == Part::none);
        GraphTraining settings;
        settings.epochs = 60;
        GraphTrainer trainer(settings, data, network_of(data));
        double best = HUGE_VAL;
        std::int64_t best_epoch = 0;
        while (trainer.steps_done() < trainer.steps_total()) {
            trainer.step();
            if (trainer.ended_epoch()->validation < best) {
                best = trainer.ended_epoch()->validation;
                best_epoch = trainer.epochs_done();
            }
        }
        QCOMPARE(trainer.best_epoch(), best_epoch);
        trainer.take_best();
        QCOMPARE(trainer.measured().validation, best);
        QVERIFY(best < 1);
    }
    void resumed_is_bit_for_bit_the_unbroken_one_data() {
        QTest::addColumn<QString>("sampler");
        for (const char* name : {"none", "saint-walk", "shadow"}) QTest::newRow(name) << QString(name);
    }
    void resumed_is_bit_for_bit_the_unbroken_one() {
        QFETCH(QString, sampler);
        const c10::NoGradGuard as_in_the_engine;
        const TrainingData data = data_of(learnable_graph());
        GraphTraining settings;
        settings.epochs = 12;
        settings.optimizer.schedule_steps = 12;
        settings.steps = 3;
        settings.sampler.kind = sampler_kind(sampler.toStdString());
        settings.sampler.batch = 20;
        settings.coverage = sampler == "saint-walk" ? 3 : 0;
        GraphTrainer whole(settings, data, network_of(data)), first(settings, data, network_of(data)), second(settings, data, network_of(data));
        std::vector<double> losses;
        while (whole.steps_done() < whole.steps_total()) losses.push_back(whole.step().loss);
        const std::int64_t half = whole.steps_total() / 2 + 1;   // inside an epoch where there are several batches
        while (first.steps_done() < half) first.step();
        second.resume(std::make_shared<const std::string>(first.checkpoint()));
        QCOMPARE(second.steps_done(), half);
        while (second.steps_done() < second.steps_total()) {
            const double loss = second.step().loss;
            QVERIFY(loss == losses[static_cast<std::size_t>(second.steps_done() - 1)]);
        }
        QCOMPARE(second.best_epoch(), whole.best_epoch());
        for (GraphTrainer* trainer : {&whole, &second}) trainer->take_best();
        const auto expected = copied_state(whole), got = copied_state(second);
        for (const auto& [key, tensor] : expected) QVERIFY2(at::equal(tensor, got.at(key)), key.c_str());
        settings.epochs = 13;
        GraphTrainer other(settings, data, network_of(data));
        QVERIFY(has_all(error_of([&] { other.resume(std::make_shared<const std::string>(first.checkpoint())); }), {"another network"}));
    }

    // --- methods
    void a_run_gives_what_the_workspace_reads() {
        MethodRun run(train_graph_method(), learnable_graph(), {{"network", "hyper-gcn"}, {"epochs", 8}});
        run();
        for (const char* key : {"train_loss", "val_loss", "train_accuracy", "val_accuracy", "lr"}) QCOMPARE(run.metrics[key].size(), std::size_t{8});
        QCOMPARE(run.tensor("logits").sizes().vec(), (std::vector<std::int64_t>{60, 2}));
        QVERIFY(at::equal(run.tensor("predictions").to(at::kLong), run.tensor("logits").argmax(1)));
        QCOMPARE(run.tensor("embedding").sizes().vec(), (std::vector<std::int64_t>{60, 32}));
        QCOMPARE(run.tensor("parts").sum().item<std::int64_t>(), 36 + 2 * 12 + 3 * 12);
        QVERIFY(QString::fromStdString(run.text("confusion")).startsWith("class"));
        QVERIFY(run.find("model") && run.summaries.contains("test_accuracy") && run.summaries.contains("best_epoch") && run.summaries.contains("seconds_per_epoch"));
        const auto model = open_safetensors_bytes(run.find("model")->bytes, "model");
        QVERIFY(model->find("conv1.lin.weight") && model->find("conv2.bias"));
    }
    void a_dropped_node_has_no_prediction() {
        MethodRun run(train_graph_method(), learnable_graph(200), {{"network", "gcn"}, {"epochs", 2}, {"augmentation", "node-drop"}});
        run();
        const at::Tensor predictions = run.tensor("predictions");
        const std::int64_t dropped = (predictions == -1).sum().item<std::int64_t>();
        QVERIFY(dropped > 0 && dropped < 60);
        QVERIFY(at::equal(predictions == -1, run.tensor("parts") == 0));
    }
    void paused_and_resumed_gives_the_same_model() {
        const Json params = {{"network", "ta-gat-hyperconv"}, {"epochs", 10}};
        MethodRun whole(train_graph_method(), learnable_graph(), params), broken(train_graph_method(), learnable_graph(), params), rest(train_graph_method(), learnable_graph(), params);
        whole();
        broken.pause_at = 0.45;
        bool paused = false;
        try {
            broken();
        } catch (const Paused&) {
            paused = true;
        }
        QVERIFY(paused && !broken.checkpoints.empty());
        rest.resume_from = broken.checkpoints.back();
        rest();
        QVERIFY(at::equal(whole.tensor("logits"), rest.tensor("logits")));
        QCOMPARE(rest.summaries.at("best_epoch"), whole.summaries.at("best_epoch"));
        QCOMPARE(rest.metrics["val_accuracy"].size() + broken.metrics["val_accuracy"].size(), whole.metrics["val_accuracy"].size());
    }
    void cancelling_ends_a_run() {
        for (const Method& method : {train_graph_method(), compare_graph_method()}) {
            MethodRun run(method, learnable_graph(), {{"epochs", 100'000}});
            run.cancel_after = 200;
            bool cancelled = false;
            try {
                run();
            } catch (const Cancelled&) {
                cancelled = true;
            }
            QVERIFY(cancelled);
        }
    }
    void a_comparison_pairs_networks_and_resumes() {
        const Json params = {{"networks", {"gcn", "hyper-gcn"}}, {"seeds", 3}, {"epochs", 5}, {"protocol", "topoaug"}};
        MethodRun whole(compare_graph_method(), learnable_graph(), params), broken(compare_graph_method(), learnable_graph(), params), rest(compare_graph_method(), learnable_graph(), params);
        whole();
        QCOMPARE(QString::fromStdString(whole.text("runs")).count('\n'), 7);
        QCOMPARE(QString::fromStdString(whole.text("pairs")).count('\n'), 2);
        QVERIFY(whole.summaries.at("sentences").at(0).get<std::string>().find("over 3 pairs of runs (split, initial weights and dropout differ") != std::string::npos);
        broken.pause_at = 0.56;   // within the fourth run
        try {
            broken();
            QFAIL("not paused");
        } catch (const Paused&) {
        }
        rest.resume_from = broken.checkpoints.back();
        rest();
        // The run that was under way goes on where it was.
        const auto &first = broken.metrics["val_hyper-gcn_4"], &second = rest.metrics["val_hyper-gcn_4"];
        QVERIFY(!first.empty() && !second.empty() && first.rbegin()->first + 1 == second.begin()->first);
        for (const auto& [epoch, value] : whole.metrics["val_hyper-gcn_4"]) QVERIFY(value == (first.contains(epoch) ? first : second).at(epoch));
        QVERIFY(!rest.metrics.contains("val_gcn_3"));
        QCOMPARE(rest.text("runs"), whole.text("runs"));
        QCOMPARE(rest.text("pairs"), whole.text("pairs"));
    }
    /// Every field of a saved state that is missing or something else is named.
    void damaged_checkpoints_name_the_field_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("field");
        QTest::addColumn<QString>("value");   // JSON; empty: without it
        const auto row = [](const char* method, const char* field, std::initializer_list<const char*> values) {
            for (const char* value : values) QTest::addRow("%s %s %s", method, field, value) << method << field << value;
        };
        for (const char* field : {"step", "skipped", "best_epoch"}) row("train", field, {"", "\"two\"", "-1", "1e9", "null", "4000000000"});
        row("train", "best", {"", "5", "[1, 2]", "[1, 2, 3, 4, \"x\"]"});
        row("compare", "cells", {"", "{}", "[[\"gcn\"]]", "[[\"gcn\", 0, 1, 1, 1, \"x\", 1]]", "[[\"gcn\", 99, 1, 1, 1, 1, 1]]", "[[\"sage\", 0, 1, 1, 1, 1, 1]]", "[[\"gcn\", 0, {}, 1, 1, 1, 1]]"});
        row("compare", "regression", {"", "1"});
        row("compare", "varied", {"", "[]"});
        row("compare", "under_way", {"7", "[\"gcn\", 0]", "[\"gcn\", -1, 0]", "[\"gcn\", 0, \"x\"]"});
    }
    void damaged_checkpoints_name_the_field() {
        QFETCH(QString, method);
        QFETCH(QString, field);
        QFETCH(QString, value);
        const Method which = method == "train" ? train_graph_method() : compare_graph_method();
        const Json params = method == "train" ? Json{{"network", "gcn"}, {"epochs", 6}} : Json{{"networks", Json::array({"gcn"})}, {"seeds", 2}, {"epochs", 6}};
        MethodRun broken(which, learnable_graph(), params), rest(which, learnable_graph(), params);
        broken.pause_at = 0.3;
        try {
            broken();
            QFAIL("not paused");
        } catch (const Paused&) {
        }
        const auto saved = open_safetensors_bytes(broken.checkpoints.back(), "saved");
        std::map<std::string, at::Tensor> tensors;
        for (const TensorEntry& entry : saved->entries()) tensors.emplace(entry.name, saved->get(entry.name).clone());
        std::map<std::string, std::string> metadata = saved->metadata();
        QCOMPARE(metadata.size(), 1u);
        Json state = Json::parse(metadata.begin()->second);
        QVERIFY(state.contains(field.toStdString()));
        if (value.isEmpty()) state.erase(field.toStdString());
        else state[field.toStdString()] = Json::parse(value.toStdString());
        metadata.begin()->second = state.dump();
        rest.resume_from = std::make_shared<const std::string>(safetensors_bytes(tensors, metadata));
        const std::string error = error_of([&] { rest(); });
        QVERIFY2(has_all(error, {field, "checkpoint"}), error.c_str());
    }
    void a_checkpoint_of_other_weights_is_refused() {
        const TrainingData data = data_of(learnable_graph());
        GraphTraining settings;
        settings.epochs = 4;
        GraphTrainer trainer(settings, data, network_of(data, "gcn")), other(settings, data, network_of(data, "gcn"));
        trainer.step();
        const auto saved = open_safetensors_bytes(std::make_shared<const std::string>(trainer.checkpoint()), "saved");
        for (const char* lost : {"net.conv1.lin.weight", "best.conv1.lin.weight"}) {
            std::map<std::string, at::Tensor> tensors;
            for (const TensorEntry& entry : saved->entries())
                if (entry.name != lost) tensors.emplace(entry.name, saved->get(entry.name).clone());
            const std::string error = error_of([&] { other.resume(std::make_shared<const std::string>(safetensors_bytes(tensors, saved->metadata()))); });
            QVERIFY2(has_all(error, {"conv1.lin.weight"}), error.c_str());
        }
    }
    void an_explanation_adds_up_data() {
        QTest::addColumn<QString>("network");
        for (const char* name : {"gcn", "sage", "gat", "hyper-gcn", "hyper-gat", "ta-gat-hyperconv"}) QTest::newRow(name) << QString(name);
    }
    void an_explanation_adds_up() {
        QFETCH(QString, network);
        const HybridGraph graph = learnable_graph();
        MethodRun trained(train_graph_method(), graph, {{"network", network.toStdString()}, {"epochs", 5}});
        trained();
        MethodRun run(explain_graph_method(), graph, {{"node", 4}});
        const std::filesystem::path model = run.folder() / "model.safetensors";
        QFile file(QString::fromStdString(model.string()));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(trained.find("model")->bytes->data(), static_cast<qint64>(trained.find("model")->bytes->size()));
        file.close();
        run.inputs.push_back({"model", "model", "", model.string()});
        run();
        const NetworkKind kind = network_kind(network.toStdString());
        const auto total = [&](const char* key, int column) {
            double sum = 0;
            const QStringList lines = QString::fromStdString(run.text(key)).trimmed().split('\n');
            for (qsizetype k = 1; k < lines.size(); ++k) sum += lines[k].trimmed().split(',')[column].toDouble();
            return sum;
        };
        if (kind.edges) QVERIFY(std::abs(total("neighbours", 1) - 1) < 1e-4);
        if (kind.hyperedges && graph.hyperedges.length(4) > 0) {
            QVERIFY(std::abs(total("hyperedges", 1) - 1) < 1e-4);
            QVERIFY(std::abs(total("members", 2) - 1) < 1e-4);
        }
        QCOMPARE(run.summaries.at("prediction").get<std::string>(), graph.classes[static_cast<std::size_t>(trained.tensor("predictions")[4].item<int>())]);
        MethodRun beyond(explain_graph_method(), graph, {{"node", 4000}});
        QVERIFY(has_all(error_of([&] { beyond(); }), {"no node", "4000 of 60"}));
    }

    // --- bad input
    void bad_input_is_refused() {
        const HybridGraph graph = learnable_graph();
        const auto refused = [](HybridGraph changed, const QStringList& parts, std::int64_t classes = 0) {
            const std::string error = error_of([&] { training_data(shared(changed), hgb_split(changed.nodes), classes); });
            return has_all(error, parts);
        };
        HybridGraph changed = graph;
        changed.labels.clear();
        QVERIFY(refused(changed, {"no labels"}));
        QVERIFY(refused(graph, {"class that the network does not know", "class 1 of 1"}, 1));
        changed = graph;
        changed.labels.assign(60, -1);
        QVERIFY(refused(changed, {"training part"}));
        changed = graph;
        changed.features.values.assign(changed.features.pattern.items.size(), 1);
        changed.features.values[static_cast<std::size_t>(changed.features.pattern.offsets[7])] = std::nanf("");
        QVERIFY(refused(changed, {"not a finite number", "node 7"}));
        changed = graph;
        set_hyperedges(changed, {});
        const TrainingData data = data_of(changed);
        QVERIFY(has_all(error_of([&] { GraphTrainer({}, data, network_of(data, "hyper-gcn")); }), {"hyperedges", "none"}));
        GraphTraining none;
        none.epochs = 0;
        QVERIFY(has_all(error_of([&] { GraphTrainer(none, data, network_of(data, "gcn")); }), {"train nothing"}));
        QVERIFY(has_all(error_of([] { edhnn_options_from(Json{{"MLP_num_layers", 1'000'000'000}}); }), {"ED-HNN", "1000000000"}));
        MethodRun run(train_graph_method(), graph, {{"protocol", "hypergcn"}});
        QVERIFY(has_all(error_of([&] { run(); }), {"no split of its own"}));
        MethodRun diverging(train_graph_method(), graph, {{"protocol", "custom"}, {"lr", 10}, {"optimizer", "sgd"}, {"epochs", 2000}, {"network", "edhnn"}, {"weight_decay", 1}});
        const std::string error = error_of([&] { diverging(); });   // either it learns nothing or it is stopped: it never crashes
        QVERIFY(error.empty() || has_all(error, {"diverged"}));
    }
};

QTEST_GUILESS_MAIN(TestGraphTraining)
#include "test_graph_training.moc"
