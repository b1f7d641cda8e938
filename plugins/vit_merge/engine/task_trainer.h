#pragma once
// Training of trunks, models of one task, and gates: AdamW, warm-up and cosine; batches, order and changes follow from the seed, so that it resumes bit for bit. On the engine's work thread.
#include "core/engine/training.h"
#include "core/nn/optim.h"
#include "plugins/vit_merge/engine/gate.h"
#include "plugins/vit_merge/engine/task_batches.h"
#include "plugins/vit_merge/engine/vit.h"
#include <memory>

namespace lathe::vit_merge {

struct TaskTraining {
    std::int64_t images = 100'000;                         ///< seen in all; rounded up to whole batches
    double lr = 1e-3, weight_decay = 0.05;
    double warmup = 0.05;                                  ///< share of the steps
    bool cosine = true;                                    ///< to 0; else the rate stays
    double clip = 0;                                       ///< longest gradient; 0: none
    std::int64_t restart_epoch = 0;                        ///< pictures after which the moments of Adam begin anew (the official gate's optimiser); 0: never
};

class TaskTrainer : public Trainable {
public:
    TrainingStep step();
    std::int64_t steps_done() const override { return m_step; }
    std::int64_t steps_total() const override;
    std::int64_t skipped() const override { return m_skipped; }
    std::string checkpoint() const override;
    void resume(Bytes checkpoint) override;
    double lr_at(std::int64_t step) const;
    const TaskBatches& batches() const { return m_batches; }
    const TaskTraining& settings() const { return m_settings; }

protected:
    TaskTrainer(const TaskTraining& settings, TaskBatches batches);
    /// Once, at the end of the constructor. `identity`: what a checkpoint must have been made with, beyond settings and batches.
    void train_on(NamedTensors parameters, NamedTensors buffers, Json identity);
    /// Recorded for the gradient; `told` may get parts.
    virtual at::Tensor loss(const TaskBatches::Batch& batch, TrainingStep& told) = 0;
    virtual void changed() = 0;                            ///< the weights were stepped or loaded

private:
    Json identity() const;
    TaskTraining m_settings;
    TaskBatches m_batches;
    NamedTensors m_parameters, m_buffers;
    Json m_identity;
    std::unique_ptr<AdamW> m_adamw;
    std::int64_t m_step = 0, m_skipped = 0;
};

/// A linear head: weight [classes, features], bias [classes].
struct HeadTensors { at::Tensor weight, bias; };
/// Zero bias, truncated normal 0.02.
HeadTensors new_head(std::int64_t classes, std::int64_t features, std::uint64_t seed);

/// One trunk with a head for each of the tasks.
class VitTrainer : public TaskTrainer {
public:
    /// `heads`: by name of the task; those that are missing are made anew. `config.classes` is not looked at. Throws Error(invalid_value) where a head does not fit its task.
    VitTrainer(const TaskTraining& settings, TaskBatches batches, VitConfig config, const TensorMap& trunk, std::map<std::string, HeadTensors> heads);

    Vit& trunk() { return *m_trunk; }
    const std::map<std::string, HeadTensors>& heads() const { return m_heads; }
    /// Share of the first `images` (0: all) of a set that are told right by the head of task number `task`.
    double accuracy(const TaskImages& set, std::size_t task, std::int64_t images, const std::function<void()>& tick);
    /// The weights under canonical keys; with the head of the task as head.weight and head.bias where `task` is not negative.
    TensorMap tensors(int task);

private:
    at::Tensor loss(const TaskBatches::Batch& batch, TrainingStep& told) override;
    void changed() override;
    std::unique_ptr<Vit> m_trunk;
    std::map<std::string, HeadTensors> m_heads;
};

/// official: cross-entropy of what is a softmax already (so it cannot fall below ln(e + N - 1) - 1); single: of the logits.
enum class GateLoss { official, single };
GateLoss gate_loss_from(std::string_view text);            ///< "official", "single"; throws Error(unknown_name)
at::Tensor gate_loss(GateLoss kind, const at::Tensor& logits, const at::Tensor& task);

class GateTrainer : public TaskTrainer {
public:
    /// Tasks are the gate's outputs in their order. Throws Error(invalid_value) where their number is another.
    GateTrainer(const TaskTraining& settings, TaskBatches batches, std::shared_ptr<Gate> gate, GateLoss kind);
    Gate& gate() { return *m_gate; }
    /// [N, N]: true task, most likely one, of the first `images` of each set.
    at::Tensor confusion(const std::vector<TrainingTask>& tasks, std::int64_t images, const std::function<void()>& tick);

private:
    at::Tensor loss(const TaskBatches::Batch& batch, TrainingStep& told) override;
    void changed() override;
    std::shared_ptr<Gate> m_gate;
    GateLoss m_kind;
};

}
