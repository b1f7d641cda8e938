#include "plugins/vit_merge/engine/we_moe.h"
#include "core/nn/optim.h"
#include "plugins/vit_merge/engine/adamerging.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace lathe::vit_merge {
namespace {

constexpr double kRouterDeviation = 0.01;

/// sum_i share_i source_i, with the gradient of the shares: <gradient, source_i>. Sources have none. So a step keeps one merged matrix, however many models there are.
class BlendedWeight : public torch::autograd::Function<BlendedWeight> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& shares, const std::vector<at::Tensor>& sources) {
        context->save_for_backward(sources);
        const at::Tensor plain = shares.to(at::kDouble).contiguous();
        const at::Tensor out = at::empty(sources.front().sizes(), at::kFloat);
        weighted_sum(sources, {plain.const_data_ptr<double>(), static_cast<std::size_t>(plain.numel())}, out);
        return out;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
        const auto sources = context->get_saved_variables();
        const at::Tensor gradient = gradients.front().contiguous();
        const at::Tensor out = at::empty({static_cast<std::int64_t>(sources.size())}, at::kFloat);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            kernel::PairSums pair;
            kernel::table().pair_sums(gradient.const_data_ptr<float>(), sources[i].const_data_ptr<float>(), gradient.numel(), pair);
            out.mutable_data_ptr<float>()[i] = static_cast<float>(pair.dot);
        }
        return {out, at::Tensor()};
    }
};

/// Puts the routed MLPs in the place of the network's own.
class RoutedMlpTap : public Tap {
public:
    RoutedMlpTap(const ModelSet& set, const WeMoeParts& parts) : m_parts(parts), m_quick(set.reference().quick_gelu) {
        for (int block = 0; block < static_cast<int>(parts.routers.size()); ++block) m_sources.push_back(mlp_sources(set, block));
    }
    bool wants(const LayerInfo& layer) override {
        if (layer.point != "mlp") return false;
        m_block[layer.id] = layer.block;
        return true;
    }
    Flow enter(int id, TensorRefs in, at::Tensor& out) override {
        const auto block = static_cast<std::size_t>(m_block.at(id));
        const at::Tensor gate = m_parts.routers[block].gate(in[0]).mean(0);
        const at::Tensor shares = at::cat({1 - gate.sum(0, true), gate});
        out = linear(linear_input(in[0], shares, block), shares, block, "fc2");
        return Flow::skip;
    }
private:
    at::Tensor linear_input(const at::Tensor& x, const at::Tensor& shares, std::size_t block) const { return vit_gelu(linear(x, shares, block, "fc1"), m_quick); }
    at::Tensor linear(const at::Tensor& x, const at::Tensor& shares, std::size_t block, const std::string& layer) const {
        const auto& sources = m_sources[block];
        const at::Tensor weight = BlendedWeight::apply(shares, sources.at(layer + ".weight"));
        const auto bias = sources.find(layer + ".bias");
        return bias == sources.end() ? at::linear(x, weight) : at::linear(x, weight, BlendedWeight::apply(shares, bias->second));
    }
    const WeMoeParts& m_parts;
    bool m_quick;
    std::map<int, int> m_block;
    std::vector<std::map<std::string, std::vector<at::Tensor>>> m_sources;
};

NamedTensors router_parameters(const WeMoeParts& parts) {
    NamedTensors out;
    for (std::size_t block = 0; block < parts.routers.size(); ++block) {
        const WeMoeRouter& router = parts.routers[block];
        const std::string start = "routers." + std::to_string(block);
        for (const auto& [name, tensor] : {std::pair(".first", router.first), std::pair(".first_bias", router.first_bias), std::pair(".second", router.second), std::pair(".second_bias", router.second_bias)})
            out.emplace_back(start + name, tensor);
    }
    return out;
}

}

std::int64_t WeMoeParts::router_elements() const {
    std::int64_t sum = 0;
    for (const WeMoeRouter& router : routers)
        for (const at::Tensor& tensor : {router.first, router.first_bias, router.second, router.second_bias, router.constant})
            if (tensor.defined()) sum += tensor.numel();
    return sum;
}

std::map<std::string, std::vector<at::Tensor>> mlp_sources(const ModelSet& set, int block) {
    std::map<std::string, std::vector<at::Tensor>> out;
    const std::string start = "blocks." + std::to_string(block) + ".mlp.";
    for (const SharedKey& key : set.keys) {
        if (key.role.block != block || !key.role.canonical.starts_with(start)) continue;
        std::vector<at::Tensor>& sources = out[key.role.canonical.substr(start.size())];
        for (int model = -1; model < static_cast<int>(set.models.size()); ++model) sources.push_back(set.tensor(model, key).to(at::kFloat).contiguous());
    }
    return out;
}

WeMoeParts new_we_moe(const ModelSet& set, const MergeSettings& settings, const Told& told) {
    MergeSettings arithmetic = settings;
    arithmetic.method = MergeMethod::task_arithmetic;
    WeMoeParts out;
    out.trunk = merge_static(set, arithmetic, {}, told).trunk;
    for (const SharedKey& key : set.keys)
        if (key.role.group == KeyGroup::mlp && key.role.canonical.find(".mlp.") != std::string::npos) out.trunk[key.key] = set.tensor(-1, key).to(at::kFloat);
    const std::int64_t width = set.reference().dim, models = static_cast<std::int64_t>(set.models.size());
    auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(settings.seed) + 1);
    const auto random = [&](std::int64_t rows) { return at::randn({rows, width}, generator, at::TensorOptions(at::kFloat)) * kRouterDeviation; };
    for (std::int64_t block = 0; block < set.reference().depth; ++block) {
        WeMoeRouter router;
        router.first = random(width);
        router.first_bias = at::zeros({width});
        router.second = random(models);
        router.second_bias = at::full({models}, settings.lambda_start, at::kFloat);
        out.routers.push_back(std::move(router));
    }
    return out;
}

WeMoeParts train_we_moe(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const c10::InferenceMode records(false);
    const c10::AutoGradMode gradients(true);
    WeMoeParts parts = new_we_moe(set, settings, {});
    NamedTensors parameters = router_parameters(parts);
    for (auto& [name, tensor] : parameters) tensor.set_requires_grad(true);
    FunctionalVit vit(set);
    vit.use(parts.trunk);
    TapStack taps;
    taps.add(std::make_shared<RoutedMlpTap>(set, parts));
    taps.attach(vit.vit().layers());
    EndlessPictures feed(set, pictures, settings, false);
    AdamW adam(parameters, {0.9, 0.999, 1e-8, 0});
    const auto models = static_cast<int>(set.models.size());
    double first = 0, last = 0;
    for (std::int64_t step = 0; step < settings.steps; ++step) {
        last = 0;
        for (int model = 0; model < models; ++model) {
            const at::Tensor entropy = answer_entropy(vit.logits(model, feed.next(model), &taps));
            entropy.backward();
            last += entropy.item<double>();
            if (told) told(static_cast<double>(step * models + model) / static_cast<double>(settings.steps * models), 1, "WEMoE");
        }
        if (step == 0) first = last;
        adam.step(settings.learning_rate);
        adam.drop_gradients();
    }
    for (auto& [name, tensor] : parameters) tensor.set_requires_grad(false);
    parts.facts = {{"entropy_first", first}, {"entropy_last", last}, {"pictures", "unlabelled test pictures"}};
    return parts;
}

}
