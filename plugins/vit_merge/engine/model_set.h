#pragma once
// The models that are to become one: opened by mapping, compared key by key, with everything that would spoil the result named before anything is merged. Work thread.
#include "core/engine/run_context.h"
#include "core/method/method_info.h"
#include "plugins/vit_merge/engine/vit_keys.h"
#include <any>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lathe::vit_merge {

/// One model as a file; `data` says which pictures it was made for (task_data.h).
struct ModelSource {
    std::string name;                                      ///< shown; unique in a set
    std::filesystem::path path;
    std::string data;                                      ///< "" where unknown
    double weight = 1;                                     ///< per-task weight, for methods that take one
    std::shared_ptr<TensorIndex> file;                     ///< mapped
    VitConfig config;
    std::vector<std::string> classes;                      ///< names, where they are known
    std::string version;                                   ///< size and time of change when it was opened
};

/// A tensor that takes part, once for all models.
struct SharedKey {
    std::string key;                                       ///< as in the files where all have one layout; canonical where layouts are mixed
    VitKey role;
    std::vector<std::int64_t> shape;
    std::int64_t elements = 0;
};

/// error: merging is refused; warning: it is done, and the result says so.
struct Finding { enum class Level { note, warning, error } level = Level::note; std::string what, hint; };

class ModelSet {
public:
    std::vector<ModelSource> models;                       ///< 1 to 30
    std::optional<ModelSource> base;                       ///< the shared pre-trained model W_0; may have no head
    std::filesystem::path gate;                            ///< empty: none is named
    bool mixed_layouts = false;                            ///< keys are canonical, and fused: q, k, v are one tensor
    std::vector<SharedKey> keys;                           ///< every trunk tensor that all models (and the base) have in one shape, sorted by name; no heads
    std::vector<std::string> left_out;                     ///< "MODEL: KEY, why", never silently dropped
    std::vector<Finding> findings;

    /// Throws Error(invalid_value) with the first error among the findings, and how many more there are.
    void require_mergeable(bool needs_base) const;
    /// The tensor of `key` of model i (-1: the base), in the file's dtype: a view of the map where it can be.
    at::Tensor tensor(int model, const SharedKey& key) const;
    /// Heads (head.*, head_dist.*) of model i under canonical keys.
    TensorMap head(int model) const;
    std::vector<std::string> names() const;                ///< of the models, in their order
    std::string name_list() const;                         ///< "mnist, fashion, kmnist"
    /// Trunk tensors that are not in `keys`, of the base or the first model that has them, under names of the same kind: with these and the merged keys the trunk is whole.
    TensorMap rest() const;
    /// A whole trunk (merged keys and rest) under canonical keys and shapes, for Vit::load_canonical: views where the layout allows; what records gradients goes on recording them.
    TensorMap canonical(const TensorMap& trunk) const;
    /// Throws Error(io) naming a file that is no longer what was opened: what was read of it may be half old, half new.
    void require_unchanged() const;
    int index_of(std::string_view name) const;             ///< -1 for "" (the base). Throws Error(unknown_name)
    mutable std::map<std::string, std::any> kept;          ///< what was computed of this set, for the next run; work thread
    const VitConfig& reference() const { return models.front().config; }       ///< whose layout, pictures and normalisation the merged model has

private:
    friend class ModelSetBuilder;
    /// Names of the kind of `keys` -> where they are in the file: one key, or those of q, k and v. [0]: the base, [i + 1]: model i.
    using Places = std::map<std::string, std::vector<std::string>>;
    std::vector<Places> m_places;
    bool m_one_prefix = true;                              ///< the names of keys have it; else they have none
    std::vector<TensorMap> m_converted;                    ///< of files whose tensors cannot be viewed (augreg)
    at::Tensor placed(int model, const std::string& name) const;
    const ModelSource& source(int model) const { return model < 0 ? *base : models[static_cast<std::size_t>(model)]; }
};

/// Inputs and parameters that every method of this plugin shares: the slot "set" (a set.json or a folder that holds one or only checkpoints) and the parameter "models"
/// (table: name, path, data, weight, use), whose rows take the place of the set's model of that name, or add one where `path` is given; the name "base" is the base.
InputSlot set_slot();
std::vector<Parameter> set_parameters();

/// The set of this run. Each file is opened, recognised and compared. NaN and infinities are looked for once a file (kept by path, size and time of change).
/// Throws Error(not_found, wrong_format, invalid_value) naming the file; what can be told without failing is in `findings`: other architecture, patch size, width or class count,
/// missing or extra keys, same name with another shape, mixed normalisations, identical models, NaN weights.
std::shared_ptr<const ModelSet> open_model_set(RunContext& run);
/// The same of named sources, for tests and other callers. `base` may be empty.
std::shared_ptr<const ModelSet> open_model_set(const std::vector<ModelSource>& sources, const std::filesystem::path& base, const std::filesystem::path& gate);

/// {"lathe":"vit_merge.set","version":1,"base":FILE,"gate":FILE,"models":[{"name","file","data","weight"}]}; files relative to the set's folder.
Json set_json(const ModelSet& set, const std::filesystem::path& folder);

}
