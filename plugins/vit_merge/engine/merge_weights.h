#pragma once
// Merging of weights: one streaming pass over all mapped sources for every output chunk (specification, section 6), in fp32 whatever the sources are. Work thread; threads inside.
#include "plugins/vit_merge/engine/merge_settings.h"
#include "plugins/vit_merge/engine/model_set.h"
#include <functional>
#include <span>

namespace lathe::vit_merge {

/// out = sum_i weights[i] * sources[i], in one pass. Sources: equal element counts, float32, float16 or bfloat16, contiguous; out: float32, contiguous, may be none of the sources.
/// `written`: bytes that are written before any of them is read again, where that is more than `out`: decides whether it goes past the cache.
/// Throws Error(invalid_value) for other dtypes or sizes.
void weighted_sum(std::span<const at::Tensor> sources, std::span<const double> weights, const at::Tensor& out, std::int64_t written = 0);
/// Several of them, in one go on all threads.
struct WeightedSum { std::vector<at::Tensor> sources; std::vector<double> weights; at::Tensor out; };
void weighted_sums(std::span<const WeightedSum> sums, std::int64_t written = 0);

/// base_weight * W_0 + sum_i weights[i] * W_i for every shared key. A weight of 0 is not read.
TensorMap merge_linear(const ModelSet& set, double base_weight, const std::vector<double>& weights, const std::function<void(double, double, std::string_view)>& told);

/// W_0 + lambda * sum_i weight_i * (thinned W_i - W_0).
struct DareDrop;
TensorMap merge_dare_arithmetic(const ModelSet& set, const MergeSettings& settings, const DareDrop& drop, const std::function<void(double, double, std::string_view)>& told);

/// Spherical between two tensors of one shape, linear where they point the same way (|cos| > 0.9995) -> float32.
at::Tensor slerp(const at::Tensor& first, const at::Tensor& second, double t);

struct Merged {
    TensorMap trunk;                                       ///< under the keys of ModelSet::keys, float32
    Json facts = Json::object();                           ///< what the method found: greedy soup's members, lambdas, EMR's rescalers, … for provenance and tables
    double seconds = 0;
};

/// Pictures of the tasks, for the methods that need them: called with a model's number and how many images; gives {images [n, C, H, W] normalised, labels int64 [n]}.
using TaskPictures = std::function<std::pair<at::Tensor, at::Tensor>(int model, std::int64_t first, std::int64_t count, bool train)>;

/// Every method that gives one model (gives_one_model). `told(done, total, note)` may throw Cancelled. Throws Error(invalid_value) where the set does not suit the method:
/// no base, not two models for SLERP, pictures needed and `pictures` empty.
Merged merge_static(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const std::function<void(double, double, std::string_view)>& told);

}
