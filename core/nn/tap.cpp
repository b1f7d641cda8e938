#include "core/nn/tap.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe {

void TapStack::add(std::shared_ptr<Tap> tap) {
    if (!tap) throw Error(ErrorCode::internal, "A null tap was added.");
    m_taps.push_back(std::move(tap));
}

void TapStack::attach(const std::vector<LayerInfo>& layers) {
    std::size_t size = 0;
    for (const auto& layer : layers) size = std::max(size, static_cast<std::size_t>(layer.id) + 1);
    m_wanted.assign(size, {});
    for (const auto& layer : layers)
        for (const auto& tap : m_taps)
            if (tap->wants(layer)) m_wanted[static_cast<std::size_t>(layer.id)].push_back(tap.get());
}

Flow TapStack::enter(int layer, TensorRefs in, at::Tensor& out) {
    tick();
    Flow flow = Flow::run;
    if (wanted(layer))
        for (Tap* tap : m_wanted[static_cast<std::size_t>(layer)])
            if (tap->enter(layer, in, out) == Flow::skip) flow = Flow::skip;
    if (flow == Flow::skip && !out.defined())
        throw Error(ErrorCode::internal, "A tap skipped a layer without giving its output.", "layer " + std::to_string(layer));
    return flow;
}

void TapStack::weight(int layer, at::Tensor& w) {
    if (wanted(layer))
        for (Tap* tap : m_wanted[static_cast<std::size_t>(layer)]) tap->weight(layer, w);
}

void TapStack::leave(int layer, TensorRefs in, at::Tensor& out) {
    if (!wanted(layer)) return;
    const auto& taps = m_wanted[static_cast<std::size_t>(layer)];
    for (auto tap = taps.rbegin(); tap != taps.rend(); ++tap) (*tap)->leave(layer, in, out);
}

}
