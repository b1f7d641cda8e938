#pragma once
// The parameters of quantization.train and what they say.
#include "plugins/quantization/engine/classifier_trainer.h"
#include "plugins/quantization/engine/settings.h"

namespace lathe::quantization {

struct TrainSettings {
    bool is_quantized = false;
    int depth = 8, width = 16;               ///< of a network from scratch
    ClassifierTraining training;
    TrainingBatches::Options batches;
    BnFold fold = BnFold::rescaled;
    Settings scheme;                         ///< with the algorithms of the training
    double checkpoint_minutes = 5;
};

std::vector<Parameter> train_parameters();
/// Throws what settings_from throws, and Error(unsupported) for algorithms that the backend's engine could not run (levels that are not even, on folded convolutions).
TrainSettings train_settings_from(const Json& params);
/// Layers that a backend keeps at 8 bits (first and last) take LSQ where the algorithm asked for is one of few bits: APoT has no levels for so many, and QIL's
/// activations know no negative values.
void use_lsq_at_ends(QuantPlan& plan, const PlacementOptions& options);

}
