#pragma once
// All that a method may know of the outside. Called on the engine's work thread only; every call is cheap.
#include "core/method/run.h"
#include <ATen/core/TensorBase.h>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace at { class Tensor; }

namespace lathe {

class ModelCache;
class DataSets;
class TapStack;
struct InputAsset { std::string role, kind, sha256; std::string path; };

class RunContext {
public:
    virtual ~RunContext() = default;

    // --- asked
    virtual const RunRequest& request() const = 0;
    virtual const Json& params() const = 0;                                   ///< complete and checked
    virtual bool cancelled() const = 0;
    virtual bool pause_asked() const = 0;
    void check_cancelled() const;                                             ///< throws Cancelled
    virtual const InputAsset* input(std::string_view role) const = 0;         ///< null: not given
    virtual Bytes resume_checkpoint() const = 0;                              ///< null: a fresh run
    virtual ModelCache& models() = 0;
    virtual TapStack& taps() = 0;                                             ///< those of the request; a method may add its own

    // --- told
    virtual void progress(double done, double total, std::string_view note = {}) = 0;
    virtual void metric(std::string_view key, std::int64_t step, double value) = 0;
    virtual void artifact(Artifact artifact) = 0;
    virtual void log(std::string_view level, std::string_view text) = 0;
    virtual void checkpoint(Bytes safetensors) = 0;
    virtual void summary(std::string_view key, Json value) = 0;               ///< ends up in `finished`

    // --- conveniences, built on the above
    void image(std::string_view key, std::int64_t step, const at::Tensor& hwc_u8, bool preview = false, Json meta = Json::object());
    void tensor(std::string_view key, std::int64_t step, const at::Tensor& value, Json meta = Json::object(), bool preview = false);
    void table(std::string_view key, const std::vector<std::string>& columns, const std::vector<std::vector<Json>>& rows, Json meta = Json::object(),
        bool preview = false);
};

/// Thrown to unwind a cancelled run; not an error.
struct Cancelled {};
/// Thrown by a method that has written its checkpoint after pause_asked().
struct Paused {};

}
