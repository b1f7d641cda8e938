#include "plugins/quantization/engine/calibration.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
namespace {

/// Those of the plan that the user chose; their names.
std::set<std::string> take_chosen_ranges(QuantTap& tap) {
    std::set<std::string> names;
    for (const auto* list : {&tap.plan().activations, &tap.plan().weights})
        for (const Placed& placed : *list) {
            if (!placed.range) continue;
            Quantizer& quantizer = *tap.find(placed.name);
            const std::int64_t scales = placed.spec.per_channel ? tap.folded(tap.plan().graph.nodes[static_cast<std::size_t>(placed.node)]).weight.size(placed.spec.channel_axis) : 1;
            quantizer.set_params(params_from_range(at::full({scales}, placed.range->first), at::full({scales}, placed.range->second), placed.spec, tap.plan().full_unsigned));
            names.insert(placed.name);
        }
    return names;
}

}

void calibrate(Network& network, const std::shared_ptr<QuantTap>& tap, const std::vector<at::Tensor>& batches, const std::function<void(std::int64_t)>& done, const std::set<std::string>& known) {
    if (batches.empty()) throw Error(ErrorCode::invalid_value, "There are no pictures to calibrate with.", "calibration", "Give at least one.");
    const c10::NoGradGuard no_gradients;
    std::set<std::string> ready = take_chosen_ranges(*tap);
    ready.insert(known.begin(), known.end());
    TapStack taps;
    taps.add(tap);
    taps.attach(network.layers());
    tap->set_mode(QuantMode::calibrate);
    for (const std::string& name : ready)
        if (Quantizer* quantizer = tap->find(name)) quantizer->observes = false;
    const auto is_left = [&](const Placed& placed) { return !ready.contains(placed.name); };
    std::vector<at::Tensor> looks = batches;
    if (std::ranges::none_of(tap->plan().activations, is_left)) {
        looks.clear();
        if (std::ranges::any_of(tap->plan().weights, is_left) || std::ranges::any_of(tap->plan().biases, is_left)) looks.push_back(batches.front().slice(0, 0, 1));   // weights are the same for every picture
    }
    std::int64_t count = 0;
    for (const at::Tensor& batch : looks) {
        network.forward({batch}, &taps);
        if (done) done(++count);
    }
    tap->set_mode(QuantMode::quantize);
}

void CalibrationMemory::start(const std::string& key) {
    if (key != m_key) m_places.clear();
    m_key = key;
}

std::set<std::string> CalibrationMemory::recall(QuantTap& tap) const {
    std::set<std::string> names;
    for (const std::string& name : tap.names()) {
        const auto place = m_places.find(name);
        if (place == m_places.end()) continue;
        Quantizer& quantizer = *tap.find(name);
        const auto kept = std::ranges::find(place->second, quantizer.spec(), &Kept::spec);
        if (kept == place->second.end()) continue;
        quantizer.load(kept->state);
        names.insert(name);
    }
    return names;
}

void CalibrationMemory::remember(QuantTap& tap) {
    std::set<std::string> chosen;                   // by the user: no observer's business
    for (const auto* list : {&tap.plan().activations, &tap.plan().weights})
        for (const Placed& placed : *list)
            if (placed.range) chosen.insert(placed.name);
    for (const std::string& name : tap.names()) {
        if (chosen.contains(name)) continue;
        std::vector<Kept>& place = m_places[name];
        Quantizer& quantizer = *tap.find(name);
        if (std::ranges::find(place, quantizer.spec(), &Kept::spec) != place.end()) continue;
        std::map<std::string, at::Tensor> state;
        for (const auto& [member, tensor] : quantizer.state()) state[member] = tensor.detach().clone();
        place.push_back({quantizer.spec(), std::move(state)});
    }
}

}
