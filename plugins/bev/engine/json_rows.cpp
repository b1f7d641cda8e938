#include "plugins/bev/engine/json_rows.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include <cmath>
#include <limits>

namespace lathe::bev {

namespace { constexpr std::size_t kMostElements = 1'000'000'000, kMostNested = 32; }

void JsonRow::refuse(std::string_view key, const std::string& reason) const {
    const Field* token = find("token");
    const std::string row = token && token->kind == Kind::text ? "token " + valid_text(token->text, 64) : "row " + std::to_string(m_number);
    throw Error(ErrorCode::wrong_format, "A row of the data set cannot be used: " + reason + ".", m_file + ", " + row + ", field " + std::string(key), "Mend or fetch the file again.");
}

const JsonRow::Field* JsonRow::find(std::string_view key) const {
    for (std::size_t i = 0; i < m_used; ++i)
        if (m_fields[i].key == key) return &m_fields[i];
    return nullptr;
}

const JsonRow::Field& JsonRow::field(std::string_view key) const {
    if (const Field* found = find(key)) return *found;
    refuse(key, "the field is missing");
}

bool JsonRow::has(std::string_view key) const {
    const Field* found = find(key);
    return found && found->kind != Kind::null;
}

const std::string& JsonRow::text(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind != Kind::text) refuse(key, "it is not a text");
    return f.text;
}

std::int64_t JsonRow::integer(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind == Kind::integer) return f.integer;
    if (f.kind != Kind::real || f.real != std::floor(f.real) || std::abs(f.real) > 9e15) refuse(key, "it is not a whole number");
    return static_cast<std::int64_t>(f.real);
}

double JsonRow::number(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind == Kind::integer) return static_cast<double>(f.integer);
    if (f.kind != Kind::real) refuse(key, "it is not a number");
    if (!std::isfinite(f.real)) refuse(key, "the number is not finite");
    return f.real;
}

bool JsonRow::truth(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind != Kind::truth) refuse(key, "it is neither true nor false");
    return f.integer != 0;
}

const std::vector<double>& JsonRow::numbers(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind != Kind::list || !f.texts.empty()) refuse(key, "it is not a list of numbers");
    return f.numbers;
}

const std::vector<std::string>& JsonRow::texts(std::string_view key) const {
    const Field& f = field(key);
    if (f.kind != Kind::list || !f.numbers.empty()) refuse(key, "it is not a list of texts");
    return f.texts;
}

const std::vector<double>& JsonRow::checked(std::string_view key, std::size_t count, bool may_be_nan) const {
    const std::vector<double>& values = numbers(key);
    if (values.size() != count) refuse(key, "it has " + std::to_string(values.size()) + " numbers instead of " + std::to_string(count));
    for (const double value : values)
        if (std::isinf(value) || (std::isnan(value) && !may_be_nan)) refuse(key, "a number is not finite");
    return values;
}

JsonRow::Field& JsonRow::add(const std::string& key) {
    if (find(key)) refuse(key, "the field stands twice");
    if (m_used == m_fields.size()) m_fields.emplace_back();
    Field& f = m_fields[m_used++];
    f.key = key;
    f.kind = Kind::null;
    f.numbers.clear();
    f.texts.clear();
    return f;
}

/// The events of the parser, put together to rows.
class RowReader : public nlohmann::json_sax<Json> {
public:
    RowReader(std::string file, std::string_view shape, std::string_view member, const RowHandlers& handlers) : m_shape(shape), m_member(member), m_handlers(handlers) { m_row.m_file = std::move(file); }

    bool null() override { return put(JsonRow::Kind::null, std::numeric_limits<double>::quiet_NaN(), 0); }
    bool boolean(bool value) override { return put(JsonRow::Kind::truth, value, value); }
    bool number_integer(number_integer_t value) override { return put(JsonRow::Kind::integer, static_cast<double>(value), value); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) return put(JsonRow::Kind::real, static_cast<double>(value), 0);
        return number_integer(static_cast<std::int64_t>(value));
    }
    bool number_float(number_float_t value, const string_t&) override { return put(JsonRow::Kind::real, value, 0); }
    bool string(string_t& value) override {
        if (!scalar()) return true;
        if (m_lists > 0) {
            m_field->texts.push_back(std::move(value));
        } else {
            m_field->kind = JsonRow::Kind::text;
            m_field->text = std::move(value);
        }
        return true;
    }
    bool binary(binary_t&) override { fail("it holds binary data"); }
    bool key(string_t& value) override {
        if (m_skipped > 0) return true;
        if (m_in_row) m_field = &m_row.add(value);
        else m_path.back() = std::move(value);
        return true;
    }
    bool start_object(std::size_t) override { return open('{'); }
    bool start_array(std::size_t) override { return open('['); }
    bool end_object() override { return close('{'); }
    bool end_array() override { return close('['); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        const std::string why = error.what();
        const bool ended = why.find("unexpected end of input") != why.npos || why.find("missing closing") != why.npos;
        throw Error(ErrorCode::wrong_format, ended ? "A file of the data set ends too early." : "A file of the data set cannot be read: " + valid_text(why, 300) + ".",
            m_row.m_file + ", byte " + std::to_string(position) + (m_row.m_number ? ", row " + std::to_string(m_row.m_number) : ""), "Fetch the file again.");
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        std::string path;
        for (const std::string& name : m_path) path += ", " + valid_text(name, 64);
        throw Error(ErrorCode::wrong_format, "A file of the data set is not as expected: " + reason + ".", m_row.m_file + path, "Fetch the file again.");
    }
    bool elsewhere() const { return !m_member.empty() && !m_path.empty() && m_path.front() != m_member; }
    /// Whether a scalar at this place is wanted.
    bool scalar() {
        if (++m_elements > kMostElements) fail("it has more than " + std::to_string(kMostElements) + " elements");
        if (m_skipped > 0) return false;
        if (m_in_row) return true;
        if (elsewhere()) return false;
        fail(m_depth == m_shape.size() ? "a row is no object" : "a list of rows is expected");
    }
    bool put(JsonRow::Kind kind, double real, std::int64_t integer) {
        if (!scalar()) return true;
        if (m_lists > 0) {
            m_field->numbers.push_back(real);
            return true;
        }
        m_field->kind = kind;
        m_field->real = real;
        m_field->integer = integer;
        return true;
    }
    bool open(char bracket) {
        if (++m_elements > kMostElements) fail("it has more than " + std::to_string(kMostElements) + " elements");
        if (m_skipped > 0) {
            if (++m_skipped > kMostNested) fail("it is nested too deep");
        } else if (m_in_row) {
            if (bracket == '{') {
                if (m_lists == 0) m_field->kind = JsonRow::Kind::object;
                m_skipped = 1;
            } else {
                m_field->kind = JsonRow::Kind::list;
                if (++m_lists > kMostNested) fail("it is nested too deep");
            }
        } else if (elsewhere()) {
            m_skipped = 1;
        } else if (m_depth == m_shape.size()) {
            if (bracket != '{') fail("a row is no object");
            m_in_row = true;
            m_row.m_used = 0;
            ++m_row.m_number;
        } else {
            if (bracket != m_shape[m_depth]) fail(m_shape[m_depth] == '[' ? "a list is expected" : "an object is expected");
            if (bracket == '{') m_path.emplace_back();
            if (++m_depth == m_shape.size() && m_handlers.list) m_handlers.list(m_path);
        }
        return true;
    }
    bool close(char bracket) {
        if (m_skipped > 0) {
            --m_skipped;
        } else if (m_in_row && m_lists > 0) {
            --m_lists;
        } else if (m_in_row) {
            m_in_row = false;
            m_handlers.row(m_row, m_path);
        } else {
            --m_depth;
            if (bracket == '{') m_path.pop_back();
        }
        return true;
    }

    std::string_view m_shape, m_member;
    const RowHandlers& m_handlers;
    JsonRow m_row;
    JsonRow::Field* m_field = nullptr;
    std::vector<std::string> m_path;
    std::size_t m_depth = 0, m_lists = 0, m_skipped = 0, m_elements = 0;
    bool m_in_row = false;
};

void read_json_rows(const std::filesystem::path& file, std::string_view shape, std::string_view member, const RowHandlers& handlers) {
    const MappedFile map(file);
    read_json_rows({reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size()}, file.string(), shape, member, handlers);
}

void read_json_rows(std::string_view text, std::string where, std::string_view shape, std::string_view member, const RowHandlers& handlers) {
    if (text.empty()) throw Error(ErrorCode::wrong_format, "A file of the data set is empty.", where, "Fetch the file again.");
    RowReader reader(std::move(where), shape, member, handlers);
    Json::sax_parse(text.begin(), text.end(), &reader);
}

}
