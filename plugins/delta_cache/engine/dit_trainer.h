#pragma once
// Training of a small class-conditional DiT in pixel space: noise prediction with min-SNR weights (Hang et al. 2023), AdamW, a moving average of the
// weights, and a learning rate that stays constant and then falls to zero (so a run can be prolonged from any checkpoint before the fall).
// Everything random in a step is drawn from (seed, step), so a resumed run goes on exactly as the unbroken one would have.
#include "core/engine/training.h"
#include "core/nn/datasets.h"
#include "core/nn/optim.h"
#include "plugins/delta_cache/engine/dit.h"

namespace lathe::delta_cache {

struct TrainOptions {
    DitConfig model;
    std::int64_t images = 1'000'000;       ///< of the whole training, rounded to whole batches
    int batch = 128;
    double lr = 1e-3, weight_decay = 0.02, beta2 = 0.99, clip = 1.0;
    int warmup = 500;                      ///< steps
    double decay_share = 0.25;             ///< of the steps, at the end
    double ema = 0.9995;                   ///< final decay; ramped from 0.1
    double snr_limit = 5;                  ///< of the min-SNR weight; 0: all steps weigh the same
    std::uint64_t seed = 0;
    bool half = false;                     ///< products in bfloat16
};

class DitTrainer : public Trainable {
public:
    /// Images must be input_size x input_size; one channel. Throws Error(invalid_value).
    DitTrainer(TrainOptions options, LabelledImages data);

    TrainingStep step(TapStack* taps = nullptr);
    std::int64_t steps_done() const override { return m_step; }
    std::int64_t steps_total() const override;
    std::int64_t skipped() const override { return m_skipped; }
    double lr_at(std::int64_t step) const;

    const TrainOptions& options() const { return m_options; }
    const Dit& network() const { return m_dit; }
    /// Weights of the moving average under the official keys; copies.
    std::map<std::string, at::Tensor> average() const;

    std::string checkpoint() const override;
    void resume(Bytes checkpoint) override;

private:
    struct Batch { at::Tensor x0, noise, t, y; };
    Batch draw(std::int64_t step);

    TrainOptions m_options;
    LabelledImages m_data;
    Dit m_dit;
    NamedTensors m_parameters;
    AdamW m_adamw;
    MovingAverage m_average;
    at::Tensor m_alphas_cumprod;            // [T] float
    at::Tensor m_order;                     // of the images in the current epoch
    std::int64_t m_epoch = -1, m_step = 0, m_skipped = 0;
};

/// Samples for `labels`: DDIM with guidance, deterministic in `seed`. [B, 1, S, S] in [-1, 1]. `tick` is called before every step and may throw.
at::Tensor sample_pixels(Dit& dit, const at::Tensor& labels, int steps, double guidance, std::uint64_t seed, const std::function<void()>& tick = {});
at::Tensor sample_pixels(const DitConfig& config, const std::map<std::string, at::Tensor>& weights, const at::Tensor& labels, int steps, double guidance, std::uint64_t seed,
    const std::function<void()>& tick = {});

/// A grid of pictures with one pixel between them, `columns` in a row: uint8 [H, W, 1] from [-1, 1].
at::Tensor picture_grid(const at::Tensor& pictures, int columns);

}
