#include "plugins/vit_merge/engine/model_set.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/vit_merge/engine/known_files.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

/// The shape of a canonical tensor as the canonical network has it, given as the file has it (vit_keys.h).
at::Tensor canonical_view(const at::Tensor& t, std::string_view name, const VitConfig& config) {
    if (name == "cls_token" || name == "dist_token" || name == "pos_embed" || name == "reg_token") return t.reshape({1, -1, t.size(-1)});
    if (name == "proj" && config.layout == VitLayout::hf_clip) return t.t().contiguous();
    return t;
}

}

void ModelSet::require_mergeable(bool with_base) const {
    const Finding* first = nullptr;
    std::size_t errors = 0;
    for (const Finding& finding : findings) {
        if (finding.level != Finding::Level::error) continue;
        if (!first) first = &finding;
        ++errors;
    }
    if (first) throw Error(ErrorCode::invalid_value, first->what, errors > 1 ? "and " + std::to_string(errors - 1) + " more; \"Show the models\" lists them" : std::string(), first->hint);
    if (with_base && !base)
        throw Error(ErrorCode::invalid_value, "This method works on task vectors, and the set has no base.", name_list(),
            "Name the pre-trained model that all of them were fine-tuned from (a row \"base\" in the table of models, or \"base\" in set.json), or choose a method without one: average, SLERP, Fisher, RegMean, gated.");
    if (keys.empty()) throw Error(ErrorCode::invalid_value, "The models share no tensor.", name_list(), "Give models of one architecture.");
}

at::Tensor ModelSet::placed(int model, const std::string& name) const {
    const auto m = static_cast<std::size_t>(model + 1);
    const ModelSource& from = source(model);
    if (const auto found = m_converted[m].find(name); found != m_converted[m].end()) return found->second;
    const auto found = m_places[m].find(name);
    if (found == m_places[m].end()) throw Error(ErrorCode::not_found, "The model lacks a tensor.", from.name + ", " + name, "Take it out of the set, or give another file.");
    const std::vector<std::string>& places = found->second;
    if (places.size() > 1) {
        std::vector<at::Tensor> parts;
        parts.reserve(places.size());
        for (const std::string& place : places) parts.push_back(from.file->get(place));
        return at::cat(parts, 0);
    }
    const at::Tensor t = from.file->get(places.front());
    return mixed_layouts ? canonical_view(t, name, from.config) : t;
}

at::Tensor ModelSet::tensor(int model, const SharedKey& key) const { return placed(model, key.key); }

TensorMap ModelSet::head(int model) const {
    const ModelSource& from = source(model);
    TensorMap out;
    for (const TensorEntry& entry : from.file->entries())
        if (const VitKey role = parse_vit_key(entry.name, from.config); role.group == KeyGroup::head && !role.canonical.empty()) out.emplace(role.canonical, from.file->get(entry.name));
    return out;
}

TensorMap ModelSet::rest() const {
    TensorMap out;
    for (int model = base ? -1 : 0; model < static_cast<int>(models.size()); ++model) {
        const auto take = [&](const std::string& name) {
            const bool merged = std::any_of(keys.begin(), keys.end(), [&](const SharedKey& key) { return key.key == name; });
            if (!merged && !out.contains(name)) out.emplace(name, placed(model, name));
        };
        const auto m = static_cast<std::size_t>(model + 1);
        for (const auto& [name, places] : m_places[m]) take(name);
        for (const auto& [name, tensor] : m_converted[m]) take(name);
    }
    return out;
}

TensorMap ModelSet::canonical(const TensorMap& trunk) const {
    if (mixed_layouts) return trunk;
    VitConfig config = reference();
    config.classes = 0;                                    // heads are apart
    if (!m_one_prefix) config.prefix.clear();
    return canonical_tensors(trunk, config);
}

void ModelSet::require_unchanged() const {
    const auto check = [](const ModelSource& source) {
        if (!source.version.empty() && file_version(source.path) != source.version)
            throw Error(ErrorCode::io, "A model's file has changed while it was read.", source.name + ": " + source.path.string(), "What was read may be half old and half new, so nothing was kept. Run it again when the file is at rest.");
    };
    for (const ModelSource& model : models) check(model);
    if (base) check(*base);
}

std::vector<std::string> ModelSet::names() const {
    std::vector<std::string> out;
    for (const ModelSource& model : models) out.push_back(model.name);
    return out;
}

std::string ModelSet::name_list() const {
    std::string out;
    for (const ModelSource& model : models) out += (out.empty() ? "" : ", ") + model.name;
    return out;
}

int ModelSet::index_of(std::string_view name) const {
    if (name.empty()) {
        if (!base) throw Error(ErrorCode::unknown_name, "The set has no base.", name_list(), "Name one of the models.");
        return -1;
    }
    std::vector<std::string> known;
    for (std::size_t i = 0; i < models.size(); ++i) {
        if (models[i].name == name) return static_cast<int>(i);
        known.push_back(models[i].name);
    }
    const std::string near = nearest_name(name, known);
    throw Error(ErrorCode::unknown_name, "The set has no model of this name.", valid_text(name, 128), near.empty() ? "It has " + name_list() + "." : "Did you mean " + near + "?");
}

}
