#include "core/base/csv.h"

namespace lathe {

std::string csv_cell(const Json& value) {
    if (value.is_null()) return {};
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    if (value.is_number_float()) return number_text(value.get<double>());
    std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
    if (value.is_number()) return text;
    const bool formula = !text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos && text != "-inf";
    if (!formula && text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string csv_row(const std::vector<Json>& cells) {
    std::string row;
    for (std::size_t i = 0; i < cells.size(); ++i) row += (i ? "," : "") + csv_cell(cells[i]);
    return row + "\r\n";
}

CsvTable parse_csv(std::string_view text, std::size_t max_rows) {
    CsvTable table;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::vector<std::string> row;
    std::string cell;
    bool quoted = false, first = true;
    const auto end_row = [&] {
        row.push_back(std::move(cell));
        cell.clear();
        const bool blank = row.size() == 1 && row[0].empty();
        if (first && !blank) {
            table.columns = std::move(row);
            first = false;
        } else if (!first && (!blank || table.columns.size() == 1) ) {
            row.resize(table.columns.size());
            if (table.rows.size() < max_rows) table.rows.push_back(std::move(row));
            else ++table.left_out;
        }
        row.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c != '"') cell += c;
            else if (i + 1 < text.size() && text[i + 1] == '"') cell += text[++i];
            else quoted = false;
        } else if (c == '"' && cell.empty()) {
            quoted = true;
        } else if (c == ',') {
            row.push_back(std::move(cell));
            cell.clear();
        } else if (c == '\n') {
            end_row();
        } else if (c != '\r') {
            cell += c;
        }
    }
    if (!row.empty() || !cell.empty()) end_row();
    return table;
}

}
