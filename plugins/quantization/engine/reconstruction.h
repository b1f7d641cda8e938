#pragma once
// Reconstruction of one unit, a layer (AdaRound) or a block (BRECQ, QDrop), after MQBench; specification of MQBench, section 6: the roundings of its weights
// and, where asked, the scales of its activations are learnt so that it gives what it gave in float. On the engine's work thread.
#include "core/nn/optim.h"
#include "plugins/quantization/engine/adaround.h"
#include "plugins/quantization/engine/reconstruction_batch.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lathe::quantization {

struct ReconstructionOptions {
    std::int64_t iterations = 10000, batch = 32;
    double learning_rate = 1e-3;           ///< of alpha
    double scale_learning_rate = 4e-5;     ///< of activation scales, in a cosine to 0
    RoundingSchedule rounding;
    double keep = 1;                       ///< QDrop: share of the unit's input that is the quantised one; the rest is the float one
    std::uint64_t seed = 0;
};

/// Cached once for the unit, [n, ...] each: its inputs behind the quantised part of the network; with keep < 1 also those in float; what it gave in float.
struct UnitSamples {
    std::vector<at::Tensor> inputs, float_inputs;
    at::Tensor target;
};

/// The unit on a batch, with these weights in place of its own (in the order of the roundings). What it gives must be on the autograd graph of the weights.
/// The tensors are reused by the next call.
using RunUnit = std::function<at::Tensor(const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& weights)>;

struct NamedRounding {
    std::string name;
    AdaRound* rounding = nullptr;   ///< borrowed
};

struct ReconstructionLoss {
    double total = 0, reconstruction = 0, rounding = 0;
};

class Reconstruction {
public:
    /// `scales`: leaves that record gradients, e.g. Quantizer::learnt(); may be empty. Throws Error(invalid_value) for options out of range, shapes that do not
    /// fit, no sample and values that are not finite.
    Reconstruction(const UnitSamples& samples, RunUnit run_unit, std::vector<NamedRounding> roundings, NamedTensors scales, const ReconstructionOptions& options);

    /// On from where it stands to the last iteration. `done` hears after each (1 ... iterations) and may throw to end the run, which then can go on or be saved.
    /// Batches and all that LibTorch draws (its own generator is seeded anew) depend on seed and iteration only. The weights that `run_unit` was given are soft:
    /// take AdaRound::hard() afterwards. Throws Error(invalid_value) where the unit gives another shape than its target, or something that is not finite.
    void run(const std::function<void(std::int64_t iteration, const ReconstructionLoss& loss)>& done = {});

    std::int64_t iteration() const { return m_iteration; }   ///< how many are done
    /// "iteration", "alpha.NAME", "scale.NAME" and the moments "m.…" and "v.…" of both; borrowed.
    std::map<std::string, at::Tensor> state() const;
    /// Throws Error(wrong_format) naming the key that is missing or has another shape; then nothing has changed.
    void restore(const std::map<std::string, at::Tensor>& state);

private:
    ReconstructionLoss step();
    std::vector<at::Tensor> draw_inputs(const std::vector<std::int64_t>& drawn, std::uint64_t seed);
    double compare(const at::Tensor& y, const at::Tensor& target);
    ReconstructionOptions m_options;
    RunUnit m_run_unit;
    std::vector<NamedRounding> m_roundings;
    NamedTensors m_alphas, m_scales;
    std::vector<SampleCache> m_inputs, m_float_inputs;
    SampleCache m_target;
    std::vector<at::Tensor> m_soft;       // leaves; the unit's weights
    at::Tensor m_gradient;                // of the unit's output; scratch
    AdamW m_alpha_adam, m_scale_adam;     // without decay: plain Adam
    std::int64_t m_iteration = 0;
};

}
