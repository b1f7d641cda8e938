#include "core/nn/onednn_linear.h"
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <optional>

namespace lathe {
namespace {

const std::optional<c10::OperatorHandle>& reorder_operator() {
    static const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_reorder_linear_weight", ""});
    return found;
}

const std::optional<c10::OperatorHandle>& linear_operator() {
    static const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    return found;
}

}

bool has_onednn_linear() { return at::globalContext().hasMKLDNN() && reorder_operator() && linear_operator(); }

at::Tensor onednn_prepack(const at::Tensor& weight, std::int64_t rows) {
    std::vector<c10::IValue> stack{weight, std::optional<std::int64_t>(rows)};
    reorder_operator()->callBoxed(&stack);
    return stack[0].toTensor();
}

at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias) {
    std::vector<c10::IValue> stack{x, packed, bias.defined() ? std::optional<at::Tensor>(bias) : std::optional<at::Tensor>(), std::string("none"), c10::List<std::optional<at::Scalar>>(),
        std::optional<std::string>()};
    linear_operator()->callBoxed(&stack);
    return stack[0].toTensor();
}

double relative_difference(const at::Tensor& result, const at::Tensor& expected) {
    const at::Tensor reference = expected.to(at::kDouble);
    return ((result.to(at::kDouble) - reference).abs().max() / reference.abs().max().clamp_min(1e-30)).item<double>();
}

}
