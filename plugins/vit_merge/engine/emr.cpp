#include "plugins/vit_merge/engine/emr.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <mutex>

namespace lathe::vit_merge {
namespace {

struct EmrSums { double own = 0, masked = 0; };          // sum |t_i|, sum |M_i u|

void unify(const float* rows, std::int64_t stride, int models, std::int64_t count, float* unified) {
    for (std::int64_t i = 0; i < count; ++i) {
        float sum = 0, most = 0, least = 0;
        for (int m = 0; m < models; ++m) {
            const float t = rows[m * stride + i];
            sum += t;
            most = std::max(most, t);
            least = std::min(least, t);
        }
        unified[i] = sum > 0 ? most : least;               // of a sum of 0 the sign is -1
    }
}

/// Bits of the elements from `first` (a multiple of 8) on.
void mask_bits(const float* row, const float* unified, std::int64_t count, std::uint8_t* bits) {
    for (std::int64_t i = 0; i < count; ++i) {
        if (i % 8 == 0) bits[i / 8] = 0;
        bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | ((row[i] * unified[i] > 0 ? 1 : 0) << (i % 8)));
    }
}

}

EmrParts emr_parts(const ModelSet& set, bool total_ratio, const Told& told) {
    const auto models = static_cast<int>(set.models.size());
    EmrParts parts;
    parts.masks.resize(set.models.size());
    std::vector<EmrSums> all(set.models.size());
    StreamProgress progress(set, told, "EMR");
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const SharedKey& key = set.keys[k];
        const at::Tensor unified = at::empty(key.shape, at::kFloat);
        float* u = unified.mutable_data_ptr<float>();
        std::vector<std::uint8_t*> bits;
        for (TensorMap& masks : parts.masks) bits.push_back((masks[key.key] = at::empty({(key.elements + 7) / 8}, at::kByte)).mutable_data_ptr<std::uint8_t>());
        std::vector<EmrSums> sums(set.models.size());
        std::mutex mutex;
        for_each_chunk(WeightRows(set, k, true), [&](std::int64_t first, std::int64_t count, float* rows, float*) {
            unify(rows, kWeightChunk, models, count, u + first);
            std::vector<EmrSums> own(sums.size());
            for (int m = 0; m < models; ++m) {
                const float* row = rows + m * kWeightChunk;
                EmrSums& sum = own[static_cast<std::size_t>(m)];
                mask_bits(row, u + first, count, bits[static_cast<std::size_t>(m)] + first / 8);
                for (std::int64_t i = 0; i < count; ++i) {
                    sum.own += std::abs(static_cast<double>(row[i]));
                    if (row[i] * u[first + i] > 0) sum.masked += std::abs(static_cast<double>(u[first + i]));
                }
            }
            const std::scoped_lock lock(mutex);
            for (std::size_t m = 0; m < sums.size(); ++m) {
                sums[m].own += own[m].own;
                sums[m].masked += own[m].masked;
            }
        });
        const double share = total_ratio ? 1 : 1 / static_cast<double>(key.elements);
        for (std::size_t m = 0; m < sums.size(); ++m) {
            all[m].own += sums[m].own * share;
            all[m].masked += sums[m].masked * share;
        }
        parts.unified.emplace(key.key, unified);
        parts.elements += key.elements;
        progress.passed(key.elements);
    }
    for (const EmrSums& sum : all) parts.rescale.push_back(sum.masked > 0 ? sum.own / sum.masked : 1);   // a model that is the base has nothing to scale
    return parts;
}

void emr_tensor(const ModelSet& set, const EmrParts& parts, int model, const SharedKey& key, const at::Tensor& out) {
    const auto m = static_cast<std::size_t>(model);
    const at::Tensor plain = readable_weights(set.tensor(-1, key), key.key);
    const float* u = parts.unified.at(key.key).const_data_ptr<float>();
    const std::uint8_t* bits = parts.masks[m].at(key.key).const_data_ptr<std::uint8_t>();
    const auto scale = static_cast<float>(parts.rescale[m]);
    float* to = out.mutable_data_ptr<float>();
    at::parallel_for(0, (key.elements + kWeightChunk - 1) / kWeightChunk, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t first = begin * kWeightChunk; first < std::min(end * kWeightChunk, key.elements); first += kWeightChunk) {
            const std::int64_t last = std::min(first + kWeightChunk, key.elements);
            floats_of(plain, first, last - first, to + first);
            for (std::int64_t i = first; i < last; ++i) to[i] += (bits[i / 8] >> (i % 8) & 1) ? scale * u[i] : 0.0f;
        }
    });
}

TensorMap emr_trunk(const ModelSet& set, const EmrParts& parts, int model) {
    TensorMap out;
    for (const SharedKey& key : set.keys) {
        const at::Tensor tensor = at::empty(key.shape, at::kFloat);
        emr_tensor(set, parts, model, key, tensor);
        out.emplace(key.key, tensor);
    }
    for (auto& [name, tensor] : set.rest()) out.emplace(name, tensor.to(at::kFloat));
    return out;
}

}
