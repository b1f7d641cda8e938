#pragma once
// Training of a graph network by the published protocols: full batch or sampled, with a measurement after each epoch. A step is one batch; everything random in it comes from
// its number, so a resumed training goes on as the unbroken one would have.
#include "core/engine/training.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include "plugins/hypergraph/engine/graph_optimizer.h"
#include "plugins/hypergraph/engine/samplers.h"
#include "plugins/hypergraph/engine/splits.h"

namespace lathe::hypergraph {

struct GraphTraining {
    std::int64_t epochs = 50;
    OptimizerOptions optimizer;                ///< schedule_steps counts epochs
    bool keep_best = true;                     ///< the weights of the epoch with the best validation (the first of equals); else, or without validation nodes, the last
    std::uint64_t seed = 0;                    ///< of dropout and samplers
    std::uint64_t initial_seed = 1;            ///< of the weights
    SamplerOptions sampler;
    std::int64_t steps = 5;                    ///< batches of an epoch; with a sampler
    std::int64_t coverage = 0;                 ///< GraphSAINT's normalisation; 0: none
};

struct EpochScores {
    double train_loss = 0, validation_loss = 0;
    double train = 0, validation = 0, test = 0;   ///< accuracy, of a regression mean absolute error; NaN where a part is empty
};

/// What a network is trained on. Made once for several trainings.
struct TrainingData {
    std::shared_ptr<const HybridGraph> graph;
    std::shared_ptr<const GraphView> view;
    std::vector<Part> part;                    ///< of each node; nodes without a label are none
    at::Tensor train, validation, test;        ///< numbers of the nodes
    at::Tensor target;                         ///< classes [N] (-1: none) or targets [N]
    std::int64_t classes = 0;                  ///< 0: a regression
};
/// `classes` 0: as many as the labels have. Throws Error(invalid_value) where there are no labels, features that are not finite, a label beyond the classes, or no training node.
TrainingData training_data(std::shared_ptr<const HybridGraph> graph, std::vector<Part> part, std::int64_t classes = 0);

class GraphTrainer : public Trainable {
public:
    /// Initialises the network. Throws Error(invalid_value) for settings that cannot be, or hyperedges that are not there.
    GraphTrainer(const GraphTraining& settings, const TrainingData& data, std::shared_ptr<GraphNetwork> network, std::function<void()> tick = {});
    TrainingStep step();
    /// Of the epoch that the last step has ended; none: it has ended no epoch.
    const std::optional<EpochScores>& ended_epoch() const { return m_ended; }
    std::int64_t steps_of_epoch() const { return m_sampler ? m_settings.steps : 1; }
    std::int64_t epochs_done() const { return m_step / steps_of_epoch(); }
    std::int64_t steps_done() const override { return m_step; }
    std::int64_t steps_total() const override { return m_settings.epochs * steps_of_epoch(); }
    std::int64_t skipped() const override { return m_skipped; }
    double seconds() const { return m_seconds; }         ///< of the steps, without measurements; of this process
    std::string checkpoint() const override;
    void resume(Bytes checkpoint) override;              ///< what is refused changes no more than weights

    std::int64_t best_epoch() const { return m_best_epoch; }   ///< from 1
    const EpochScores& best() const { return m_best; }
    /// The weights that count, in the network.
    void take_best();
    GraphNetwork& network() { return *m_network; }
    EpochScores measured() const;
private:
    double learn_whole(Pass& pass);
    double learn_batch(Pass& pass);
    at::Tensor loss_of(const at::Tensor& y, const at::Tensor& target) const;
    void note_epoch();
    Json identity() const;
    void require_best_weights(const std::map<std::string, at::Tensor>& best, std::int64_t epoch) const;
    GraphTraining m_settings;
    const TrainingData& m_data;
    std::shared_ptr<GraphNetwork> m_network;
    std::function<void()> m_tick;
    std::unique_ptr<GraphOptimizer> m_optimizer;
    std::unique_ptr<GraphSampler> m_sampler;
    SaintNorm m_norm;
    std::map<std::string, at::Tensor> m_best_state;
    EpochScores m_best;
    std::optional<EpochScores> m_ended;
    std::int64_t m_step = 0, m_skipped = 0, m_best_epoch = 0;
    double m_seconds = 0;
};

}
