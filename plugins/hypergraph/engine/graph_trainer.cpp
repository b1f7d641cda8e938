#include "plugins/hypergraph/engine/graph_trainer.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/random_stream.h"
#include "core/nn/tensor_index.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr const char *kTrainState = "lathe.hypergraph.train", *kSavedState = "checkpoint";
enum Purpose : std::uint64_t { dropout_stream = 0xd0, batch_stream = 0xba, norm_stream = 0x40 };

at::Tensor nodes_of(const std::vector<Part>& part, Part wanted) {
    std::vector<std::int64_t> nodes;
    for (std::size_t node = 0; node < part.size(); ++node)
        if (part[node] == wanted) nodes.push_back(static_cast<std::int64_t>(node));
    return at::tensor(nodes, at::kLong);
}

double number_of(const at::Tensor& value) { return value.to(at::kDouble).item<double>(); }

}

TrainingData training_data(std::shared_ptr<const HybridGraph> graph, std::vector<Part> part, std::int64_t classes) {
    TrainingData data;
    const HybridGraph& g = *graph;
    if (g.labels.empty() && g.targets.empty()) throw Error(ErrorCode::invalid_value, "The nodes have no labels and no targets, so there is nothing to learn.", g.name, "Choose a data set with labels.");
    require_finite(g.features, "nothing can be learnt from it");
    if (!g.is_regression()) {
        const auto highest = std::ranges::max_element(g.labels);
        data.classes = classes > 0 ? classes : std::max<std::int64_t>(static_cast<std::int64_t>(g.classes.size()), *highest + 1);
        if (*highest >= data.classes)
            throw Error(ErrorCode::invalid_value, "A node has a class that the network does not know.", "node " + std::to_string(highest - g.labels.begin()) + ": class " + std::to_string(*highest) + " of " + std::to_string(data.classes), "Give the network more classes.");
        data.target = at::tensor(g.labels, at::kInt).to(at::kLong);
    } else data.target = at::tensor(g.targets, at::kFloat);
    part.resize(static_cast<std::size_t>(g.nodes), Part::none);
    for (std::size_t node = 0; node < part.size(); ++node)
        if (g.is_regression() ? std::isnan(g.targets[node]) : g.labels[node] < 0) part[node] = Part::none;
    data.train = nodes_of(part, Part::train);
    data.validation = nodes_of(part, Part::validation);
    data.test = nodes_of(part, Part::test);
    if (data.train.size(0) == 0) throw Error(ErrorCode::invalid_value, "No node with a label is in the training part.", g.name, "Choose another split.");
    data.view = view_of(g);
    data.part = std::move(part);
    data.graph = std::move(graph);
    return data;
}

GraphTrainer::GraphTrainer(const GraphTraining& settings, const TrainingData& data, std::shared_ptr<GraphNetwork> network, std::function<void()> tick)
    : m_settings(settings), m_data(data), m_network(std::move(network)), m_tick(std::move(tick)) {
    if (settings.epochs < 1 || !(settings.optimizer.lr > 0) || settings.steps < 1 || settings.optimizer.weight_decay < 0)
        throw Error(ErrorCode::invalid_value, "These settings train nothing.", "epochs " + std::to_string(settings.epochs) + ", learning rate " + number_text(settings.optimizer.lr) + ", steps " + std::to_string(settings.steps),
            "Epochs, learning rate and steps are above 0.");
    const NetworkKind& kind = network_kind(m_network->options().kind);
    if (kind.hyperedges && !data.view->has_hyperedges()) data.view->members();   // says so
    m_network->initialize(settings.initial_seed);
    m_network->set_training(true);
    NamedTensors parameters;
    m_network->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) { parameters.emplace_back(key, tensor); });
    m_optimizer = std::make_unique<GraphOptimizer>(std::move(parameters), settings.optimizer);
    if (settings.sampler.kind == SamplerKind::none) return;
    const at::Tensor roots = data.train.to(at::kInt);
    m_sampler = std::make_unique<GraphSampler>(data.graph, settings.sampler, std::vector<std::int32_t>(roots.const_data_ptr<std::int32_t>(), roots.const_data_ptr<std::int32_t>() + roots.size(0)));
    if (settings.coverage > 0 && settings.sampler.kind != SamplerKind::shadow) {
        std::int64_t number = 0;
        m_norm = saint_norm(data.graph->nodes, edge_columns(*data.graph), settings.steps, settings.coverage, [&] {
            if (m_tick) m_tick();
            return m_sampler->sampled_nodes(random_stream(settings.seed, norm_stream, number++));
        });
    }
}

at::Tensor GraphTrainer::loss_of(const at::Tensor& y, const at::Tensor& target) const { return m_data.classes == 0 ? at::mse_loss(y, target) : at::cross_entropy_loss(y, target); }

double GraphTrainer::learn_whole(Pass& pass) {
    const at::Tensor y = m_network->compute(*m_data.view, pass);
    const at::Tensor loss = loss_of(y.index_select(0, m_data.train), m_data.target.index_select(0, m_data.train));
    const double value = number_of(loss.detach());
    if (std::isfinite(value)) loss.backward();
    return value;
}

double GraphTrainer::learn_batch(Pass& pass) {
    const GraphBatch batch = (*m_sampler)(random_stream(m_settings.seed, batch_stream, m_step));
    std::vector<std::int64_t> own, all;
    const auto consider = [&](std::int32_t number) {
        const std::int32_t node = batch.nodes[static_cast<std::size_t>(number)];
        if (m_data.part[static_cast<std::size_t>(node)] != Part::train) return;
        own.push_back(number);
        all.push_back(node);
    };
    if (batch.roots.empty())
        for (std::int32_t number = 0; number < static_cast<std::int32_t>(batch.nodes.size()); ++number) consider(number);
    else
        for (const std::int32_t root : batch.roots) consider(root);
    if (own.empty()) return 0;   // a batch without a training node teaches nothing
    const std::shared_ptr<GraphView> view = view_of(batch.graph);
    if (!view->has_hyperedges() && network_kind(m_network->options().kind).hyperedges) return 0;
    const at::Tensor rows = at::tensor(own, at::kLong), nodes = at::tensor(all, at::kLong);
    const at::Tensor y = m_network->compute(*view, pass).index_select(0, rows), target = m_data.target.index_select(0, nodes);
    at::Tensor loss;
    if (m_norm.node_norm.defined()) {
        const at::Tensor each = m_data.classes == 0 ? at::mse_loss(y, target, at::Reduction::None) : at::cross_entropy_loss(y, target, {}, at::Reduction::None);
        loss = (each * m_norm.node_norm.index_select(0, nodes)).sum();
    } else loss = loss_of(y, target);
    const double value = number_of(loss.detach());
    if (std::isfinite(value)) loss.backward();
    return value;
}

TrainingStep GraphTrainer::step() {
    const double begin = monotonic_seconds();
    TrainingStep told;
    const std::int64_t epoch = m_step / steps_of_epoch();
    told.lr = m_optimizer->lr_at(epoch);
    m_ended.reset();
    {
        const c10::AutoGradMode gradients(true);
        Pass pass;
        TapStack ticks;
        ticks.set_tick([this] {
            if (m_tick) m_tick();
        });
        pass.taps = &ticks;
        pass.dropout.emplace(random_stream(m_settings.seed, dropout_stream, m_step).current_seed());
        told.loss = m_sampler ? learn_batch(pass) : learn_whole(pass);
    }
    told.gradient_norm = m_optimizer->gradient_norm();
    ++m_step;
    if (std::isfinite(told.loss) && std::isfinite(told.gradient_norm)) m_optimizer->step(epoch);
    else {
        told.skipped = true;
        ++m_skipped;
        m_optimizer->drop_gradients();
    }
    m_seconds += monotonic_seconds() - begin;
    if (m_step % steps_of_epoch() == 0) note_epoch();
    return told;
}

EpochScores GraphTrainer::measured() const {
    const c10::AutoGradMode no_gradients(false);
    Pass pass;
    const at::Tensor y = m_network->compute(*m_data.view, pass);
    EpochScores scores;
    const auto score = [&](const at::Tensor& nodes, double& value, double* loss) {
        value = std::nan("");
        if (loss) *loss = value;
        if (nodes.size(0) == 0) return;
        const at::Tensor own = y.index_select(0, nodes), target = m_data.target.index_select(0, nodes);
        value = number_of(m_data.classes == 0 ? (own - target).abs().mean() : (own.argmax(1) == target).to(at::kDouble).mean());
        if (loss) *loss = number_of(loss_of(own, target));
    };
    score(m_data.train, scores.train, &scores.train_loss);
    score(m_data.validation, scores.validation, &scores.validation_loss);
    score(m_data.test, scores.test, nullptr);
    return scores;
}

void GraphTrainer::note_epoch() {
    m_ended = measured();
    const bool is_first = m_best_epoch == 0, has_validation = m_data.validation.size(0) > 0;
    const bool is_better = m_data.classes == 0 ? m_ended->validation < m_best.validation : m_ended->validation > m_best.validation;
    if (!is_first && m_settings.keep_best && has_validation && !is_better) return;
    m_best = *m_ended;
    m_best_epoch = epochs_done();
    if (!m_settings.keep_best || !has_validation) return;   // the last weights are in the network
    m_best_state.clear();
    for (const auto& [key, tensor] : m_network->state()) m_best_state.emplace(key, tensor.clone());
}

void GraphTrainer::take_best() {
    const c10::NoGradGuard no_gradients;
    m_network->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
        if (const auto found = m_best_state.find(key); found != m_best_state.end()) tensor.copy_(found->second);
    });
}

Json GraphTrainer::identity() const {
    const SamplerOptions& s = m_settings.sampler;
    return {{"network", m_network->config()}, {"epochs", m_settings.epochs}, {"lr", m_settings.optimizer.lr}, {"weight_decay", m_settings.optimizer.weight_decay}, {"seed", m_settings.seed}, {"initial_seed", m_settings.initial_seed},
        {"nodes", m_data.graph->nodes}, {"edges", m_data.graph->out.size()}, {"memberships", m_data.graph->members.size()}, {"train", m_data.train.size(0)}, {"sampler", static_cast<int>(s.kind)}, {"batch", s.batch}, {"steps", steps_of_epoch()}};
}

std::string GraphTrainer::checkpoint() const {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, tensor] : m_network->state()) tensors.emplace("net." + key, tensor);
    for (const auto& [key, tensor] : m_optimizer->state()) tensors.emplace("opt." + key, tensor);
    for (const auto& [key, tensor] : m_best_state) tensors.emplace("best." + key, tensor);
    const Json state = {{"identity", identity()}, {"step", m_step}, {"skipped", m_skipped}, {"best_epoch", m_best_epoch},
        {"best", {number_json(m_best.train_loss), number_json(m_best.validation_loss), number_json(m_best.train), number_json(m_best.validation), number_json(m_best.test)}}};
    return safetensors_bytes(tensors, {{kTrainState, state.dump()}});
}

/// The weights of the best epoch are those of this network, or none where none are kept.
void GraphTrainer::require_best_weights(const std::map<std::string, at::Tensor>& best, std::int64_t epoch) const {
    if (best.empty() && (epoch == 0 || !m_settings.keep_best || m_data.validation.size(0) == 0)) return;
    for (const auto& [key, tensor] : m_network->state())
        if (const auto found = best.find(key); found == best.end() || found->second.sizes() != tensor.sizes())
            throw Error(ErrorCode::wrong_format, "The weights of the best epoch are not those of this network.", std::string(kSavedState) + ", tensor best." + key, "Start it anew.");
}

void GraphTrainer::resume(Bytes checkpoint) {
    const auto file = open_safetensors_bytes(checkpoint, kSavedState);
    const auto found = file->metadata().find(kTrainState);
    if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The saved state is not that of a graph network's training.", kSavedState, "Start it anew.");
    const Json state = parse_json(found->second, kSavedState);
    if (!state.is_object() || !state.contains("identity") || state.at("identity") != identity())
        throw Error(ErrorCode::invalid_value, "The saved state is that of another network, data set or setting.", kSavedState, "Resume with what it was made with, or start anew.");
    const auto whole = [&](const char* key, std::int64_t most) {
        const std::int64_t value = int_member(state, key, kSavedState);
        if (value < 0 || value > most) throw Error(ErrorCode::wrong_format, std::string("The field \"") + key + "\" lies outside of 0 to " + std::to_string(most) + ".", std::string(kSavedState) + ": " + std::to_string(value), "Start it anew.");
        return value;
    };
    const std::int64_t step = whole("step", steps_total()), skipped = whole("skipped", step), best_epoch = whole("best_epoch", m_settings.epochs);
    const Json& scores = member(state, "best", kSavedState);
    if (!scores.is_array() || scores.size() != 5) throw Error(ErrorCode::wrong_format, "The field \"best\" is no list of five numbers.", std::string(kSavedState) + ": " + brief(scores), "Start it anew.");
    const auto number = [&](std::size_t k) { return number_from(scores[k], std::string(kSavedState) + ", field \"best\""); };
    const EpochScores best{number(0), number(1), number(2), number(3), number(4)};
    std::map<std::string, at::Tensor> optimizer, weights, best_state;
    for (const TensorEntry& entry : file->entries()) {
        const at::Tensor tensor = file->get(entry.name).clone();
        if (entry.name.starts_with("net.")) weights.emplace(entry.name.substr(4), tensor);
        else if (entry.name.starts_with("opt.")) optimizer.emplace(entry.name.substr(4), tensor);
        else if (entry.name.starts_with("best.")) best_state.emplace(entry.name.substr(5), tensor);
    }
    require_best_weights(best_state, best_epoch);
    m_network->load_named(weights);
    m_optimizer->restore(optimizer, step - skipped);
    m_step = step;
    m_skipped = skipped;
    m_best_epoch = best_epoch;
    m_best = best;
    m_best_state = std::move(best_state);
}

}
