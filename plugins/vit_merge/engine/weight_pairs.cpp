#include "plugins/vit_merge/engine/weight_pairs.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/weight_stream.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

namespace lathe::vit_merge {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kComparePiece = 4096;

double cosine_or_nothing(double dot, double first_square, double second_square) { return first_square > 0 && second_square > 0 ? dot / std::sqrt(first_square * second_square) : kNothing; }

void count_signs(const float* a, const float* b, std::int64_t count, PairComparison& pair) {
    for (std::int64_t i = 0; i < count; ++i) {
        pair.signed_entries += a[i] != 0 && b[i] != 0;
        pair.conflicts += (a[i] > 0 && b[i] < 0) || (a[i] < 0 && b[i] > 0);
    }
}

/// One piece of every model: rows of weights, the base, and room for task vectors.
void compare_piece(const std::vector<std::vector<float>>& rows, const float* base, std::int64_t count, std::vector<std::vector<float>>& tasks, WeightComparison& into) {
    const auto sums = [&](const float* a, const float* b) {
        kernel::PairSums out;
        kernel::table().pair_sums(a, b, count, out);
        return out;
    };
    if (base) {
        into.base_square += sums(base, base).dot;
        for (std::size_t m = 0; m < rows.size(); ++m)
            for (std::int64_t i = 0; i < count; ++i) tasks[m][static_cast<std::size_t>(i)] = rows[m][static_cast<std::size_t>(i)] - base[i];
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        into.squares[i] += sums(rows[i].data(), rows[i].data()).dot;
        if (base) into.task_squares[i] += sums(tasks[i].data(), tasks[i].data()).dot;
        for (std::size_t j = i + 1; j < rows.size(); ++j) {
            PairComparison& pair = into.pairs[into.index(i, j)];
            const kernel::PairSums both = sums(rows[i].data(), rows[j].data());
            pair.dot += both.dot;
            pair.square += both.square;
            if (!base) continue;
            pair.task_dot += sums(tasks[i].data(), tasks[j].data()).dot;
            count_signs(tasks[i].data(), tasks[j].data(), count, pair);
        }
    }
}

WeightComparison empty_comparison(const std::vector<int>& models) {
    WeightComparison out;
    out.models = models;
    out.squares.resize(models.size());
    out.task_squares.resize(models.size());
    out.pairs.resize(models.size() * (models.size() - 1) / 2);
    return out;
}

}

double PairComparison::cosine(double first_square, double second_square) const { return cosine_or_nothing(dot, first_square, second_square); }
double PairComparison::sign_conflict() const { return signed_entries > 0 ? static_cast<double>(conflicts) / static_cast<double>(signed_entries) : kNothing; }
double WeightComparison::cosine(std::size_t i, std::size_t j) const { return pair(i, j).cosine(squares[i], squares[j]); }
double WeightComparison::task_cosine(std::size_t i, std::size_t j) const { return cosine_or_nothing(pair(i, j).task_dot, task_squares[i], task_squares[j]); }

double WeightComparison::relative_l2(std::size_t i, std::size_t j) const {
    double scale = base_square;
    if (scale == 0)
        for (const double square : squares) scale += square / static_cast<double>(squares.size());
    return scale > 0 ? std::sqrt(pair(i, j).square / scale) : kNothing;
}

void WeightComparison::add(const WeightComparison& other) {
    if (models.empty()) *this = empty_comparison(other.models);
    base_square += other.base_square;
    for (std::size_t i = 0; i < squares.size(); ++i) {
        squares[i] += other.squares[i];
        task_squares[i] += other.task_squares[i];
    }
    for (std::size_t k = 0; k < pairs.size(); ++k) {
        pairs[k].dot += other.pairs[k].dot;
        pairs[k].square += other.pairs[k].square;
        pairs[k].task_dot += other.pairs[k].task_dot;
        pairs[k].conflicts += other.pairs[k].conflicts;
        pairs[k].signed_entries += other.pairs[k].signed_entries;
    }
}

WeightComparison compare_weights(const ModelSet& set, const SharedKey& key, const std::vector<int>& models) {
    std::vector<at::Tensor> sources;
    for (const int model : models) sources.push_back(readable_weights(set.tensor(model, key), key.key));
    const at::Tensor base = set.base ? readable_weights(set.tensor(-1, key), key.key) : at::Tensor();
    WeightComparison out = empty_comparison(models);
    std::mutex mutex;
    at::parallel_for(0, (key.elements + kWeightChunk - 1) / kWeightChunk, 1, [&](std::int64_t begin, std::int64_t end) {
        const std::vector<float> none(static_cast<std::size_t>(kComparePiece));
        std::vector<std::vector<float>> rows(models.size(), none), tasks(base.defined() ? models.size() : 0, none);
        std::vector<float> base_row = none;
        WeightComparison own = empty_comparison(models);
        for (std::int64_t first = begin * kWeightChunk; first < std::min(end * kWeightChunk, key.elements); first += kComparePiece) {
            const std::int64_t count = std::min(kComparePiece, std::min(end * kWeightChunk, key.elements) - first);
            for (std::size_t m = 0; m < sources.size(); ++m) floats_of(sources[m], first, count, rows[m].data());
            if (base.defined()) floats_of(base, first, count, base_row.data());
            compare_piece(rows, base.defined() ? base_row.data() : nullptr, count, tasks, own);
        }
        const std::scoped_lock lock(mutex);
        out.add(own);
    });
    return out;
}

}
