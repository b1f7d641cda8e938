#include "core/engine/model_cache.h"
#include "core/base/error.h"
#include "core/engine/registry.h"
#include "core/engine/run_context.h"
#include "core/nn/tensor_memory.h"
#include <algorithm>

namespace lathe {
namespace {

std::string key_of(const std::string& sha256, const std::string& family, const Json& options) { return sha256 + "|" + family + "|" + options.dump(); }

std::string titles(const Registry& registry) {
    std::string out;
    for (const auto& family : registry.families()) out += (out.empty() ? "" : ", ") + family->title();
    return out.empty() ? "none" : out;
}

}

ModelCache::ModelCache(const Registry& registry, std::int64_t budget_bytes) : m_registry(registry), m_budget(budget_bytes) {}

std::shared_ptr<CachedModel> ModelCache::open(const std::string& path, const std::string& sha256, const std::string& family, const Json& options, RunContext& run) {
    const std::string id = family.empty() ? recognised(sha256) : family;
    if (!id.empty()) {
        const std::string key = key_of(sha256, id, options);
        const auto known = std::find_if(m_entries.begin(), m_entries.end(), [&](const auto& e) { return e->key == key; });
        if (known != m_entries.end()) {
            std::rotate(known, known + 1, m_entries.end());
            return m_entries.back();
        }
    }
    run.check_cancelled();
    run.progress(0, 0, "loading the model");
    const auto file = open_tensors(path);
    const ModelFamily& chosen = choose(*file, family);
    run.check_cancelled();
    auto model = std::make_shared<CachedModel>();
    model->key = key_of(sha256, chosen.id(), options);
    model->family = &chosen;
    model->network = chosen.load(*file, options);
    model->facts = chosen.facts(*model->network);
    for (const auto& [name, tensor] : model->network->state()) model->bytes += static_cast<std::int64_t>(tensor.nbytes());
    m_recognised[sha256] = chosen.id();
    m_entries.push_back(model);
    trim();
    return model;
}

std::string ModelCache::recognised(const std::string& sha256) const {
    const auto it = m_recognised.find(sha256);
    return it == m_recognised.end() ? std::string() : it->second;
}

const ModelFamily& ModelCache::choose(const TensorIndex& file, const std::string& family) const {
    const ModelFamily* best = nullptr;
    double confidence = 0;
    std::string why;
    for (const auto& candidate : m_registry.families()) {
        if (!family.empty() && candidate->id() != family) continue;
        if (!family.empty()) return *candidate;   // load() says what does not fit
        const Recognition r = candidate->recognise(file);
        if (r.confidence > confidence) {
            confidence = r.confidence;
            best = candidate.get();
        } else if (!r.why.empty()) {
            why += (why.empty() ? "" : " ") + candidate->title() + ": " + r.why;
        }
    }
    if (best) return *best;
    if (!family.empty()) throw Error(ErrorCode::unknown_name, "This engine knows no model family \"" + family + "\".", file.path().string(), "Known: " + titles(m_registry) + ".");
    throw Error(ErrorCode::wrong_format, "No model family recognises this file of " + std::to_string(file.entries().size()) + " tensors." + (why.empty() ? "" : " " + why), file.path().string(),
        "Known families: " + titles(m_registry) + ". Look at the file with lathe-cli models inspect.");
}

void ModelCache::trim() {
    std::int64_t total = 0;
    for (const auto& e : m_entries) total += e->bytes;
    while (total > m_budget && m_entries.size() > 1) {
        total -= m_entries.front()->bytes;
        m_entries.erase(m_entries.begin());
    }
}

Json ModelCache::list() const {
    Json out = Json::array();
    for (const auto& e : m_entries) out.push_back({{"key", e->key}, {"family", e->family->id()}, {"bytes", e->bytes}});
    return out;
}

void ModelCache::drop_all() {
    m_entries.clear();
    release_kept_tensors();
}

}
