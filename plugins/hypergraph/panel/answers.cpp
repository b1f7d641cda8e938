#include "plugins/hypergraph/panel/answers.h"
#include "core/base/error.h"
#include "core/method/tensor_bytes.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

template <class T> std::vector<T> values_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) {
    const TensorBytes tensor = tensor_of(artifact);
    const bool is_flat = columns == 0;
    const bool fits = tensor.shape.size() == (is_flat ? 1U : 2U) && (rows < 0 || tensor.shape[0] == rows) && (is_flat || columns < 0 || tensor.shape[1] == columns);
    if (!fits) {
        std::string shape;
        for (const std::int64_t size : tensor.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
        throw Error(ErrorCode::wrong_format, "The result cannot be shown.", "tensor " + artifact.key + ": it is [" + shape + "]", "Run it again.");
    }
    return tensor.values<T>();
}

}

CsvTable table_of(const Artifact& artifact) { return artifact.bytes ? parse_csv(*artifact.bytes) : CsvTable{}; }

int column_of(const CsvTable& table, const char* name) {
    const auto found = std::ranges::find(table.columns, name);
    return found == table.columns.end() ? -1 : int(found - table.columns.begin());
}

QString cell_of(const CsvTable& table, std::size_t row, int column) {
    return column < 0 || row >= table.rows.size() ? QString() : QString::fromStdString(table.rows[row][std::size_t(column)]);
}

std::optional<double> number_of(const CsvTable& table, std::size_t row, int column) {
    return column < 0 || row >= table.rows.size() ? std::nullopt : parse_number(table.rows[row][std::size_t(column)]);
}

QString csv_of(const CsvTable& table) {
    if (table.columns.empty()) return {};
    std::string out = csv_row({table.columns.begin(), table.columns.end()});
    for (const auto& row : table.rows) out += csv_row({row.begin(), row.end()});
    return QString::fromStdString(out);
}

QString shown_cell(const std::string& cell) {
    const auto number = parse_number(cell);
    if (!number || !std::isfinite(*number)) return QString::fromStdString(cell);
    return *number == std::floor(*number) && std::abs(*number) < 1e15 ? QString::number(*number, 'f', 0) : QString::number(*number, 'g', 5);
}

std::vector<float> floats_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<float>(artifact, rows, columns); }
std::vector<std::int32_t> wholes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::int32_t>(artifact, rows, columns); }
std::vector<std::uint8_t> bytes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::uint8_t>(artifact, rows, columns); }

}
