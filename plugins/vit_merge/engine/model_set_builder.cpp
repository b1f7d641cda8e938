// Models compared key by key: what all of them share, and everything that would spoil a merge.
#include "plugins/vit_merge/engine/model_set_builder.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/known_files.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <set>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kMostModels = 30;

std::string first_of(const std::vector<std::string>& names) {
    return names.front() + (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : std::string());
}

std::string shape_list(const std::vector<std::int64_t>& shape) {
    std::string out = "[";
    for (const std::int64_t size : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
    return out + "]";
}

std::string normalisation_text(const Normalisation& n) {
    std::string out = "mean";
    for (const double value : n.mean) out += " " + number_text(value);
    out += ", deviation";
    for (const double value : n.deviation) out += " " + number_text(value);
    return out;
}

/// "blocks.3.attn.q.weight" -> "blocks.3.attn.qkv.weight" and which third it is; -1: none of them.
std::pair<std::string, int> fused_name(const std::string& canonical) {
    static constexpr const char* kParts[] = {".attn.q.", ".attn.k.", ".attn.v."};
    for (int i = 0; i < 3; ++i)
        if (const auto found = canonical.find(kParts[i]); found != std::string::npos) return {canonical.substr(0, found) + ".attn.qkv." + canonical.substr(found + std::string_view(kParts[i]).size()), i};
    return {canonical, -1};
}

std::vector<std::int64_t> canonical_shape(const std::vector<std::int64_t>& shape, const std::string& name, const VitConfig& config) {
    if (!shape.empty() && (name == "cls_token" || name == "dist_token" || name == "pos_embed" || name == "reg_token")) {
        std::int64_t rows = 1;
        for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
        return {1, rows, shape.back()};
    }
    if (name == "proj" && config.layout == VitLayout::hf_clip && shape.size() == 2) return {shape[1], shape[0]};
    return shape;
}

}

std::shared_ptr<const ModelSet> ModelSetBuilder::build() {
    auto& set = *m_set;
    if (set.models.empty()) throw Error(ErrorCode::invalid_value, "The set has no model.", {}, "Give at least one checkpoint; two or more to merge.");
    if (set.models.size() > kMostModels) throw Error(ErrorCode::invalid_value, "The set has too many models.", std::to_string(set.models.size()) + " models", "At most 30 are merged: leave some out in the table of models.");
    check_names();
    find_layouts();
    note_architectures();
    place_tensors();
    share_keys();
    note_contents();
    note_normalisations();
    if (set.models.size() == 1) tell(Finding::Level::note, "There is only one model: nothing to merge.", "Add models to the set.");
    if (!set.base) tell(Finding::Level::note, "The set has no base: methods on task vectors are not available.", "Name the pre-trained model that all models come from.");
    return m_set;
}

void ModelSetBuilder::tell(Finding::Level level, std::string what, std::string hint) { m_set->findings.push_back({level, std::move(what), std::move(hint)}); }

template <class F> void ModelSetBuilder::for_each_source(F f) {
    if (m_set->base) f(std::size_t{0}, *m_set->base);
    for (std::size_t i = 0; i < m_set->models.size(); ++i) f(i + 1, m_set->models[i]);
}

void ModelSetBuilder::check_names() {
    std::set<std::string> names;
    for (const ModelSource& model : m_set->models)
        if (!names.insert(model.name).second) throw Error(ErrorCode::invalid_value, "Two models have one name.", model.name, "Give every model a name of its own.");
}

void ModelSetBuilder::find_layouts() {
    const VitConfig& reference = m_set->reference();
    std::set<std::string> names;
    for_each_source([&](std::size_t, const ModelSource& source) {
        m_set->mixed_layouts |= source.config.layout != reference.layout || source.config.layout == VitLayout::augreg || source.config.split_qkv != reference.split_qkv;
        m_set->m_one_prefix &= source.config.prefix == reference.prefix;
        names.insert(std::string(to_text(source.config.layout)));
    });
    if (names.size() < 2) return;
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    tell(Finding::Level::note, "The files have different layouts: " + list + ".",
        "They are merged under timm's names with q, k and v in one tensor. Methods that work tensor by tensor (SLERP, RegMean, SVD methods, one λ a tensor) give other numbers than on split tensors.");
}

void ModelSetBuilder::note_architectures() {
    const ModelSource& first = m_set->models.front();
    std::set<std::int64_t> classes;
    bool distinct_heads = false;
    for_each_source([&](std::size_t index, const ModelSource& source) {
        if (index > 0) distinct_heads |= source.config.classes != first.config.classes;
        if (&source == &first) return;
        const auto different = differences(first.config, source.config);
        if (different.empty()) return;
        std::string what = source.name + " has another architecture than " + first.name + ": " + different.front();
        for (std::size_t i = 1; i < different.size(); ++i) what += "; " + different[i];
        std::string agreeing = first.name;
        for (const ModelSource& other : m_set->models)
            if (&other != &first && differences(first.config, other.config).empty()) agreeing += ", " + other.name;
        const bool alone = agreeing == first.name;
        tell(Finding::Level::error, what + ".", alone ? "Only models of one architecture can be merged weight by weight. Leave " + source.name + " out, or take an ensemble or hard routing, which merge no weights."
                                                      : "Only models of one architecture can be merged weight by weight. Without " + source.name + " these can be: " + agreeing + ".");
    });
    if (!distinct_heads) return;
    std::string list;
    for (const ModelSource& model : m_set->models) list += (list.empty() ? "" : ", ") + model.name + " " + std::to_string(model.config.classes);
    tell(Finding::Level::note, "The models have different numbers of classes: " + list + ".", "The backbone only is merged; every model keeps its head.");
}

void ModelSetBuilder::place_tensors() {
    auto& set = *m_set;
    set.m_places.resize(set.models.size() + 1);
    set.m_converted.resize(set.models.size() + 1);
    m_shapes.resize(set.models.size() + 1);
    for_each_source([&](std::size_t index, const ModelSource& source) {
        if (source.config.layout == VitLayout::augreg) {
            for (auto& [name, tensor] : canonical_tensors(*source.file, source.config)) {
                const VitKey role = parse_vit_key(name);
                if (role.group == KeyGroup::head || role.group == KeyGroup::other) continue;
                m_shapes[index][name] = {tensor.sizes().vec(), role};
                set.m_converted[index].emplace(name, tensor);
            }
            return;
        }
        std::map<std::string, std::array<const TensorEntry*, 3>> thirds;
        for (const TensorEntry& entry : source.file->entries()) {
            const VitKey role = parse_vit_key(entry.name, source.config);
            if (role.group == KeyGroup::head) continue;
            if (role.group == KeyGroup::other || role.canonical.empty() || !at::isFloatingType(entry.dtype)) {
                set.left_out.push_back(source.name + ": " + entry.name + (at::isFloatingType(entry.dtype) ? ", no part of the image network" : ", whole numbers"));
                continue;
            }
            if (!set.mixed_layouts) {
                const bool starts = entry.name.starts_with(source.config.prefix);
                add_place(index, set.m_one_prefix || !starts ? entry.name : entry.name.substr(source.config.prefix.size()), {entry.name}, entry.shape, role);
                continue;
            }
            const auto [name, third] = fused_name(role.canonical);
            if (third < 0) add_place(index, name, {entry.name}, canonical_shape(entry.shape, name, source.config), role);
            else thirds[name][static_cast<std::size_t>(third)] = &entry;
        }
        for (const auto& [name, parts] : thirds) {
            if (!parts[0] || !parts[1] || !parts[2]) {
                set.left_out.push_back(source.name + ": " + name + ", q, k and v are not all there");
                continue;
            }
            std::vector<std::int64_t> shape = parts[0]->shape;
            if (!shape.empty()) shape[0] += (parts[1]->shape.empty() ? 0 : parts[1]->shape[0]) + (parts[2]->shape.empty() ? 0 : parts[2]->shape[0]);
            VitKey role = parse_vit_key(parts[0]->name);
            role.canonical = name;
            add_place(index, name, {parts[0]->name, parts[1]->name, parts[2]->name}, shape, role);
        }
    });
}

void ModelSetBuilder::add_place(std::size_t index, const std::string& name, std::vector<std::string> places, const std::vector<std::int64_t>& shape, const VitKey& role) {
    m_set->m_places[index].emplace(name, std::move(places));
    m_shapes[index].emplace(name, Shape{shape, role});
}

void ModelSetBuilder::share_keys() {
    auto& set = *m_set;
    std::map<std::string, Shape> all;                      // as the first that has it
    for_each_source([&](std::size_t index, const ModelSource&) {
        for (const auto& [name, shape] : m_shapes[index]) all.emplace(name, shape);
    });
    const std::size_t reference = 1;                       // the first model
    std::vector<std::vector<std::string>> missing(set.models.size() + 1), misshapen(set.models.size() + 1);
    for (const auto& [name, anywhere] : all) {
        const auto first = m_shapes[reference].find(name);
        const Shape& wanted = first == m_shapes[reference].end() ? anywhere : first->second;
        bool shared = true;
        for_each_source([&](std::size_t index, const ModelSource& source) {
            const auto found = m_shapes[index].find(name);
            if (found == m_shapes[index].end()) {
                missing[index].push_back(name);
                set.left_out.push_back(source.name + ": " + name + ", is missing there");
            } else if (found->second.sizes != wanted.sizes) {
                misshapen[index].push_back(name + " is " + shape_list(found->second.sizes) + " there and " + shape_list(wanted.sizes) + " in " + set.models.front().name);
                set.left_out.push_back(source.name + ": " + name + ", shape " + shape_list(found->second.sizes) + " instead of " + shape_list(wanted.sizes));
            } else {
                return;
            }
            shared = false;
        });
        if (!shared) continue;
        SharedKey key{name, wanted.role, wanted.sizes, 1};
        for (const std::int64_t size : key.shape) key.elements *= size;
        if (key.elements > 0) set.keys.push_back(std::move(key));
    }
    const std::string kept = set.base ? "the base's" : "the first model's";
    for_each_source([&](std::size_t index, const ModelSource& source) {
        if (!missing[index].empty())
            tell(Finding::Level::warning, source.name + " lacks " + first_of(missing[index]) + ", which others have.", "Merged is what all share; the merged model takes " + kept + " tensor for the rest. Or leave " + source.name + " out.");
        if (!misshapen[index].empty())
            tell(Finding::Level::warning, "In " + source.name + " a tensor has another shape: " + first_of(misshapen[index]) + ".", "Merged is what all share; the merged model takes " + kept + " tensor for the rest. Or leave " + source.name + " out.");
    });
}

void ModelSetBuilder::note_contents() {
    std::map<std::uint64_t, std::string> seen;
    for_each_source([&](std::size_t, const ModelSource& source) {
        const auto known = m_known.find(source.path);
        if (known == m_known.end()) return;
        const KnownFile& file = *known->second;
        if (file.bad_values > 0)
            tell(Finding::Level::error, source.name + " has " + std::to_string(file.bad_values) + " NaN or infinite values, first in " + file.bad_key + ".", "The file is damaged or its training went astray: take an earlier checkpoint, or leave " + source.name + " out.");
        const auto [other, is_new] = seen.emplace(file.content, source.name);
        if (!is_new) tell(Finding::Level::warning, other->second + " and " + source.name + " have the same backbone.", "Nothing is gained by merging a model with itself: leave one out.");
    });
}

void ModelSetBuilder::note_normalisations() {
    const ModelSource* first = nullptr;
    for (const ModelSource& model : m_set->models) {
        if (!model.config.normalisation) continue;
        if (!first) {
            first = &model;
        } else if (*model.config.normalisation != *first->config.normalisation) {
            tell(Finding::Level::warning, first->name + " and " + model.name + " were trained on pictures normalised differently: " + normalisation_text(*first->config.normalisation) + "; " + normalisation_text(*model.config.normalisation) + ".",
                "Merged weights see pictures as " + first->name + " does, and " + model.name + " will answer worse. Merge models of one normalisation.");
            return;
        }
    }
}

}
