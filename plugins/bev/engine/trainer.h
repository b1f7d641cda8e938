#pragma once
// Training of a Fast-BEV detector: FreeAnchor losses, augmentation of images and ground plane, AdamW with warm-up and linear decay, as the official
// configs; steps whose loss or gradient is not finite are skipped and counted. Everything random in a step is drawn from (seed, step).
#include "core/engine/training.h"
#include "core/nn/optim.h"
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/inputs.h"
#include <functional>
#include <string>

namespace lathe::bev {

struct TrainSettings {
    DetectorConfig model;
    double epochs = 20;
    int batch = 4;
    double lr = 4e-4, backbone_lr = 0.1;   ///< backbone_lr: factor on lr
    double weight_decay = 0.01, clip = 35;
    int warmup = 1000;                     ///< steps; at most a tenth of all
    bool norm_eval = true;                 ///< batch normalisation of the backbone by its stored statistics; for training from scratch: off
    bool freeze_stem = true;               ///< stem and first stage of the backbone stay as loaded; for training from scratch: off
    bool class_balanced = false;           ///< CBGS: every class gets the same expected number of samples
    AugmentationRanges ranges;
    std::uint64_t seed = 0;
};

class Trainer : public Trainable {
public:
    /// `start`: weights to begin with by key (the backbone of an ImageNet network, or a whole detector); keys that do not fit are named in `left_out`.
    Trainer(TrainSettings settings, std::vector<SampleInfo> samples, std::filesystem::path root, const std::function<at::Tensor(const std::string&)>& start = {});

    /// The loss has the parts loss.positive and loss.negative.
    TrainingStep step(const std::function<void()>& tick = {});
    std::int64_t steps_done() const override { return m_step; }
    std::int64_t steps_total() const override { return m_total; }
    std::int64_t skipped() const override { return m_skipped; }
    double lr_at(std::int64_t step) const;
    const TrainSettings& settings() const { return m_settings; }
    Detector& network() { return m_net; }
    const std::vector<std::string>& left_out() const { return m_left_out; }
    /// Evaluation mode for a preview or a measurement, and back.
    void set_evaluating(bool on);

    std::string checkpoint() const override;
    void resume(Bytes checkpoint) override;
private:
    std::vector<std::size_t> order_of(std::int64_t epoch) const;
    NamedTensors parameters_of(bool backbone);

    TrainSettings m_settings;
    std::vector<SampleInfo> m_samples;
    std::filesystem::path m_root;
    Detector m_net;
    std::vector<std::string> m_left_out;
    AdamW m_backbone, m_rest;
    PictureCache m_pictures;
    std::int64_t m_step = 0, m_total = 0, m_skipped = 0, m_epoch = -1;
    std::vector<std::size_t> m_order;
};

}
