// Reference files of merging: every method on small models, the gated merge of the official code on CLIP, and likeness of representations.
#include "core/base/error.h"
#include "core/nn/optim.h"
#include "plugins/vit_merge/engine/adamerging.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/cka.h"
#include "plugins/vit_merge/engine/emr.h"
#include "plugins/vit_merge/engine/gate_plan.h"
#include "plugins/vit_merge/engine/model_set_builder.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cctype>

namespace lathe::vit_merge {
namespace {

/// Tensors below "m0." as a checkpoint of their own.
std::shared_ptr<TensorIndex> case_file(const VerifyInputs& inputs, const std::string& start, const Json& description) {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, tensor] : inputs.tensors)
        if (key.starts_with(start)) tensors.emplace(key.substr(start.size()), tensor);
    if (tensors.empty()) return nullptr;
    return open_safetensors_bytes(std::make_shared<const std::string>(safetensors_bytes(tensors, {{"config", description.dump()}})), "the reference file, " + start);
}

/// "m0.", "m1.", … and, where they are there, tensors below "base.".
std::shared_ptr<const ModelSet> case_set(const VerifyInputs& inputs, const Json& description) {
    ModelSetBuilder builder;
    const auto source = [&](const std::string& name) {
        ModelSource out;
        out.name = name;
        out.file = case_file(inputs, name + ".", description);
        if (!out.file) return out;
        std::string why;
        const auto config = recognise_vit(*out.file, &why);
        if (!config) throw Error(ErrorCode::wrong_format, "The weights of this reference file are no Vision Transformer: " + why, name);
        out.config = *config;
        return out;
    };
    for (int i = 0;; ++i) {
        ModelSource model = source("m" + std::to_string(i));
        if (!model.file) break;
        builder.set().models.push_back(std::move(model));
    }
    if (ModelSource base = source("base"); base.file) builder.set().base = std::move(base);
    return builder.build();
}

void put_trunk(TensorMap& out, const std::string& method, const ModelSet& set, const TensorMap& trunk) {
    for (const SharedKey& key : set.keys) out["out." + method + "." + key.key] = trunk.at(key.key).detach();
}

/// Everything that merge_methods.safetensors holds, from the code that merges for the user.
class MergeCase {
public:
    MergeCase(const VerifyInputs& inputs) : m_inputs(inputs), m_config(inputs.config), m_images(inputs.needed("in.images")), m_set(case_set(inputs, description())) {
        m_settings.lambda = m_config.value("lambda", 0.3);
        const double keep = m_config.value("ties_keep_percent", 20.0);
        m_settings.keep = keep > 1 ? keep / 100 : keep;                // a share below 1, as fusion_bench reads it
        m_settings.drop = m_config.value("dare_p", 0.5);
        m_settings.slerp_t = m_config.value("slerp_t", 0.5);
        m_settings.iso_alpha = m_config.value("iso_scale", 1.5);
        m_settings.tsv_alpha = m_config.value("tsvm_alpha", 1.0);
        m_settings.regmean_scale = m_config.value("regmean_reduce_non_diagonal", 0.95);
        m_settings.examples = m_images.size(0);
        m_settings.batch = fisher_batch();
    }
    TensorMap run() {
        put_data_free();
        put_dare();
        put_slerp();
        put_ties_split();
        put_emr();
        if (m_set->models.front().config.classes > 0) put_looking();
        return std::move(m_out);
    }
private:
    Json description() const {
        Json model = m_inputs.config.value("model", Json::object());
        model["height"] = m_images.size(2);
        model["width"] = m_images.size(3);
        return model;
    }
    /// "batches of 4, squared gradient of batch sum, …"
    std::int64_t fisher_batch() const {
        const std::string text = m_config.value("fisher", std::string());
        const auto digit = std::find_if(text.begin(), text.end(), [](char c) { return std::isdigit(static_cast<unsigned char>(c)); });
        return digit == text.end() ? m_images.size(0) : std::max<std::int64_t>(std::stoll(text.substr(static_cast<std::size_t>(digit - text.begin()), 9)), 1);
    }
    TaskPictures pictures() const {
        return [this](int, std::int64_t first, std::int64_t count, bool) {
            const at::Tensor images = m_images.narrow(0, first, std::min(count, m_images.size(0) - first));
            return std::pair(images, at::zeros({images.size(0)}, at::kLong));
        };
    }
    int models() const { return static_cast<int>(m_set->models.size()); }

    void put(const char* as, MergeMethod method, const MergeSettings& with) {
        MergeSettings settings = with;
        settings.method = method;
        put_trunk(m_out, as, *m_set, merge_static(*m_set, settings, pictures(), {}).trunk);
    }
    void put_data_free() {
        put("average", MergeMethod::average, m_settings);
        const Json weights = m_config.value("weighted", Json::array());
        if (weights.size() == m_set->models.size()) put_trunk(m_out, "weighted", *m_set, merge_linear(*m_set, 0, weights.get<std::vector<double>>(), {}));
        put("task_arithmetic", MergeMethod::task_arithmetic, m_settings);
        MergeSettings ties = m_settings;
        for (const auto& [name, aggregate] : {std::pair("ties_sum", TiesAggregate::sum), std::pair("ties_mean", TiesAggregate::mean), std::pair("ties_max", TiesAggregate::max)}) {
            ties.aggregate = aggregate;
            put(name, MergeMethod::ties, ties);
        }
        put("iso_c", MergeMethod::iso_c, m_settings);
        put("tsvm", MergeMethod::tsv_m, m_settings);
    }
    void put_dare() {
        if (!m_inputs.tensors.contains("in.dare_uniform0." + m_set->keys.front().key)) return;
        const DareDrop drop{m_settings.drop, 0, [this](int model, const std::string& key) { return m_inputs.needed("in.dare_uniform" + std::to_string(model) + "." + key); }};
        put_trunk(m_out, "dare_ta", *m_set, merge_dare_arithmetic(*m_set, m_settings, drop, {}));
    }
    void put_slerp() {
        for (const SharedKey& key : m_set->keys) m_out["out.slerp01." + key.key] = slerp(m_set->tensor(0, key), m_set->tensor(1, key), m_settings.slerp_t);
        if (const auto norm = m_inputs.tensors.find("m0.norm.weight"); norm != m_inputs.tensors.end()) m_out["out.slerp_collinear.x"] = slerp(norm->second, 1.7 * norm->second.to(at::kFloat), 0.25);
    }
    void put_ties_split() {
        const TiesTrim trim = plan_ties(*m_set, m_settings.keep, {}, nullptr, {});
        for (std::size_t k = 0; k < m_set->keys.size(); ++k) {
            const SharedKey& key = m_set->keys[k];
            std::vector<at::Tensor> split;
            for (int i = 0; i < models(); ++i) split.push_back(m_out["out.ties_split" + std::to_string(i) + "." + key.key] = at::empty(key.shape, at::kFloat));
            for_each_chunk(WeightRows(*m_set, k, true), [&](std::int64_t first, std::int64_t count, float* rows, float* spare) {
                ties_consistent(trim, models(), count, rows, kWeightChunk, spare);
                for (int i = 0; i < models(); ++i) std::copy_n(rows + i * kWeightChunk, count, split[static_cast<std::size_t>(i)].mutable_data_ptr<float>() + first);
            });
        }
    }
    void put_emr() {
        const EmrParts parts = emr_parts(*m_set, m_settings.emr_total_ratio, {});
        put_trunk(m_out, "emr_unified", *m_set, parts.unified);
        m_out["out.emr_rescalers"] = at::tensor(parts.rescale, at::kDouble).to(at::kFloat);
        for (int i = 0; i < models(); ++i) put_trunk(m_out, "emr_model" + std::to_string(i), *m_set, emr_trunk(*m_set, parts, i));
    }
    void put_looking() {
        MergeSettings settings = m_settings;
        const auto keep_fisher = [this](int model, const TensorMap& fisher) {
            for (const auto& [key, tensor] : fisher) m_out["mid.fisher" + std::to_string(model) + "." + key] = tensor.clone();
        };
        for (const bool normalised : {true, false}) {
            settings.fisher_normalise = normalised;
            put_trunk(m_out, normalised ? "fisher_norm" : "fisher_raw", *m_set, merge_fisher(*m_set, settings, pictures(), {}, keep_fisher));
        }
        const auto keep_grams = [this](int model, const GramMap& grams) {
            for (const auto& [name, gram] : grams) m_out["mid.gram" + std::to_string(model) + "." + name] = gram.clone();
        };
        put_trunk(m_out, "regmean", *m_set, merge_regmean(*m_set, settings, pictures(), {}, keep_grams));
        put_interpolation();
        if (m_inputs.tensors.contains("in.ada_lambda")) put_adamerging();
    }
    void put_interpolation() {
        const c10::NoGradGuard no_gradients;
        FunctionalVit vit(*m_set);
        for (const char* place : {"0", "0.0", "0.1", "0.2", "0.25", "0.3", "0.4", "0.5", "0.6", "0.7", "0.75", "0.8", "0.9", "1", "1.0"}) {
            const double a = std::stod(place);
            vit.use(merge_linear(*m_set, 0, {1 - a, a}, {}));
            m_out[std::string("out.interp_logits_a") + place] = vit.logits(0, m_images);
        }
    }
    void put_adamerging() {
        const at::Tensor& given = m_inputs.needed("in.ada_lambda");
        const auto order = m_config.value("ada_key_order", std::vector<std::string>());
        std::vector<std::int64_t> place(m_set->keys.size());           // of our keys among theirs
        for (std::size_t k = 0; k < place.size(); ++k) {
            const auto found = std::find(order.begin(), order.end(), m_set->keys[k].key);
            if (found == order.end()) throw Error(ErrorCode::wrong_format, "ada_key_order lacks a key of the models.", m_set->keys[k].key);
            place[k] = found - order.begin();
        }
        const at::Tensor columns = at::tensor(place, at::kLong);
        AdaMerging merging(*m_set, m_settings, false, {});
        merging.merge(given.index_select(1, columns).contiguous());
        for (const auto& [key, leaf] : merging.trunk()) m_out["out.ada_merged." + key] = leaf.detach().clone();
        for (int i = 0; i < models(); ++i) m_out["out.ada_entropy" + std::to_string(i)] = at::scalar_tensor(merging.add_entropy(i, m_images), at::kFloat);
        const at::Tensor gradient = at::zeros_like(given).index_copy(1, columns, merging.take_gradient());
        m_out["out.ada_grad"] = gradient;
        at::Tensor lambda = given.clone();
        AdamW adam({{"lambda", lambda}}, {0.9, 0.999, 1e-8, 0});
        lambda.mutable_grad() = gradient;
        adam.step(m_config.value("ada_lr", 1e-3));
        m_out["out.ada_lambda_after_adam"] = lambda.detach();
    }

    const VerifyInputs& m_inputs;
    const Json& m_config;
    at::Tensor m_images;
    std::shared_ptr<const ModelSet> m_set;
    MergeSettings m_settings;
    TensorMap m_out;
};

at::Tensor case_doubles(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }

/// Features of the merged CLIP encoder; gated weights by `p` [models], the others averaged. Empty plan: all gated.
at::Tensor gated_features(FunctionalVit& vit, const ModelSet& set, const GatePlan* plan, const at::Tensor& p, const at::Tensor& images, TensorMap* merged = nullptr) {
    const at::Tensor weights = p.to(at::kDouble).contiguous();
    const std::vector<double> gate(weights.const_data_ptr<double>(), weights.const_data_ptr<double>() + weights.numel());
    TensorMap trunk = merge_linear(set, 0, gate, {});
    if (plan) {
        TensorMap fixed = merge_linear(set, 0, std::vector<double>(gate.size(), 1 / static_cast<double>(gate.size())), {});
        for (std::size_t k = 0; k < set.keys.size(); ++k)
            if (!plan->gated[k]) trunk[set.keys[k].key] = fixed[set.keys[k].key];
    }
    vit.use(trunk);
    if (merged) *merged = trunk;
    return vit.features(images);
}

TensorMap run_mow(const VerifyInputs& inputs, RunContext&) {
    const c10::NoGradGuard no_gradients;
    const at::Tensor images = inputs.needed("in.image"), gate = inputs.needed("in.gate_probs");
    Json description = inputs.config.value("encoder", Json::object());
    description["height"] = images.size(2);
    description["width"] = images.size(3);
    const auto set = case_set(inputs, description);
    TensorMap out;
    for (const auto& [name, kind] : {std::pair("cossim", Similarity::cosine), std::pair("l1", Similarity::l1), std::pair("l2", Similarity::l2)}) {
        const BlockSimilarity similarity = block_similarity(*set, kind, false);
        out[std::string("out.sim_attn_") + name] = case_doubles(similarity.attention);
        out[std::string("out.sim_mlp_") + name] = case_doubles(similarity.mlp);
    }
    MergeSettings settings;
    settings.m = inputs.config.value("m", 5);
    settings.scope = GateScope::mow_official;
    const GatePlan plan = plan_gate(*set, block_similarity(*set, Similarity::cosine, false), settings);
    FunctionalVit vit(*set);
    const at::Tensor mean = gate.mean(0, true);
    TensorMap merged;
    out["mid.gate_mean"] = mean;
    out["out.features_batch"] = gated_features(vit, *set, &plan, mean, images, &merged);
    for (const auto& [key, tensor] : merged) out["mid.merged_batch." + key] = tensor;
    out["out.features_static"] = gated_features(vit, *set, nullptr, at::full({gate.size(1)}, 1 / static_cast<double>(gate.size(1)), at::kDouble), images);
    std::vector<at::Tensor> each, all_gated;
    for (std::int64_t i = 0; i < images.size(0); ++i) {
        each.push_back(gated_features(vit, *set, &plan, gate[i], images.narrow(0, i, 1)));
        all_gated.push_back(gated_features(vit, *set, nullptr, gate[i], images.narrow(0, i, 1)));
    }
    out["out.features_per_sample"] = at::cat(each);
    out["out.features_all_gated_per_sample"] = at::cat(all_gated);
    return out;
}

TensorMap run_cka(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor x = inputs.needed("in.x"), y = inputs.needed("in.y");
    const auto scalar = [](double value) { return at::scalar_tensor(value, at::kFloat); };
    TensorMap out;
    out["out.linear_cka"] = scalar(linear_cka(x, y));
    out["out.debiased_cka"] = scalar(debiased_cka(x, y));
    if (inputs.tensors.contains("in.x_rot")) out["out.linear_cka_rotated"] = scalar(linear_cka(x, inputs.needed("in.x_rot")));
    if (inputs.tensors.contains("in.x_shifted")) out["out.weight_cosine"] = scalar(flat_cosine(x, inputs.needed("in.x_shifted")));
    const std::int64_t batch = inputs.config.value("batches", std::int64_t{20});
    MinibatchCka sums;
    std::int64_t batches = 0;
    for (std::int64_t first = 0; first < x.size(0); first += batch, ++batches) {
        const std::int64_t count = std::min(batch, x.size(0) - first);
        sums.add({x.narrow(0, first, count)}, {y.narrow(0, first, count)});
    }
    if (!sums.empty()) out["out.minibatch_cka_" + std::to_string(batches)] = scalar(sums.result().item<double>());
    return out;
}

}

VerifyCase merge_methods_case() {
    VerifyCase c;
    c.id = "vit_merge/merge_methods";
    c.tolerances = {{"out.ada_lambda_after_adam", "max_abs", 1e-6}, {"out.ada_grad", "max_abs", 1e-4}, {"out.tsvm.*", "max_abs", 1e-3}, {"out.iso_c.*", "max_abs", 1e-3}, {"out.regmean.*", "max_abs", 1e-3},
        {"out.interp_logits_*", "max_abs", 1e-4}, {"mid.*", "max_rel", 1e-4}, {"out.*", "max_abs", 1e-5}};
    c.run = [](const VerifyInputs& inputs, RunContext&) { return MergeCase(inputs).run(); };
    return c;
}

VerifyCase mow_case() {
    VerifyCase c;
    c.id = "vit_merge/mow_clip12";
    c.tolerances = {{"out.sim_*", "max_abs", 1e-5}, {"out.features_*", "rel_l2", 1e-3}, {"mid.*", "max_abs", 1e-5}};
    c.run = run_mow;
    return c;
}

VerifyCase cka_case() {
    VerifyCase c;
    c.id = "vit_merge/cka";
    c.tolerances = {{"*", "max_abs", 1e-4}};
    c.run = run_cka;
    return c;
}

}
