#include "plugins/quantization/engine/fake_quant_factory.h"
#include "plugins/quantization/engine/dynamic_quant_tap.h"

namespace lathe::quantization {
namespace {

constexpr const char* kFakeQuant = "quantization.fake_quant";

std::string bits_text(int bits) { return bits == 0 ? "in float" : "of " + std::to_string(bits) + " bits"; }

/// What a run says of itself: without layers nothing is quantised, and it must not look as if.
void tell(RunContext& run, const DynamicQuantOptions& options, std::int64_t layers) {
    run.summary(kFakeQuant, {{"arithmetic", "simulated"}, {"weight_bits", options.weight_bits}, {"activation_bits", options.activation_bits}, {"layers", layers}});
}

std::unique_ptr<Tap> make_tap(const Json& params, RunContext& run) {
    DynamicQuantOptions options;
    options.weight_bits = params.at("weight_bits").get<int>();
    options.activation_bits = params.at("activation_bits").get<int>();
    options.per_channel = params.at("per_channel").get<bool>();
    options.first_last_8 = params.at("first_last_8").get<bool>();
    options.layers = params.at("layers").get<std::string>();
    tell(run, options, 0);
    return std::make_unique<DynamicQuantTap>(options, [&run, options](std::int64_t layers) {
        tell(run, options, layers);
        run.log("info", "Quantization is simulated: weights " + bits_text(options.weight_bits) + ", inputs " + bits_text(options.activation_bits) + " in " + std::to_string(layers) +
            (layers == 1 ? " layer" : " layers") + ", computed in float; times are not those of an integer engine.");
    });
}

}

TapFactory fake_quant_factory() {
    const DynamicQuantOptions o;
    constexpr int kMostBits = 16;
    TapFactory factory;
    TapInfo& info = factory.info;
    info.id = kFakeQuant;
    info.title = "Quantization (simulated)";
    info.help = "Puts weights and inputs of linear layers and convolutions on the grid of so many bits; ranges are found as the network runs. It computes in float: it shows what quantization does to results, not to speed.";
    info.parameters = {
        Parameter::integer("weight_bits", o.weight_bits).range(0, kMostBits).with_label("Weight bits").with_help("Symmetric. 0: weights stay in float.").is_live(),
        Parameter::integer("activation_bits", o.activation_bits).range(0, kMostBits).with_label("Activation bits").with_help("Of what the layers read; asymmetric, one range for each call. 0: float.").is_live(),
        Parameter::boolean("per_channel", o.per_channel).with_label("Scale per channel").with_help("Of weights; off: one scale for each tensor.").is_live(),
        Parameter::boolean("first_last_8", o.first_last_8).with_label("8 bits at the ends").with_help("The first and the last layer keep at least 8 bits.").is_live(),
        Parameter::text("layers", o.layers).with_label("Only layers").with_help("Whose names hold one of these texts, separated by commas: blocks.3, mlp. Empty: all.").is_live(),
    };
    factory.make = make_tap;
    return factory;
}

}
