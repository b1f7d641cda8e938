// The record of the Hybrid Graph Benchmark as safetensors.
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/writers.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kLargestDense = 512ll << 20;   // bytes of x; larger ones are written as the CSR arrays of gnn-benchmark

template <typename T> at::Tensor longs(const std::vector<T>& values) {
    at::Tensor made = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
    std::ranges::copy(values, made.mutable_data_ptr<std::int64_t>());
    return made;
}

at::Tensor floats(const std::vector<float>& values) { return at::from_blob(const_cast<float*>(values.data()), {static_cast<std::int64_t>(values.size())}, at::kFloat).clone(); }

void put_features(const Features& features, std::map<std::string, at::Tensor>& tensors) {
    if (features.is_dense()) {
        tensors["x"] = floats(features.dense).reshape({features.rows, features.columns});
        return;
    }
    if (features.rows * features.columns * 4 > kLargestDense) {
        tensors["attr_indptr"] = longs(features.pattern.offsets);
        tensors["attr_indices"] = longs(features.pattern.items);
        tensors["attr_shape"] = at::tensor({features.rows, features.columns}, at::kLong);
        if (!features.values.empty()) tensors["attr_data"] = floats(features.values);
        return;
    }
    at::Tensor x = at::zeros({features.rows, features.columns});
    add_rows(features.pattern, features.values.empty() ? nullptr : features.values.data(), features.columns, x.mutable_data_ptr<float>());
    tensors["x"] = x;
}

void put_masks(const HybridGraph& graph, std::map<std::string, at::Tensor>& tensors) {
    if (graph.splits.empty()) return;
    const auto count = static_cast<std::int64_t>(graph.splits.size());
    for (const auto& [name, part] : {std::pair<const char*, Part>{"train_mask", Part::train}, {"val_mask", Part::validation}, {"test_mask", Part::test}}) {
        at::Tensor mask = at::zeros({graph.nodes, count}, at::kBool);
        bool* at = mask.mutable_data_ptr<bool>();
        for (std::int64_t node = 0; node < graph.nodes; ++node)
            for (std::int64_t split = 0; split < count; ++split) at[node * count + split] = graph.splits[static_cast<std::size_t>(split)].part[static_cast<std::size_t>(node)] == part;
        tensors[name] = count == 1 ? mask.squeeze(1) : mask;
    }
}

}

void write_graph_tensors(const HybridGraph& graph, const std::filesystem::path& file, LeftOut& left_out) {
    std::map<std::string, at::Tensor> tensors;
    tensors["edge_index"] = at::stack({longs(row_of_each(graph.out)), longs(graph.out.items)});
    if (!graph.edge_weights.empty()) tensors["edge_weight"] = floats(graph.edge_weights);
    if (graph.hyperedge_count() > 0) {
        tensors["hyperedge_index"] = at::stack({longs(graph.members.items), longs(row_of_each(graph.members))});
        tensors["num_hyperedges"] = at::tensor(graph.hyperedge_count(), at::kLong);
        if (!graph.hyperedge_weights.empty()) tensors["hyperedge_weight"] = floats(graph.hyperedge_weights);
    }
    if (!graph.features.empty()) put_features(graph.features, tensors);
    if (graph.is_regression()) tensors["y"] = floats(graph.targets);
    else if (!graph.labels.empty()) tensors["y"] = longs(graph.labels);
    put_masks(graph, tensors);
    if (!graph.node_names.label.empty() || !graph.node_names.attributes.empty()) left_out.push_back("Names and attributes are not in the file.");
    if (!graph.direction.empty()) left_out.push_back("The directions of hyperedges are not in the file.");
    if (graph.features.empty() && !graph.is_regression() && graph.labels.empty()) left_out.push_back("Nodes behind the last one that has an edge are not in the file: it has neither features nor labels to count them.");
    write_safetensors(file, tensors, {{"format", "hybrid graph"}});
}

}
