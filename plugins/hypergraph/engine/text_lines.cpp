#include "plugins/hypergraph/engine/text_lines.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include <algorithm>
#include <charconv>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kLongestLine = 256u << 20, kShown = 60;

}

bool LineReader::next(std::string_view& line) {
    m_carry.clear();
    for (;;) {
        if (m_piece.empty()) {
            m_piece = m_stream.next();
            if (m_number == 0 && m_carry.empty() && m_piece.starts_with("\xef\xbb\xbf")) m_piece.remove_prefix(3);
            if (m_piece.empty()) {
                if (m_carry.empty()) return false;
                line = m_carry;
                break;
            }
        }
        const std::size_t end = m_piece.find('\n');
        if (end != m_piece.npos) {
            line = m_piece.substr(0, end);
            m_piece.remove_prefix(end + 1);
            if (!m_carry.empty()) line = m_carry.append(line);
            break;
        }
        if (m_piece.find('\0') != m_piece.npos) {   // a hole of gigabytes, or no text: it would grow in memory as one line
            ++m_number;
            refuse("A line holds zero bytes.", {}, "This is no text file, or it was not written to its end: fetch it again.");
        }
        m_carry.append(m_piece);
        m_piece = {};
        if (m_carry.size() > kLongestLine) {
            ++m_number;
            refuse("A line is longer than 256 MB.", {}, "Is this a text file?");
        }
    }
    ++m_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
}

std::string LineReader::place() const { return m_stream.where() + ", line " + std::to_string(m_number); }

void LineReader::refuse(const std::string& what, std::string_view value, const std::string& hint) const {
    throw Error(ErrorCode::wrong_format, what, place() + (value.empty() ? "" : ": " + valid_text(value, kShown)), hint);
}

bool FieldReader::next(std::vector<std::string_view>& fields) {
    std::string_view rest;
    do {
        if (!m_lines.next(rest)) return false;
    } while (trimmed(rest).empty() || rest[0] == '#' || rest[0] == '%');
    m_begin = m_lines.number();
    m_unquoted.clear();
    m_fields.clear();
    if (m_separator == 0) m_separator = separator_of(rest, m_otherwise);
    if (m_separator == ' ') rest = trimmed(rest);
    if (is_open(rest)) rest = joined(rest);
    for (;;) {
        while (!rest.empty() && (rest[0] == ' ' || (rest[0] == '\t' && m_separator != '\t'))) rest.remove_prefix(1);
        m_fields.push_back(rest.starts_with('"') ? quoted(rest) : plain(rest));
        if (rest.empty()) break;
        rest.remove_prefix(1);   // the separator
    }
    fields = m_fields;
    return true;
}

bool FieldReader::is_open(std::string_view row) const {
    const std::size_t first = row.find('"');
    if (first == row.npos || std::ranges::count(row, '"') % 2 == 0) return false;
    return first == 0 || row[first - 1] == m_separator || row[first - 1] == ' ' || row[first - 1] == '\t';
}

std::string_view FieldReader::joined(std::string_view row) {
    m_joined = row;
    for (std::string_view more; std::ranges::count(m_joined, '"') % 2 != 0; m_joined.append("\n").append(more))
        if (m_joined.size() > kLongestLine || !m_lines.next(more))
            throw Error(ErrorCode::wrong_format, "A quoted field is never closed.", m_lines.stream().where() + ", line " + std::to_string(m_begin), "Close the quotes.");
    return m_joined;
}

std::string_view FieldReader::plain(std::string_view& rest) const {
    const std::size_t end = std::min(rest.size(), m_separator == ' ' ? rest.find_first_of(" \t") : rest.find(m_separator));
    const std::string_view field = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    return field;
}

std::string_view FieldReader::quoted(std::string_view& rest) {
    rest.remove_prefix(1);
    std::string text;
    for (;;) {
        const std::size_t end = rest.find('"');
        if (end == rest.npos) refuse("A quoted field is never closed.", rest, "Close the quotes.");
        text.append(rest.substr(0, end));
        rest.remove_prefix(end + 1);
        if (!rest.starts_with('"')) break;
        text += '"';
        rest.remove_prefix(1);
    }
    if (!plain(rest).empty()) refuse("Text follows the closing quotes of a field.");
    return m_unquoted.emplace_back(std::move(text));
}

char separator_of(std::string_view line, char otherwise) {
    for (const char c : {'\t', ',', ';'})
        if (line.find(c) != line.npos) return c;
    return otherwise;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> real_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

}
