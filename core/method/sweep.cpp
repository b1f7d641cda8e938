#include "core/method/sweep.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <cmath>
#include <optional>
#include <set>

namespace lathe {
namespace {

constexpr std::size_t kMaxValues = 100'000;
constexpr const char* kHint = "write it like n=2,3 or nc=4..10:2 or seed=0..9";

/// Splits at the commas that stand outside brackets, so that "[0,9),[3,12)" is two values.
std::vector<std::string_view> values_of(std::string_view text) {
    std::vector<std::string_view> parts;
    int depth = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const char c = i < text.size() ? text[i] : ',';
        if (c == '[' || c == '{')
            ++depth;
        else if (c == ')' || c == ']' || c == '}')
            --depth;
        if (i == text.size() || (c == ',' && depth <= 0)) {
            parts.push_back(trimmed(text.substr(first, i - first)));
            first = i + 1;
        }
    }
    return parts;
}

bool is_whole(double value) { return value == std::floor(value) && std::abs(value) <= 9'007'199'254'740'992.0; }

Json scalar(std::string_view text) {
    if (text == "true" || text == "false")
        return text == "true";
    const auto number = parse_number(text);
    if (!number)
        return std::string(text);
    if (std::isfinite(*number) && is_whole(*number) && text.find_first_of(".eE") == std::string_view::npos)
        return std::int64_t(*number);
    return number_json(*number);
}

/// first..last or first..last:step; false: it is no range.
bool add_range(std::string_view text, std::vector<Json>& values, const std::string& where) {
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos)
        return false;
    const auto first = parse_number(text.substr(0, dots));
    std::string_view rest = text.substr(dots + 2);
    const std::size_t colon = rest.find(':');
    const auto last = parse_number(rest.substr(0, colon));
    if (!first || !last)
        return false;   // a text with two dots in it
    const auto step = colon == std::string_view::npos ? std::optional<double>(*last < *first ? -1.0 : 1.0) : parse_number(rest.substr(colon + 1));
    if (!step || !std::isfinite(*step) || !std::isfinite(*first) || !std::isfinite(*last) || *step == 0 || (*last - *first) / *step < 0)
        throw Error(ErrorCode::invalid_value, "This range never reaches its end: " + brief(Json(std::string(text))), where, kHint);
    const double count = std::floor((*last - *first) / *step + 1e-9) + 1;
    if (!(count <= double(kMaxValues - std::min(kMaxValues, values.size()))))
        throw Error(ErrorCode::invalid_value, "This range has too many values: " + brief(Json(std::string(text))), where, "at most " + std::to_string(kMaxValues) + " are made");
    const bool whole = is_whole(*first) && is_whole(*step);
    for (std::int64_t i = 0; i < std::int64_t(count); ++i) {
        const double value = *first + double(i) * *step;
        if (whole)
            values.emplace_back(std::int64_t(value));
        else
            values.emplace_back(std::round(value * 1e12) / 1e12 == value || std::abs(value) > 1e3 ? value : std::round(value * 1e12) / 1e12);   // 0.3, not 0.30000000000000004
    }
    return true;
}

}

SweepAxis sweep_axis_from(std::string_view text) {
    const std::size_t equals = text.find('=');
    SweepAxis axis;
    axis.param = std::string(trimmed(text.substr(0, equals)));
    if (equals == std::string_view::npos || axis.param.empty())
        throw Error(ErrorCode::invalid_value, "This is not a parameter with its values: " + brief(Json(std::string(text))), "sweep", kHint);
    const std::string where = "sweep over " + axis.param;
    for (const std::string_view part : values_of(text.substr(equals + 1))) {
        if (part.empty())
            throw Error(ErrorCode::invalid_value, "A value is missing: " + brief(Json(std::string(text))), where, kHint);
        if (!add_range(part, axis.values, where))
            axis.values.push_back(scalar(part));
    }
    if (axis.values.size() > kMaxValues)
        throw Error(ErrorCode::invalid_value, std::to_string(axis.values.size()) + " values are too many", where, "at most " + std::to_string(kMaxValues) + " are made");
    return axis;
}

std::vector<Json> sweep_cells(const std::vector<SweepAxis>& axes, std::size_t limit) {
    std::set<std::string_view> names;
    double count = 1;
    for (const SweepAxis& axis : axes) {
        if (!names.insert(axis.param).second)
            throw Error(ErrorCode::invalid_value, "The parameter is swept twice", "sweep over " + axis.param, "put all its values on one line");
        if (axis.values.empty())
            throw Error(ErrorCode::invalid_value, "There are no values", "sweep over " + axis.param, kHint);
        count *= double(axis.values.size());
    }
    if (count > double(limit))
        throw Error(ErrorCode::invalid_value, "The sweep has " + number_text(count) + " cells: at most " + std::to_string(limit), "sweep", "use fewer values or larger steps");
    std::vector<Json> cells{Json::object()};
    for (const SweepAxis& axis : axes) {   // the last axis varies fastest
        std::vector<Json> more;
        more.reserve(cells.size() * axis.values.size());
        for (const Json& cell : cells) {
            for (const Json& value : axis.values) {
                more.push_back(cell);
                more.back()[axis.param] = value;
            }
        }
        cells = std::move(more);
    }
    return cells;
}

}
