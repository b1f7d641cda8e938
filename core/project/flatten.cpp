#include "core/project/flatten.h"

#include "core/project/sqlite.h"
#include <limits>

namespace lathe {
namespace {

constexpr std::size_t kMaxRows = 10'000;
constexpr std::size_t kMaxText = 1000;

std::string cut(std::string text) {
    text = sql::clean_text(text);
    if (text.size() <= kMaxText)
        return text;
    std::size_t end = kMaxText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u)
        --end;
    return text.substr(0, end) + "…";
}

bool is_grid(const Json& value) { return value.is_object() && value.contains("rows") && value.contains("cols") && value.contains("data"); }

void add(const Json& value, const std::string& path, std::vector<FlatValue>& out) {
    if (out.size() >= kMaxRows)
        return;
    FlatValue row{path, {}, {}};
    if (is_grid(value)) {
        row.text = cut("grid " + json_text(value["rows"]) + " x " + json_text(value["cols"]));
    } else if (value.is_object()) {
        for (const auto& [key, member] : value.items())
            add(member, path.empty() ? key : path + "." + key, out);
        return;
    } else if (value.is_boolean()) {
        row.number = value.get<bool>() ? 1 : 0;
        row.text = value.get<bool>() ? "true" : "false";
    } else if (value.is_number()) {
        row.number = value.get<double>();
    } else if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (text == "inf" || text == "-inf")
            row.number = text == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
        row.text = cut(text);
    } else if (value.is_null()) {
        row.text = "null";
    } else {
        row.text = cut(json_text(value));
    }
    row.path = cut(row.path);
    out.push_back(std::move(row));
}

}

std::vector<FlatValue> flatten(const Json& params) {
    std::vector<FlatValue> out;
    if (params.is_object())
        add(params, {}, out);
    return out;
}

}
