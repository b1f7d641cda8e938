#include "core/method/parameter.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>

namespace lathe {
namespace {

constexpr std::array<std::string_view, 11> kTypes = {"bool", "integer", "number", "choice", "text", "path", "seed", "int_range", "list", "table", "grid"};
constexpr std::size_t kLongestId = 120;

Parameter made(std::string id, ParameterType type, Json value) {
    Parameter parameter;
    parameter.label = id;
    parameter.id = std::move(id);
    parameter.type = type;
    parameter.default_value = std::move(value);
    return parameter;
}

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    });
}

bool names_reference(std::string_view text) { return text.starts_with("$model.") || text.starts_with("$param."); }

bool flag_or_false(const Json& json, const char* key, const std::string& where) { return json.contains(key) && bool_member(json, key, where); }

Json bound_from(const Json& json, const char* key, const std::string& where) {
    if (!json.contains(key) || json[key].is_null())
        return {};
    const Json& bound = json[key];
    if (bound.is_number() || (bound.is_string() && names_reference(bound.get_ref<const std::string&>())))
        return bound;
    throw Error(ErrorCode::wrong_format, std::string("The field \"") + key + "\" is neither a number nor a reference: " + brief(bound), where,
                "references begin with $model. or $param.");
}

std::string size_from(const Json& json, const char* key, const std::string& where) {
    std::string reference = string_member(json, key, where);
    if (!names_reference(reference))
        throw Error(ErrorCode::wrong_format, std::string("The field \"") + key + "\" is not a reference: " + brief(json[key]), where, "references begin with $model. or $param.");
    return reference;
}

Choice choice_from(const Json& json, const std::string& where) {
    if (json.is_string())
        return {json.get<std::string>(), json.get<std::string>(), {}};
    Choice choice{string_member(json, "value", where), string_or_empty(json, "label", where), string_or_empty(json, "help", where)};
    if (choice.label.empty())
        choice.label = choice.value;
    return choice;
}

void read_choices(const Json& json, Parameter& parameter, const std::string& where) {
    if (json.is_string()) {
        parameter.choices_from = json.get<std::string>();
        if (!parameter.choices_from.starts_with("$model."))
            throw Error(ErrorCode::wrong_format, "The field \"choices\" is not a reference: " + brief(json), where, "choices are a list or begin with $model.");
        return;
    }
    if (!json.is_array())
        throw Error(ErrorCode::wrong_format, "The field \"choices\" is neither a list nor a reference: " + brief(json), where);
    for (const Json& choice : json)
        parameter.choices.push_back(choice_from(choice, where + ", choices"));
}

void read_enabled_if(const Json& json, Parameter& parameter, const std::string& where) {
    if (!json.is_object())
        throw Error(ErrorCode::wrong_format, "The field \"enabled_if\" is not an object: " + brief(json), where);
    for (const auto& [id, values] : json.items()) {
        if (!values.is_array())
            throw Error(ErrorCode::wrong_format, "The values of \"" + id + "\" are not a list: " + brief(values), where + ", enabled_if");
        parameter.enabled_if[id].assign(values.begin(), values.end());
    }
}

}

std::string_view name(ParameterType type) { return kTypes.at(static_cast<std::size_t>(type)); }

ParameterType parameter_type(std::string_view name) {
    const auto found = std::ranges::find(kTypes, name);
    if (found == kTypes.end())
        throw Error(ErrorCode::unknown_name, "There is no parameter type " + brief(Json(std::string(name))), "type", "the program that declares it may be newer than this one");
    return static_cast<ParameterType>(found - kTypes.begin());
}

Parameter Parameter::boolean(std::string id, bool value) { return made(std::move(id), ParameterType::boolean, value); }
Parameter Parameter::integer(std::string id, std::int64_t value) { return made(std::move(id), ParameterType::integer, value); }
Parameter Parameter::number(std::string id, double value) { return made(std::move(id), ParameterType::number, number_json(value)); }
Parameter Parameter::text(std::string id, std::string value) { return made(std::move(id), ParameterType::text, std::move(value)); }
Parameter Parameter::path(std::string id, std::string value) { return made(std::move(id), ParameterType::path, std::move(value)); }
Parameter Parameter::list(std::string id, Json value) { return made(std::move(id), ParameterType::list, std::move(value)); }

Parameter Parameter::choice(std::string id, std::string value, std::vector<Choice> choices) {
    Parameter parameter = made(std::move(id), ParameterType::choice, std::move(value));
    parameter.choices = std::move(choices);
    return parameter;
}

Parameter Parameter::seed(std::string id, std::int64_t value) {
    Parameter parameter = made(std::move(id), ParameterType::seed, value);
    parameter.min = 0;
    parameter.max = kMaxSeed;
    return parameter;
}

Parameter Parameter::int_range(std::string id, std::int64_t first, std::int64_t end) {
    return made(std::move(id), ParameterType::int_range, Json::array({first, end}));
}

Parameter Parameter::table(std::string id, std::vector<std::string> columns, Json rows) {
    return made(std::move(id), ParameterType::table, {{"columns", std::move(columns)}, {"rows", std::move(rows)}});
}

Parameter Parameter::grid(std::string id, std::string rows_from, std::string cols_from) {
    Parameter parameter = made(std::move(id), ParameterType::grid, nullptr);
    parameter.rows_from = std::move(rows_from);
    parameter.cols_from = std::move(cols_from);
    return parameter;
}

Json to_json(const Parameter& parameter) {
    Json json = {{"id", parameter.id}, {"label", parameter.label}, {"type", name(parameter.type)}, {"default", parameter.default_value}};
    const auto put_text = [&json](const char* key, const std::string& value) {
        if (!value.empty())
            json[key] = value;
    };
    const auto put_flag = [&json](const char* key, bool value) {
        if (value)
            json[key] = true;
    };
    put_text("help", parameter.help);
    put_text("unit", parameter.unit);
    put_text("group", parameter.group);
    put_text("source", parameter.source);
    put_text("rows", parameter.rows_from);
    put_text("cols", parameter.cols_from);
    put_flag("log", parameter.log_scale);
    put_flag("live", parameter.live);
    put_flag("advanced", parameter.advanced);
    if (!parameter.min.is_null())
        json["min"] = parameter.min;
    if (!parameter.max.is_null())
        json["max"] = parameter.max;
    if (parameter.step != 0)
        json["step"] = parameter.step;
    for (const Choice& choice : parameter.choices)
        json["choices"].push_back({{"value", choice.value}, {"label", choice.label}, {"help", choice.help}});
    put_text("choices", parameter.choices_from);
    for (const auto& [id, values] : parameter.enabled_if)
        json["enabled_if"][id] = values;
    return json;
}

Parameter parameter_from(const Json& json) {
    Parameter parameter;
    parameter.id = string_member(json, "id", "parameter");
    if (!is_id(parameter.id))
        throw Error(ErrorCode::wrong_format, "This is not the id of a parameter: " + brief(json["id"]), "parameter", "ids have letters, digits, _ - and dots");
    const std::string where = "parameter " + parameter.id;
    parameter.type = parameter_type(string_member(json, "type", where));
    parameter.default_value = member(json, "default", where);
    parameter.label = string_or_empty(json, "label", where);
    if (parameter.label.empty())
        parameter.label = parameter.id;
    parameter.help = string_or_empty(json, "help", where);
    parameter.unit = string_or_empty(json, "unit", where);
    parameter.group = string_or_empty(json, "group", where);
    parameter.source = string_or_empty(json, "source", where);
    parameter.min = bound_from(json, "min", where);
    parameter.max = bound_from(json, "max", where);
    parameter.step = json.contains("step") ? number_member(json, "step", where) : 0;
    parameter.log_scale = flag_or_false(json, "log", where);
    parameter.live = flag_or_false(json, "live", where);
    parameter.advanced = flag_or_false(json, "advanced", where);
    if (json.contains("choices"))
        read_choices(json["choices"], parameter, where);
    if (json.contains("rows"))
        parameter.rows_from = size_from(json, "rows", where);
    if (json.contains("cols"))
        parameter.cols_from = size_from(json, "cols", where);
    if (json.contains("enabled_if"))
        read_enabled_if(json["enabled_if"], parameter, where);
    return parameter;
}

}
