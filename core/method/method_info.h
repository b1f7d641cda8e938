#pragma once
// What an engine can do, as declared by its plugins and shown by every program.
#include "core/method/parameter.h"

namespace lathe {

struct InputSlot { std::string role, kind, label, help; bool required = true; };          ///< kind: "model", "data"
struct OutputInfo { std::string key, kind, label, unit, better; };                         ///< kind: artifact kind or "metric"; better: "higher", "lower", ""

struct MethodInfo {
    std::string id;                       ///< "delta_cache.sample"
    int version = 1;
    std::string title, help, source;
    std::vector<Parameter> parameters;
    std::vector<InputSlot> inputs;
    std::vector<OutputInfo> outputs;
    std::vector<std::string> families;    ///< model families it runs; empty: any or none
    bool takes_taps = false;              ///< runs a ModelFamily, so tap factories may be attached
    bool is_long = false;                 ///< longer than a minute: writes checkpoints, can be resumed
};
Json to_json(const MethodInfo& info);
MethodInfo method_info_from(const Json& json);

struct TapInfo { std::string id, title, help; std::vector<Parameter> parameters; };
struct FamilyInfo { std::string id, title, help; std::vector<std::string> key_layouts; };
struct CaseInfo { std::string id, plugin; };
/// The reply to `describe`.
struct Catalogue { std::vector<MethodInfo> methods; std::vector<TapInfo> taps; std::vector<FamilyInfo> families; std::vector<CaseInfo> cases;
    const MethodInfo* find(std::string_view method) const; };
Json to_json(const Catalogue& catalogue);
Catalogue catalogue_from(const Json& json);

}
