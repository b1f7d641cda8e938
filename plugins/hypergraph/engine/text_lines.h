#pragma once
// Lines, fields and numbers of text files. No LibTorch. One thread at a time.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/byte_stream.h"
#include <cstdint>
#include <deque>
#include <optional>

namespace lathe::hypergraph {

class LineReader {
public:
    explicit LineReader(ByteStream& stream) : m_stream(stream) {}
    /// The next line without its end (LF or CRLF), valid until the next call; false at the end. A byte order mark is skipped.
    bool next(std::string_view& line);
    std::int64_t number() const { return m_number; }   ///< of the line given last, from 1
    ByteStream& stream() { return m_stream; }
    std::string place() const;                         ///< "FILE, line 12"
    /// Throws Error(wrong_format) with the place and `value`, cut to a readable length.
    [[noreturn]] void refuse(const std::string& what, std::string_view value = {}, const std::string& hint = {}) const;

private:
    ByteStream& m_stream;
    std::string_view m_piece;
    std::string m_carry;     ///< a line that began in an earlier piece
    std::int64_t m_number = 0;
};

/// Lines of fields: comma, semicolon, tab, or ' ' for any run of blanks. Fields in double quotes may hold the separator, doubled quotes and line ends (RFC 4180).
/// Empty lines and lines that start with # or % are skipped.
class FieldReader {
public:
    /// Separator 0: the first of tab, comma, semicolon that stands in the first row, `otherwise` where there is none.
    explicit FieldReader(ByteStream& stream, char separator = 0, char otherwise = ' ') : m_lines(stream), m_separator(separator), m_otherwise(otherwise) {}
    /// The next row, valid until the next call; false at the end.
    bool next(std::vector<std::string_view>& fields);
    const LineReader& lines() const { return m_lines; }
    ByteStream& stream() { return m_lines.stream(); }
    std::int64_t row() const { return m_begin; }       ///< the line where the row begins
    [[noreturn]] void refuse(const std::string& what, std::string_view value = {}, const std::string& hint = {}) const { m_lines.refuse(what, value, hint); }

private:
    bool is_open(std::string_view row) const;          ///< whether a quoted field goes on in the next line
    std::string_view joined(std::string_view row);
    std::string_view plain(std::string_view& rest) const;
    std::string_view quoted(std::string_view& rest);

    LineReader m_lines;
    char m_separator, m_otherwise;
    std::int64_t m_begin = 0;
    std::string m_joined;                              ///< a row of several lines
    std::deque<std::string> m_unquoted;                ///< quoted fields
    std::vector<std::string_view> m_fields;
};

/// The first of tab, comma, semicolon that stands in a line, else `otherwise`.
char separator_of(std::string_view line, char otherwise = ' ');
/// A whole decimal number as a whole text ("12", "-3"; not "+1", "1.0", "" or one beyond 64 bits).
std::optional<std::int64_t> whole_number(std::string_view text);
/// A finite or infinite number or NaN, as a whole text.
std::optional<double> real_number(std::string_view text);

}
