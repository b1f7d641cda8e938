#pragma once
// One declaration of a parameter makes the form in the GUI, the flags of the command line, the check in the engine and the help.
#include "core/base/json.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

enum class ParameterType { boolean, integer, number, choice, text, path, seed, int_range, list, table, grid };
std::string_view name(ParameterType type);                   ///< "bool", "integer", … as in contracts
ParameterType parameter_type(std::string_view name);         ///< throws Error(unknown_name)

inline constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 53) - 1;

/// A choice of a `choice` parameter; `value` is stored and sent, `label` shown.
struct Choice { std::string value, label, help; };

/// min, max and default may be a number or a reference: "$model.depth" (facts of the chosen model), "$param.steps".
/// int_range values are [first, end). A grid value is {"rows":r,"cols":c,"dtype":"u8","data":[r*c numbers, row by row]}; dtype u8, i8, u16, i16, i32, f32.
/// A table value is {"columns":[names],"rows":[[a cell for each column]]}. The limits of a list, table or grid hold for each of its numbers.
struct Parameter {
    std::string id;                     ///< dotted, unique in its method: "cache.interval"
    std::string label, help, unit, group, source;
    ParameterType type = ParameterType::number;
    Json default_value;
    Json min, max;                      ///< null: none
    double step = 0;                    ///< of the slider; 0: chosen from the range
    bool log_scale = false;
    bool live = false;                  ///< cheap enough to re-run while it is dragged
    bool advanced = false;
    std::vector<Choice> choices;
    std::string choices_from;           ///< "$model.classes": choices taken from the model facts (array of texts)
    std::string rows_from, cols_from;   ///< grid: size references, e.g. "$model.depth", "$param.steps"
    std::map<std::string, std::vector<Json>> enabled_if;   ///< every named parameter must have one of these values

    // Fluent declaration: Parameter::integer("steps", 20).range(1, 1000).with_label("Steps").is_live()…
    static Parameter boolean(std::string id, bool value);
    static Parameter integer(std::string id, std::int64_t value);
    static Parameter number(std::string id, double value);
    static Parameter choice(std::string id, std::string value, std::vector<Choice> choices);
    static Parameter text(std::string id, std::string value);
    static Parameter path(std::string id, std::string value = {});
    static Parameter seed(std::string id, std::int64_t value);
    static Parameter int_range(std::string id, std::int64_t first, std::int64_t end);
    static Parameter list(std::string id, Json value);       ///< array of numbers or texts
    static Parameter table(std::string id, std::vector<std::string> columns, Json rows = Json::array());   ///< the columns of the default are fixed
    static Parameter grid(std::string id, std::string rows_from, std::string cols_from);
    Parameter& range(Json lo, Json hi) { min = std::move(lo); max = std::move(hi); return *this; }
    Parameter& with_label(std::string v) { label = std::move(v); return *this; }
    Parameter& with_unit(std::string v) { unit = std::move(v); return *this; }
    Parameter& with_help(std::string v) { help = std::move(v); return *this; }
    Parameter& with_group(std::string v) { group = std::move(v); return *this; }
    Parameter& with_source(std::string v) { source = std::move(v); return *this; }
    Parameter& with_step(double v) { step = v; return *this; }
    Parameter& is_live() { live = true; return *this; }
    Parameter& is_advanced() { advanced = true; return *this; }
    Parameter& is_log() { log_scale = true; return *this; }
    Parameter& when(std::string other, std::vector<Json> values) { enabled_if[std::move(other)] = std::move(values); return *this; }
};

Json to_json(const Parameter& parameter);
Parameter parameter_from(const Json& json);      ///< throws Error(wrong_format)

/// Facts that references resolve against: $model.depth -> facts["model"]["depth"], $param.steps -> the value being checked.
struct Facts { Json model = Json::object(); };

/// One value against its declaration: type, limits, choices. Returns it normalised: texts "1e-3" become numbers where a number is asked, "[0,21)" a range,
/// 4 becomes 4.0 for a number and "4" for a choice. A limit that cannot be resolved yet is not checked. Never reads a file.
/// Throws Error(invalid_value) naming the parameter, the value and the limit.
Json check_value(const Parameter& parameter, const Json& value, const Json& all_values, const Facts& facts);

/// The value brought into limits that refer to the model or to other values: numbers are clamped, ranges cut, grids resized (cells that stay are kept),
/// a choice that the model does not offer becomes its first. A value of another type is returned as it is.
Json fit_value(const Parameter& parameter, const Json& value, const Json& all_values, const Facts& facts);

/// The choices in force: those of the model where choices_from resolves, else the declared ones; empty: any text is accepted.
std::vector<Choice> available_choices(const Parameter& parameter, const Facts& facts);

/// A complete set: defaults filled in and fitted to the model, unknown names refused (with the nearest known name as hint), every given value checked.
/// Values that are not enabled have no effect: their type is checked, and they are fitted instead of refused.
Json complete_parameters(const std::vector<Parameter>& declared, const Json& given, const Facts& facts = {});

bool is_enabled(const Parameter& parameter, const Json& values);
std::optional<double> limit(const Json& bound, const Json& values, const Facts& facts);   ///< resolves a reference; nullopt: none or not known yet

/// Parses "key=value" of the command line by the declaration: 20, 1e-3, true, [0,21), a,b,c, @file.json (ranges, lists, tables and grids only).
/// Checks the type, not the limits. Throws Error(invalid_value), and what read_file and parse_json throw.
Json value_from_text(const Parameter& parameter, std::string_view text);
std::string value_text(const Json& value);       ///< the inverse, for "copy as command line" (not yet shell-quoted)
std::string value_text(const Parameter& parameter, const Json& value);   ///< the same; a range reads [0,21)

}
