#include "core/engine/run_context.h"
#include "plugins/quantization/engine/bn_fold.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/cases_methods.h"
#include "plugins/quantization/engine/plain_convolution.h"
#include "plugins/quantization/engine/reconstruction.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
namespace {

at::Tensor case_leaf(const at::Tensor& t) { return t.detach().clone().requires_grad_(true); }

TensorMap run_bn_fold(const VerifyInputs& inputs, RunContext&) {
    const PlainConvolution plain;
    const c10::AutoGradMode gradients(true);
    const auto in = [&](const char* name) { return inputs.needed(std::string("in.") + name); };
    const std::int64_t padding = inputs.config.value("padding", std::int64_t{0}), stride = inputs.config.value("stride", std::int64_t{1});
    const QuantSpec spec = full_range(inputs.config.value("bit", 8), true, inputs.config.value("per_channel", true));
    const Convolve convolve = [&](const at::Tensor& x, const at::Tensor& w) { return at::conv2d(x, w, {}, stride, padding); };
    const QuantizeWeight quantize = [&](const at::Tensor& w) {
        const auto [low, high] = at::aminmax(by_channel(w.detach(), spec), 1);
        return fake_quantize(w, params_from_range(low, high, spec), spec);
    };
    TensorMap out;
    for (const BnFold strategy : {BnFold::once, BnFold::frozen, BnFold::batch, BnFold::corrected, BnFold::rescaled}) {
        const std::string tag = "out.s" + std::to_string(static_cast<int>(strategy));
        NormTensors norm{case_leaf(in("gamma")), case_leaf(in("beta")), in("running_mean").clone(), in("running_var").clone(), inputs.config.value("eps", 1e-5), inputs.config.value("momentum", 0.1)};
        const FoldedConv folded = folded_conv(in("weight"), {}, norm);
        out[tag + ".eval.y"] = folded_eval(in("x"), folded, convolve, quantize).detach();
        const bool is_once = strategy == BnFold::once;
        const at::Tensor weight = case_leaf(is_once ? folded.weight : in("weight")), bias = is_once ? case_leaf(folded.bias) : at::Tensor();
        const at::Tensor y = folded_training(strategy, in("x"), weight, bias, norm, convolve, quantize);
        y.backward(in("gy"));
        out[tag + ".train.y"] = y.detach();
        out[tag + ".train.g_weight"] = weight.grad();
        if (is_once) out[tag + ".train.g_bias"] = bias.grad();
        out[tag + ".train.g_gamma"] = norm.gamma.grad();
        out[tag + ".train.g_beta"] = norm.beta.grad();
        out[tag + ".train.running_mean"] = norm.running_mean;
        out[tag + ".train.running_var"] = norm.running_var;
    }
    return out;
}

TensorMap run_adaround_layer(const VerifyInputs& inputs, RunContext& context) {
    const PlainConvolution plain;
    const Json& config = inputs.config;
    const at::Tensor w = inputs.needed("in.w"), x = inputs.needed("in.x"), scale = inputs.needed("mid.scale");
    const auto bias_at = inputs.tensors.find("in.bias");
    const std::optional<at::Tensor> bias = bias_at == inputs.tensors.end() ? std::nullopt : std::optional(bias_at->second);
    QuantSpec spec;
    spec.bits = config.value("bit", 4);
    spec.quant_min = config.value("quant_min", std::int64_t{-8});
    spec.quant_max = config.value("quant_max", std::int64_t{7});
    spec.per_channel = scale.numel() > 1;
    const QuantParams params{scale, inputs.needed("mid.zp").to(at::kFloat)};
    AdaRound rounding(w, params, spec, {config.value("gamma", -0.1), config.value("zeta", 1.1)});
    TensorMap out;
    const at::Tensor soft = at::empty_like(w, at::MemoryFormat::Contiguous);
    rounding.soft_into(soft);
    out["out.h0"] = rounding.h();
    out["out.wq_soft0"] = soft;
    out["out.wq_nearest"] = fake_quantize(w, params, spec);

    const std::int64_t padding = config.value("padding", std::int64_t{0}), stride = config.value("stride", std::int64_t{1});
    const auto layer = [&](const at::Tensor& in, const at::Tensor& weight) { return at::conv2d(in, weight, bias, stride, padding); };
    ReconstructionOptions options;
    options.iterations = config.value("steps", std::int64_t{200});
    options.batch = x.size(0);
    options.learning_rate = config.value("adam_lr", options.learning_rate);
    options.rounding.weight = config.value("weight", options.rounding.weight);
    options.rounding.warm_up = config.value("warm_up", options.rounding.warm_up);
    if (config.contains("b_range")) {
        options.rounding.start = config["b_range"].at(0).get<double>();
        options.rounding.end = config["b_range"].at(1).get<double>();
    }
    Reconstruction reconstruction({{x}, {}, layer(x, w)}, [&](const auto& in, const auto& weights) { return layer(in[0], weights[0]); }, {{"w", &rounding}}, {}, options);
    std::vector<float> losses;
    reconstruction.run([&](std::int64_t step, const ReconstructionLoss& loss) {
        context.check_cancelled();
        losses.push_back(static_cast<float>(loss.total));
        out["mid.grad_alpha_step" + std::to_string(step)] = rounding.alpha.grad().clone();
    });
    out["out.losses"] = at::tensor(losses);
    out["out.alpha_final"] = rounding.alpha;
    out["out.wq_hard"] = rounding.hard();
    return out;
}

}

VerifyCase bn_fold_case() {
    VerifyCase out;
    out.id = "quantization/bn_fold";
    out.tolerances = {{"*", "max_rel", 1e-4}};
    out.run = run_bn_fold;
    return out;
}

VerifyCase adaround_layer_case() {
    VerifyCase out;
    out.id = "quantization/adaround_layer";
    out.tolerances = {{"*grad_alpha_step1", "max_rel", 1e-5}, {"*grad_alpha_step*", "max_rel", 1e-4}, {"out.alpha_final", "max_rel", 1e-3}, {"out.losses", "max_rel", 1e-4},
        {"out.wq_hard", "rel_l2", 0.03}, {"*", "max_rel", 1e-5}};
    out.run = run_adaround_layer;   // hard weights: about one in a hundred may be rounded the other way
    // The files hold the last alpha under each of alpha0 and alpha_after*: one tensor that went on changing was stored. The losses and gradients tell how it moved.
    out.mid_is_input = [](std::string_view key) { return key == "mid.scale" || key == "mid.zp" || key.starts_with("mid.alpha"); };
    return out;
}

}
