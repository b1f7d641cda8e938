// What may stand at a place of a query.
#include "core/project/query_tokens.h"
#include "core/project/rows.h"
#include <algorithm>
#include <set>

namespace lathe {
namespace {


bool starts_like(std::string_view text, std::string_view start) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return text.size() >= start.size() && std::ranges::equal(text.substr(0, start.size()), start, [&](char a, char b) { return lower(a) == lower(b); });
}

void values_of(const std::string& field, const std::vector<std::string>& names, std::set<std::string>& out) {
    if (field == "state")
        out.insert(query_states().begin(), query_states().end());
    else if (field == "lane")
        out.insert({"batch", "live"});
    else if (field == "pinned")
        out.insert({"yes", "no"});
    else if (field == "created" || field == "started")
        out.insert({"1h", "1d", "1w"});
    const std::string prefix = field + ":";
    for (const auto& name : names)
        if (name.starts_with(prefix))
            out.insert(name.substr(prefix.size()));
}

// After a name, a value or a closing parenthesis a condition may be complete.
bool ends_condition(const std::vector<QueryToken>& before) {
    if (before.empty())
        return false;
    const auto& last = before.back();
    return last.kind == QueryToken::Kind::close || last.kind == QueryToken::Kind::quoted ||
           (last.kind == QueryToken::Kind::word && !is_keyword(last, "and") && !is_keyword(last, "or") && !is_keyword(last, "not"));
}

}

std::vector<std::string> complete_query(std::string_view text, std::size_t position, const std::vector<std::string>& names) {
    text = text.substr(0, std::min(position, text.size()));
    auto before = query_tokens(text);
    std::string typed;
    if (!before.empty() && before.back().end == text.size() && (before.back().kind == QueryToken::Kind::word || before.back().unclosed)) {
        typed = before.back().text;
        before.pop_back();
    }
    std::set<std::string> possible;
    if (!before.empty() && before.back().kind == QueryToken::Kind::op) {
        if (before.size() >= 2)
            values_of(before[before.size() - 2].text, names, possible);
    } else {
        for (const auto& field : query_fields())
            possible.insert(field);
        for (const auto& name : names)
            if (name.find(':') == std::string::npos)
                possible.insert(name);
        possible.insert("not");
        if (ends_condition(before))
            possible.insert({"and", "or"});
    }
    std::vector<std::string> out;
    for (const auto& candidate : possible)
        if (starts_like(candidate, typed) && candidate != typed)
            out.push_back(candidate);
    return out;
}

}
