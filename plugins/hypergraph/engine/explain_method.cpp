// hypergraph.explain: which neighbours and hyperedges one node's answer comes from.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/learning_methods.h"
#include "plugins/hypergraph/engine/train_settings.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kMostExplained = 10'000;

class Explanation {
public:
    explicit Explanation(RunContext& run) : m_run(run), m_graph(open_graph(run).graph), m_node(run.params().value("node", std::int64_t{0})) {
        if (m_node < 0 || m_node >= m_graph->nodes)
            throw Error(ErrorCode::invalid_value, "There is no node of this number.", "node " + std::to_string(m_node) + " of " + std::to_string(m_graph->nodes), "Numbers run from 0.");
        const InputAsset* model = run.input("model");
        const auto file = open_tensors(model->path);
        const auto found = file->metadata().find("lathe.config");
        if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The file is not a graph network that was trained here.", model->path, "Choose the model of a run of \"Train a graph network\".");
        const Json config = parse_json(found->second, model->path);
        const NetworkOptions options = network_options_from(config);
        m_view = view_of(*with_features(m_graph, config.value("node_features", "given")));
        m_network = make_network(options);
        std::map<std::string, at::Tensor> weights;
        for (const TensorEntry& entry : file->entries()) weights.emplace(entry.name, file->get(entry.name));
        m_network->load_named(weights);
        if (network_kind(options.kind).hyperedges) m_view->members();   // says so where there are none
    }

    void operator()() {
        const c10::NoGradGuard no_gradients;
        std::vector<KeptAttention> attention;
        Pass pass;
        TapStack ticks;
        ticks.set_tick([this] { m_run.check_cancelled(); });
        pass.taps = &ticks;
        pass.attention = &attention;
        m_output = m_network->compute(*m_view, pass);
        m_attention = &attention;
        const NetworkKind& kind = network_kind(m_network->options().kind);
        if (kind.edges) give_neighbours();
        if (kind.hyperedges) give_hyperedges();
        m_run.summary("node", m_node);
        m_run.summary("label", label(m_node));
        m_run.summary("prediction", prediction(m_node));
        if (m_output.dim() == 2) {
            const at::Tensor share = at::softmax(m_output[m_node].to(at::kDouble), 0).contiguous();
            Json shares = Json::object();
            for (std::int64_t c = 0; c < share.size(0); ++c) shares[class_name(c)] = share.const_data_ptr<double>()[c];
            m_run.summary("probabilities", shares);
        }
    }

private:
    std::string class_name(std::int64_t c) const { return static_cast<std::size_t>(c) < m_graph->classes.size() ? m_graph->classes[static_cast<std::size_t>(c)] : std::to_string(c); }
    Json label(std::int64_t node) const {
        if (m_graph->is_regression()) return number_json(m_graph->targets[static_cast<std::size_t>(node)]);
        if (m_graph->labels.empty() || m_graph->labels[static_cast<std::size_t>(node)] < 0) return "";
        return class_name(m_graph->labels[static_cast<std::size_t>(node)]);
    }
    Json prediction(std::int64_t node) const {
        const at::Tensor row = m_output[node];
        return m_output.dim() == 2 ? Json(class_name(row.argmax().item<std::int64_t>())) : number_json(row.item<double>());
    }

    /// The attention of the last layer that looks at this pattern, mean over the heads: [entries]; undefined: none.
    at::Tensor attention_on(const Pattern& pattern) const {
        for (auto it = m_attention->rbegin(); it != m_attention->rend(); ++it)
            if (it->pattern == pattern) return it->alpha.mean(1).contiguous();
        return {};
    }

    /// Weight of each source of the node, the node itself included where the network adds a loop.
    void give_neighbours() {
        const Pattern& looped = m_view->looped().pattern;
        const at::Tensor alpha = attention_on(looped);
        const std::string& kind = m_network->options().kind;
        const bool is_sage = kind.find("sage") != std::string::npos && kind.find("gcn") == std::string::npos && kind.find("gat") == std::string::npos;
        const Pattern& pattern = !alpha.defined() && is_sage ? m_view->edges() : looped;
        std::map<std::int32_t, double> weight;
        double total = 0;
        const auto row = pattern->rows[m_node];
        for (std::size_t k = 0; k < row.size(); ++k) {
            const std::int64_t place = pattern->rows.offsets[static_cast<std::size_t>(m_node)] + static_cast<std::int64_t>(k);
            const double one = alpha.defined() ? static_cast<double>(alpha.const_data_ptr<float>()[place]) : is_sage ? 1.0 : 1 / std::sqrt(static_cast<double>(looped->rows.length(row[k])));
            weight[row[k]] += one;
            total += one;
        }
        std::vector<std::pair<double, std::int32_t>> order;
        for (const auto& [node, one] : weight) order.emplace_back(one / total, node);
        std::ranges::sort(order, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
        std::vector<std::vector<Json>> rows;
        for (const auto& [share, node] : order)
            if (rows.size() < kMostExplained) rows.push_back({node, share, label(node), prediction(node)});
        m_run.table("neighbours", {"node", "weight", "label", "prediction"}, rows);
        m_run.summary("neighbour_weights", alpha.defined() ? "attention of the last layer, mean over heads" : is_sage ? "an equal share of the mean" : "degree-normalised share of the sum");
    }

    void give_hyperedges() {
        const Pattern& members = m_view->members();
        const at::Tensor alpha = attention_on(members);
        const auto own = members->columns[m_node];
        const std::int64_t begin = members->columns.offsets[static_cast<std::size_t>(m_node)];
        std::vector<std::pair<double, std::size_t>> order;
        double total = 0;
        for (std::size_t k = 0; k < own.size(); ++k) {
            const double one = alpha.defined() ? static_cast<double>(alpha.const_data_ptr<float>()[members->place[static_cast<std::size_t>(begin) + k]]) : 1.0;
            order.emplace_back(one, k);
            total += one;
        }
        std::ranges::sort(order, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
        std::vector<std::vector<Json>> hyperedges, rows;
        for (const auto& [one, k] : order) {
            if (hyperedges.size() >= kMostExplained) break;
            const std::int32_t e = own[k];
            const auto row = members->rows[e];
            const double share = total > 0 ? one / total : 0;
            const bool has_label = !m_graph->labels.empty() && m_graph->labels[static_cast<std::size_t>(m_node)] >= 0;
            const auto same = std::ranges::count_if(row, [&](std::int32_t node) { return has_label && m_graph->labels[static_cast<std::size_t>(node)] == m_graph->labels[static_cast<std::size_t>(m_node)]; });
            hyperedges.push_back({e, share, row.size(), has_label ? Json(static_cast<double>(same) / static_cast<double>(row.size())) : Json()});
            const std::int64_t first = members->rows.offsets[static_cast<std::size_t>(e)];
            double sum = 0;
            for (std::size_t m = 0; m < row.size(); ++m) sum += alpha.defined() ? static_cast<double>(alpha.const_data_ptr<float>()[first + static_cast<std::int64_t>(m)]) : 1.0;
            for (std::size_t m = 0; m < row.size() && rows.size() < kMostExplained; ++m) {
                const double part = (alpha.defined() ? static_cast<double>(alpha.const_data_ptr<float>()[first + static_cast<std::int64_t>(m)]) : 1.0) / sum;
                rows.push_back({e, row[m], share * part, label(row[m]), prediction(row[m])});
            }
        }
        m_run.table("hyperedges", {"hyperedge", "weight", "size", "share of own label"}, hyperedges);
        m_run.table("members", {"hyperedge", "node", "weight", "label", "prediction"}, rows);
        m_run.summary("hyperedge_weights", alpha.defined() ? "attention of the last layer, mean over heads" : "an equal share of the mean over the node's hyperedges");
    }

    RunContext& m_run;
    std::shared_ptr<const HybridGraph> m_graph;
    std::int64_t m_node;
    std::shared_ptr<GraphView> m_view;
    std::shared_ptr<GraphNetwork> m_network;
    at::Tensor m_output;
    const std::vector<KeptAttention>* m_attention = nullptr;
};

}

Method explain_graph_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.explain";
    info.title = "Explain a node";
    info.help = "Which neighbours and hyperedges the answer for one node comes from: attention, or its shares of the sums.";
    info.source = "GAT (arXiv 1710.10903), HypergraphConv (arXiv 1901.08150)";
    info.parameters = {Parameter::integer("node", 0).range(0, std::int64_t{2'000'000'000}).with_label("Node").with_group("Explain").is_live()};
    for (Parameter& parameter : graph_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"model", "model", "Model", "Trained by \"Train a graph network\".", true}, graph_input()};
    info.outputs = {{"neighbours", "table", "Neighbours", "", ""}, {"hyperedges", "table", "Hyperedges", "", ""}, {"members", "table", "Members of its hyperedges", "", ""}};
    method.run = [](RunContext& run) { Explanation{run}(); };
    return method;
}

}
