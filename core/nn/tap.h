#pragma once
// Taps look into a network while it runs (design.md section 6). A tap is called on the engine's work thread only, in attach order on enter
// and weight, in reverse order on leave. Tensors are borrowed for the call: to keep one, clone or reduce it. Replacements stay on the autograd graph.
#include <ATen/core/Tensor.h>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// A place in a network that reports. ids are dense, from 0, in the order of construction.
struct LayerInfo {
    int id = 0;
    std::string name;          ///< as in the official checkpoint: "blocks.3.attn.qkv"
    std::string type;          ///< class: "Linear", "Conv2d", "LayerNorm", "DiTBlock", …
    int block = -1;            ///< index of the repeated block it belongs to, -1: none
    std::string point;         ///< block, attn, cross, mlp, linear, conv, norm, act, add, mul, cat, slice, pad, pool, reshape, matmul, softmax
};

enum class Flow { run, skip };
using TensorRefs = std::span<at::Tensor>;

struct Tap {
    virtual ~Tap() = default;
    virtual bool wants(const LayerInfo& layer) = 0;                                    ///< asked once for each layer, at attach
    virtual Flow enter(int, TensorRefs, at::Tensor&) { return Flow::run; }             ///< (id, in, out): may replace in; Flow::skip = out is set
    virtual void weight(int, at::Tensor&) {}                                           ///< replaced copy, never in place
    virtual void leave(int, TensorRefs, at::Tensor&) {}                                ///< raw output, before gate and residual; called for skipped layers too
};

/// The taps attached to one network run, resolved to a list per layer. Empty: layers see a null pointer and do nothing.
class TapStack {
public:
    void add(std::shared_ptr<Tap> tap);
    bool empty() const { return m_taps.empty() && !m_tick; }
    /// Called at every point when set: looks for cancellation (throws) and counts progress.
    void set_tick(std::function<void()> tick) { m_tick = std::move(tick); }
    void attach(const std::vector<LayerInfo>& layers);        ///< resolves wants(); call again after add()
    void tick() const { if (m_tick) m_tick(); }               ///< for points that a fusion passes without enter()
    bool wanted(int layer) const { const auto i = static_cast<std::size_t>(layer); return i < m_wanted.size() && !m_wanted[i].empty(); }   ///< for fusions that may not cross a tapped point
    Flow enter(int layer, TensorRefs in, at::Tensor& out);
    void weight(int layer, at::Tensor& w);
    void leave(int layer, TensorRefs in, at::Tensor& out);
private:
    std::vector<std::shared_ptr<Tap>> m_taps;
    std::vector<std::vector<Tap*>> m_wanted;
    std::function<void()> m_tick;
};

/// Runs `compute` (at::Tensor -> at::Tensor) as the layer `id`: taps may look at and replace its input and output, or skip it.
template <class F> at::Tensor at_point(TapStack* taps, int id, at::Tensor in, F compute) {
    if (!taps || !taps->wanted(id)) {
        if (taps) taps->tick();
        return compute(in);
    }
    at::Tensor out;
    if (taps->enter(id, {&in, 1}, out) == Flow::run) out = compute(in);
    taps->leave(id, {&in, 1}, out);
    return out;
}

}
