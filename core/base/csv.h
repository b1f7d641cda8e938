#pragma once
// CSV as RFC 4180 has it: commas, CRLF, quotes doubled; numbers in the C locale, "nan", "inf", "-inf".
#include "core/base/json.h"
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// One cell. A text that a spreadsheet would take for a formula (= + - @ at its start) is quoted as well; numbers are not.
std::string csv_cell(const Json& value);
std::string csv_row(const std::vector<Json>& cells);   ///< with CRLF at its end

struct CsvTable { std::vector<std::string> columns; std::vector<std::vector<std::string>> rows; std::size_t left_out = 0; };
/// Reads any CSV, also with LF and ragged rows (short ones are filled, long ones cut); rows over `max_rows` are only counted. Never throws.
CsvTable parse_csv(std::string_view text, std::size_t max_rows = std::size_t(-1));

}
