#include "plugins/quantization/engine/classifier.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/graph.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::quantization {
namespace {

/// All networks of this plugin's families are classifiers.
const Classifier& classifier_of(const Network& network) { return dynamic_cast<const Classifier&>(network); }

}

void Classifier::initialize(std::uint64_t seed) {
    const c10::NoGradGuard no_gradients;
    auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
    visit_parameters("", [&](const std::string& key, at::Tensor& t) {
        if (t.dim() >= 2) t.normal_(0, std::sqrt(2.0 / static_cast<double>(t.numel() / t.size(0))), random);
        else t.fill_(key.ends_with("bias") ? 0 : 1);
    });
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor Classifier::checked_input(const std::vector<at::Tensor>& inputs) const {
    const bool is_batch = inputs.size() == 1 && inputs[0].defined() && inputs[0].dim() == 4;
    if (!is_batch || inputs[0].size(1) != channels() || inputs[0].numel() == 0 || inputs[0].scalar_type() != at::kFloat)
        throw Error(ErrorCode::invalid_value, "The pictures do not fit this network.", is_batch ? c10::str("input ", c10::toString(inputs[0].scalar_type()), " ", inputs[0].sizes()) : "input",
            "It takes one batch of float32 pictures with " + std::to_string(channels()) + (channels() == 1 ? " channel." : " channels."));
    return inputs[0];
}

int config_number(const Json& config, const char* key, int fallback, int lowest, int highest) {
    const auto found = config.find(key);
    if (found == config.end()) return fallback;
    if (!found->is_number_integer() || found->get<std::int64_t>() < lowest || found->get<std::int64_t>() > highest)
        throw Error(ErrorCode::invalid_value, "A size of the network is impossible.", std::string(key) + " = " + brief(*found),
            "Give a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest) + ".");
    return found->get<int>();
}

Json classifier_facts(const Network& given) {
    auto& network = const_cast<Classifier&>(classifier_of(given));
    const std::int64_t macs = trace(network, {at::zeros({1, network.channels(), network.image_size(), network.image_size()})}).macs();
    return {{"channels", network.channels()}, {"classes", network.classes()}, {"size", network.image_size()}, {"parameters", network.parameter_count()}, {"macs", macs}, {"config", network.config()}};
}

std::vector<at::Tensor> classifier_example(const Network& network, std::int64_t batch, std::uint64_t seed) {
    const Classifier& classifier = classifier_of(network);
    auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
    return {at::randn({batch, classifier.channels(), classifier.image_size(), classifier.image_size()}, random)};
}

}
