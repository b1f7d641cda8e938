// vit_merge.merge: one model as a file, with what it was made from in its metadata and a recipe that makes it again.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/version.h"
#include "plugins/vit_merge/engine/merge_recipe.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/task_store.h"
#include "plugins/vit_merge/engine/training_form.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

constexpr double kHashShare = 0.1;                       // of the progress: files are hashed, then merged

at::ScalarType precision_type(const std::string& precision) {
    if (precision == "fp16") return at::kHalf;
    if (precision == "bf16") return at::kBFloat16;
    if (precision == "fp32") return at::kFloat;
    throw Error(ErrorCode::invalid_value, "Weights cannot be written in this precision.", "precision " + precision, "Choose fp32, fp16 or bf16.");
}

void give_file(RunContext& run, const char* key, const char* media, const std::string& name, Bytes bytes) {
    Artifact out;
    out.key = key;
    out.kind = "file";
    out.media = media;
    out.meta = {{"name", name}};
    out.bytes = std::move(bytes);
    run.artifact(std::move(out));
}

class MergeRun {
public:
    explicit MergeRun(RunContext& run) : m_run(run) {}

    void operator()() {
        const Json& params = m_run.params();
        const std::string recipe = params.at("recipe").get<std::string>();
        if (recipe.empty()) {
            m_setup.set = open_model_set(m_run);
            m_recipe = recipe_of(*m_setup.set, merge_settings_from(params), told(0, kHashShare));
            m_recipe.precision = params.at("precision").get<std::string>();
            m_recipe.layout = params.at("layout") == "first" ? std::string() : params.at("layout").get<std::string>();
            m_recipe.head = params.at("head").get<std::string>();
        } else {
            m_recipe = read_recipe(recipe);
            for (const std::string& note : m_recipe.notes) m_run.log("warning", note);
            m_setup.set = open_recipe_set(m_recipe, told(0, kHashShare));
        }
        m_setup.root = data_root(m_run);
        m_setup.form = picture_form(m_setup.set->reference());
        const ModelSet& set = *m_setup.set;
        const at::ScalarType type = precision_type(m_recipe.precision);
        for (const Finding& finding : set.findings)
            if (finding.level != Finding::Level::note) m_run.log("warning", finding.what + " " + finding.hint);
        Merged merged = merge_static(set, m_recipe.settings, task_pictures(m_run, m_setup), told(kHashShare, 0.95));
        give_left_out(set);
        write(set, std::move(merged), type);
    }

private:
    std::function<void(double, double, std::string_view)> told(double from, double to) {
        return [this, from, to](double done, double total, std::string_view note) {
            m_run.check_cancelled();
            m_run.progress(from + (to - from) * done / std::max(total, 1e-9), 1, note);
        };
    }

    void give_left_out(const ModelSet& set) {
        std::vector<std::vector<Json>> rows;
        for (const std::string& one : set.left_out) {      // "MODEL: KEY, why"
            const std::size_t colon = one.find(": "), comma = one.find(", ", colon == std::string::npos ? 0 : colon);
            if (colon == std::string::npos || comma == std::string::npos) rows.push_back({"", "", one});
            else rows.push_back({one.substr(0, colon), one.substr(colon + 2, comma - colon - 2), one.substr(comma + 2)});
        }
        for (const auto& [key, tensor] : set.rest()) rows.push_back({set.base ? "base" : set.models.front().name, key, "taken from here as it is"});
        m_run.table("left_out", {"model", "key", "why"}, rows);
    }

    /// Trunk and, where one was chosen, a head, under the names of the layout.
    TensorMap checkpoint(const ModelSet& set, TensorMap trunk, VitLayout layout, VitConfig& config) {
        TensorMap canonical = set.canonical(trunk);
        trunk.clear();
        config.classes = 0;
        config.classes_names.clear();
        if (!m_recipe.head.empty()) {
            const int model = set.index_of(m_recipe.head);
            for (auto& [key, tensor] : set.head(model)) {
                canonical[key] = tensor;
                if (key == "head.weight") config.classes = tensor.size(0);
            }
            config.classes_names = set.models[static_cast<std::size_t>(model)].classes;
        }
        config.layout = layout == VitLayout::augreg ? VitLayout::timm : layout;
        config.split_qkv = layout == VitLayout::hf_vit || layout == VitLayout::hf_clip;
        return checkpoint_tensors(canonical, config, config.layout, config.prefix);
    }

    void write(const ModelSet& set, Merged merged, at::ScalarType type) {
        VitConfig config = set.reference();
        const VitLayout layout = m_recipe.layout.empty() ? config.layout : vit_layout_from(m_recipe.layout);
        if (layout != config.layout) config.prefix.clear();
        TensorMap tensors = checkpoint(set, std::move(merged.trunk), layout, config);
        merged.trunk.clear();
        for (auto& [key, tensor] : tensors) tensor = tensor.detach().to(type).contiguous();
        const Json recipe = to_json(m_recipe);
        Json description = to_json(config);
        const Json provenance{{"made_by", "Lathe " + version()}, {"recipe", recipe}, {"found", merged.facts}, {"left_out", set.left_out}};
        const std::map<std::string, std::string> metadata{{"format", "pt"}, {"lathe.config", json_text(description)}, {"lathe.provenance", json_text(provenance)}};
        m_run.check_cancelled();
        const std::filesystem::path file = m_run.params().at("file").get<std::string>();
        const std::string name = file.empty() ? "merged.safetensors" : file.filename().string();
        std::int64_t bytes = 0;
        for (const auto& [key, tensor] : tensors) bytes += static_cast<std::int64_t>(tensor.nbytes());
        if (file.empty()) {
            auto made = std::make_shared<const std::string>(safetensors_bytes(tensors, metadata));
            tensors.clear();
            give_file(m_run, "model", "application/x-safetensors", name, std::move(made));
        } else {
            write_safetensors(file, tensors, metadata);    // beside it, then renamed: the file is the old or the new one
            write_file(std::filesystem::path(file).replace_extension(".recipe.json"), json_text(to_json(m_recipe, file.parent_path()), 2));
        }
        give_file(m_run, "recipe", "application/json", std::filesystem::path(name).replace_extension(".recipe.json").string(), std::make_shared<const std::string>(json_text(recipe, 2)));
        m_run.summary("method", title(m_recipe.settings.method));
        m_run.summary("merge_seconds", merged.seconds);
        m_run.summary("bytes", bytes);
        m_run.summary("layout", to_text(config.layout));
        m_run.summary("mixed_layouts", set.mixed_layouts);
        m_run.summary("found", merged.facts);
        if (!file.empty()) m_run.summary("file", file.string());
        m_run.progress(1, 1);
    }

    RunContext& m_run;
    TaskSetup m_setup;
    MergeRecipe m_recipe;
};

std::vector<Parameter> merge_file_parameters() {
    const std::string group = "File";
    return {
        Parameter::choice("precision", "fp32", {{"fp32", "32 bits", ""}, {"fp16", "16 bits (half)", ""}, {"bf16", "16 bits (bfloat)", ""}}).with_label("Precision").with_group(group).with_help("Of the file. Merged is in 32 bits whatever the sources are."),
        Parameter::choice("layout", "first", {{"first", "As the first model", ""}, {"timm", "timm", ""}, {"torchvision", "torchvision", ""}, {"hf_vit", "Hugging Face ViT", ""}, {"openai_clip", "OpenAI CLIP", ""}, {"hf_clip", "Hugging Face CLIP", ""}})
            .with_label("Layout").with_group(group).with_help("Whose names the tensors have."),
        Parameter::text("head", "").with_label("Head").with_group(group).with_help("The model whose head goes into the file; empty: the backbone only."),
        Parameter::path("file").with_label("Write to").with_group(group).with_help("A .safetensors file; its recipe is written beside it. Empty: the file is kept with the run."),
        Parameter::path("recipe").with_label("Recipe").with_group(group).with_help("Makes the merge of this recipe (Lathe's JSON, or mergekit's YAML) instead of what is chosen here."),
    };
}

}

Method merge_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.merge";
    info.title = "Merge into a file";
    info.help = "Merges the models into one by a static method and writes it as safetensors, with what it was made from and a recipe that makes it again.";
    info.parameters = set_parameters();
    for (Parameter& parameter : merge_parameters()) {
        if (parameter.id == "method") parameter.default_value = "average";
        info.parameters.push_back(std::move(parameter));
    }
    for (Parameter& parameter : merge_file_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = setup_slots();
    info.outputs = {{"model", "file", "Merged model", "", ""}, {"recipe", "file", "Recipe", "", ""}, {"left_out", "table", "Left out", "", ""}};
    method.run = [](RunContext& run) { MergeRun{run}(); };
    return method;
}

}
