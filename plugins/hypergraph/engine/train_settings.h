#pragma once
// What the methods that train take from their parameters: the network, the protocol, the split.
#include "core/engine/run_context.h"
#include "core/method/method_info.h"
#include "plugins/hypergraph/engine/augmentations.h"
#include "plugins/hypergraph/engine/graph_trainer.h"

namespace lathe::hypergraph {

std::vector<Parameter> network_parameters(bool with_choice);   ///< `with_choice`: which network
std::vector<Parameter> training_parameters();

struct TrainSettings {
    NetworkOptions network;             ///< features and classes are filled in by network_for
    GraphTraining training;
    std::string protocol;               ///< hgb, topoaug, hypergcn, custom
    std::string split;                  ///< hgb, random, file
    std::string split_name;             ///< of the file's splits; empty: the first
    double train_share = 0.6, validation_share = 0.2;
    std::int64_t classes = 0;
    std::string features = "given";     ///< given, identity, degree
    Augmentation augmentation = Augmentation::none;
    std::string part_hyperedges = "all";   ///< all, joint, strict
    double checkpoint_minutes = 5;
    std::string varied() const;         ///< what differs between two seeds, for sentences
};
/// `seed`: of this run. Throws Error(unknown_name, invalid_value).
TrainSettings train_settings_from(const Json& params, std::uint64_t seed);

/// The graph with structural features where they are asked for ("identity", "degree") or it has none of its own.
std::shared_ptr<const HybridGraph> with_features(const std::shared_ptr<const HybridGraph>& graph, const std::string& features);

/// The graph as these settings want it, split, with its features. `seed`: of the split and the augmentation.
TrainingData data_for(const std::shared_ptr<const HybridGraph>& graph, const TrainSettings& settings, std::uint64_t seed, std::vector<std::int32_t>* nodes = nullptr);
/// Sizes filled in.
NetworkOptions network_for(const TrainSettings& settings, const TrainingData& data);

}
