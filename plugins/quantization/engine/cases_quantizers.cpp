#include "core/base/error.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/levels.h"
#include "plugins/quantization/engine/oqa_quantize.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr int kMostInheritedBits = 16;

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
    return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

QuantSpec spec_of_entry(const Json& entry) {
    QuantSpec spec;
    spec.quant_min = entry.value("quant_min", std::int64_t{-128});
    spec.quant_max = entry.value("quant_max", std::int64_t{127});
    spec.bits = entry.value("bit", 8);
    spec.channel_axis = std::max(0, entry.value("ch_axis", 0));
    const std::string scheme = entry.value("qscheme", "");
    spec.symmetric = scheme.empty() ? spec.quant_min < 0 : scheme.ends_with("symmetric");
    spec.per_channel = scheme.find("per_channel") != std::string::npos || entry.value("per_channel", false);
    spec.observer = observer_from(entry.value("observer", "MinMaxObserver"));
    spec.power_of_two = entry.contains("pot") && entry.at("pot") != Json(false);
    spec.role = role_from(entry.value("quant_type", "tensor"));
    return spec;
}

ObserverOptions observer_options_of_entry(const Json& entry) {
    ObserverOptions options;
    options.quantile = entry.value("threshold", options.quantile);
    options.ema_ratio = entry.value("ema_ratio", options.ema_ratio);
    options.clip_std = entry.value("std_scale", options.clip_std);
    return options;
}

at::Tensor gradient_of(const at::Tensor& t) { return t.grad().defined() ? t.grad() : at::zeros_like(t); }

/// y of the input under `forward`, and the gradients of the named tensors.
void forward_and_back(TensorMap& out, const std::string& y_key, const at::Tensor& gy, const std::function<at::Tensor()>& forward, const std::vector<std::pair<std::string, at::Tensor>>& wanted) {
    const c10::AutoGradMode gradients(true);
    const at::Tensor y = forward();
    y.backward(gy);
    out[y_key] = y.detach();
    for (const auto& [key, tensor] : wanted) out[key] = gradient_of(tensor);
}

TensorMap run_fake_quant(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    for (const Json& entry : inputs.config.at("entries")) {
        const std::string tag = entry.at("tag").get<std::string>();
        const auto find = [&](const std::string& name) {
            const auto found = inputs.tensors.find("mid." + tag + "." + name);
            return found == inputs.tensors.end() ? at::Tensor() : found->second;
        };
        QuantSpec spec = spec_of_entry(entry);
        spec.algorithm = algorithm_from(entry.at("cls").get<std::string>());
        QuantizerOptions options;
        options.observer = observer_options_of_entry(entry);
        options.gradient_scaling = entry.value("use_grad_scaling", true);
        options.dsq_alpha = entry.value("alpha", options.dsq_alpha);
        options.pact_alpha = entry.value("alpha_init", options.pact_alpha);
        options.qdrop_keep = entry.value("prob", options.qdrop_keep);
        const auto quantizer = make_quantizer(spec, options);
        quantizer->quantizes = true;
        quantizer->observes = entry.value("observer_on", false);
        if (!quantizer->observes && find("scale").defined()) quantizer->set_params({find("scale"), find("zero_point")});
        std::map<std::string, at::Tensor> learnt_state;
        for (const char* name : {"alpha", "n_alpha"})
            if (find(name).defined()) learnt_state[name] = find(name);
        quantizer->load(learnt_state);
        const at::Tensor x = learnable(inputs.needed("in." + tag + ".x"));
        forward_and_back(out, "out." + tag + ".y", inputs.needed("in." + tag + ".gy"), [&] { return (*quantizer)(x); }, {{"out." + tag + ".gx", x}});
        for (const auto& [name, tensor] : quantizer->learnt()) out["out." + tag + ".g_" + name] = gradient_of(tensor);
        for (const auto& [name, tensor] : quantizer->state()) out["mid." + tag + "." + name] = tensor.detach();
    }
    return out;
}

TensorMap run_observers(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    for (const Json& entry : inputs.config.at("entries")) {
        const std::string tag = entry.at("tag").get<std::string>();
        const QuantSpec spec = spec_of_entry(entry);
        const auto observer = make_observer(spec, observer_options_of_entry(entry));
        if (tag.starts_with("w_")) observer->observe(inputs.needed("in.w"));
        else
            for (int i = 0; inputs.tensors.contains("in.act" + std::to_string(i)); ++i) observer->observe(inputs.tensors.at("in.act" + std::to_string(i)));
        QuantParams params = observer->params();
        const bool is_single = !spec.per_channel && (spec.observer == ObserverKind::lsq || spec.observer == ObserverKind::lsq_plus);
        if (is_single) params = {params.scale.reshape({}), params.zero_point.reshape({})};   // as the official class has it
        out["out." + tag + ".scale"] = params.scale;
        out["out." + tag + ".zp"] = params.zero_point;
        out["mid." + tag + ".min"] = observer->min();
        out["mid." + tag + ".max"] = observer->max();
    }
    return out;
}

void apot(const VerifyInputs& inputs, const std::string& tag, TensorMap& out) {
    const bool is_weight = tag.starts_with("apot_w");
    const int bits = std::stoi(tag.substr(6));
    const at::Tensor levels = apot_levels(is_weight ? bits - 1 : bits);
    const at::Tensor alpha = learnable(inputs.needed("mid." + tag + ".alpha")), x = learnable(inputs.needed("in." + tag + (is_weight ? ".w" : ".x")));
    out["mid." + tag + ".levels"] = levels;
    forward_and_back(out, "out." + tag + ".y", inputs.needed("in." + tag + ".gy"),
        [&] { return apot_quantize(is_weight ? (x - x.mean().detach()) / x.std().detach() : x, alpha, levels, is_weight); },
        {{"out." + tag + (is_weight ? ".gw" : ".gx"), x}, {"out." + tag + ".g_alpha", alpha}});
}

void qil(const VerifyInputs& inputs, const std::string& tag, int bits, TensorMap& out) {
    const double levels = static_cast<double>((std::int64_t{1} << (bits - 1)) - 1);
    const at::Tensor w = learnable(inputs.needed("in." + tag + ".w")), centre = learnable(inputs.needed("mid." + tag + ".C")), width = learnable(inputs.needed("mid." + tag + ".D"));
    const double factor = 1 / std::sqrt(static_cast<double>(w.numel()) * levels);
    at::Tensor bent;
    forward_and_back(out, "out." + tag + ".y", inputs.needed("in." + tag + ".gy"),
        [&] {
            bent = interval_transform(w, scaled_gradient(centre, factor), scaled_gradient(width, factor), true);
            return straight_through(bent, at::round(bent * levels) / levels);
        },
        {{"out." + tag + ".gw", w}, {"out." + tag + ".gC", centre}, {"out." + tag + ".gD", width}});
    out["mid." + tag + ".transformed"] = bent.detach();
}

void oqa(const VerifyInputs& inputs, const std::string& tag, TensorMap& out) {
    const at::Tensor v = learnable(inputs.needed("in." + tag + ".v")), step = learnable(inputs.needed("mid." + tag + ".s"));
    forward_and_back(out, "out." + tag + ".y", inputs.needed("in." + tag + ".gy"), [&] { return oqa_quantize(v, step, std::stoi(tag.substr(5)), tag[4] == 'w'); },
        {{"out." + tag + ".gv", v}, {"out." + tag + ".gs", step}});
}

/// One bit less: the step size doubled. The chain starts with the most bits that the file has a step for; the steps below are not looked at.
void inheritance(const VerifyInputs& inputs, TensorMap& out) {
    for (const bool is_weight : {true, false}) {
        const std::string name = is_weight ? "w" : "x", step_name = is_weight ? "mid.inherit.sw" : "mid.inherit.sa";
        int bits = kMostInheritedBits;
        while (bits > 1 && !inputs.tensors.contains(step_name + std::to_string(bits))) --bits;
        at::Tensor step = inputs.needed(step_name + std::to_string(bits));
        for (; bits >= 1; --bits, step = step * 2) out["out.inherit." + name + std::to_string(bits)] = oqa_quantize(inputs.needed("in.inherit." + name), step, bits, is_weight);
    }
}

int bits_of_entry(const VerifyInputs& inputs, const std::string& tag, int fallback) {
    for (const Json& entry : inputs.config.at("entries"))
        if (entry.at("tag") == tag) return entry.value("bit", fallback);
    return fallback;
}

TensorMap run_apot_qil_oqa(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    for (const auto& [key, tensor] : inputs.tensors) {
        if (!key.starts_with("in.") || !key.ends_with(".gy")) continue;
        const std::string tag = key.substr(3, key.size() - 6);
        if (tag.starts_with("apot_") && tag.size() > 6) apot(inputs, tag, out);
        else if (tag.starts_with("oqa_") && tag.size() > 5) oqa(inputs, tag, out);
        else if (tag.starts_with("qil")) qil(inputs, tag, bits_of_entry(inputs, tag, bits_of_entry(inputs, "qil", 4)), out);
    }
    if (inputs.tensors.contains("in.inherit.w")) inheritance(inputs, out);
    return out;
}

}

VerifyCase fake_quant_case() {
    VerifyCase out;
    out.id = "quantization/fake_quant";
    out.tolerances = {{"*.y", "max_abs", 1e-6}, {"*.g_scale", "max_rel", 1e-4}, {"*.g_zero_point", "max_rel", 1e-4}, {"*", "max_rel", 1e-5}};
    out.run = run_fake_quant;
    out.mid_is_input = [](std::string_view key) { return ends_with_any(key, {".scale", ".zero_point", ".alpha", ".n_alpha"}); };
    return out;
}

VerifyCase observers_case() {
    VerifyCase out;
    out.id = "quantization/observers";
    out.tolerances = {{"*.zp", "exact", 0}, {"*", "rel_l2", 1e-6}};
    out.run = run_observers;
    return out;
}

VerifyCase apot_qil_oqa_case() {
    VerifyCase out;
    out.id = "quantization/apot_qil_oqa";
    out.tolerances = {{"*.y", "max_abs", 1e-6}, {"out.inherit.*", "max_abs", 1e-6}, {"mid.*", "max_abs", 1e-6}, {"*", "max_rel", 1e-5}};
    out.run = run_apot_qil_oqa;
    out.mid_is_input = [](std::string_view key) { return key.starts_with("mid.inherit.s") || ends_with_any(key, {".alpha", ".C", ".D", ".s"}); };
    return out;
}

}
