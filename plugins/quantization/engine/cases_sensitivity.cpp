#include "core/engine/run_context.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/cases_methods.h"
#include "plugins/quantization/engine/hessian.h"
#include "plugins/quantization/engine/plain_convolution.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

/// conv1 - bn1 - ReLU - conv2 (stride 2, as all further ones) - bn2 - ReLU - ... - mean over the picture - fc, in evaluation mode.
class TinyNet {
public:
    explicit TinyNet(const VerifyInputs& inputs) : m_inputs(inputs) {
        for (int i = 1; inputs.tensors.contains("conv" + std::to_string(i) + ".weight"); ++i) m_layers.push_back("conv" + std::to_string(i));
        m_layers.push_back("fc");
        for (const std::string& layer : m_layers) m_weights.push_back(inputs.needed(layer + ".weight").clone());
    }
    const std::vector<std::string>& layers() const { return m_layers; }
    const std::vector<at::Tensor>& weights() const { return m_weights; }
    /// Mean cross-entropy of the file's pictures.
    at::Tensor loss() const {
        at::Tensor x = m_inputs.needed("in.x");
        for (std::size_t i = 0; i + 1 < m_layers.size(); ++i) {
            const at::Tensor& w = m_weights[i];
            const std::string norm = "bn" + std::to_string(i + 1) + ".";
            x = at::conv2d(x, w, optional_tensor(m_layers[i] + ".bias"), i == 0 ? 1 : 2, w.size(2) / 2);
            x = at::relu(at::batch_norm(x, m_inputs.needed(norm + "weight"), m_inputs.needed(norm + "bias"), m_inputs.needed(norm + "running_mean"), m_inputs.needed(norm + "running_var"), false,
                0.1, m_inputs.config.value("eps", 1e-5), false));
        }
        const at::Tensor logits = at::linear(x.mean(at::IntArrayRef{2, 3}), m_weights.back(), optional_tensor("fc.bias"));
        return at::cross_entropy_loss(logits, m_inputs.needed("in.labels").to(at::kLong));
    }

private:
    std::optional<at::Tensor> optional_tensor(const std::string& key) const {
        const auto found = m_inputs.tensors.find(key);
        return found == m_inputs.tensors.end() ? std::nullopt : std::optional(found->second);
    }
    const VerifyInputs& m_inputs;
    std::vector<std::string> m_layers;
    std::vector<at::Tensor> m_weights;
};

TensorMap run_sensitivity(const VerifyInputs& inputs, RunContext& context) {
    const TinyNet net(inputs);
    const std::vector<double> traces = exact_trace([&] { return net.loss(); }, net.weights(), [&](std::int64_t, std::int64_t) { context.check_cancelled(); });
    const PlainConvolution plain;
    const auto loss = [&] { return net.loss().item<double>(); };
    const double float_loss = loss();
    TensorMap out;
    const auto put = [&](const std::string& key, double value) { out["out." + key] = at::tensor(value); };
    put("loss", float_loss);
    for (std::size_t i = 0; i < net.layers().size(); ++i) {
        const std::string& layer = net.layers()[i];
        const at::Tensor& w = net.weights()[i];
        put(layer + ".hessian_trace_exact", traces[i]);
        for (int bits = 2; bits <= 8; ++bits) {
            const QuantSpec spec = full_range(bits, true, true);
            const auto [low, high] = at::aminmax(by_channel(w, spec), 1);
            const at::Tensor quantised = fake_quantize(w, params_from_range(low, high, spec), spec);
            const std::string end = "_b" + std::to_string(bits);
            put(layer + ".dw_mse" + end, mean_squared_error(w, quantised));
            put(layer + ".sqnr_db" + end, sqnr_db(w, quantised));
            put(layer + ".hawq_trace_score" + end, hawq_score(traces[i], w, quantised));
            put(layer + ".loss_delta" + end, loss_with(w, quantised, loss) - float_loss);
        }
    }
    return out;
}

}

VerifyCase sensitivity_case() {
    VerifyCase out;
    out.id = "quantization/sensitivity";
    out.tolerances = {{"*loss_delta*", "max_abs", 1e-6}, {"*", "rel_l2", 1e-3}};   // a delta is the difference of two float losses, each with its own rounding
    out.run = run_sensitivity;
    return out;
}

}
