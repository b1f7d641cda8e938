#pragma once
// Weights of models compared pair by pair, in one streaming pass over each tensor; sums in double. Work thread; threads inside.
#include "plugins/vit_merge/engine/model_set.h"
#include <vector>

namespace lathe::vit_merge {

struct PairComparison {
    double dot = 0, square = 0;                            ///< of the weights: sum a b, (a - b)^2
    double task_dot = 0;                                   ///< of the task vectors
    std::int64_t conflicts = 0, signed_entries = 0;        ///< entries where both task vectors are not 0, and those of them with different signs
    double cosine(double first_square, double second_square) const;
    double sign_conflict() const;                          ///< share; NaN where there is nothing to compare
};

struct WeightComparison {
    std::vector<int> models;                               ///< -1: the base
    std::vector<double> squares, task_squares;             ///< of each model
    double base_square = 0;                                ///< 0 without a base
    std::vector<PairComparison> pairs;                     ///< upper half, row by row: (0, 1), (0, 2), …
    const PairComparison& pair(std::size_t i, std::size_t j) const { return pairs[index(i, j)]; }      ///< i < j
    std::size_t index(std::size_t i, std::size_t j) const { return i * models.size() - i * (i + 1) / 2 + j - i - 1; }
    double cosine(std::size_t i, std::size_t j) const;
    double task_cosine(std::size_t i, std::size_t j) const;                ///< NaN without a base, or where a task vector is 0
    double relative_l2(std::size_t i, std::size_t j) const;                ///< |a - b| / |W_0|; where that is 0, relative to the models
    void add(const WeightComparison& other);
};

WeightComparison compare_weights(const ModelSet& set, const SharedKey& key, const std::vector<int>& models);

}
