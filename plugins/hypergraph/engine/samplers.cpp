#include "plugins/hypergraph/engine/samplers.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>
#include <map>
#include <numeric>

namespace lathe::hypergraph {
namespace {

std::int64_t draw_below(std::int64_t count, at::Generator& draws) { return at::randint(count, {1}, draws, at::TensorOptions(at::kLong)).item<std::int64_t>(); }

std::vector<std::int64_t> drawn_below(std::int64_t count, std::int64_t times, at::Generator& draws) {
    const at::Tensor numbers = at::randint(count, {times}, draws, at::TensorOptions(at::kLong));
    return {numbers.const_data_ptr<std::int64_t>(), numbers.const_data_ptr<std::int64_t>() + times};
}

void sort_unique(std::vector<std::int32_t>& nodes) {
    std::ranges::sort(nodes);
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

}

SamplerKind sampler_kind(const std::string& name) {
    static const std::vector<std::pair<std::string, SamplerKind>> all{{"none", SamplerKind::none}, {"saint-node", SamplerKind::saint_node}, {"saint-edge", SamplerKind::saint_edge}, {"saint-walk", SamplerKind::saint_walk},
        {"shadow", SamplerKind::shadow}, {"random-node", SamplerKind::random_node}, {"random-hyperedge", SamplerKind::random_hyperedge}};
    for (const auto& [known, kind] : all)
        if (known == name) return kind;
    throw Error(ErrorCode::unknown_name, "There is no sampler of this name.", name, "Known are none, saint-node, saint-edge, saint-walk, shadow, random-node and random-hyperedge.");
}

ColumnPairs edge_columns(const HybridGraph& graph) { return {row_of_each(graph.out), graph.out.items}; }
ColumnPairs membership_columns(const HybridGraph& graph) { return {graph.members.items, row_of_each(graph.members)}; }

Restricted restricted(std::int64_t node_count, const ColumnPairs& edges, const ColumnPairs& memberships, std::vector<std::int32_t> nodes) {
    Restricted made;
    sort_unique(nodes);
    std::vector<std::int32_t> number(static_cast<std::size_t>(node_count), -1);
    for (std::size_t k = 0; k < nodes.size(); ++k) number[static_cast<std::size_t>(nodes[k])] = static_cast<std::int32_t>(k);
    made.nodes = std::move(nodes);
    for (std::size_t k = 0; k < edges.first.size(); ++k) {
        const std::int32_t a = number[static_cast<std::size_t>(edges.first[k])], b = number[static_cast<std::size_t>(edges.second[k])];
        if (a < 0 || b < 0) continue;
        made.edge.push_back(static_cast<std::int64_t>(k));
        made.edges.first.push_back(a);
        made.edges.second.push_back(b);
    }
    for (std::size_t k = 0; k < memberships.first.size(); ++k) {
        const std::int32_t node = number[static_cast<std::size_t>(memberships.first[k])];
        if (node < 0) continue;
        made.memberships.first.push_back(node);
        made.memberships.second.push_back(memberships.second[k]);
    }
    made.hyperedge = made.memberships.second;
    sort_unique(made.hyperedge);
    for (std::int32_t& e : made.memberships.second) e = static_cast<std::int32_t>(std::ranges::lower_bound(made.hyperedge, e) - made.hyperedge.begin());
    return made;
}

std::vector<float> saint_edge_weights(std::int64_t node_count, const ColumnPairs& edges) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(node_count), 0), in(out);
    for (std::size_t k = 0; k < edges.first.size(); ++k) {
        ++out[static_cast<std::size_t>(edges.first[k])];
        ++in[static_cast<std::size_t>(edges.second[k])];
    }
    std::vector<float> weights(edges.first.size());
    for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = static_cast<float>(in[static_cast<std::size_t>(edges.first[k])] + out[static_cast<std::size_t>(edges.second[k])]);
    return weights;
}

std::vector<std::int64_t> saint_edges(std::span<const float> uniform, std::span<const float> weights, std::int64_t count) {
    std::vector<float> key(uniform.size());
    for (std::size_t k = 0; k < key.size(); ++k) key[k] = std::log(uniform[k]) / (weights[k] + 1e-10f);
    std::vector<std::int64_t> order(key.size());
    std::iota(order.begin(), order.end(), 0);
    const auto end = order.begin() + std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
    std::partial_sort(order.begin(), end, order.end(), [&](std::int64_t a, std::int64_t b) { return key[static_cast<std::size_t>(a)] != key[static_cast<std::size_t>(b)] ? key[static_cast<std::size_t>(a)] > key[static_cast<std::size_t>(b)] : a < b; });
    order.erase(end, order.end());
    return order;
}

SaintNorm saint_norm(std::int64_t node_count, const ColumnPairs& edges, std::int64_t steps, std::int64_t coverage, const std::function<std::vector<std::int32_t>()>& next) {
    SaintNorm norm;
    const auto edge_count = static_cast<std::int64_t>(edges.first.size());
    norm.node_count = at::zeros({node_count});
    norm.edge_count = at::zeros({edge_count});
    auto *nodes = static_cast<float*>(norm.node_count.mutable_data_ptr()), *of_edges = static_cast<float*>(norm.edge_count.mutable_data_ptr());
    std::vector<bool> is_in(static_cast<std::size_t>(node_count));
    for (std::int64_t met = 0; met < node_count * coverage;) {
        const std::int64_t before = met;
        for (std::int64_t step = 0; step < steps; ++step) {
            is_in.assign(is_in.size(), false);
            for (const std::int32_t node : next()) {
                nodes[node] += 1;
                is_in[static_cast<std::size_t>(node)] = true;
                ++met;
            }
            for (std::int64_t k = 0; k < edge_count; ++k)
                if (is_in[static_cast<std::size_t>(edges.first[static_cast<std::size_t>(k)])] && is_in[static_cast<std::size_t>(edges.second[static_cast<std::size_t>(k)])]) of_edges[k] += 1;
        }
        norm.samples += steps;
        if (met == before) throw Error(ErrorCode::invalid_value, "The sampler finds no node, so how often nodes are met cannot be measured.", "coverage " + std::to_string(coverage), "Use a larger batch, or coverage 0.");
    }
    norm.node_norm = at::empty_like(norm.node_count);
    norm.edge_norm = at::empty_like(norm.edge_count);
    for (std::int64_t k = 0; k < edge_count; ++k) {
        const float ratio = nodes[edges.first[static_cast<std::size_t>(k)]] / of_edges[k];
        static_cast<float*>(norm.edge_norm.mutable_data_ptr())[k] = std::isnan(ratio) ? 0.1f : std::clamp(ratio, 0.0f, 1e4f);
    }
    for (std::int64_t node = 0; node < node_count; ++node)
        static_cast<float*>(norm.node_norm.mutable_data_ptr())[node] = static_cast<float>(norm.samples) / (nodes[node] == 0 ? 0.1f : nodes[node]) / static_cast<float>(node_count);
    return norm;
}

HybridGraph subgraph(const HybridGraph& graph, std::span<const std::int32_t> nodes, const ColumnPairs& edges, const ColumnPairs& memberships, std::int64_t hyperedges) {
    HybridGraph part;
    part.name = graph.name;
    part.nodes = static_cast<std::int64_t>(nodes.size());
    part.directed = graph.directed;
    part.classes = graph.classes;
    set_edges(part, edges.first, edges.second);
    set_hyperedges(part, rows_of(memberships.second, memberships.first, hyperedges));
    const auto pick = [&](const auto& from, auto& to) {
        if (!from.empty())
            for (const std::int32_t node : nodes) to.push_back(from[static_cast<std::size_t>(node)]);
    };
    pick(graph.labels, part.labels);
    pick(graph.targets, part.targets);
    part.features = picked_rows(graph.features, nodes);
    return part;
}

GraphSampler::GraphSampler(std::shared_ptr<const HybridGraph> graph, SamplerOptions options, std::vector<std::int32_t> roots)
    : m_graph(std::move(graph)), m_options(options), m_roots(std::move(roots)), m_edges(edge_columns(*m_graph)), m_memberships(membership_columns(*m_graph)) {
    const bool by_edges = options.kind == SamplerKind::saint_node || options.kind == SamplerKind::saint_edge;
    if ((by_edges && m_edges.first.empty()) || (options.kind == SamplerKind::random_hyperedge && m_memberships.first.empty()))
        throw Error(ErrorCode::invalid_value, "This sampler finds nothing to draw in the graph.", by_edges ? "no simple edges" : "no hyperedges", "Choose another sampler, or none.");
    if (options.batch < 1) throw Error(ErrorCode::invalid_value, "A batch must hold something.", std::to_string(options.batch), "Choose 1 or more.");
    if (options.kind == SamplerKind::saint_edge) m_edge_weights = saint_edge_weights(m_graph->nodes, m_edges);
}

std::vector<std::int32_t> GraphSampler::sampled_nodes(at::Generator draws) const {
    std::vector<std::int32_t> nodes;
    switch (m_options.kind) {
    case SamplerKind::saint_node:
        for (const std::int64_t k : drawn_below(static_cast<std::int64_t>(m_edges.first.size()), m_options.batch, draws)) nodes.push_back(m_edges.first[static_cast<std::size_t>(k)]);
        break;
    case SamplerKind::saint_edge: {
        const at::Tensor uniform = at::rand({static_cast<std::int64_t>(m_edges.first.size())}, draws, at::TensorOptions(at::kFloat));
        for (const std::int64_t k : saint_edges({uniform.const_data_ptr<float>(), m_edges.first.size()}, m_edge_weights, m_options.batch)) {
            nodes.push_back(m_edges.first[static_cast<std::size_t>(k)]);
            nodes.push_back(m_edges.second[static_cast<std::size_t>(k)]);
        }
        break;
    }
    case SamplerKind::saint_walk:
        for (std::int64_t node : drawn_below(m_graph->nodes, m_options.batch, draws)) {
            nodes.push_back(static_cast<std::int32_t>(node));
            for (int step = 0; step < m_options.walk_length && m_graph->out.length(node) > 0; ++step) {
                node = m_graph->out[node][static_cast<std::size_t>(draw_below(m_graph->out.length(node), draws))];
                nodes.push_back(static_cast<std::int32_t>(node));
            }
        }
        break;
    case SamplerKind::random_hyperedge: {
        const at::Tensor order = at::randperm(m_graph->hyperedge_count(), draws, at::TensorOptions(at::kLong));
        for (std::int64_t k = 0; k < order.size(0) && static_cast<std::int64_t>(nodes.size()) < m_options.batch; ++k) {
            const auto row = m_graph->members[order.const_data_ptr<std::int64_t>()[k]];
            nodes.insert(nodes.end(), row.begin(), row.end());
            if (static_cast<std::int64_t>(nodes.size()) >= m_options.batch) sort_unique(nodes);
        }
        break;
    }
    default: {
        const at::Tensor order = at::randperm(m_graph->nodes, draws, at::TensorOptions(at::kLong));
        for (std::int64_t k = 0; k < std::min(m_options.batch, m_graph->nodes); ++k) nodes.push_back(static_cast<std::int32_t>(order.const_data_ptr<std::int64_t>()[k]));
    }
    }
    sort_unique(nodes);
    return nodes;
}

GraphBatch GraphSampler::operator()(at::Generator draws) const {
    if (m_options.kind == SamplerKind::shadow) return shadow(draws);
    const Restricted part = restricted(m_graph->nodes, m_edges, m_memberships, sampled_nodes(draws));
    return {subgraph(*m_graph, part.nodes, part.edges, part.memberships, static_cast<std::int64_t>(part.hyperedge.size())), part.nodes, {}};
}

/// Each root gets a subgraph of its own: its neighbourhood of some depth, with all edges and memberships among it.
GraphBatch GraphSampler::shadow(at::Generator& draws) const {
    GraphBatch batch;
    ColumnPairs edges, memberships;
    std::int64_t hyperedges = 0;
    if (m_roots.empty()) throw Error(ErrorCode::invalid_value, "There is no node to learn from.", "training part", "Choose another split.");
    std::vector<std::int32_t> number(static_cast<std::size_t>(m_graph->nodes), -1), own;
    for (const std::int64_t k : drawn_below(static_cast<std::int64_t>(m_roots.size()), std::min<std::int64_t>(m_options.batch, static_cast<std::int64_t>(m_roots.size())), draws)) {
        own = {m_roots[static_cast<std::size_t>(k)]};
        number[static_cast<std::size_t>(own[0])] = 0;
        for (std::size_t first = 0, depth = 0; depth < static_cast<std::size_t>(m_options.depth); ++depth) {
            const std::size_t end = own.size();
            for (; first < end; ++first) {
                std::vector<std::int32_t> near(m_graph->in[own[first]].begin(), m_graph->in[own[first]].end());
                for (std::size_t taken = 0; taken < near.size() && taken < static_cast<std::size_t>(m_options.neighbours); ++taken) {   // without replacement
                    std::swap(near[taken], near[taken + static_cast<std::size_t>(draw_below(static_cast<std::int64_t>(near.size() - taken), draws))]);
                    if (number[static_cast<std::size_t>(near[taken])] >= 0) continue;
                    number[static_cast<std::size_t>(near[taken])] = static_cast<std::int32_t>(own.size());
                    own.push_back(near[taken]);
                }
            }
        }
        const auto base = static_cast<std::int32_t>(batch.nodes.size());
        std::map<std::int32_t, std::int32_t> seen;
        for (const std::int32_t node : own) {
            for (const std::int32_t target : m_graph->out[node])
                if (number[static_cast<std::size_t>(target)] >= 0) {
                    edges.first.push_back(base + number[static_cast<std::size_t>(node)]);
                    edges.second.push_back(base + number[static_cast<std::size_t>(target)]);
                }
            for (const std::int32_t e : m_graph->hyperedges.rows() > 0 ? m_graph->hyperedges[node] : std::span<const std::int32_t>()) {
                const auto [it, is_new] = seen.try_emplace(e, static_cast<std::int32_t>(hyperedges));
                if (is_new) ++hyperedges;
                memberships.first.push_back(base + number[static_cast<std::size_t>(node)]);
                memberships.second.push_back(it->second);
            }
        }
        batch.roots.push_back(base);
        batch.nodes.insert(batch.nodes.end(), own.begin(), own.end());
        for (const std::int32_t node : own) number[static_cast<std::size_t>(node)] = -1;
    }
    batch.graph = subgraph(*m_graph, batch.nodes, edges, memberships, hyperedges);
    return batch;
}

}
