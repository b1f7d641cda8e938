#pragma once
// Large JSON files row by row: lists of flat objects (the tables of nuScenes, result files) are handed over one object at a time, never built as a whole.
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

/// One object of such a list. Every getter throws Error(wrong_format) that names the file, the row with its token, and the field.
class JsonRow {
public:
    bool has(std::string_view key) const;                                       ///< there, and not null
    const std::string& text(std::string_view key) const;
    std::int64_t integer(std::string_view key) const;
    double number(std::string_view key) const;                                  ///< finite
    bool truth(std::string_view key) const;
    const std::vector<double>& numbers(std::string_view key) const;             ///< nested lists one after the other; null is NaN
    const std::vector<std::string>& texts(std::string_view key) const;
    template <std::size_t N> std::array<double, N> vector(std::string_view key, bool may_be_nan = false) const {
        std::array<double, N> out{};
        const std::vector<double>& values = checked(key, N, may_be_nan);
        std::copy(values.begin(), values.end(), out.begin());
        return out;
    }
    [[noreturn]] void refuse(std::string_view key, const std::string& reason) const;

private:
    friend class RowReader;
    enum class Kind { null, truth, integer, real, text, list, object };
    struct Field {
        std::string key, text;
        Kind kind = Kind::null;
        double real = 0;
        std::int64_t integer = 0;
        std::vector<double> numbers;
        std::vector<std::string> texts;
    };
    const Field* find(std::string_view key) const;
    const Field& field(std::string_view key) const;
    const std::vector<double>& checked(std::string_view key, std::size_t count, bool may_be_nan) const;
    Field& add(const std::string& key);

    std::string m_file;
    std::size_t m_number = 0, m_used = 0;
    std::vector<Field> m_fields;                                                ///< kept from row to row, so that their memory is
};

struct RowHandlers {
    /// `path`: the keys of the objects around the list.
    std::function<void(const JsonRow& row, std::span<const std::string> path)> row;
    std::function<void(std::span<const std::string> path)> list;                ///< a list of rows begins; may be empty
};

/// `shape`: the brackets around a row: "[" for a table, "{{[" for {"results": {TOKEN: [row, ...]}}. With `member`, the other members of the outermost
/// object are skipped. Throws Error(not_found, io, wrong_format); what a handler throws goes through.
void read_json_rows(const std::filesystem::path& file, std::string_view shape, std::string_view member, const RowHandlers& handlers);
void read_json_rows(std::string_view text, std::string where, std::string_view shape, std::string_view member, const RowHandlers& handlers);

}
