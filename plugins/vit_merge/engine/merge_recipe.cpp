#include "plugins/vit_merge/engine/merge_recipe.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "plugins/vit_merge/engine/known_files.h"
#include "plugins/vit_merge/engine/small_yaml.h"
#include <algorithm>
#include <cmath>
#include <map>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kMaxRecipe = 4 << 20;
constexpr const char* kUsual = "Known are linear, slerp, task_arithmetic, ties, dare_linear and dare_ties.";

Json file_json(const MergeRecipe::File& file, const std::filesystem::path& folder) {
    const std::filesystem::path near = folder.empty() ? file.path : file.path.lexically_proximate(folder);
    Json out{{"name", file.name}, {"file", (!near.empty() && *near.begin() == ".." ? file.path : near).generic_string()}, {"weight", file.weight}};
    if (!file.sha256.empty()) out["sha256"] = file.sha256;
    if (!file.data.empty()) out["data"] = file.data;
    return out;
}

std::filesystem::path recipe_path(const std::filesystem::path& folder, const std::string& file) {
    const std::filesystem::path path(file);
    return path.is_absolute() ? path : (folder / path).lexically_normal();
}

MergeRecipe::File file_from(const Json& json, const std::filesystem::path& folder, const std::string& where) {
    MergeRecipe::File out;
    out.path = recipe_path(folder, string_member(json, "file", where));
    out.name = string_or_empty(json, "name", where);
    if (out.name.empty()) out.name = out.path.stem().string();
    out.sha256 = string_or_empty(json, "sha256", where);
    out.data = string_or_empty(json, "data", where);
    if (json.contains("weight")) out.weight = number_member(json, "weight", where);
    if (!std::isfinite(out.weight)) throw Error(ErrorCode::invalid_value, "A model's weight is no finite number.", where + ", " + out.name, "Give a number.");
    return out;
}

MergeRecipe own_recipe(const Json& json, const std::filesystem::path& folder, const std::string& where) {
    if (int_member(json, "version", where) != 1) throw Error(ErrorCode::version, "The recipe was written by a newer Lathe.", where, "Update Lathe.");
    MergeRecipe out;
    const Json& models = member(json, "models", where);
    if (!models.is_array()) throw Error(ErrorCode::wrong_format, "The models of the recipe are no list.", where + ", models");
    for (const Json& one : models) out.models.push_back(file_from(one, folder, where + ", models"));
    if (const auto base = json.find("base"); base != json.end() && !base->is_null()) out.base = file_from(*base, folder, where + ", base");
    out.settings = merge_settings_from(member(json, "settings", where));
    if (json.contains("precision")) out.precision = string_member(json, "precision", where);
    out.layout = string_or_empty(json, "layout", where);
    out.head = string_or_empty(json, "head", where);
    return out;
}

/// The checkpoint that mergekit's "model: PATH" means: the file, or what a folder of Hugging Face holds.
std::filesystem::path mergekit_file(const std::string& model, const std::filesystem::path& folder, const std::string& where) {
    const std::filesystem::path path = recipe_path(folder, model);
    if (std::filesystem::is_regular_file(path)) return path;
    for (const char* name : {"model.safetensors", "pytorch_model.bin"})
        if (std::filesystem::is_regular_file(path / name)) return path / name;
    throw Error(ErrorCode::not_found, "The recipe names a model that is not on this computer.", where + ": " + model, "Lathe does not download: fetch it, and write its path (relative to the recipe, or absolute).");
}

/// Reads mergekit's parameters: global ones, and those of a model, which win.
class MergekitReader {
public:
    MergekitReader(const Json& json, const std::filesystem::path& folder, const std::string& where) : m_json(json), m_folder(folder), m_where(where) {}

    MergeRecipe read() {
        static const std::map<std::string, MergeMethod> kMethods{{"linear", MergeMethod::weighted}, {"slerp", MergeMethod::slerp}, {"task_arithmetic", MergeMethod::task_arithmetic}, {"ties", MergeMethod::ties},
            {"dare_linear", MergeMethod::dare_task_arithmetic}, {"dare_ties", MergeMethod::dare_ties}};
        m_name = string_member(m_json, "merge_method", m_where);
        const auto method = kMethods.find(m_name);
        if (method == kMethods.end()) refuse("the method " + m_name, kUsual);
        m_out.settings.method = method->second;
        for (const char* unknown : {"slices", "modules", "tokenizer", "chat_template"})
            if (m_json.contains(unknown)) refuse(std::string("\"") + unknown + "\"", "Only whole models are merged: name them under \"models\".");
        read_models();
        read_base();
        read_settings();
        read_precision();
        return std::move(m_out);
    }

private:
    [[noreturn]] void refuse(const std::string& what, const std::string& hint) const { throw Error(ErrorCode::unsupported, "The recipe asks for something that is not done here: " + what + ".", m_where, hint); }

    std::optional<double> number(const Json& parameters, const char* name) const {
        const auto found = parameters.is_object() ? parameters.find(name) : parameters.end();
        if (!parameters.is_object() || found == parameters.end() || found->is_null()) return {};
        if (found->is_number() && std::isfinite(found->get<double>())) return found->get<double>();
        refuse(std::string("\"") + name + "\" that is not one number", "Weights that change from layer to layer or tensor to tensor are not known here.");
    }
    bool flag(const char* name, bool otherwise) const {
        const Json parameters = m_json.value("parameters", Json::object());
        const auto found = parameters.find(name);
        if (found == parameters.end()) return otherwise;
        if (found->is_boolean()) return found->get<bool>();
        if (found->is_number()) return found->get<double>() != 0;
        refuse(std::string("\"") + name + "\": " + brief(*found), "Give true or false.");
    }
    std::optional<double> global(const char* name) const { return number(m_json.value("parameters", Json::object()), name); }

    void read_models() {
        const Json& models = member(m_json, "models", m_where);
        if (!models.is_array() || models.empty()) throw Error(ErrorCode::wrong_format, "The recipe names no models.", m_where + ", models");
        for (const Json& one : models) {
            const std::string model = one.is_string() ? one.get<std::string>() : string_member(one, "model", m_where + ", models");
            const Json parameters = one.is_object() ? one.value("parameters", Json::object()) : Json::object();
            MergeRecipe::File file;
            file.path = mergekit_file(model, m_folder, m_where);
            file.name = name_for(file.path);
            file.weight = number(parameters, "weight").value_or(global("weight").value_or(1));
            m_density.push_back(number(parameters, "density").value_or(global("density").value_or(1)));
            m_out.models.push_back(std::move(file));
        }
    }
    std::string name_for(const std::filesystem::path& path) const {
        const std::string stem = path.stem().string();
        std::string name = stem == "model" || stem == "pytorch_model" ? path.parent_path().filename().string() : stem;
        const auto taken = [&](const std::string& one) { return std::ranges::any_of(m_out.models, [&](const auto& model) { return model.name == one; }); };
        for (int k = 2; taken(name); ++k) name = stem + " " + std::to_string(k);
        return name;
    }
    void read_base() {
        const bool wanted = needs_base(m_out.settings.method) || m_out.settings.method == MergeMethod::slerp;
        if (!wanted) return;
        MergeRecipe::File base;
        base.name = "base";
        base.path = mergekit_file(string_member(m_json, "base_model", m_where), m_folder, m_where);
        const auto found = std::ranges::find_if(m_out.models, [&](const auto& model) { return model.path == base.path; });
        if (m_out.settings.method == MergeMethod::slerp) {           // the two ends: the base is where t is 0
            if (found == m_out.models.end()) m_out.models.insert(m_out.models.begin(), base), m_density.push_back(1);
            else std::rotate(m_out.models.begin(), found, found + 1);
            if (m_out.models.size() != 2) refuse("SLERP of " + std::to_string(m_out.models.size()) + " models", "Name two.");
            return;
        }
        if (found != m_out.models.end()) {                 // as mergekit does: the base among the models adds nothing
            m_density.erase(m_density.begin() + (found - m_out.models.begin()));
            m_out.models.erase(found);
        }
        if (m_out.models.empty()) refuse("no model beside the base", "Name at least one.");
        m_out.base = std::move(base);
    }
    void read_settings() {
        MergeSettings& settings = m_out.settings;
        const bool equal = std::ranges::all_of(m_out.models, [&](const auto& model) { return model.weight == m_out.models.front().weight; });
        settings.lambda = global("lambda").value_or(1);
        switch (settings.method) {
        case MergeMethod::weighted: settings.normalise_weights = flag("normalize", true); return;
        case MergeMethod::slerp: {
            const auto t = global("t");
            if (!t) throw Error(ErrorCode::wrong_format, "The recipe does not say where between the two models to stop.", m_where + ", parameters, t", "Give t from 0 to 1.");
            settings.slerp_t = *t;
            return;
        }
        case MergeMethod::ties: {
            const bool normalised = flag("normalize", true);
            take_density();
            settings.keep = m_kept;
            settings.aggregate = normalised ? TiesAggregate::mean : TiesAggregate::sum;
            if (normalised && !equal) refuse("TIES with different weights, normalised", "Give equal weights, or normalize: false.");
            if (normalised) scale_weights(1);
            if (m_kept < 1) m_out.notes.emplace_back("mergekit trims every tensor by itself; here each model's whole task vector is trimmed, as in the paper. The result differs.");
            return;
        }
        default: {
            if (flag("normalize", false)) {
                if (settings.method == MergeMethod::dare_ties) refuse("DARE-TIES, normalised", "Write normalize: false.");
                double sum = 0;
                for (const auto& model : m_out.models) sum += model.weight;
                if (sum == 0) refuse("weights that sum to 0, normalised", "Give other weights.");
                for (auto& model : m_out.models) model.weight /= sum;
            }
            if (settings.method == MergeMethod::task_arithmetic) return;
            take_density();
            settings.drop = 1 - m_kept;
            settings.keep = 1;
            settings.aggregate = TiesAggregate::sum;
            if (!flag("rescale", true)) refuse("DARE without rescaling", "Leave \"rescale\" away.");
            m_out.notes.emplace_back("DARE drops entries at random: other ones than mergekit's.");
        }
        }
    }
    void take_density() {
        m_kept = m_density.empty() ? 1 : m_density.front();
        if (std::ranges::any_of(m_density, [&](double one) { return one != m_kept; })) refuse("a density for each model", "Give all models one density.");
        if (!(m_kept > 0 && m_kept <= 1)) throw Error(ErrorCode::invalid_value, "A density is not between 0 and 1.", m_where + ": " + number_text(m_kept), "Give a share, for example 0.5.");
    }
    void scale_weights(double to) {
        for (auto& model : m_out.models) model.weight = to;
    }
    void read_precision() {
        const std::string given = m_json.contains("out_dtype") ? string_or_empty(m_json, "out_dtype", m_where) : string_or_empty(m_json, "dtype", m_where);
        static const std::map<std::string, std::string> kNames{{"", "fp32"}, {"float32", "fp32"}, {"float16", "fp16"}, {"bfloat16", "bf16"}};
        const auto found = kNames.find(given);
        if (found == kNames.end()) refuse("dtype " + given, "Known are float32, float16 and bfloat16.");
        m_out.precision = found->second;
    }

    const Json& m_json;
    std::filesystem::path m_folder;
    std::string m_where, m_name;
    std::vector<double> m_density;
    double m_kept = 1;
    MergeRecipe m_out;
};

using RecipeTold = std::function<void(double, double, std::string_view)>;

std::string hash_of(const std::filesystem::path& path, std::size_t done, std::size_t total, const RecipeTold& told) {
    return sha256_file(path, [&] {
        if (told) told(static_cast<double>(done), static_cast<double>(std::max<std::size_t>(total, 1)), "Hashing " + path.filename().string());
        return true;
    });
}

}

Json to_json(const MergeRecipe& recipe, const std::filesystem::path& folder) {
    Json models = Json::array();
    for (const auto& one : recipe.models) models.push_back(file_json(one, folder));
    Json out{{"lathe", kRecipeMark}, {"version", 1}, {"models", std::move(models)}, {"settings", to_json(recipe.settings)}, {"precision", recipe.precision}};
    if (recipe.base) out["base"] = file_json(*recipe.base, folder);
    if (!recipe.layout.empty()) out["layout"] = recipe.layout;
    if (!recipe.head.empty()) out["head"] = recipe.head;
    return out;
}

MergeRecipe read_recipe(const std::filesystem::path& file) {
    const std::string text = read_file(file, kMaxRecipe), where = file.string();
    const auto first = text.find_first_not_of(" \t\r\n");
    const Json json = first != std::string::npos && text[first] == '{' ? parse_json(text, where) : parse_small_yaml(text, where);
    if (!json.is_object()) throw Error(ErrorCode::wrong_format, "This is no recipe.", where, "It is Lathe's JSON, or YAML with a merge_method.");
    if (json.contains("merge_method")) return recipe_from_mergekit(json, file.parent_path(), where);
    if (json.value("lathe", Json()) != Json(kRecipeMark)) throw Error(ErrorCode::wrong_format, "This is no recipe.", where, "It is the JSON that \"Merge into a file\" gives, or YAML with a merge_method.");
    return own_recipe(json, file.parent_path(), where);
}

MergeRecipe recipe_from_mergekit(const Json& json, const std::filesystem::path& folder, const std::string& where) { return MergekitReader(json, folder, where).read(); }

MergeRecipe recipe_of(const ModelSet& set, const MergeSettings& settings, const RecipeTold& told) {
    MergeRecipe out;
    out.settings = settings;
    const std::size_t total = set.models.size() + (set.base ? 1 : 0);
    for (const ModelSource& model : set.models) out.models.push_back({model.name, model.data, hash_of(model.path, out.models.size(), total, told), model.path, model.weight});
    if (set.base) out.base = MergeRecipe::File{"base", "", hash_of(set.base->path, set.models.size(), total, told), set.base->path, 1};
    return out;
}

std::shared_ptr<const ModelSet> open_recipe_set(const MergeRecipe& recipe, const RecipeTold& told) {
    const auto check = [&](const MergeRecipe::File& file, std::size_t done) {
        if (!file.sha256.empty() && hash_of(file.path, done, recipe.models.size() + 1, told) != file.sha256)
            throw Error(ErrorCode::invalid_value, "A file is not the one that the recipe was made from.", file.name + ": " + file.path.string(), "Give the right file, or take \"sha256\" out of the recipe to use this one.");
    };
    std::vector<ModelSource> sources;
    for (const auto& file : recipe.models) {
        check(file, sources.size());
        ModelSource source;
        source.name = file.name;
        source.path = file.path;
        source.data = file.data;
        source.weight = file.weight;
        sources.push_back(std::move(source));
    }
    if (recipe.base) check(*recipe.base, sources.size());
    return open_model_set(sources, recipe.base ? recipe.base->path : std::filesystem::path(), {});
}

}
