#pragma once
// The batches of a training: pictures in an order drawn anew for each epoch, flipped and shifted. All of a batch follows from the seed and its number.
#include "core/engine/classification_data.h"
#include <memory>

namespace lathe::quantization {

class TrainingBatches {
public:
    struct Options {
        std::int64_t images = 0;             ///< the first of the set; 0: all
        std::int64_t batch = 128;
        bool augment = true;                 ///< flips from left to right, and crops of the picture with a black edge of an eighth of its side
        std::uint64_t seed = 0;
    };
    struct Batch {
        at::Tensor pictures;                 ///< normalised float32 [batch, C, H, W], channels last
        at::Tensor labels;                   ///< int64 [batch]
    };
    /// Throws Error(invalid_value) for more pictures than there are, or none, and for a batch below 2 (a normalisation needs more than one).
    TrainingBatches(std::shared_ptr<const ClassificationSet> set, const Options& options);

    /// Number `step`, from 0. Batches go on over the end of an epoch, so all have the same size. Cheapest in order.
    Batch operator()(std::int64_t step);
    std::int64_t images() const { return m_options.images; }
    std::int64_t batch() const { return m_options.batch; }
    std::uint64_t seed() const { return m_options.seed; }

private:
    std::shared_ptr<const ClassificationSet> m_set;
    Options m_options;
    std::int64_t m_epoch = -1;
    at::Tensor m_order;                      // of the pictures in this epoch
};

}
