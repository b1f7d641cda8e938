#include "widgets/tap_sections.h"
#include <QCoreApplication>

namespace lathe {
namespace {

std::string switch_of(const TapInfo& tap) { return "tap." + tap.id; }
std::string key_of(const TapInfo& tap, const std::string& parameter) { return switch_of(tap) + "." + parameter; }

/// "$param.NAME" of a tap's declaration means the tap's own.
void refer_within(const TapInfo& tap, Json& bound) {
    constexpr std::string_view own = "$param.";
    if (!bound.is_string()) return;
    if (const std::string text = bound.get<std::string>(); text.starts_with(own)) bound = std::string(own) + key_of(tap, text.substr(own.size()));
}

void refer_within(const TapInfo& tap, std::string& reference) {
    Json bound = reference;
    refer_within(tap, bound);
    reference = bound.get<std::string>();
}

}

std::vector<Parameter> tap_parameters(const std::vector<TapInfo>& taps) {
    std::vector<Parameter> out;
    for (const TapInfo& tap : taps) {
        out.push_back(Parameter::boolean(switch_of(tap), false).with_label(QCoreApplication::translate("TapSections", "On").toStdString()).with_group(tap.title).with_help(tap.help).is_live());
        for (Parameter p : tap.parameters) {
            p.id = key_of(tap, p.id);
            p.group = tap.title;
            for (Json* bound : {&p.min, &p.max, &p.default_value}) refer_within(tap, *bound);
            for (std::string* reference : {&p.rows_from, &p.cols_from}) refer_within(tap, *reference);
            std::map<std::string, std::vector<Json>> conditions;
            for (auto& [other, values] : p.enabled_if) conditions[key_of(tap, other)] = std::move(values);
            p.enabled_if = std::move(conditions);
            p.when(switch_of(tap), {true});
            out.push_back(std::move(p));
        }
    }
    return out;
}

std::vector<TapRequest> taps_of(const Json& values, const std::vector<TapInfo>& taps) {
    std::vector<TapRequest> out;
    for (const TapInfo& tap : taps) {
        if (values.value(switch_of(tap), Json()) != Json(true)) continue;
        TapRequest request{tap.id, Json::object()};
        for (const Parameter& p : tap.parameters)
            if (const auto found = values.find(key_of(tap, p.id)); found != values.end()) request.params[p.id] = *found;
        out.push_back(std::move(request));
    }
    return out;
}

Json tap_values(const Json& kept, const std::vector<TapInfo>& taps) {
    Json out = Json::object();
    for (const TapInfo& tap : taps) {
        out[switch_of(tap)] = false;
        if (!kept.is_array()) continue;
        for (const Json& one : kept) {
            if (!one.is_object() || one.value("id", Json()) != Json(tap.id)) continue;
            out[switch_of(tap)] = true;
            const Json params = one.value("params", Json::object());
            for (const Parameter& p : tap.parameters)
                if (params.is_object() && params.contains(p.id)) out[key_of(tap, p.id)] = params[p.id];
        }
    }
    return out;
}

}
