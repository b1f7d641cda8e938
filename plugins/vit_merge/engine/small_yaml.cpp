#include "plugins/vit_merge/engine/small_yaml.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <vector>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kYamlLines = 20'000;
constexpr int kYamlDepth = 32;

struct YamlLine { std::size_t number, indent; std::string text; };

class YamlReader {
public:
    YamlReader(std::string_view text, std::string_view where) : m_where(where) {
        std::size_t number = 0;
        for (std::string_view raw : split(text, '\n')) {
            if (++number > kYamlLines) fail(number, "it is too long");
            const std::string line = without_comment(raw);
            const std::size_t indent = line.find_first_not_of(' ');
            if (indent == std::string::npos) continue;
            if (line[indent] == '\t') fail(number, "a tab as indentation");
            const std::string body(trimmed(std::string_view(line).substr(indent)));
            if (number == 1 && body == "---") continue;
            if (body == "---" || body == "...") fail(number, "more than one document");
            m_lines.push_back({number, indent, body});
        }
    }
    Json read() {
        if (m_lines.empty()) throw Error(ErrorCode::wrong_format, "The file is empty.", m_where);
        Json out = block(m_lines.front().indent, 0);
        if (m_at < m_lines.size()) fail(m_lines[m_at].number, "an indentation that fits no line above");
        return out;
    }

private:
    [[noreturn]] void fail(std::size_t line, const std::string& what) const { throw Error(ErrorCode::wrong_format, "The recipe cannot be read: " + what + ".", m_where + ", line " + std::to_string(line), "Write it as JSON, or in plain YAML: maps, lists and simple values."); }

    /// Up to a # that begins a comment; quotes are looked at.
    static std::string without_comment(std::string_view line) {
        char quote = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (quote) quote = c == quote ? '\0' : quote;
            else if ((c == '"' || c == '\'') && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '[' || line[i - 1] == ',' || line[i - 1] == '{')) quote = c;
            else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) return std::string(line.substr(0, i));
        }
        return std::string(line);
    }

    /// Where the colon of "key: value" or "key:" stands; npos: there is none.
    static std::size_t colon_of(std::string_view text) {
        char quote = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (quote) quote = c == quote ? '\0' : quote;
            else if (i == 0 && (c == '"' || c == '\'')) quote = c;
            else if (i == 0 && (c == '[' || c == '{')) return std::string_view::npos;
            else if (c == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return i;
        }
        return std::string_view::npos;
    }

    Json block(std::size_t indent, int depth) {
        if (depth > kYamlDepth) fail(m_lines[m_at].number, "it is nested too deeply");
        const bool is_list = m_lines[m_at].text == "-" || m_lines[m_at].text.starts_with("- ");
        if (!is_list && colon_of(m_lines[m_at].text) == std::string_view::npos) {
            const YamlLine& line = m_lines[m_at++];
            return scalar(line.number, line.text);
        }
        Json out = is_list ? Json::array() : Json::object();
        while (m_at < m_lines.size() && m_lines[m_at].indent == indent) {
            YamlLine& line = m_lines[m_at];
            if (is_list) {
                if (line.text != "-" && !line.text.starts_with("- ")) break;
                if (line.text == "-") {
                    out.push_back(below(indent, depth, false));
                    continue;
                }
                // "- key: value": the rest of the line is the first of a block that stands where the rest begins.
                const std::size_t rest = line.text.find_first_not_of(' ', 1);
                line.text.erase(0, rest);
                line.indent += rest;
                out.push_back(block(line.indent, depth + 1));
                continue;
            }
            const std::size_t colon = colon_of(line.text);
            if (colon == std::string_view::npos) fail(line.number, "neither a key nor an entry of a list");
            const Json key = scalar(line.number, std::string(trimmed(std::string_view(line.text).substr(0, colon))));
            const std::string name = key.is_string() ? key.get<std::string>() : key.dump();
            const std::string value(trimmed(std::string_view(line.text).substr(colon + 1)));
            if (out.contains(name)) fail(line.number, "the key " + valid_text(name, 64) + " stands there twice");
            if (value.empty()) out[name] = below(indent, depth, true);
            else {
                out[name] = scalar(line.number, value);
                ++m_at;
            }
        }
        return out;
    }

    /// What stands below the current line, further in (a list below a key may stand where the key does); null: nothing.
    Json below(std::size_t indent, int depth, bool of_key) {
        ++m_at;
        if (m_at >= m_lines.size()) return nullptr;
        const YamlLine& next = m_lines[m_at];
        const bool is_list = next.text == "-" || next.text.starts_with("- ");
        if (next.indent > indent || (of_key && is_list && next.indent == indent)) return block(next.indent, depth + 1);
        return nullptr;
    }

    Json scalar(std::size_t line, const std::string& text) const {
        if (text.empty()) fail(line, "an empty name");
        const char first = text.front();
        if (first == '"') {
            const Json parsed = Json::parse(text, nullptr, false);
            if (!parsed.is_string()) fail(line, "a text whose quotes do not fit");
            return parsed;
        }
        if (first == '\'') {
            if (text.size() < 2 || text.back() != '\'') fail(line, "a text whose quotes do not fit");
            std::string out;
            for (std::size_t i = 1; i + 1 < text.size(); ++i) {
                out += text[i];
                if (text[i] == '\'') ++i;
            }
            return out;
        }
        if (first == '[' || first == '{') {
            std::size_t at = 0;
            Json out = flow(line, text, at, 0);
            if (at != text.size()) fail(line, "something behind a list or map");
            return out;
        }
        if (std::string_view("&*!|>%@`").find(first) != std::string_view::npos) fail(line, std::string("a value that begins with ") + first);
        if (text == "null" || text == "~") return nullptr;
        if (text == "true" || text == "True") return true;
        if (text == "false" || text == "False") return false;
        if (const auto number = parse_number(text)) return *number;
        return text;
    }

    Json flow(std::size_t line, const std::string& text, std::size_t& at, int depth) const {
        if (depth > kYamlDepth) fail(line, "it is nested too deeply");
        const char close = text[at] == '[' ? ']' : '}';
        Json out = close == ']' ? Json::array() : Json::object();
        ++at;
        const auto skip = [&] { while (at < text.size() && text[at] == ' ') ++at; };
        const auto word = [&](std::string_view ends) {
            const std::size_t start = at;
            char quote = 0;
            for (; at < text.size(); ++at) {
                if (quote) quote = text[at] == quote ? '\0' : quote;
                else if (at == start && (text[at] == '"' || text[at] == '\'')) quote = text[at];
                else if (ends.find(text[at]) != std::string_view::npos) break;
            }
            const std::string_view one = trimmed(std::string_view(text).substr(start, at - start));
            if (one.empty()) fail(line, "an empty entry");
            return scalar(line, std::string(one));
        };
        const auto value = [&]() -> Json {
            skip();
            if (at < text.size() && (text[at] == '[' || text[at] == '{')) return flow(line, text, at, depth + 1);
            return word(",]}");
        };
        for (skip(); at < text.size() && text[at] != close; skip()) {
            if (close == ']') out.push_back(value());
            else {
                const Json key = word(":,}");
                if (at >= text.size() || text[at] != ':') fail(line, "a map without a colon");
                ++at;
                out[key.is_string() ? key.get<std::string>() : key.dump()] = value();
            }
            skip();
            if (at < text.size() && text[at] == ',') ++at;
            else if (at >= text.size() || text[at] != close) fail(line, "a list or map that does not end on its line");
        }
        if (at >= text.size()) fail(line, "a list or map that does not end on its line");
        ++at;
        return out;
    }

    std::string m_where;
    std::vector<YamlLine> m_lines;
    std::size_t m_at = 0;
};

}

Json parse_small_yaml(std::string_view text, std::string_view where) { return YamlReader(text, where).read(); }

}
