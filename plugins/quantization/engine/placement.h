#pragma once
// Where a backend puts quantisers, and of which kind: the insertion rules of MQBench's custom quantizers (ModelTC/MQBench mqbench/custom_quantizer;
// specification of MQBench, section 5.2) on a traced graph. Pure; any thread.
#include "plugins/quantization/engine/backend.h"
#include "plugins/quantization/engine/graph.h"
#include <map>
#include <optional>
#include <set>

namespace lathe::quantization {

/// What the user wants of one node instead of the backend's setting.
struct NodeChoice {
    std::optional<int> weight_bits, activation_bits;
    std::optional<bool> weight_symmetric, weight_per_channel, activation_symmetric;
    std::optional<double> weight_clip;                  ///< largest magnitude of its weight that is kept, in place of an observer's range
    std::optional<std::pair<double, double>> activation_range;   ///< of the value that it gives
    bool excluded = false;                              ///< neither its weight nor its inputs are quantised for its sake
};

struct PlacementOptions {
    Scheme weights, activations;
    Algorithm weight_algorithm = Algorithm::lsq, activation_algorithm = Algorithm::lsq;
    ObserverKind weight_observer = ObserverKind::minmax, activation_observer = ObserverKind::ema_minmax;
    bool fuse_residual_add = false;                     ///< TensorRT: an add takes one input, of a convolution or linear layer with no other user, unquantised
    Backend::Bias bias = Backend::Bias::as_float;
    bool quantize_weights = true, quantize_activations = true;
    std::map<std::string, NodeChoice> nodes;            ///< by node name
    std::set<std::string> additional;                   ///< names of nodes whose inputs are quantised too
};
/// The backend's own settings.
PlacementOptions defaults_of(const Backend& backend);

struct Placed {
    int node = -1;                                      ///< in the plan's graph
    std::string name;                                   ///< as in MQBench's checkpoints: "x_post_act_fake_quantizer", "layer1.0.conv1.weight_fake_quant"
    QuantSpec spec;
    std::string why;
    std::optional<std::pair<double, double>> range;     ///< chosen by the user: nothing is observed
};

/// The place of a node in one of a plan's lists; null: it has none.
const Placed* place_at(const std::vector<Placed>& list, int node);

struct QuantPlan {
    std::string backend;
    NetworkGraph graph;                                 ///< fused where the backend folds
    std::vector<Placed> activations, weights, biases;   ///< each in order of running
    std::vector<std::string> why_not;                   ///< for each node: why nothing is behind it; empty where a quantiser is
    bool full_unsigned = true;
    Backend::Bias bias = Backend::Bias::as_float;       ///< own: `biases` says where
    bool is_empty() const { return activations.empty() && weights.empty(); }
};

/// `layers`: of the traced network. Throws Error(unknown_name) for choices that name no node, Error(invalid_value) for bits that a scheme has not.
QuantPlan place(const NetworkGraph& traced, const std::vector<LayerInfo>& layers, const Backend& backend, const PlacementOptions& options);

}
