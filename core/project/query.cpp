// The query language of the runs table -> SQL with bound values. Nothing that was typed becomes part of the SQL.
// A row of `run` fills a page of the file, as its parameters do. So each condition that an index can answer alone becomes a set of run ids
// from that index, and neither the rows of `run` nor those of `param` are read for it.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/project/query_tokens.h"
#include "core/project/rows.h"
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

using Kind = QueryToken::Kind;
constexpr std::size_t kMaxBytes = 4000, kMaxTerms = 100, kMaxDepth = 50, kMaxText = 400;

struct Wrong { QueryError error; };
[[noreturn]] void wrong(std::size_t begin, std::size_t end, std::string text) { throw Wrong{{begin, end, std::move(text)}}; }
[[noreturn]] void wrong(const QueryToken& token, std::string text) { wrong(token.begin, token.end, std::move(text)); }

std::optional<double> number_of(const std::string& text) {
    if (text == "nan")
        return std::numeric_limits<double>::quiet_NaN();
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    double value = 0;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string like_pattern(const std::string& text) {
    std::string out = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + "%";
}

struct Span { std::int64_t begin = 0, end = 0; };   // ms

// 2026, 2026-03, 2026-03-01, 2026-03-01T12, 2026-03-01T12:34: the whole year, month, day, hour, minute (UTC).
std::optional<Span> date_span(const std::string& text) {
    using namespace std::chrono;
    int part[5] = {0, 1, 1, 0, 0};
    constexpr std::size_t kWidth[5] = {4, 2, 2, 2, 2};
    constexpr char kBefore[5] = {0, '-', '-', 'T', ':'};
    std::size_t at = 0;
    int count = 0;
    std::string_view rest = text;
    if (rest.ends_with('Z'))
        rest.remove_suffix(1);
    for (; count < 5 && at < rest.size(); ++count) {
        if (count > 0 && rest[at++] != kBefore[count])
            return std::nullopt;
        const auto piece = rest.substr(std::min(at, rest.size()), kWidth[count]);
        const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), part[count]);
        if (piece.size() != kWidth[count] || error != std::errc() || end != piece.data() + piece.size() || part[count] < 0)
            return std::nullopt;
        at += kWidth[count];
    }
    const year_month_day day{year(part[0]), month(static_cast<unsigned>(part[1])), std::chrono::day(static_cast<unsigned>(part[2]))};
    if (count == 0 || at != rest.size() || !day.ok() || part[0] < 1970 || part[3] > 23 || part[4] > 59)
        return std::nullopt;
    const sys_time<milliseconds> begin = sys_days(day) + hours(part[3]) + minutes(part[4]);
    sys_time<milliseconds> end;
    switch (count) {
    case 1: end = sys_days(day + years(1)); break;
    case 2: end = sys_days(day + months(1)); break;
    case 3: end = begin + days(1); break;
    case 4: end = begin + hours(1); break;
    default: end = begin + minutes(1); break;
    }
    return Span{begin.time_since_epoch().count(), end.time_since_epoch().count()};
}

// 3d, 2h, 30m, 1w: so long ago.
std::optional<std::int64_t> time_ago(const std::string& text) {
    if (text.size() < 2)
        return std::nullopt;
    const auto number = number_of(text.substr(0, text.size() - 1));
    const auto unit = std::string_view("mhdw").find(text.back());
    if (!number || unit == std::string_view::npos || !(*number >= 0 && *number < 1e6))
        return std::nullopt;
    constexpr double kMs[] = {60e3, 3600e3, 86400e3, 7 * 86400e3};
    return now_ms() - static_cast<std::int64_t>(*number * kMs[unit]);
}

class Compiler {
public:
    explicit Compiler(std::string_view text) : m_text(text), m_tokens(query_tokens(text)) {}

    void compile() {
        if (m_text.size() > kMaxBytes)
            wrong(kMaxBytes, m_text.size(), "A query has at most 4000 letters.");
        for (const auto& token : m_tokens)
            if (token.unclosed)
                wrong(token, "The closing quote is missing.");
        if (m_tokens.empty())
            return;
        any_of(0);
        if (const auto* token = peek())
            wrong(*token, token->kind == Kind::close ? "There is no opening parenthesis for this one." : "A condition was expected here.");
    }

    std::string where;
    std::vector<Json> bind;

private:
    const QueryToken* peek(std::size_t ahead = 0) const { return m_at + ahead < m_tokens.size() ? &m_tokens[m_at + ahead] : nullptr; }
    void put(const char* sql) { where += sql; }
    void put(const char* sql, Json value) {
        where += sql;
        bind.push_back(std::move(value));
    }

    void any_of(std::size_t depth) {
        put("(");
        all_of(depth);
        while (peek() && is_keyword(*peek(), "or")) {
            ++m_at;
            put(" OR ");
            all_of(depth);
        }
        put(")");
    }

    void all_of(std::size_t depth) {
        condition(depth);
        while (const auto* token = peek()) {
            if (token->kind == Kind::close || is_keyword(*token, "or"))
                return;
            if (is_keyword(*token, "and"))
                ++m_at;
            put(" AND ");
            condition(depth);
        }
    }

    void condition(std::size_t depth) {
        const auto* token = peek();
        if (!token) {
            if (m_tokens.empty())
                wrong(0, m_text.size(), "A condition is missing.");
            wrong(m_tokens.back(), "A condition is missing after this.");
        }
        if (++m_terms > kMaxTerms || depth > kMaxDepth)
            wrong(*token, "The query is too long.");
        if (is_keyword(*token, "not")) {
            ++m_at;
            put("NOT ");
            return condition(depth + 1);
        }
        if (is_keyword(*token, "and") || is_keyword(*token, "or"))
            wrong(*token, "A condition is missing before this.");
        if (token->kind == Kind::open) {
            ++m_at;
            any_of(depth + 1);
            if (!peek() || peek()->kind != Kind::close)
                wrong(*token, "The closing parenthesis is missing.");
            ++m_at;
            return;
        }
        if (token->kind == Kind::close)
            wrong(*token, "A condition is missing before this.");
        if (token->kind == Kind::op)
            wrong(*token, "A name is missing before this.");
        if (const auto* op = peek(1); op && op->kind == Kind::op) {
            const auto* value = peek(2);
            if (!value || (value->kind != Kind::word && value->kind != Kind::quoted))
                wrong(*op, "A value is missing after this.");
            m_at += 3;
            return compare(*token, *op, *value);
        }
        ++m_at;
        anywhere(*token);
    }

    void anywhere(const QueryToken& token) {
        const std::string pattern = pattern_of(token);
        put("(run.title LIKE ? ESCAPE '\\'", pattern);
        put(" OR run.notes LIKE ? ESCAPE '\\'", pattern);
        put(" OR run.method LIKE ? ESCAPE '\\'", pattern);
        put(" OR run.id IN (SELECT run FROM tag WHERE tag LIKE ? ESCAPE '\\'))", pattern);
    }

    std::string pattern_of(const QueryToken& token) const {
        if (token.text.size() > kMaxText)
            wrong(token, "A text to search for has at most 400 letters.");
        return like_pattern(token.text);
    }

    void compare(const QueryToken& name, const QueryToken& op, const QueryToken& value) {
        const std::string& field = name.text;
        if (name.kind == Kind::quoted)
            return named_value(name, op, value);
        if (field == "method")
            text_field("run.method", Match::plugin, op, value);
        else if (field == "device")
            text_field("run.device", Match::whole, op, value);
        else if (field == "engine")
            text_field("run.engine", Match::part, op, value);
        else if (field == "title")
            text_field("run.title", Match::part, op, value);
        else if (field == "notes")
            text_field("run.notes", Match::part, op, value);
        else if (field == "state")
            choice_field("r.state", query_states(), op, value);
        else if (field == "lane")
            choice_field("r.lane", {"batch", "live"}, op, value);
        else if (field == "tag")
            tag_field(op, value);
        else if (field == "pinned")
            pinned_field(op, value);
        else if (field == "seed" || field == "id" || field == "sweep")
            number_field(field == "seed" ? "run.seed" : field == "id" ? "run.id" : "run.sweep", op, value);
        else if (field == "created" || field == "started")
            time_field(field == "created" ? "run.created" : "run.started", op, value);
        else
            named_value(name, op, value);
    }

    enum class Match { whole, part, plugin };   // what ':' means

    void require_text_operator(const QueryToken& op) const {
        if (op.text == "<" || op.text == ">" || op.text == "<=" || op.text == ">=")
            wrong(op, "Texts cannot be compared by size; use : = != or ~.");
    }

    void text_field(const std::string& column, Match match, const QueryToken& op, const QueryToken& value) {
        require_text_operator(op);
        if (op.text == "~" || (op.text == ":" && match == Match::part)) {
            put((column + " LIKE ? ESCAPE '\\'").c_str(), pattern_of(value));
        } else if (op.text == ":" && match == Match::plugin) {
            put(("(" + column + " = ? COLLATE NOCASE").c_str(), value.text);
            put((" OR substr(" + column + ", 1, length(?)").c_str(), value.text + ".");
            put(") = ? COLLATE NOCASE)", value.text + ".");
        } else {
            put((column + (op.text == "!=" ? " <> ? COLLATE NOCASE" : " = ? COLLATE NOCASE")).c_str(), value.text);
        }
    }

    void choice_field(const std::string& column, const std::vector<std::string>& choices, const QueryToken& op, const QueryToken& value) {
        require_text_operator(op);
        if (op.text != "~" && std::ranges::find(choices, value.text) == choices.end()) {
            std::string list;
            for (const auto& choice : choices)
                list += (list.empty() ? "" : ", ") + choice;
            wrong(value, "This is none of " + list + ".");
        }
        put("run.id IN (SELECT r.id FROM run r WHERE ");
        text_field(column, Match::whole, op, value);
        put(")");
    }

    void tag_field(const QueryToken& op, const QueryToken& value) {
        require_text_operator(op);
        if (op.text == "~")
            put("run.id IN (SELECT run FROM tag WHERE tag LIKE ? ESCAPE '\\')", pattern_of(value));
        else
            put(op.text == "!=" ? "run.id NOT IN (SELECT run FROM tag WHERE tag = ?)" : "run.id IN (SELECT run FROM tag WHERE tag = ?)", value.text);
    }

    void pinned_field(const QueryToken& op, const QueryToken& value) {
        const bool yes = value.text == "yes" || value.text == "true" || value.text == "1";
        if (!yes && value.text != "no" && value.text != "false" && value.text != "0")
            wrong(value, "This is none of yes, no.");
        if (op.text != ":" && op.text != "=" && op.text != "!=")
            wrong(op, "Use : or != here.");
        put(yes == (op.text != "!=") ? "run.id IN (SELECT r.id FROM run r WHERE r.pinned <> 0)" : "run.id IN (SELECT r.id FROM run r WHERE r.pinned = 0)");
    }

    void number_field(const char* column, const QueryToken& op, const QueryToken& value) {
        const auto number = number_of(value.text);
        if (!number || std::isnan(*number))
            wrong(value, "A number is needed here.");
        if (op.text == "~")
            wrong(op, "Use = != < <= > or >= with numbers.");
        put((std::string(column) + " " + sql_operator(op) + " ?").c_str(), *number);
    }

    void time_field(const std::string& column, const QueryToken& op, const QueryToken& value) {
        const auto before = [&](const char* comparison, std::int64_t ms) { put((column + comparison).c_str(), ms); };
        if (const auto ago = time_ago(value.text)) {
            if (op.text == "!=" || op.text == "~")
                wrong(op, "Use < (longer ago) or > (later) here.");
            return before(op.text == "<" || op.text == "<=" ? " < ?" : " >= ?", *ago);
        }
        const auto span = date_span(value.text);
        if (!span)
            wrong(value, "A time is needed here, as 2026-03-01 (UTC), or as 3d, 2h, 30m ago.");
        if (op.text == "<")
            before(" < ?", span->begin);
        else if (op.text == "<=")
            before(" < ?", span->end);
        else if (op.text == ">")
            before(" >= ?", span->end);
        else if (op.text == ">=")
            before(" >= ?", span->begin);
        else {
            if (op.text == "~")
                wrong(op, "Use : != < <= > or >= with times.");
            put((std::string(op.text == "!=" ? "NOT (" : "(") + column + " >= ?").c_str(), span->begin);
            put((" AND " + column + " < ?)").c_str(), span->end);
        }
    }

    static std::string sql_operator(const QueryToken& op) { return op.text == ":" ? "=" : op.text == "!=" ? "<>" : op.text; }

    // A parameter, a metric, or, without a prefix, either.
    void named_value(const QueryToken& name, const QueryToken& op, const QueryToken& value) {
        const bool only_param = name.kind == Kind::word && name.text.starts_with("param."), only_metric = name.kind == Kind::word && name.text.starts_with("metric.");
        const std::string path = name.text.substr(only_param ? 6 : only_metric ? 7 : 0);
        const auto number = value.kind == Kind::quoted || op.text == "~" ? std::nullopt : number_of(value.text);
        if (path.empty())
            wrong(name, "A name is missing after the point.");
        if (!number) {
            require_number_unless_text(op, value);
            if (only_metric)
                wrong(value, "A number is needed here: metrics are numbers.");
            return text_parameter(path, op, value);
        }
        put("(");
        if (!only_metric)
            number_parameter(path, op, value, *number);
        if (!only_param) {
            put(only_metric ? "" : " OR ");
            metric(path, "last", op, *number);
            for (const char* stat : {"min", "max"})
                if (path.ends_with(std::string(".") + stat) && path.size() > 4) {
                    put(" OR ");
                    metric(path.substr(0, path.size() - 4), stat, op, *number);
                }
        }
        put(")");
    }

    void require_number_unless_text(const QueryToken& op, const QueryToken& value) const {
        if (op.text == "<" || op.text == ">" || op.text == "<=" || op.text == ">=")
            wrong(value, "A number is needed here.");
    }

    /// The runs whose parameter meets `test`, which may read one of p.num and p.txt: there is an index on each.
    void parameter(const std::string& path, const char* test) { put((std::string("run.id IN (SELECT p.run FROM param p WHERE p.path = ?") + test + ")").c_str(), path); }
    void parameter(const std::string& path, const char* test, Json value) {
        parameter(path, test);
        bind.push_back(std::move(value));
    }

    void text_parameter(const std::string& path, const QueryToken& op, const QueryToken& value) {
        if (op.text == "~") {
            const std::string pattern = pattern_of(value);
            put("(");
            parameter(path, " AND p.txt LIKE ? ESCAPE '\\'", pattern);
            put(" OR ");
            parameter(path, " AND p.num LIKE ? ESCAPE '\\'", pattern);   // a number is looked at only where there is no text
            put(" AND NOT ");
            parameter(path, " AND p.txt IS NOT NULL");
            put(")");
        } else if (op.text == "!=") {
            parameter(path, " AND coalesce(p.txt, '') <> ? COLLATE NOCASE", value.text);
        } else {
            parameter(path, " AND p.txt = ? COLLATE NOCASE", value.text);
        }
    }

    void number_parameter(const std::string& path, const QueryToken& op, const QueryToken& value, double number) {
        if (std::isnan(number)) {
            parameter(path, op.text == "!=" ? " AND coalesce(p.txt, '') <> ?" : " AND p.txt = ?", value.text);
        } else if (op.text == "!=") {
            put("(");
            parameter(path, " AND p.num IS NOT ?", number);
            put(" AND NOT ");
            parameter(path, " AND p.txt = ?", value.text);
            put(")");
        } else if (op.text == "=" || op.text == ":") {
            put("(");
            parameter(path, " AND p.num = ?", number);
            put(" OR ");
            parameter(path, " AND p.txt = ?", value.text);
            put(")");
        } else {
            parameter(path, (" AND p.num " + op.text + " ?").c_str(), number);
        }
    }

    void metric(const std::string& key, const std::string& stat, const QueryToken& op, double number) {
        put("run.id IN (SELECT m.run FROM metric_last m WHERE m.key = (SELECT k.id FROM metric_key k WHERE k.name = ?)", key);
        if (std::isnan(number))
            put((" AND m." + stat + (op.text == "!=" ? " IS NOT NULL)" : " IS NULL)")).c_str());
        else
            put((" AND m." + stat + " " + sql_operator(op) + " ?)").c_str(), number);
    }

    const std::string_view m_text;
    const std::vector<QueryToken> m_tokens;
    std::size_t m_at = 0, m_terms = 0;
};

}

RunQuery compile_query(std::string_view text, QueryError* error) {
    RunQuery query;
    if (error)
        *error = {};
    try {
        Compiler compiler(text);
        compiler.compile();
        query.where = std::move(compiler.where);
        query.bind = std::move(compiler.bind);
    } catch (const Wrong& found) {
        if (error)
            *error = found.error;
    }
    return query;
}

}
