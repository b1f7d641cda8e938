#include "core/method/method_info.h"
#include "core/base/error.h"
#include <algorithm>
#include <limits>
#include <set>

namespace lathe {
namespace {

bool flag_or(const Json& json, const char* key, bool otherwise, const std::string& where) { return json.contains(key) ? bool_member(json, key, where) : otherwise; }

/// The entries of a list that may be missing.
template <typename T, typename F>
std::vector<T> list_from(const Json& json, const char* key, const std::string& where, F&& entry_from) {
    std::vector<T> list;
    if (!json.is_object() || !json.contains(key))
        return list;
    if (!json[key].is_array())
        throw Error(ErrorCode::wrong_format, std::string("The field \"") + key + "\" is not a list", where);
    for (const Json& entry : json[key])
        list.push_back(entry_from(entry));
    return list;
}

// Declared before list_json: argument-dependent lookup does not reach into this unnamed namespace.
Json to_json(const InputSlot& slot);
Json to_json(const OutputInfo& output);
Json to_json(const TapInfo& tap);
Json to_json(const FamilyInfo& family);
Json to_json(const CaseInfo& info);

template <typename T>
Json list_json(const std::vector<T>& entries) {
    Json list = Json::array();
    for (const T& entry : entries)
        list.push_back(to_json(entry));
    return list;
}

std::string text_entry(const Json& entry, const std::string& where) {
    if (!entry.is_string())
        throw Error(ErrorCode::wrong_format, "A text is needed, not " + brief(entry), where);
    return entry.get<std::string>();
}

std::vector<Parameter> parameters_from(const Json& json, const std::string& where) {
    auto parameters = list_from<Parameter>(json, "parameters", where, [](const Json& entry) { return parameter_from(entry); });
    std::set<std::string_view> ids;
    for (const Parameter& parameter : parameters)
        if (!ids.insert(parameter.id).second)
            throw Error(ErrorCode::wrong_format, "The parameter " + parameter.id + " is declared twice", where);
    return parameters;
}

Json to_json(const InputSlot& slot) {
    return {{"role", slot.role}, {"kind", slot.kind}, {"label", slot.label}, {"help", slot.help}, {"required", slot.required}};
}

InputSlot input_slot_from(const Json& json, const std::string& where) {
    return {string_member(json, "role", where), string_member(json, "kind", where), string_or_empty(json, "label", where), string_or_empty(json, "help", where),
        flag_or(json, "required", true, where)};
}

Json to_json(const OutputInfo& output) {
    return {{"key", output.key}, {"kind", output.kind}, {"label", output.label}, {"unit", output.unit}, {"better", output.better}};
}

OutputInfo output_info_from(const Json& json, const std::string& where) {
    OutputInfo output{string_member(json, "key", where), string_member(json, "kind", where), string_or_empty(json, "label", where), string_or_empty(json, "unit", where),
        string_or_empty(json, "better", where)};
    if (!output.better.empty() && output.better != "higher" && output.better != "lower")
        throw Error(ErrorCode::wrong_format, "The field \"better\" is neither higher nor lower: " + brief(json["better"]), where + ", output " + output.key);
    return output;
}

Json to_json(const TapInfo& tap) { return {{"id", tap.id}, {"title", tap.title}, {"help", tap.help}, {"parameters", list_json(tap.parameters)}}; }

TapInfo tap_info_from(const Json& json) {
    TapInfo tap;
    tap.id = string_member(json, "id", "tap");
    const std::string where = "tap " + tap.id;
    tap.title = string_or_empty(json, "title", where);
    tap.help = string_or_empty(json, "help", where);
    tap.parameters = parameters_from(json, where);
    return tap;
}

Json to_json(const FamilyInfo& family) { return {{"id", family.id}, {"title", family.title}, {"help", family.help}, {"key_layouts", family.key_layouts}}; }

FamilyInfo family_info_from(const Json& json) {
    FamilyInfo family;
    family.id = string_member(json, "id", "family");
    const std::string where = "family " + family.id;
    family.title = string_or_empty(json, "title", where);
    family.help = string_or_empty(json, "help", where);
    family.key_layouts = list_from<std::string>(json, "key_layouts", where, [&](const Json& entry) { return text_entry(entry, where); });
    return family;
}

Json to_json(const CaseInfo& info) { return {{"id", info.id}, {"plugin", info.plugin}}; }

CaseInfo case_info_from(const Json& json) { return {string_member(json, "id", "case"), string_or_empty(json, "plugin", "case")}; }

}

Json to_json(const MethodInfo& info) {
    return {{"id", info.id}, {"version", info.version}, {"title", info.title}, {"help", info.help}, {"source", info.source}, {"parameters", list_json(info.parameters)},
        {"inputs", list_json(info.inputs)}, {"outputs", list_json(info.outputs)}, {"families", info.families}, {"takes_taps", info.takes_taps}, {"is_long", info.is_long}};
}

MethodInfo method_info_from(const Json& json) {
    MethodInfo info;
    info.id = string_member(json, "id", "method");
    const std::string where = "method " + info.id;
    const std::int64_t version = int_member(json, "version", where);
    if (version < 1 || version > std::numeric_limits<int>::max())
        throw Error(ErrorCode::wrong_format, "This is not the version of a method: " + std::to_string(version), where);
    info.version = int(version);
    info.title = string_or_empty(json, "title", where);
    info.help = string_or_empty(json, "help", where);
    info.source = string_or_empty(json, "source", where);
    info.parameters = parameters_from(json, where);
    info.inputs = list_from<InputSlot>(json, "inputs", where, [&](const Json& entry) { return input_slot_from(entry, where + ", inputs"); });
    info.outputs = list_from<OutputInfo>(json, "outputs", where, [&](const Json& entry) { return output_info_from(entry, where + ", outputs"); });
    info.families = list_from<std::string>(json, "families", where, [&](const Json& entry) { return text_entry(entry, where + ", families"); });
    info.takes_taps = flag_or(json, "takes_taps", false, where);
    info.is_long = flag_or(json, "is_long", false, where);
    return info;
}

const MethodInfo* Catalogue::find(std::string_view method) const {
    const auto found = std::ranges::find(methods, method, &MethodInfo::id);
    return found == methods.end() ? nullptr : &*found;
}

Json to_json(const Catalogue& catalogue) {
    return {{"methods", list_json(catalogue.methods)}, {"taps", list_json(catalogue.taps)}, {"families", list_json(catalogue.families)}, {"cases", list_json(catalogue.cases)}};
}

Catalogue catalogue_from(const Json& json) {
    if (!json.is_object())
        throw Error(ErrorCode::wrong_format, "The list of methods is not an object: " + brief(json), "methods");
    Catalogue catalogue;
    catalogue.methods = list_from<MethodInfo>(json, "methods", "methods", method_info_from);
    catalogue.taps = list_from<TapInfo>(json, "taps", "methods", tap_info_from);
    catalogue.families = list_from<FamilyInfo>(json, "families", "methods", family_info_from);
    catalogue.cases = list_from<CaseInfo>(json, "cases", "methods", case_info_from);
    return catalogue;
}

}
