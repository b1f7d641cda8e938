// Values of the right type, from JSON and from texts, and back to texts.
#include "core/method/parameter_type.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

constexpr std::size_t kLongestText = 64u << 10, kLongestList = 65'536;
constexpr ParseLimits kFileLimits{.depth = 8, .elements = 2'000'000, .bytes = 64u << 20};

struct CellType { std::string_view name; double lowest, highest; };
constexpr std::array<CellType, 6> kCellTypes{{{"u8", 0, 255}, {"i8", -128, 127}, {"u16", 0, 65'535}, {"i16", -32'768, 32'767}, {"i32", -2'147'483'648.0, 2'147'483'647.0},
    {"f32", -std::numeric_limits<float>::max(), std::numeric_limits<float>::max()}}};

[[noreturn]] void not_a(const Parameter& p, const Json& value, const char* wanted, std::string hint = {}) {
    throw Error(ErrorCode::invalid_value, brief(value) + " is not " + wanted, where_of(p), std::move(hint));
}

/// A whole number from 20, 20.0, "20" or "1e3"; nullopt: it is none, or it does not fit 64 bits.
std::optional<std::int64_t> whole(const Json& value) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    if (value.is_number_integer())
        return value.get<std::int64_t>();
    double number = 0;
    if (value.is_string()) {
        const std::string_view text = trimmed(value.get_ref<const std::string&>());
        std::int64_t exact = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
        if (error == std::errc{} && end == text.data() + text.size())
            return exact;
        const auto parsed = parse_number(text);
        if (!parsed)
            return std::nullopt;
        number = *parsed;
    } else if (value.is_number_float()) {
        number = value.get<double>();
    } else {
        return std::nullopt;
    }
    constexpr double kExact = 9'007'199'254'740'992.0;   // 2^53: above it a double does not name one whole number
    if (!(std::abs(number) <= kExact) || number != std::floor(number))
        return std::nullopt;
    return std::int64_t(number);
}

Json typed_number(const Parameter& p, const Json& value) {
    if (value.is_number())
        return number_json(value.get<double>());
    if (value.is_string())
        if (const auto number = parse_number(trimmed(value.get_ref<const std::string&>())))
            return number_json(*number);
    not_a(p, value, "a number", "write it like 20, 0.5 or 1e-3");
}

Json typed_bool(const Parameter& p, const Json& value) {
    if (value.is_boolean())
        return value;
    if (value.is_string()) {
        const std::string& text = value.get_ref<const std::string&>();
        if (text == "true" || text == "on" || text == "yes" || text == "1")
            return true;
        if (text == "false" || text == "off" || text == "no" || text == "0")
            return false;
    }
    not_a(p, value, "true or false", "write true or false");
}

Json typed_text(const Parameter& p, const Json& value) {
    if (!value.is_string())
        not_a(p, value, "a text");
    const std::string& text = value.get_ref<const std::string&>();
    if (text.size() > kLongestText)
        throw Error(ErrorCode::invalid_value, "The text has " + std::to_string(text.size()) + " bytes: at most " + std::to_string(kLongestText), where_of(p));
    if (!is_utf8(text))
        not_a(p, value, "UTF-8 text");
    if (p.type == ParameterType::path && text.find('\0') != std::string::npos)
        not_a(p, value, "a path");
    return value;
}

Json typed_range(const Parameter& p, const Json& value) {
    constexpr const char* kForm = "a range of whole numbers";
    constexpr const char* kHint = "write [first,end) like [0,21): the end is not part of it";
    if (value.is_string()) {
        std::string_view text = trimmed(value.get_ref<const std::string&>());
        if (text.starts_with('[') != text.ends_with(')'))
            not_a(p, value, kForm, kHint);
        if (text.starts_with('['))
            text = text.substr(1, text.size() - 2);
        const auto ends = split(text, ',');
        if (ends.size() != 2)
            not_a(p, value, kForm, kHint);
        return typed_range(p, Json::array({std::string(trimmed(ends[0])), std::string(trimmed(ends[1]))}));
    }
    const auto first = value.is_array() && value.size() == 2 ? whole(value[0]) : std::nullopt;
    const auto end = first ? whole(value[1]) : std::nullopt;
    if (!end)
        not_a(p, value, kForm, kHint);
    if (*end < *first)
        not_a(p, value, "a range: it ends before it begins", kHint);
    return Json::array({*first, *end});
}

/// A cell of a list or table: number, text or bool. Texts stay texts.
void check_cell(const Parameter& p, const Json& value) {
    if (value.is_string() && !is_utf8(value.get_ref<const std::string&>()))
        not_a(p, value, "UTF-8 text");
    if (!value.is_number() && !value.is_string() && !value.is_boolean())
        not_a(p, value, "a number or a text");
}

bool wants_texts(const Parameter& p) {
    const Json& example = p.default_value;
    return !p.choices.empty() || !p.choices_from.empty() || (example.is_array() && !example.empty() && example[0].is_string() && !parse_number(example[0].get_ref<const std::string&>()));
}

Json parsed(const Parameter& p, std::string_view text) { return parse_json(text, where_of(p), kFileLimits); }

Json list_from_text(const Parameter& p, std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('['))
        return parsed(p, text);
    Json list = Json::array();
    bool all_numbers = !wants_texts(p);
    for (const std::string_view part : split(text, ',')) {
        list.push_back(std::string(trimmed(part)));
        all_numbers = all_numbers && parse_number(trimmed(part));
    }
    if (all_numbers)
        for (Json& entry : list)
            entry = whole(entry) ? Json(*whole(entry)) : number_json(*parse_number(entry.get_ref<const std::string&>()));
    return list;
}

Json typed_list(const Parameter& p, const Json& value) {
    if (value.is_string())
        return typed_list(p, list_from_text(p, value.get_ref<const std::string&>()));
    if (!value.is_array())
        not_a(p, value, "a list", "write it like a,b,c");
    if (value.size() > kLongestList)
        throw Error(ErrorCode::invalid_value, "The list has " + std::to_string(value.size()) + " entries: at most " + std::to_string(kLongestList), where_of(p));
    for (const Json& entry : value)
        check_cell(p, entry);
    return value;
}

Json typed_table(const Parameter& p, const Json& value) {
    constexpr const char* kHint = R"(it reads {"columns":["a","b"],"rows":[[1,2],[3,4]]})";
    if (value.is_string())
        return typed_table(p, parsed(p, value.get_ref<const std::string&>()));
    if (!value.is_object() || !value.contains("columns") || !value.contains("rows") || value.size() != 2 || !value["columns"].is_array() || !value["rows"].is_array())
        not_a(p, value, "a table", kHint);
    const Json& columns = value["columns"];
    if (!std::ranges::all_of(columns, [](const Json& column) { return column.is_string() && is_utf8(column.get_ref<const std::string&>()); }))
        not_a(p, columns, "a list of column names", kHint);
    const bool fixed = p.default_value.is_object() && p.default_value.contains("columns") && !p.default_value["columns"].empty();
    if (fixed && p.default_value["columns"] != columns)
        not_a(p, columns, "the columns that this table has", "they are " + brief(p.default_value["columns"]));
    for (std::size_t i = 0; i < value["rows"].size(); ++i) {
        const Json& row = value["rows"][i];
        if (!row.is_array() || row.size() != columns.size())
            throw Error(ErrorCode::invalid_value, "Row " + std::to_string(i + 1) + " of the table has not " + std::to_string(columns.size()) + " cells: " + brief(row), where_of(p), kHint);
        for (const Json& cell : row)
            check_cell(p, cell);
    }
    return value;
}

Json typed_grid(const Parameter& p, const Json& value) {
    constexpr const char* kHint = R"(it reads {"rows":2,"cols":3,"dtype":"u8","data":[0,0,1,1,0,0]})";
    if (value.is_string())
        return typed_grid(p, parsed(p, value.get_ref<const std::string&>()));
    if (!value.is_object() || !value.contains("rows") || !value.contains("cols") || !value.contains("data") || !value["data"].is_array())
        not_a(p, value, "a grid", kHint);
    const auto rows = whole(value["rows"]), cols = whole(value["cols"]);
    if (!rows || !cols || *rows < 0 || *cols < 0 || *rows > kMaxGridSide || *cols > kMaxGridSide || *rows * *cols > kMaxGridCells)
        throw Error(ErrorCode::invalid_value, "This is not the size of a grid: " + brief(value["rows"]) + " x " + brief(value["cols"]), where_of(p), kHint);
    const Json dtype = value.value("dtype", Json("u8"));
    const auto type = std::ranges::find_if(kCellTypes, [&](const CellType& t) { return dtype == t.name; });
    if (type == kCellTypes.end())
        not_a(p, dtype, "a type of grid cells", "u8, i8, u16, i16, i32 and f32 are");
    const Json& data = value["data"];
    if (data.size() != std::size_t(*rows * *cols))
        throw Error(ErrorCode::invalid_value, "The grid has " + std::to_string(data.size()) + " values, not " + std::to_string(*rows) + " x " + std::to_string(*cols), where_of(p), kHint);
    for (std::size_t i = 0; i < data.size(); ++i) {
        const double cell = data[i].is_number() && (type->name == "f32" || data[i].is_number_integer()) ? data[i].get<double>() : std::numeric_limits<double>::quiet_NaN();
        if (!(cell >= type->lowest && cell <= type->highest))
            throw Error(ErrorCode::invalid_value, "Cell (" + std::to_string(std::int64_t(i) / *cols) + ", " + std::to_string(std::int64_t(i) % *cols) + ") of the grid does not fit " +
                std::string(type->name) + ": " + brief(data[i]), where_of(p), kHint);
    }
    return {{"rows", *rows}, {"cols", *cols}, {"dtype", dtype}, {"data", data}};
}

bool is_plain_entry(const Json& entry) {
    if (!entry.is_string())
        return entry.is_number();
    const std::string& text = entry.get_ref<const std::string&>();
    return !text.empty() && text.find_first_of(",[@\"") == std::string::npos && trimmed(text) == text && !parse_number(text);
}

}

std::string where_of(const Parameter& parameter) { return "parameter " + parameter.id; }

Json typed_value(const Parameter& p, const Json& value) {
    switch (p.type) {
        case ParameterType::boolean: return typed_bool(p, value);
        case ParameterType::number: return typed_number(p, value);
        case ParameterType::text:
        case ParameterType::path: return typed_text(p, value);
        case ParameterType::int_range: return typed_range(p, value);
        case ParameterType::list: return typed_list(p, value);
        case ParameterType::table: return typed_table(p, value);
        case ParameterType::grid: return typed_grid(p, value);
        case ParameterType::choice: return typed_text(p, value.is_number() ? Json(value_text(value)) : value);   // class=3
        case ParameterType::integer:
        case ParameterType::seed: break;
    }
    const auto number = whole(value);
    if (!number)
        not_a(p, value, "a whole number", "write it like 20");
    if (p.type == ParameterType::seed && (*number < 0 || *number > kMaxSeed))
        not_a(p, value, "a seed", "seeds are whole numbers from 0 to " + std::to_string(kMaxSeed));
    return *number;
}

Json value_from_text(const Parameter& parameter, std::string_view text) {
    const bool structured = parameter.type == ParameterType::int_range || parameter.type == ParameterType::list || parameter.type == ParameterType::table ||
        parameter.type == ParameterType::grid;
    if (structured && text.starts_with('@')) {
        const std::string file(text.substr(1));
        return typed_value(parameter, parse_json(read_file(file, kFileLimits.bytes), file, kFileLimits));
    }
    return typed_value(parameter, Json(std::string(text)));
}

std::string value_text(const Json& value) {
    if (value.is_string())
        return value.get<std::string>();
    if (value.is_number_float())
        return number_text(value.get<double>());
    if (value.is_array() && !value.empty() && std::ranges::all_of(value, is_plain_entry)) {
        std::string text;
        for (const Json& entry : value)
            text += (text.empty() ? "" : ",") + value_text(entry);
        return text;
    }
    return json_text(value);
}

std::string value_text(const Parameter& parameter, const Json& value) {
    const std::string text = value_text(value);
    return parameter.type == ParameterType::int_range && value.is_array() ? "[" + text + ")" : text;
}

}
