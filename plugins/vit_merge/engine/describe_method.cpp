// vit_merge.describe: the models of a set side by side, what is wrong with them, how alike their blocks are, and what each m costs in storage.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/gate.h"
#include "plugins/vit_merge/engine/gate_plan.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/task_store.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

std::string level_text(Finding::Level level) { return level == Finding::Level::error ? "error" : level == Finding::Level::warning ? "warning" : "note"; }

/// "ViT-B/16, 12 blocks of 768"
std::string architecture_text(const VitConfig& config) {
    static constexpr std::pair<std::int64_t, const char*> kSizes[] = {{192, "Ti"}, {384, "S"}, {768, "B"}, {1024, "L"}, {1280, "H"}};
    std::string out = "ViT";
    for (const auto& [width, name] : kSizes)
        if (config.dim == width) out += std::string("-") + name;
    return out + "/" + std::to_string(config.patch) + ", " + std::to_string(config.depth) + " blocks of " + std::to_string(config.dim) + (config.dist_token ? ", distilled" : "") + ", " + std::to_string(config.height) + " × " + std::to_string(config.width);
}

std::string normalisation_cell(const std::optional<Normalisation>& normalisation) {
    if (!normalisation) return {};
    std::string out;
    for (const double value : normalisation->mean) out += (out.empty() ? "" : " ") + number_text(value);
    out += " /";
    for (const double value : normalisation->deviation) out += " " + number_text(value);
    return out;
}

std::string shape_cell(const std::vector<std::int64_t>& shape) {
    std::string out;
    for (const std::int64_t size : shape) out += (out.empty() ? "" : " × ") + std::to_string(size);
    return out.empty() ? "1" : out;
}

void give_models(RunContext& run, const ModelSet& set) {
    std::vector<std::vector<Json>> rows;
    const auto row = [&](const ModelSource& source) {
        std::int64_t parameters = 0, bytes = 0;
        for (const TensorEntry& entry : source.file->entries()) {
            if (parse_vit_key(entry.name, source.config).group == KeyGroup::other) continue;
            bytes += entry.bytes;
            parameters += entry.bytes / static_cast<std::int64_t>(at::elementSize(entry.dtype));
        }
        rows.push_back({source.name, to_text(source.config.layout), architecture_text(source.config), parameters, bytes, source.config.classes, normalisation_cell(source.config.normalisation), source.data, source.path.string()});
    };
    for (const ModelSource& model : set.models) row(model);
    if (set.base) row(*set.base);
    run.table("models", {"name", "layout", "architecture", "parameters", "bytes", "classes", "normalisation", "data", "path"}, rows);
}

/// The gate of the run or of the set; what is wrong with it becomes a finding.
std::shared_ptr<Gate> described_gate(RunContext& run, const ModelSet& set, std::vector<Finding>& findings) {
    const InputAsset* given = run.input("gate");
    const std::filesystem::path file = given ? std::filesystem::path(given->path) : set.gate;
    if (file.empty()) return nullptr;
    try {
        std::shared_ptr<Gate> gate = open_gate(file);
        fit_gate(*gate, set.names());
        return gate;
    } catch (const Error& error) {
        findings.push_back({Finding::Level::error, "The gate cannot be used: " + error.summary() + (error.where().empty() ? "" : " (" + error.where() + ")"), error.hint().empty() ? "Train a gate for these models, or take a static method." : error.hint()});
        return nullptr;
    }
}

void give_similarity(RunContext& run, const ModelSet& set, const BlockSimilarity& chosen, const GatePlan& plan) {
    std::optional<BlockSimilarity> vectors;
    if (set.base) vectors = block_similarity(set, Similarity::cosine, true);
    std::vector<std::vector<Json>> rows;
    const auto kind = [&](const char* name, const std::vector<double>& similarity, const std::vector<double>* task, const std::vector<int>& gated) {
        for (std::size_t block = 0; block < similarity.size(); ++block)
            rows.push_back({block, name, number_json(similarity[block]), task ? number_json((*task)[block]) : Json(), std::find(gated.begin(), gated.end(), static_cast<int>(block)) != gated.end()});
    };
    kind("attn", chosen.attention, vectors ? &vectors->attention : nullptr, plan.attention);
    kind("mlp", chosen.mlp, vectors ? &vectors->mlp : nullptr, plan.mlp);
    run.table("similarity", {"block", "kind", "similarity", "task_cosine", "gated"}, rows);
}

void give_storage(RunContext& run, const ModelSet& set, const BlockSimilarity& similarity, MergeSettings settings, std::int64_t gate_parameters) {
    std::vector<std::vector<Json>> rows;
    const auto models = static_cast<int>(set.models.size());
    settings.tau.reset();
    GatePlan plan;
    for (settings.m = 0; settings.m <= static_cast<std::int64_t>(similarity.attention.size()); ++settings.m) {
        plan = plan_gate(set, similarity, settings);
        rows.push_back({settings.m, plan.bytes(models, gate_parameters), plan.bytes(models, gate_parameters, 2)});
    }
    const std::int64_t separate = models * (plan.static_elements + plan.gated_elements) + plan.head_elements;
    rows.push_back({"separate", 4 * separate, 2 * separate});
    run.table("storage", {"m", "bytes", "bytes_fp16"}, rows);
}

void describe_set(RunContext& run) {
    const auto set = open_model_set(run);
    const MergeSettings settings = merge_settings_from(run.params());
    std::vector<Finding> findings = set->findings;
    const bool mergeable = std::none_of(findings.begin(), findings.end(), [](const Finding& one) { return one.level == Finding::Level::error; }) && !set->keys.empty();
    const auto gate = described_gate(run, *set, findings);   // without one, static methods merge all the same
    give_models(run, *set);
    GatePlan plan;
    if (mergeable) {
        const bool vectors = settings.task_vectors && set->base;
        if (settings.task_vectors && !set->base) findings.push_back({Finding::Level::warning, "Task vectors cannot be compared without a base: full weights are.", "Name the base in the table of models."});
        run.progress(0, 3, "Comparing blocks");
        const BlockSimilarity similarity = block_similarity(*set, settings.similarity, vectors);
        run.check_cancelled();
        plan = plan_gate(*set, similarity, settings);
        give_similarity(run, *set, similarity, plan);
        give_storage(run, *set, similarity, settings, gate ? gate->parameter_count() : 0);
        run.check_cancelled();
        run.progress(2, 3, "Comparing models");
        const ModelDistances distances = model_distances(*set);
        run.tensor("cosine", 0, distances.cosine.to(at::kFloat), {{"of", set->base ? "task vectors" : "weights"}});
        run.tensor("relative_l2", 0, distances.relative_l2.to(at::kFloat));
    }
    std::vector<std::vector<Json>> rows;
    for (const Finding& one : findings) rows.push_back({level_text(one.level), one.what, one.hint});
    for (const std::string& one : set->left_out) rows.push_back({"note", "Left out: " + one + ".", "The merged model has what all models share."});
    run.table("findings", {"level", "what", "hint"}, rows);
    rows.clear();
    for (std::size_t k = 0; k < set->keys.size(); ++k) {
        const SharedKey& key = set->keys[k];
        rows.push_back({key.key, to_text(key.role.group), key.role.block < 0 ? Json() : Json(key.role.block), shape_cell(key.shape), key.elements, mergeable && plan.gated[k] != 0});
    }
    run.table("keys", {"key", "group", "block", "shape", "elements", "gated"}, rows);

    const VitConfig& config = set->reference();
    std::int64_t parameters = 0;
    for (const SharedKey& key : set->keys) parameters += key.elements;
    run.summary("depth", config.depth);
    run.summary("names", set->names());
    run.summary("has_base", set->base.has_value());
    run.summary("gate", gate ? gate->kind() : "none");
    run.summary("tokens", config.tokens());
    run.summary("grid_rows", config.grid_rows());
    run.summary("grid_columns", config.grid_columns());
    run.summary("heads", config.heads);
    run.summary("parameters", parameters);
    run.summary("mergeable", mergeable);
}

}

Method describe_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.describe";
    info.title = "Show the models";
    info.help = "Opens the models of a set, compares them key by key and block by block, says what would spoil a merge, and what each number of gated blocks costs in storage.";
    info.source = "MoW-Merging (TCSVT 2025), weight similarity";
    info.parameters = set_parameters();
    for (Parameter& parameter : merge_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = setup_slots();
    info.outputs = {{"models", "table", "Models", "", ""}, {"findings", "table", "Findings", "", ""}, {"similarity", "table", "Similarity of blocks", "", ""}, {"storage", "table", "Storage", "bytes", "lower"},
        {"keys", "table", "Tensors", "", ""}, {"cosine", "tensor", "Cosine of models", "", ""}, {"relative_l2", "tensor", "Relative distance of models", "", ""}};
    method.run = describe_set;
    return method;
}

}
