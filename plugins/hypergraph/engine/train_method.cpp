// hypergraph.train: one network on one graph.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/learning_methods.h"
#include "plugins/hypergraph/engine/train_settings.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::hypergraph {
namespace {

class TrainRun {
public:
    explicit TrainRun(RunContext& run)
        : m_run(run), m_seed(static_cast<std::uint64_t>(run.request().seed)), m_settings(train_settings_from(run.params(), m_seed)), m_given(open_graph(run).graph), m_data(data_for(m_given, m_settings, m_seed, &m_nodes)) {}

    void operator()() {
        GraphTrainer trainer(m_settings.training, m_data, make_network(network_for(m_settings, m_data)), [this] { m_run.check_cancelled(); });
        TrainingRhythm rhythm;
        rhythm.metric_steps = trainer.steps_of_epoch();
        rhythm.checkpoint_seconds = m_settings.checkpoint_minutes * 60;
        rhythm.batch = 1;
        rhythm.speed = "steps_per_s";
        std::int64_t epochs = 0;   // of this process
        train(m_run, trainer, rhythm, [&] {
            const TrainingStep told = trainer.step();
            if (trainer.ended_epoch()) {
                ++epochs;
                tell(trainer.epochs_done(), *trainer.ended_epoch());
            }
            return told;
        }, [](std::int64_t) {});
        trainer.take_best();
        give(trainer);
        m_run.summary("seconds_per_epoch", trainer.seconds() / static_cast<double>(std::max<std::int64_t>(1, epochs)));
    }

private:
    bool is_regression() const { return m_data.classes == 0; }

    void tell(std::int64_t epoch, const EpochScores& scores) {
        const char *train_key = is_regression() ? "train_mae" : "train_accuracy", *validation_key = is_regression() ? "val_mae" : "val_accuracy";
        m_run.metric("train_loss", epoch, scores.train_loss);
        m_run.metric(train_key, epoch, scores.train);
        if (m_data.validation.size(0) == 0) return;
        m_run.metric("val_loss", epoch, scores.validation_loss);
        m_run.metric(validation_key, epoch, scores.validation);
    }

    /// Rows of the nodes that were trained on, at the places of all nodes of the data set (`none` where a node was dropped).
    at::Tensor at_all_nodes(const at::Tensor& rows, double none) const {
        if (m_nodes.empty()) return rows;
        std::vector<std::int64_t> shape = rows.sizes().vec();
        shape[0] = m_given->nodes;
        const at::Tensor all = at::full(shape, none, rows.options());
        all.index_copy_(0, at::tensor(m_nodes, at::kInt).to(at::kLong), rows);
        return all;
    }

    void give(GraphTrainer& trainer) {
        const c10::NoGradGuard no_gradients;
        Pass pass;
        const at::Tensor y = trainer.network().compute(*m_data.view, pass);
        const std::int64_t step = trainer.epochs_done();
        m_run.tensor("logits", step, at_all_nodes(is_regression() ? y.unsqueeze(1) : y, std::nan("")));
        const at::Tensor predictions = is_regression() ? y : y.argmax(1).to(at::kInt);
        m_run.tensor("predictions", step, at_all_nodes(predictions, is_regression() ? std::nan("") : -1));
        if (pass.embedding.defined() && pass.embedding.size(0) == m_data.graph->nodes) m_run.tensor("embedding", step, at_all_nodes(pass.embedding.contiguous(), 0));
        const at::Tensor parts = at::empty({m_data.graph->nodes}, at::kByte);
        for (std::size_t node = 0; node < m_data.part.size(); ++node) static_cast<std::uint8_t*>(parts.mutable_data_ptr())[node] = static_cast<std::uint8_t>(m_data.part[node]);
        m_run.tensor("parts", step, at_all_nodes(parts, 0));
        if (!is_regression()) give_confusion(predictions);
        Json config = trainer.network().config();
        config["family"] = "hypergraph";
        config["node_features"] = m_settings.features;
        config["data"] = m_data.graph->name;
        give_model(m_run, step, "model.safetensors", reference_state(trainer.network()), config, at::kFloat);
        const EpochScores scores = trainer.measured();
        const std::string unit = is_regression() ? "_mae" : "_accuracy";
        m_run.summary("test" + unit, number_json(scores.test));
        m_run.summary("val" + unit, number_json(scores.validation));
        m_run.summary("train" + unit, number_json(scores.train));
        m_run.summary("best_epoch", trainer.best_epoch());
        m_run.summary("network", m_settings.network.kind);
        if (network_kind(m_settings.network.kind).differs) m_run.summary("behaviour", m_settings.network.released ? "released" : "fixed");
        m_run.summary("parameters", trainer.network().parameter_count());
        m_run.summary("parts", Json{{"train", m_data.train.size(0)}, {"validation", m_data.validation.size(0)}, {"test", m_data.test.size(0)}});
    }

    /// Of the test nodes: rows are true classes, columns what was said.
    void give_confusion(const at::Tensor& predictions) {
        const at::Tensor counts = at::zeros({m_data.classes * m_data.classes}, at::kLong);
        if (m_data.test.size(0) > 0) {
            const at::Tensor cell = m_data.target.index_select(0, m_data.test) * m_data.classes + predictions.to(at::kLong).index_select(0, m_data.test);
            counts.add_(cell.bincount({}, m_data.classes * m_data.classes));
        }
        const auto name = [&](std::int64_t c) { return static_cast<std::size_t>(c) < m_data.graph->classes.size() ? m_data.graph->classes[static_cast<std::size_t>(c)] : std::to_string(c); };
        std::vector<std::string> columns{"class"};
        std::vector<std::vector<Json>> rows;
        for (std::int64_t c = 0; c < m_data.classes; ++c) columns.push_back(name(c));
        for (std::int64_t c = 0; c < m_data.classes; ++c) {
            rows.push_back({name(c)});
            for (std::int64_t d = 0; d < m_data.classes; ++d) rows.back().push_back(counts.const_data_ptr<std::int64_t>()[c * m_data.classes + d]);
        }
        m_run.table("confusion", columns, rows);
    }

    RunContext& m_run;
    std::uint64_t m_seed;
    TrainSettings m_settings;
    std::shared_ptr<const HybridGraph> m_given;
    std::vector<std::int32_t> m_nodes;       // that are left of the data set; empty: all
    TrainingData m_data;
};

}

Method train_graph_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.train";
    info.title = "Train a graph network";
    info.help = "Trains a network of the Hybrid Graph Benchmark or of HyperAug to tell the classes (or targets) of nodes, by a published protocol.";
    info.source = "HGB (arXiv 2306.05108), HyperAug (arXiv 2402.13033), HyperGCN (arXiv 1809.02589)";
    info.parameters = graph_parameters();   // in the order in which somebody decides
    for (Parameter& parameter : network_parameters(true)) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : training_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {graph_input()};
    info.outputs = {{"train_loss", "metric", "Loss", "", "lower"}, {"val_loss", "metric", "Loss, validation", "", "lower"}, {"train_accuracy", "metric", "Accuracy", "", "higher"}, {"val_accuracy", "metric", "Accuracy, validation", "", "higher"},
        {"train_mae", "metric", "Absolute error", "", "lower"}, {"val_mae", "metric", "Absolute error, validation", "", "lower"}, {"lr", "metric", "Learning rate", "", ""}, {"loss", "metric", "Loss with dropout", "", "lower"},
        {"gradient_norm", "metric", "Gradient norm", "", ""}, {"steps_per_s", "metric", "Speed", "steps/s", "higher"}, {"skipped_steps", "metric", "Steps that were not finite", "", "lower"}, {"logits", "tensor", "Outputs", "", ""},
        {"predictions", "tensor", "Predictions", "", ""}, {"embedding", "tensor", "Last hidden layer", "", ""}, {"parts", "tensor", "Parts", "", ""}, {"confusion", "table", "Confusion on the test nodes", "", ""}, {"model", "file", "Model", "", ""}};
    info.is_long = true;
    method.run = [](RunContext& run) { TrainRun{run}(); };
    return method;
}

}
