#pragma once
// Loaded networks, keyed by content hash and options, so that a live run never reloads or re-packs. Work thread only.
#include "core/nn/model_family.h"
#include <memory>
#include <string>

namespace lathe {

class Registry;
class RunContext;

struct CachedModel {
    std::string key;
    const ModelFamily* family = nullptr;
    std::shared_ptr<Network> network;
    Json facts;                          ///< what $model.* refers to
    std::int64_t bytes = 0;
};

class ModelCache {
public:
    ModelCache(const Registry& registry, std::int64_t budget_bytes);
    /// Opens `path` with the family that recognises it (or `family`), once; later calls with the same content and options return the same network.
    /// Throws Error(wrong_format) with the tensor, its shape and the shape needed.
    std::shared_ptr<CachedModel> open(const std::string& path, const std::string& sha256, const std::string& family, const Json& options, RunContext& run);
    Json list() const;                   ///< [{key, family, bytes}]
    void drop_all();
private:
    std::string recognised(const std::string& sha256) const;
    const ModelFamily& choose(const TensorIndex& file, const std::string& family) const;
    void trim();
    const Registry& m_registry;
    std::int64_t m_budget;
    std::vector<std::shared_ptr<CachedModel>> m_entries;   // most recently used last
    std::map<std::string, std::string> m_recognised;        // content -> family, kept when the model is dropped
};

}
