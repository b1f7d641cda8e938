#include "plugins/vit_merge/engine/weight_stream.h"
#include "core/base/error.h"
#include "core/nn/parallel.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/merge_weights.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <memory>
#include <unistd.h>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kSumChunk = 65'536;               // elements: 256 KiB of output

kernel::WeightType weight_type(const at::Tensor& t) {
    switch (t.scalar_type()) {
    case at::kFloat: return kernel::WeightType::f32;
    case at::kHalf: return kernel::WeightType::f16;
    case at::kBFloat16: return kernel::WeightType::bf16;
    default: throw Error(ErrorCode::invalid_value, "Weights of this type cannot be merged.", std::string("dtype ") + at::toString(t.scalar_type()), "Give float32, float16 or bfloat16.");
    }
}

std::int64_t bytes_before(const at::Tensor& t, std::int64_t elements) { return elements * static_cast<std::int64_t>(t.element_size()); }

/// As core/nn/kernels.cpp decides it: written past the cache where it would not stay there.
bool is_past_last_cache(std::int64_t bytes) {
    static const std::int64_t last = std::max<std::int64_t>(sysconf(_SC_LEVEL3_CACHE_SIZE), 8 << 20);
    return bytes > last / 2;
}

/// A number in [0, 1) that depends on its arguments alone (the mixing of SplitMix64).
float hashed_uniform(std::uint64_t stream, std::uint64_t at) {
    std::uint64_t z = stream + (at + 1) * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    return static_cast<float>(z >> 40) * 0x1p-24f;
}

/// Scratch of one thread, kept until it ends: a merge asks for it hundreds of times.
float* stream_scratch(std::size_t floats) {
    thread_local std::unique_ptr<float[]> memory;
    thread_local std::size_t size = 0;
    if (size < floats) {
        memory.reset(new float[floats]);
        size = floats;
    }
    return memory.get();
}

}

at::Tensor readable_weights(at::Tensor t, const std::string& key) {
    if (!at::isFloatingType(t.scalar_type())) throw Error(ErrorCode::invalid_value, "A tensor of whole numbers cannot be merged.", "tensor " + key);
    if (t.scalar_type() == at::kDouble) t = t.to(at::kFloat);
    return t.contiguous();
}

void floats_of(const at::Tensor& source, std::int64_t first, std::int64_t count, float* out) {
    const kernel::WeightSource one{static_cast<const char*>(source.const_data_ptr()) + bytes_before(source, first), weight_type(source), 1};
    kernel::table().weighted_sum(&one, 1, out, count, false);
}

void weighted_sums(std::span<const WeightedSum> sums, std::int64_t written) {
    const auto refuse = [](const char* what, const at::Tensor& t) { throw Error(ErrorCode::invalid_value, what, "tensor of " + std::to_string(t.numel()) + " elements, " + at::toString(t.scalar_type())); };
    struct Task { const std::vector<kernel::WeightSource>* sources; float* out; std::int64_t first, count; };
    std::vector<std::vector<kernel::WeightSource>> used(sums.size());
    std::vector<Task> tasks;
    std::int64_t all = 0;
    for (std::size_t s = 0; s < sums.size(); ++s) {
        const auto& [sources, weights, out] = sums[s];
        if (sources.size() != weights.size()) throw Error(ErrorCode::invalid_value, "There is not one weight for each source.", std::to_string(sources.size()) + " sources, " + std::to_string(weights.size()) + " weights");
        if (out.scalar_type() != at::kFloat || !out.is_contiguous()) refuse("The sum of weights must be contiguous float32.", out);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            const at::Tensor& source = sources[i];
            if (source.numel() != out.numel() || !source.is_contiguous()) refuse("Tensors that are summed must be contiguous and of one size.", source);
            const kernel::WeightType type = weight_type(source);
            if (source.const_data_ptr() == out.const_data_ptr() && out.numel() > 0) refuse("The sum of weights may be none of its sources.", source);
            if (weights[i] != 0) used[s].push_back({source.const_data_ptr(), type, static_cast<float>(weights[i])});
        }
        if (used[s].empty()) out.zero_();
        else
            for (std::int64_t first = 0; first < out.numel(); first += kSumChunk) tasks.push_back({&used[s], out.mutable_data_ptr<float>(), first, std::min(kSumChunk, out.numel() - first)});
        all += out.numel();
    }
    const bool past_cache = is_past_last_cache(std::max(written, all * static_cast<std::int64_t>(sizeof(float))));
    // Handed out one by one: threads need not get the same share of the memory.
    parallel_each(static_cast<std::int64_t>(tasks.size()), [&](int, std::int64_t i) {
        const Task& task = tasks[static_cast<std::size_t>(i)];
        std::vector<kernel::WeightSource> part = *task.sources;
        for (kernel::WeightSource& source : part) source.data = static_cast<const char*>(source.data) + task.first * (source.type == kernel::WeightType::f32 ? 4 : 2);
        kernel::table().weighted_sum(part.data(), static_cast<int>(part.size()), task.out + task.first, task.count, past_cache);
    });
}

void weighted_sum(std::span<const at::Tensor> sources, std::span<const double> weights, const at::Tensor& out, std::int64_t written) {
    const WeightedSum one{{sources.begin(), sources.end()}, {weights.begin(), weights.end()}, out};
    weighted_sums({&one, 1}, written);
}

WeightRows::WeightRows(const ModelSet& set, std::size_t key, bool minus_base, const DareDrop* drop) : m_elements(set.keys[key].elements), m_key(key), m_drop(drop) {
    const SharedKey& shared = set.keys[key];
    for (int i = 0; i < static_cast<int>(set.models.size()); ++i) {
        m_tensors.push_back(readable_weights(set.tensor(i, shared), shared.key));
        if (drop && drop->uniform) m_uniform.push_back(readable_weights(drop->uniform(i, shared.key), shared.key));
    }
    if (minus_base) m_base = readable_weights(set.tensor(-1, shared), shared.key);
}

void WeightRows::read_one(int model, std::int64_t first, std::int64_t count, float* row, float* spare) const {
    const auto m = static_cast<std::size_t>(model);
    floats_of(m_tensors[m], first, count, row);
    if (!m_base.defined()) return;
    floats_of(m_base, first, count, spare);
    for (std::int64_t i = 0; i < count; ++i) row[i] -= spare[i];
    if (!m_drop) return;
    const auto p = static_cast<float>(m_drop->p), kept = static_cast<float>(1 - m_drop->p);
    if (!m_uniform.empty()) {
        floats_of(m_uniform[m], first, count, spare);
        for (std::int64_t i = 0; i < count; ++i) row[i] = spare[i] > p ? row[i] / kept : 0.0f;
        return;
    }
    const std::uint64_t stream = (m_drop->seed * 0x2545f4914f6cdd1dull) ^ ((static_cast<std::uint64_t>(model) + 1) << 48) ^ (static_cast<std::uint64_t>(m_key) << 36);
    for (std::int64_t i = 0; i < count; ++i) row[i] = hashed_uniform(stream, static_cast<std::uint64_t>(first + i)) > p ? row[i] / kept : 0.0f;
}

void WeightRows::read(std::int64_t first, std::int64_t count, float* rows, std::int64_t stride, float* spare) const {
    for (int i = 0; i < models(); ++i) read_one(i, first, count, rows + i * stride, spare);
}

void for_each_chunk(const WeightRows& rows, const std::function<void(std::int64_t, std::int64_t, float*, float*)>& work) {
    const std::int64_t elements = rows.elements(), models = rows.models();
    at::parallel_for(0, (elements + kWeightChunk - 1) / kWeightChunk, 1, [&](std::int64_t begin, std::int64_t end) {
        float* scratch = stream_scratch(static_cast<std::size_t>((models + 1) * kWeightChunk));
        float* spare = scratch + models * kWeightChunk;
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
            const std::int64_t first = chunk * kWeightChunk, count = std::min(kWeightChunk, elements - first);
            rows.read(first, count, scratch, kWeightChunk, spare);
            work(first, count, scratch, spare);
        }
    });
}

void for_each_chunk_of(const WeightRows& rows, int model, const std::function<void(std::int64_t, std::int64_t, float*, float*)>& work) {
    const std::int64_t elements = rows.elements();
    at::parallel_for(0, (elements + kWeightChunk - 1) / kWeightChunk, 1, [&](std::int64_t begin, std::int64_t end) {
        float* scratch = stream_scratch(static_cast<std::size_t>(2 * kWeightChunk));
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
            const std::int64_t first = chunk * kWeightChunk, count = std::min(kWeightChunk, elements - first);
            rows.read_one(model, first, count, scratch, scratch + kWeightChunk);
            work(first, count, scratch, scratch + kWeightChunk);
        }
    });
}

StreamProgress::StreamProgress(const ModelSet& set, const Told& told, std::string note, double passes) : m_told(told), m_note(std::move(note)) {
    for (const SharedKey& key : set.keys) m_total += static_cast<double>(key.elements);
    m_total = std::max(m_total * passes, 1.0);
}

void StreamProgress::passed(std::int64_t elements) {
    m_done += static_cast<double>(elements);
    if (m_told) m_told(std::min(m_done / m_total, 1.0), 1, m_note);
}

}
