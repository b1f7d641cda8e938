// Values against their declarations: types, limits, references, complete sets.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/method/parameter.h"
#include "core/method/parameter_type.h"
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr std::string_view kModel = "$model.", kParam = "$param.";

bool is_reference(const Json& bound) {
    return bound.is_string() && (bound.get_ref<const std::string&>().starts_with(kModel) || bound.get_ref<const std::string&>().starts_with(kParam));
}

/// "a.b" as one key or as a path; null: not there.
const Json* fact(const Json& object, std::string_view path) {
    const Json* at = &object;
    if (at->is_object())
        if (const auto found = at->find(path); found != at->end())
            return &*found;
    for (const std::string_view key : split(path, '.')) {
        if (!at->is_object())
            return nullptr;
        const auto found = at->find(key);
        if (found == at->end())
            return nullptr;
        at = &*found;
    }
    return at;
}

/// What a reference stands for; null: not known yet.
const Json* resolved(std::string_view reference, const Json& values, const Facts& facts) {
    if (reference.starts_with(kModel))
        return fact(facts.model, reference.substr(kModel.size()));
    if (reference.starts_with(kParam))
        return fact(values, reference.substr(kParam.size()));
    return nullptr;
}

std::string meaning(const Json& bound) {
    if (!is_reference(bound))
        return {};
    const std::string& reference = bound.get_ref<const std::string&>();
    return reference.starts_with(kModel) ? "the limit is the " + reference.substr(kModel.size()) + " of the model" : "the limit is the value of " + reference.substr(kParam.size());
}

/// What is within the limits, for the hint.
std::string within(const Parameter& p, std::optional<double> lowest, std::optional<double> highest) {
    const std::string unit = p.unit.empty() ? "" : " " + p.unit;
    if (lowest && highest) return "choose a value from " + number_text(*lowest) + " to " + number_text(*highest) + unit;
    return "choose a value of " + number_text(lowest ? *lowest : *highest) + unit + (lowest ? " or more" : " or less");
}

[[noreturn]] void refuse(const Parameter& p, std::string what, std::string hint = {}) { throw Error(ErrorCode::invalid_value, std::move(what), where_of(p), std::move(hint)); }

void check_limits(const Parameter& p, const Json& value, const Json& values, const Facts& facts) {
    const double number = number_from(value, where_of(p));
    const auto lowest = limit(p.min, values, facts), highest = limit(p.max, values, facts);
    if (std::isnan(number) && (lowest || highest))
        refuse(p, "nan is not within the limits", "give a number");
    if (lowest && number < *lowest)
        refuse(p, value_text(value) + " is too small: at least " + number_text(*lowest), is_reference(p.min) ? meaning(p.min) : within(p, lowest, highest));
    if (highest && number > *highest)
        refuse(p, value_text(value) + " is too large: at most " + number_text(*highest), is_reference(p.max) ? meaning(p.max) : within(p, lowest, highest));
}

std::string named(const std::vector<Choice>& choices) {
    constexpr std::size_t kShown = 12;
    std::string text;
    for (std::size_t i = 0; i < choices.size() && i < kShown; ++i)
        text += (i ? ", " : "") + choices[i].value;
    return text + (choices.size() > kShown ? ", …" : "");
}

bool offers(const std::vector<Choice>& choices, const Json& value) {
    return value.is_string() && std::ranges::any_of(choices, [&](const Choice& choice) { return choice.value == value.get_ref<const std::string&>(); });
}

void check_choice(const Parameter& p, const Json& value, const Facts& facts) {
    const std::vector<Choice> choices = available_choices(p, facts);
    if (choices.empty() || offers(choices, value))
        return;
    std::vector<std::string> known;
    for (const Choice& choice : choices)
        known.push_back(choice.value);
    const std::string near = nearest_name(value.get_ref<const std::string&>(), known);
    refuse(p, brief(value) + " is not one of the choices", near.empty() ? "choose one of " + named(choices) : "did you mean " + near + "? The choices are " + named(choices));
}

/// The choices of a model can be named by their number as well: class 7 is the eighth, as it is for a model that does not name them.
Json by_number(const Parameter& p, Json value, const Facts& facts) {
    if (p.type != ParameterType::choice || p.choices_from.empty())
        return value;
    const std::vector<Choice> choices = available_choices(p, facts);
    if (choices.empty() || offers(choices, value))
        return value;
    const auto number = parse_number(value.get_ref<const std::string&>());
    if (!number || *number != std::floor(*number) || *number < 0 || *number >= double(choices.size()))
        return value;
    return choices[std::size_t(*number)].value;
}

/// A grid side that the declaration refers to; nullopt: free or not known yet.
std::optional<std::int64_t> side(const std::string& reference, const Json& values, const Facts& facts) {
    const auto size = limit(Json(reference), values, facts);
    if (!size || !(*size >= 0))
        return std::nullopt;
    return std::int64_t(std::min(*size, double(kMaxGridSide)));
}

void check_grid_size(const Parameter& p, const Json& grid, const Json& values, const Facts& facts) {
    const auto check = [&](const char* key, const std::string& reference, const char* what) {
        const auto wanted = side(reference, values, facts);
        const auto given = grid[key].get<std::int64_t>();
        if (wanted && *wanted != given)
            refuse(p, "The grid has " + std::to_string(given) + " " + what + ", not " + std::to_string(*wanted), meaning(Json(reference)));
    };
    check("rows", p.rows_from, "rows");
    check("cols", p.cols_from, "columns");
}

/// Limits of a value whose type is right.
void check_within(const Parameter& p, const Json& value, const Json& values, const Facts& facts) {
    const bool limited = !p.min.is_null() || !p.max.is_null();
    const auto each_number = [&](const Json& list) {
        for (const Json& entry : list)
            if (limited && entry.is_number())
                check_limits(p, entry, values, facts);
    };
    switch (p.type) {
        case ParameterType::integer:
        case ParameterType::number:
        case ParameterType::seed:
            check_limits(p, value, values, facts);
            break;
        case ParameterType::choice:
            check_choice(p, value, facts);
            break;
        case ParameterType::int_range:
            each_number(value);
            break;
        case ParameterType::list:
            each_number(value);
            for (const Json& entry : value)
                if (entry.is_string() && !available_choices(p, facts).empty())
                    check_choice(p, entry, facts);
            break;
        case ParameterType::table:
            for (const Json& row : value["rows"])
                each_number(row);
            break;
        case ParameterType::grid:
            check_grid_size(p, value, values, facts);
            each_number(value["data"]);
            break;
        case ParameterType::boolean:
        case ParameterType::text:
        case ParameterType::path:
            break;
    }
}

Json fitted_number(const Parameter& p, const Json& value, const Json& values, const Facts& facts) {
    const auto lowest = limit(p.min, values, facts), highest = limit(p.max, values, facts);
    const double number = value.get<double>();
    double inside = number;
    if (highest && inside > *highest)
        inside = *highest;
    if (lowest && inside < *lowest)
        inside = *lowest;
    if (inside == number)
        return value;
    return p.type == ParameterType::number ? number_json(inside) : Json(std::int64_t(inside));
}

Json fitted_grid(const Parameter& p, const Json& value, const Json& values, const Facts& facts) {
    const bool given = value.is_object();
    const std::int64_t old_rows = given ? value["rows"].get<std::int64_t>() : 0, old_cols = given ? value["cols"].get<std::int64_t>() : 0;
    std::int64_t rows = side(p.rows_from, values, facts).value_or(old_rows), cols = side(p.cols_from, values, facts).value_or(old_cols);
    if (rows == old_rows && cols == old_cols && given)
        return value;
    if (cols != 0 && rows > kMaxGridCells / cols)
        rows = kMaxGridCells / cols;
    Json data = Json::array();
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < cols; ++c)
            data.push_back(r < old_rows && c < old_cols ? value["data"][std::size_t(r * old_cols + c)] : Json(0));
    return {{"rows", rows}, {"cols", cols}, {"dtype", given ? value["dtype"] : Json("u8")}, {"data", std::move(data)}};
}

/// The default with its references resolved; those that are not known yet become the lowest value.
Json resolved_default(const Parameter& p, const Json& values, const Facts& facts) {
    const auto plain = [&](const Json& value) -> Json {
        if (!is_reference(value))
            return value;
        if (p.type == ParameterType::choice || p.type == ParameterType::text || p.type == ParameterType::path) {
            const Json* found = resolved(value.get_ref<const std::string&>(), values, facts);
            return found && found->is_string() ? *found : Json("");
        }
        const double number = limit(value, values, facts).value_or(limit(p.min, values, facts).value_or(0));
        return p.type == ParameterType::number ? number_json(number) : Json(std::int64_t(number));
    };
    if (p.type == ParameterType::int_range && p.default_value.is_array()) {
        Json range = Json::array();
        for (const Json& end : p.default_value)
            range.push_back(plain(end));
        return range;
    }
    return plain(p.default_value);
}

[[noreturn]] void refuse_name(const std::vector<Parameter>& declared, const std::string& id) {
    std::vector<std::string> known;
    for (const Parameter& p : declared)
        known.push_back(p.id);
    const std::string near = nearest_name(id, known);
    std::string hint = "did you mean " + near + "?";
    if (near.empty()) {
        hint = known.empty() ? "it takes no parameters" : "its parameters are ";
        for (std::size_t i = 0; i < known.size(); ++i)
            hint += (i ? ", " : "") + known[i];
    }
    throw Error(ErrorCode::unknown_name, "There is no parameter " + brief(Json(id)), "parameters", hint);
}

}

std::optional<double> limit(const Json& bound, const Json& values, const Facts& facts) {
    if (bound.is_number())
        return bound.get<double>();
    if (!bound.is_string())
        return std::nullopt;
    const std::string& text = bound.get_ref<const std::string&>();
    if (!is_reference(bound))
        return parse_number(text);
    const Json* found = resolved(text, values, facts);
    if (!found)
        return std::nullopt;
    if (found->is_array())   // "$model.classes" as a limit: how many there are
        return double(found->size());
    if (found->is_string())
        return parse_number(found->get_ref<const std::string&>());
    return found->is_number() ? std::optional<double>(found->get<double>()) : std::nullopt;
}

bool is_enabled(const Parameter& parameter, const Json& values) {
    return std::ranges::all_of(parameter.enabled_if, [&](const auto& condition) {
        const auto found = values.find(condition.first);
        return found != values.end() && std::ranges::find(condition.second, *found) != condition.second.end();
    });
}

std::vector<Choice> available_choices(const Parameter& parameter, const Facts& facts) {
    const Json* listed = parameter.choices_from.empty() ? nullptr : resolved(parameter.choices_from, Json::object(), facts);
    if (!listed || !listed->is_array())
        return parameter.choices;
    std::vector<Choice> choices;
    for (const Json& entry : *listed) {
        const std::string value = entry.is_string() ? entry.get<std::string>() : value_text(entry);
        choices.push_back({value, value, {}});
    }
    return choices;
}

Json check_value(const Parameter& parameter, const Json& value, const Json& all_values, const Facts& facts) {
    Json typed = by_number(parameter, typed_value(parameter, value), facts);
    check_within(parameter, typed, all_values, facts);
    return typed;
}

Json fit_value(const Parameter& parameter, const Json& value, const Json& all_values, const Facts& facts) {
    switch (parameter.type) {
        case ParameterType::integer:
        case ParameterType::number:
        case ParameterType::seed:
            return value.is_number() ? fitted_number(parameter, value, all_values, facts) : value;
        case ParameterType::choice: {
            const std::vector<Choice> choices = available_choices(parameter, facts);
            return choices.empty() || offers(choices, value) ? value : Json(choices.front().value);
        }
        case ParameterType::int_range: {
            if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number())
                return value;
            Json range = Json::array({fitted_number(parameter, value[0], all_values, facts), fitted_number(parameter, value[1], all_values, facts)});
            if (range[1] < range[0])
                range[1] = range[0];
            return range;
        }
        case ParameterType::grid:
            return fitted_grid(parameter, value.is_null() ? value : typed_value(parameter, value), all_values, facts);
        default:
            return value;
    }
}

Json complete_parameters(const std::vector<Parameter>& declared, const Json& given, const Facts& facts) {
    if (!given.is_object() && !given.is_null())
        throw Error(ErrorCode::invalid_value, "The parameters are not an object of names and values: " + brief(given), "parameters");
    for (const auto& [id, value] : given.items())
        if (std::ranges::none_of(declared, [&id = id](const Parameter& p) { return p.id == id; }))
            refuse_name(declared, id);
    // Types first: limits may refer to any other value, also to one that comes later.
    Json values = Json::object();
    const auto is_given = [&](const Parameter& p) { return given.contains(p.id); };
    for (const Parameter& p : declared)
        values[p.id] = is_given(p) ? typed_value(p, given[p.id]) : p.default_value;
    for (const Parameter& p : declared)
        if (!is_given(p))
            values[p.id] = resolved_default(p, values, facts);
    for (const Parameter& p : declared) {
        if (!is_given(p) || !is_enabled(p, values))
            values[p.id] = fit_value(p, values[p.id], values, facts);
        if (is_enabled(p, values) || !is_given(p))
            values[p.id] = check_value(p, values[p.id], values, facts);
    }
    return values;
}

}
