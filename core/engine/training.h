#pragma once
// What every training method does besides learning: go on from a checkpoint, tell progress and curves, pause, write checkpoints, measure on the side,
// give up when nothing is finite any more, and hand over the model. On the engine's work thread.
#include "core/engine/run_context.h"
#include <ATen/core/Tensor.h>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

struct TrainingStep {
    double loss = 0, gradient_norm = 0;
    double lr = 0;                                               ///< of this step
    std::vector<std::pair<std::string, double>> parts;           ///< of the loss, by metric key; the same keys at every step
    bool skipped = false;                                        ///< loss or gradient was not finite, and nothing was learned
};

/// What is trained. Everything random in a step comes from its number, so that a resumed training goes on as the unbroken one would have.
class Trainable {
public:
    virtual ~Trainable() = default;
    virtual std::int64_t steps_done() const = 0;
    virtual std::int64_t steps_total() const = 0;
    virtual std::int64_t skipped() const = 0;                    ///< steps so far, those before a resume included
    virtual std::string checkpoint() const = 0;                  ///< safetensors
    virtual void resume(Bytes checkpoint) = 0;                   ///< throws Error(wrong_format, invalid_value)
};

struct TrainingRhythm {
    std::int64_t metric_steps = 10;                              ///< from one point of the curves to the next, the mean of the steps between them
    std::int64_t measure_steps = 0;                              ///< from one measurement to the next; 0: only after the last step
    double checkpoint_seconds = 300;
    int batch = 1;                                               ///< samples of a step
    std::string speed = "samples_per_s";                         ///< key of the metric; time spent measuring does not count
};

/// Trains to the last step. `step` does one; `measure` looks at what has been learned after step number `done`. Both should call check_cancelled().
/// Metrics: loss, its parts, gradient_norm, lr, the speed, skipped_steps. Summary: loss (of the last point), skipped_steps.
/// Throws Cancelled; Paused, its checkpoint written; Error(invalid_value) when 20 steps in a row were skipped.
void train(RunContext& run, Trainable& trained, const TrainingRhythm& rhythm, const std::function<TrainingStep()>& step, const std::function<void(std::int64_t done)>& measure);

/// The artifact "model": the tensors as `file_name`, with `config` and the run's parameters in the file's metadata; in half precision unless `type` says otherwise.
void give_model(RunContext& run, std::int64_t step, const std::string& file_name, std::map<std::string, at::Tensor> tensors, const Json& config, at::ScalarType type = at::kHalf);

}
