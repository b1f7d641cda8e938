#pragma once
// Training of a classifier: in float, or quantisation-aware through a QuantTap, whose scales and levels are learnt with the weights.
// SGD with Nesterov momentum and a cosine rate, as He et al. 2015 and MQBench train: the gradient factors of LSQ and QIL are made for it (AdamW would move a
// scale of 0.01 by as much as a weight), and on small pictures it ends above AdamW. No weight decay on normalisations, biases and what quantisers learn,
// but on PACT's clipping levels, whose paper asks for it.
#include "core/engine/training.h"
#include "core/nn/optim.h"
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/quantization/engine/training_batches.h"

namespace lathe::quantization {

struct ClassifierTraining {
    double epochs = 20;
    double learning_rate = 0.1;              ///< highest; rises over the first twentieth of the steps, at most an epoch
    double momentum = 0.9, weight_decay = 1e-4;
    double clip = 0;                         ///< longest gradient; 0: none
    double distillation = 0;                 ///< share of the teacher in the loss: KL of the softened outputs, times temperature squared
    double temperature = 4;
};

class ClassifierTrainer : public Trainable {
public:
    /// Trains `network` in place. `tap`: null in float, else calibrated on this network and its folding strategy set. `teacher`: in inference; may be null where
    /// distillation is 0. Throws Error(invalid_value) for settings that cannot be.
    ClassifierTrainer(const ClassifierTraining& settings, std::shared_ptr<Network> network, TrainingBatches batches, std::shared_ptr<QuantTap> tap = {}, std::shared_ptr<Network> teacher = {});

    TrainingStep step();
    std::int64_t steps_done() const override { return m_step; }
    std::int64_t steps_total() const override { return m_total; }
    std::int64_t steps_of_epoch() const;
    std::int64_t skipped() const override { return m_skipped; }
    double lr_at(std::int64_t step) const;

    /// While false, the network (and the tap) run as they will be deployed: running statistics, no gradients.
    void set_learning(bool on);
    Network& network() { return *m_network; }
    TapStack& taps() { return m_taps; }      ///< with the tap attached

    std::string checkpoint() const override;
    void resume(Bytes checkpoint) override;
    std::map<std::string, double> notes;     ///< numbers of the caller that checkpoints keep

private:
    at::Tensor loss_of(const TrainingBatches::Batch& batch, TrainingStep& told);
    Json identity() const;

    ClassifierTraining m_settings;
    std::shared_ptr<Network> m_network;
    TrainingBatches m_batches;
    std::shared_ptr<QuantTap> m_tap;
    std::shared_ptr<Network> m_teacher;
    TapStack m_taps;
    std::vector<Sgd> m_sgd;                  // with weight decay; without
    std::int64_t m_total = 0, m_step = 0, m_skipped = 0;
};

}
