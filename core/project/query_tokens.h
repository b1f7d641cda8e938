#pragma once
// Words of the query language, shared by the compiler and the completion. Not part of the interface of core/project.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct QueryToken {
    enum class Kind { word, quoted, op, open, close } kind = Kind::word;
    std::size_t begin = 0, end = 0;   ///< bytes, quotes included
    std::string text;                 ///< without quotes
    bool unclosed = false;            ///< a quote that never ends
};

/// Never fails: what cannot be anything else is part of a word. After an operator a word goes up to the next space or parenthesis (dates hold ':').
std::vector<QueryToken> query_tokens(std::string_view text);
bool is_keyword(const QueryToken& token, std::string_view keyword);   ///< "and", "or", "not" in any case, not quoted

/// Fields with a meaning of their own; every other name is a parameter or a metric.
const std::vector<std::string>& query_fields();
const std::vector<std::string>& query_states();

}
