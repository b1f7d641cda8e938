#pragma once
// What one step of a reconstruction reads: cached samples drawn by the number of the iteration, so that a resumed run draws the same. Float32 on the CPU.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace lathe::quantization {

/// Samples of a cache, kept with channels last where they are pictures, and a batch of them that is written anew in place at each draw.
class SampleCache {
public:
    /// samples [n, ...], copied only where they are not in that layout. Throws Error(invalid_value) for no sample and for values that are not finite.
    explicit SampleCache(const at::Tensor& samples);
    /// The batch [indices, ...]: [N, C, H, W] with channels last, else contiguous. Valid until the next draw.
    const at::Tensor& draw(const std::vector<std::int64_t>& indices);
    /// QDrop: each element from this cache with probability `keep`, else from `other`, which has the same shape. Depends on `seed` only, not on threads.
    const at::Tensor& draw_mixed(const std::vector<std::int64_t>& indices, const SampleCache& other, double keep, std::uint64_t seed);
    std::int64_t count() const { return m_rows.size(0); }
    at::IntArrayRef shape() const { return m_shape; }

private:
    void make_room(std::int64_t batch);
    std::vector<std::int64_t> m_shape;    // of the samples as given
    at::Tensor m_rows, m_batch_rows, m_batch;   // [n, values], [batch, values], a view of the second
};

/// A well-mixed number of both.
std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t number);
/// `batch` different samples of n, in an order by chance; all of them in their own order where batch >= n.
std::vector<std::int64_t> drawn_samples(std::int64_t n, std::int64_t batch, std::uint64_t seed);

/// Mean over batch and positions of the sum over dimension 1 of |y - target|^2, and its gradient into `gradient`; all three of one shape and memory format.
double squared_error(const at::Tensor& y, const at::Tensor& target, const at::Tensor& gradient);

}
