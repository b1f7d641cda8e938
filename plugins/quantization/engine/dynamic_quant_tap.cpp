#include "plugins/quantization/engine/dynamic_quant_tap.h"
#include "core/base/error.h"
#include "core/nn/layers.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr int kEndsBits = 8;

/// x on the grid of its own range; per channel along the spec's axis. In x's type.
at::Tensor on_own_grid(const at::Tensor& x, const QuantSpec& spec, const std::string& name) {
    if (x.numel() == 0) return x;
    const at::Tensor value = x.to(at::kFloat);
    const auto [low, high] = at::aminmax(by_channel(value.detach(), spec), 1);
    if (!std::isfinite(low.min().item<double>()) || !std::isfinite(high.max().item<double>()))
        throw Error(ErrorCode::invalid_value, "Values that are not finite cannot be quantized.", name, "Check the model, or leave this layer out.");
    return fake_quantize(value, params_from_range(low, high, spec), spec).to(x.scalar_type());
}

}

DynamicQuantTap::DynamicQuantTap(const DynamicQuantOptions& options, std::function<void(std::int64_t)> first_use) : m_options(options), m_first_use(std::move(first_use)) {
    for (const int bits : {options.weight_bits, options.activation_bits})
        if (bits != 0) full_range(bits, true, false);   // throws
    for (std::size_t begin = 0; begin <= options.layers.size();) {
        const std::size_t end = std::min(options.layers.find(',', begin), options.layers.size());
        std::string text = options.layers.substr(begin, end - begin);
        std::erase(text, ' ');
        if (!text.empty()) m_texts.push_back(std::move(text));
        begin = end + 1;
    }
}

bool DynamicQuantTap::is_chosen(const std::string& name) const {
    return m_texts.empty() || std::ranges::any_of(m_texts, [&](const std::string& text) { return name.find(text) != std::string::npos; });
}

bool DynamicQuantTap::wants(const LayerInfo& layer) {
    if (layer.id == 0) m_places.clear();   // of a network that it was attached to before
    if (layer.type != "Linear" && layer.type != "Conv2d" && layer.type != "ConvTranspose2d") return false;
    Place place{layer.name, layer.type == "ConvTranspose2d" ? 1 : 0};
    place.is_first = m_places.empty();
    place.is_chosen = is_chosen(layer.name);
    const bool chosen = place.is_chosen;
    m_places[layer.id] = std::move(place);
    return chosen;
}

int DynamicQuantTap::bits_of(const Place& place, int bits) const {
    const bool is_end = place.is_first || &place == &m_places.rbegin()->second;
    return bits != 0 && m_options.first_last_8 && is_end ? std::max(bits, kEndsBits) : bits;
}

Flow DynamicQuantTap::enter(int id, TensorRefs in, at::Tensor&) {
    const Place& place = m_places.at(id);
    if (m_first_use) std::exchange(m_first_use, {})(std::ranges::count_if(m_places, [](const auto& entry) { return entry.second.is_chosen; }));
    if (const int bits = bits_of(place, m_options.activation_bits); bits != 0 && !in.empty()) in[0] = on_own_grid(in[0], full_range(bits, false, false), place.name);
    return Flow::run;
}

void DynamicQuantTap::weight(int id, at::Tensor& w) {
    Place& place = m_places.at(id);
    const int bits = bits_of(place, m_options.weight_bits);
    if (bits == 0) return;
    QuantSpec spec = full_range(bits, true, m_options.per_channel);
    spec.channel_axis = place.channel_axis;
    // While it is learnt, and behind other taps that make it anew, it is another tensor or has other values at each call.
    const bool is_learnt = records_gradients(w);
    if (is_learnt || !place.source.defined() || !place.source.is_same(w)) {
        place.ready = on_own_grid(w, spec, place.name);
        place.source = is_learnt ? at::Tensor() : w;
    }
    w = place.ready;
}

}
