#pragma once
// Recipes: what was merged and how, as JSON that makes the same weights again; and what recipes of other programs (mergekit's form) say in our words. Work thread.
#include "plugins/vit_merge/engine/merge_settings.h"
#include "plugins/vit_merge/engine/model_set.h"

namespace lathe::vit_merge {

struct MergeRecipe {
    struct File { std::string name, data, sha256; std::filesystem::path path; double weight = 1; };        ///< sha256 "": not known, so not checked
    std::vector<File> models;
    std::optional<File> base;
    MergeSettings settings;
    std::string precision = "fp32", layout, head;          ///< as the parameters of vit_merge.merge; layout "": the first model's
    std::vector<std::string> notes;                        ///< what an imported recipe says otherwise than we do
};

inline constexpr const char* kRecipeMark = "vit_merge.recipe";

/// Files relative to `folder` where they are below it.
Json to_json(const MergeRecipe& recipe, const std::filesystem::path& folder = {});
/// Our own JSON, or mergekit's YAML or JSON with merge_method linear, slerp, task_arithmetic, ties, dare_linear or dare_ties. Paths are taken relative to the file.
/// Throws Error(not_found, wrong_format, unsupported) naming the file and what it says.
MergeRecipe read_recipe(const std::filesystem::path& file);
MergeRecipe recipe_from_mergekit(const Json& json, const std::filesystem::path& folder, const std::string& where);

/// The recipe of a merge; hashes every file (`told` as in merge_static).
MergeRecipe recipe_of(const ModelSet& set, const MergeSettings& settings, const std::function<void(double, double, std::string_view)>& told);
/// The set of a recipe. Throws Error(invalid_value) where a file is not the one that the recipe was made from.
std::shared_ptr<const ModelSet> open_recipe_set(const MergeRecipe& recipe, const std::function<void(double, double, std::string_view)>& told);

}
