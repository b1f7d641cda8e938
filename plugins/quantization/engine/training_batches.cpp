#include "plugins/quantization/engine/training_batches.h"
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include <algorithm>
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

enum Purpose : std::uint64_t { order_of_epoch = 1, changes_of_batch = 2 };
constexpr std::int64_t kEdgeShare = 8;

/// uint8 [n, C, H, W]; half of them flipped, all shifted by up to an eighth of their sides.
at::Tensor augmented(const at::Tensor& pictures, at::Generator random) {
    const std::int64_t count = pictures.size(0), height = pictures.size(2), width = pictures.size(3), edge = std::min(height, width) / kEdgeShare;
    const at::Tensor flips = at::randint(2, {count}, random, at::kLong), shifts = at::randint(2 * edge + 1, {count, 2}, random, at::kLong);
    const at::Tensor wide = at::constant_pad_nd(pictures, {edge, edge, edge, edge}, 0), mirrored = wide.flip({3});
    at::Tensor out = at::empty_like(pictures);
    const auto *flip = flips.const_data_ptr<std::int64_t>(), *shift = shifts.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) {
        const at::Tensor& from = flip[i] ? mirrored : wide;
        out[i].copy_(from[i].narrow(1, shift[2 * i], height).narrow(2, shift[2 * i + 1], width));
    }
    return out;
}

}

TrainingBatches::TrainingBatches(std::shared_ptr<const ClassificationSet> set, const Options& options) : m_set(std::move(set)), m_options(options) {
    if (m_options.images == 0) m_options.images = m_set->size();
    if (m_options.images < 1 || m_options.images > m_set->size())
        throw Error(ErrorCode::invalid_value, "The training split has not so many pictures.", std::to_string(options.images) + " of " + std::to_string(m_set->size()), "Ask for fewer; 0 takes all.");
    if (m_options.batch < 2) throw Error(ErrorCode::invalid_value, "A normalization needs more than one picture.", "batch " + std::to_string(m_options.batch), "Train with batches of at least 2.");
}

TrainingBatches::Batch TrainingBatches::operator()(std::int64_t step) {
    std::vector<std::int64_t> picked;
    picked.reserve(static_cast<std::size_t>(m_options.batch));
    for (std::int64_t i = step * m_options.batch; i < (step + 1) * m_options.batch; ++i) {
        if (i / m_options.images != m_epoch) {
            m_epoch = i / m_options.images;
            m_order = at::randperm(m_options.images, random_stream(m_options.seed, Purpose::order_of_epoch, m_epoch), at::kLong);
        }
        picked.push_back(m_order.const_data_ptr<std::int64_t>()[i % m_options.images]);
    }
    const at::Tensor index = at::tensor(picked, at::kLong);
    at::Tensor pictures = m_set->images.index_select(0, index);
    if (m_options.augment) pictures = augmented(pictures, random_stream(m_options.seed, Purpose::changes_of_batch, step));
    return {m_set->normalised(pictures), m_set->labels.index_select(0, index)};
}

}
