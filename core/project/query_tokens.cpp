#include "core/project/query_tokens.h"

#include <algorithm>
#include <array>

namespace lathe {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_operator_start(char c) { return c == ':' || c == '=' || c == '!' || c == '<' || c == '>' || c == '~'; }

std::size_t operator_size(std::string_view rest) {
    for (const std::string_view two : {"!=", "<=", ">=", "=="})
        if (rest.starts_with(two))
            return 2;
    return 1;
}

}

std::vector<QueryToken> query_tokens(std::string_view text) {
    std::vector<QueryToken> tokens;
    for (std::size_t i = 0; i < text.size();) {
        if (is_space(text[i])) {
            ++i;
            continue;
        }
        QueryToken token;
        token.begin = i;
        const char c = text[i];
        if (c == '(' || c == ')') {
            token.kind = c == '(' ? QueryToken::Kind::open : QueryToken::Kind::close;
            token.text = c;
            ++i;
        } else if (c == '"') {
            token.kind = QueryToken::Kind::quoted;
            for (++i; i < text.size() && text[i] != '"'; ++i) {
                if (text[i] == '\\' && i + 1 < text.size())
                    ++i;
                token.text += text[i];
            }
            token.unclosed = i >= text.size();
            i = std::min(i + 1, text.size());
        } else if (is_operator_start(c)) {
            token.kind = QueryToken::Kind::op;
            const std::size_t size = operator_size(text.substr(i));
            token.text = text.substr(i, size);
            if (token.text == "==")
                token.text = "=";
            i += size;
        } else {
            const bool is_value = !tokens.empty() && tokens.back().kind == QueryToken::Kind::op;
            while (i < text.size() && !is_space(text[i]) && text[i] != '(' && text[i] != ')' && text[i] != '"' && (is_value || !is_operator_start(text[i])))
                token.text += text[i++];
        }
        token.end = i;
        tokens.push_back(std::move(token));
    }
    return tokens;
}

bool is_keyword(const QueryToken& token, std::string_view keyword) {
    return token.kind == QueryToken::Kind::word &&
           std::ranges::equal(token.text, keyword, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

const std::vector<std::string>& query_fields() {
    static const std::vector<std::string> fields = {"created", "device", "engine", "id", "lane", "method", "notes", "pinned", "seed", "started", "state", "sweep", "tag", "title"};
    return fields;
}

const std::vector<std::string>& query_states() {
    static const std::vector<std::string> states = {"cancelled", "failed", "finished", "interrupted", "paused", "queued", "running"};
    return states;
}

}
