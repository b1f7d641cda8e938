#pragma once
// Walks over the weights of all models chunk by chunk, so that memory does not grow with their number. Work thread; threads inside.
#include "plugins/vit_merge/engine/model_set.h"
#include <functional>
#include <optional>
#include <span>

namespace lathe::vit_merge {

/// Progress in shares of one method; may throw Cancelled.
using Told = std::function<void(double done, double total, std::string_view note)>;

inline constexpr std::int64_t kWeightChunk = 16'384;       ///< elements: 64 KiB of float for each model

/// Contiguous, in float32, float16 or bfloat16: as it is where it can be. Throws Error(invalid_value) for whole numbers, naming `key`.
at::Tensor readable_weights(at::Tensor tensor, const std::string& key);

/// Elements [first, first + count) of such a tensor, as float.
void floats_of(const at::Tensor& source, std::int64_t first, std::int64_t count, float* out);

/// DARE: entries of task vectors are dropped where u <= p, the others divided by 1 - p. u depends on seed, model, key and place alone; `uniform` (tests) gives it instead.
struct DareDrop {
    double p = 0.5;
    std::uint64_t seed = 0;
    std::function<at::Tensor(int model, const std::string& key)> uniform;
};

/// One tensor of every model, as rows of floats.
class WeightRows {
public:
    /// `minus_base`: W_i - W_0 instead of W_i; then `drop` may thin them.
    WeightRows(const ModelSet& set, std::size_t key, bool minus_base, const DareDrop* drop = nullptr);
    std::int64_t elements() const { return m_elements; }
    int models() const { return static_cast<int>(m_tensors.size()); }
    const at::Tensor& base() const { return m_base; }      ///< undefined where it is not taken
    /// rows [models, count] of `stride` floats; `spare`: count floats more.
    void read(std::int64_t first, std::int64_t count, float* rows, std::int64_t stride, float* spare) const;
    void read_one(int model, std::int64_t first, std::int64_t count, float* row, float* spare) const;
private:
    std::vector<at::Tensor> m_tensors, m_uniform;
    at::Tensor m_base;
    std::int64_t m_elements = 0;
    std::size_t m_key;
    const DareDrop* m_drop;
};

/// Calls work(first, count, rows, spare) for chunks of a tensor, on the threads of the run. rows: [models, kWeightChunk] floats, filled; spare: kWeightChunk floats.
void for_each_chunk(const WeightRows& rows, const std::function<void(std::int64_t first, std::int64_t count, float* rows, float* spare)>& work);
/// The same of one model's row.
void for_each_chunk_of(const WeightRows& rows, int model, const std::function<void(std::int64_t first, std::int64_t count, float* row, float* spare)>& work);

/// Tells of each key as the share of elements that were passed.
class StreamProgress {
public:
    StreamProgress(const ModelSet& set, const Told& told, std::string note, double passes = 1);
    void passed(std::int64_t elements);
private:
    const Told& m_told;
    std::string m_note;
    double m_done = 0, m_total = 0;
};

}
