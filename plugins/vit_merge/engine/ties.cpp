#include "plugins/vit_merge/engine/ties.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kHalfBins = 65'536;                // of one half of a float's bits

using HalfCounts = std::vector<std::int64_t>;

/// How often each value of one half of |t|'s bits occurs in model `model`; the low half only where the high half is `high`.
HalfCounts half_counts(const ModelSet& set, int model, const DareDrop* drop, std::optional<std::uint32_t> high, StreamProgress& progress) {
    HalfCounts counts(kHalfBins);
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const WeightRows rows(set, k, true, drop);
        std::vector<HalfCounts> of_thread(static_cast<std::size_t>(at::get_num_threads()));
        for_each_chunk_of(rows, model, [&](std::int64_t, std::int64_t count, float* row, float*) {
            HalfCounts& own = of_thread[static_cast<std::size_t>(at::get_thread_num())];
            own.resize(kHalfBins);
            for (std::int64_t i = 0; i < count; ++i) {
                const std::uint32_t bits = std::bit_cast<std::uint32_t>(row[i]) & 0x7fffffffu;   // magnitudes are ordered like their bits
                if (!high) ++own[bits >> 16];
                else if (bits >> 16 == *high) ++own[bits & 0xffffu];
            }
        });
        for (const HalfCounts& own : of_thread)
            for (std::size_t i = 0; i < own.size(); ++i) counts[i] += own[i];
        progress.passed(set.keys[k].elements);
    }
    return counts;
}

/// The bin that holds the k-th (from 1) smallest value; `k` becomes its place within that bin.
std::uint32_t bin_of(const HalfCounts& counts, std::int64_t& k) {
    std::uint32_t bin = 0;
    while (bin + 1 < kHalfBins && counts[bin] < k) k -= counts[bin++];
    return bin;
}

float sign_of(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; }

void trim_rows(const TiesTrim& trim, int models, std::int64_t count, float* rows, std::int64_t stride) {
    for (int m = 0; m < models; ++m) {
        float* row = rows + m * stride;
        const float threshold = trim.threshold[static_cast<std::size_t>(m)], weight = trim.weights.empty() ? 1.0f : trim.weights[static_cast<std::size_t>(m)];
        for (std::int64_t i = 0; i < count; ++i) row[i] = std::abs(row[i]) >= threshold ? weight * row[i] : 0.0f;
    }
}

float sum_at(int models, const float* rows, std::int64_t stride, std::int64_t i) {
    float sum = 0;
    for (int m = 0; m < models; ++m) sum += rows[m * stride + i];
    return sum;
}

}

TiesTrim plan_ties(const ModelSet& set, double keep, std::vector<double> weights, const DareDrop* drop, const Told& told) {
    TiesTrim trim;
    trim.drop = drop;
    if (std::any_of(weights.begin(), weights.end(), [](double w) { return w != 1; })) trim.weights.assign(weights.begin(), weights.end());
    std::int64_t elements = 0;
    for (const SharedKey& key : set.keys) elements += key.elements;
    const std::int64_t kth = elements - static_cast<std::int64_t>(static_cast<double>(elements) * keep);
    const auto models = static_cast<int>(set.models.size());
    StreamProgress progress(set, told, "Trimming task vectors", 2.0 * models + 1);
    for (int model = 0; model < models; ++model) {
        if (kth <= 0) {
            trim.threshold.push_back(0);                   // all are kept
            continue;
        }
        std::int64_t place = kth;
        const std::uint32_t high = bin_of(half_counts(set, model, drop, {}, progress), place);
        const std::uint32_t low = bin_of(half_counts(set, model, drop, high, progress), place);
        trim.threshold.push_back(std::bit_cast<float>(high << 16 | low));
    }
    std::mutex mutex;
    double signs = 0;
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        for_each_chunk(WeightRows(set, k, true, drop), [&](std::int64_t, std::int64_t count, float* rows, float*) {
            trim_rows(trim, models, count, rows, kWeightChunk);
            double sum = 0;
            for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(sign_of(sum_at(models, rows, kWeightChunk, i)));
            const std::scoped_lock lock(mutex);
            signs += sum;
        });
        progress.passed(set.keys[k].elements);
    }
    trim.zero_sign = sign_of(static_cast<float>(signs));
    return trim;
}

void ties_consistent(const TiesTrim& trim, int models, std::int64_t count, float* rows, std::int64_t stride, float* signs) {
    trim_rows(trim, models, count, rows, stride);
    for (std::int64_t i = 0; i < count; ++i) {
        const float sign = sign_of(sum_at(models, rows, stride, i));
        signs[i] = sign == 0 ? trim.zero_sign : sign;
    }
    for (int m = 0; m < models; ++m) {
        float* row = rows + m * stride;
        for (std::int64_t i = 0; i < count; ++i) row[i] = signs[i] > 0 ? std::max(row[i], 0.0f) : std::min(row[i], 0.0f);
    }
}

void ties_aggregate(TiesAggregate aggregate, int models, std::int64_t count, const float* rows, std::int64_t stride, const float* signs, float* out) {
    for (std::int64_t i = 0; i < count; ++i) {
        if (aggregate == TiesAggregate::max) {
            float largest = 0;
            for (int m = 0; m < models; ++m) largest = std::max(largest, std::abs(rows[m * stride + i]));
            out[i] = largest * signs[i];
            continue;
        }
        out[i] = sum_at(models, rows, stride, i);
        if (aggregate == TiesAggregate::sum) continue;
        int others = 0;
        for (int m = 0; m < models; ++m) others += rows[m * stride + i] != 0;
        out[i] /= static_cast<float>(std::max(others, 1));
    }
}

}
