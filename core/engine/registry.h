#pragma once
// What a plugin gives to the engine. Objects are owned by the engine and live until it ends.
#include "core/base/version.h"
#include "core/engine/run_context.h"
#include "core/engine/verify.h"
#include "core/method/method_info.h"
#include "core/nn/model_family.h"
#include "core/nn/tap.h"
#include <torch/csrc/api/include/torch/version.h>

namespace lathe {

struct Method {
    MethodInfo info;
    std::function<void(RunContext&)> run;                           ///< inference or grad mode is the method's choice; starts in inference mode off, grad off
    std::function<Json(const Json& params, int from)> upgrade;      ///< older stored parameters; may be empty
};

struct TapFactory {
    TapInfo info;
    std::function<std::unique_ptr<Tap>(const Json& params, RunContext& run)> make;
};

class Registry {
public:
    void add(Method method);             ///< each throws Error(invalid_value) for a duplicate id
    void add(std::unique_ptr<ModelFamily> family);
    void add(TapFactory factory);
    void add(VerifyCase verify_case);
    void merge(Registry&& other);        ///< all of it or, for a duplicate id, nothing: a plugin that fails half-way leaves no trace
    void set_plugin(const std::string& plugin);                    ///< names the owner of every case in it

    const Method& method(std::string_view id) const;               ///< throws Error(unknown_name) with the nearest id
    const TapFactory& tap(std::string_view id) const;
    const VerifyCase* find_case(std::string_view id) const;
    const std::vector<std::unique_ptr<ModelFamily>>& families() const { return m_families; }
    Catalogue catalogue() const;
private:
    std::vector<Method> m_methods;
    std::vector<std::unique_ptr<ModelFamily>> m_families;
    std::vector<TapFactory> m_taps;
    std::vector<VerifyCase> m_cases;
};

/// "gcc14;cxx11;torch2.6.0;lathe1;release", as a literal of whoever includes this.
#define LATHE_ABI LATHE_ABI_HEAD ";torch" TORCH_VERSION ";" LATHE_ABI_TAIL

/// Exported by an engine plugin; see contracts.md. `size` = sizeof(LatheEnginePlugin), `api` = kPluginApi, `abi` = LATHE_ABI (the macro: what the plugin was built with).
struct LatheEnginePlugin {
    std::uint32_t size, api;
    const char *abi, *id, *version;
    void (*register_all)(Registry*);
};
std::string lathe_abi();                 ///< LATHE_ABI of the engine

}
extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin(void);
