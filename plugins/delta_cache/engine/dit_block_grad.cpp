#include "plugins/delta_cache/engine/dit_block_grad.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace lathe::delta_cache {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Linear {
    at::Tensor weight, dx, dw, db;
    /// From dy [B, N, out] and the input x [B, N, in].
    void backward(const at::Tensor& dy, const at::Tensor& x) {
        const at::Tensor g = dy.flatten(0, 1);
        dw = at::mm(g.t(), x.flatten(0, 1)).to(at::kFloat);
        db = fused::column_sum(dy);
        dx = at::mm(g, weight).view(x.sizes());
    }
};

class BlockFunction : public torch::autograd::Function<BlockFunction> {
public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& h, const at::Tensor& modulation, const at::Tensor& wq, const at::Tensor& bq, const at::Tensor& wp,
        const at::Tensor& bp, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2, const at::Tensor& b2, std::int64_t heads, double norm2_eps, bool half) {
        const at::ScalarType type = half ? at::kBFloat16 : at::kFloat;
        const at::Tensor mod = modulation.contiguous();
        const auto m = mod.chunk(6, 1);
        const auto linear = [type](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) { return at::linear(x, w, b.to(type)); };
        const at::Tensor cq = wq.to(type), cp = wp.to(type), c1 = w1.to(type), c2 = w2.to(type);
        at::Tensor mean1, rstd1, mean2, rstd2, probabilities;
        const at::Tensor a = fused::modulated_norm(h, m[0], m[1], 1e-6, type, &mean1, &rstd1);
        const at::Tensor qkv = linear(a, cq, bq);
        const at::Tensor o = fused::attention(qkv, heads, &probabilities);
        const at::Tensor attended = linear(o, cp, bp);
        const at::Tensor h1 = fused::gated_sum(h, attended, m[2]);
        const at::Tensor n = fused::modulated_norm(h1, m[3], m[4], norm2_eps, type, &mean2, &rstd2);
        const at::Tensor u = linear(n, c1, b1);
        const at::Tensor g = fused::gelu(u);
        const at::Tensor mixed = linear(g, c2, b2);
        context->save_for_backward({h, mod, mean1, rstd1, a, qkv, probabilities, o, attended, h1, mean2, rstd2, n, u, g, mixed, cq, cp, c1, c2});
        context->saved_data["heads"] = heads;
        return fused::gated_sum(h1, mixed, m[5]);
    }

    static variable_list backward(AutogradContext* context, variable_list grads) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &h = saved[0], &mod = saved[1], &mean1 = saved[2], &rstd1 = saved[3], &a = saved[4], &qkv = saved[5], &probabilities = saved[6], &o = saved[7],
                         &attended = saved[8], &h1 = saved[9], &mean2 = saved[10], &rstd2 = saved[11], &n = saved[12], &u = saved[13], &g = saved[14], &mixed = saved[15];
        const std::int64_t heads = context->saved_data["heads"].toInt();
        Linear q{saved[16], {}, {}, {}}, p{saved[17], {}, {}, {}}, f1{saved[18], {}, {}, {}}, f2{saved[19], {}, {}, {}};
        const auto m = mod.chunk(6, 1);
        const at::Tensor dmod = at::empty_like(mod);
        const auto dm = dmod.chunk(6, 1);
        const at::Tensor dy = grads[0].contiguous();

        f2.backward(fused::gated_sum_backward(dy, mixed, m[5], dm[5]), g);
        f1.backward(fused::gelu_backward(f2.dx, u), n);
        const at::Tensor dh = dy.clone();
        fused::modulated_norm_backward(f1.dx, h1, mean2, rstd2, m[4], dh, dm[3], dm[4]);

        p.backward(fused::gated_sum_backward(dh, attended, m[2], dm[2]), o);
        q.backward(fused::attention_backward(qkv, heads, probabilities, p.dx), a);
        fused::modulated_norm_backward(q.dx, h, mean1, rstd1, m[1], dh, dm[0], dm[1]);
        return {dh, dmod, q.dw, q.db, p.dw, p.db, f1.dw, f1.db, f2.dw, f2.db, {}, {}, {}};
    }
};

}

at::Tensor train_dit_block(const at::Tensor& h, const at::Tensor& modulation, const BlockWeights& w, std::int64_t heads, double norm2_eps, at::ScalarType type) {
    return BlockFunction::apply(h, modulation, w.qkv, w.qkv_bias, w.proj, w.proj_bias, w.fc1, w.fc1_bias, w.fc2, w.fc2_bias, heads, norm2_eps, type == at::kBFloat16);
}

}
