#include "plugins/hypergraph/panel/answers.h"
#include "core/base/error.h"
#include "core/method/tensor_bytes.h"
#include <algorithm>
#include <cmath>
#include <cstring>

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

const Json* fact_in(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}

double fact(const Json& object, const char* key) {
    const Json* value = fact_in(object, key);
    if (!value) return std::nan("");
    if (value->is_string()) return parse_number(value->get<std::string>()).value_or(std::nan(""));   // "nan", "inf"
    return value->is_number() ? value->get<double>() : std::nan("");
}

QString text_fact(const Json& object, const char* key) {
    const Json* value = fact_in(object, key);
    return value && value->is_string() ? QString::fromStdString(value->get<std::string>()) : QString();
}

QStringList texts_fact(const Json& object, const char* key) {
    QStringList out;
    if (const Json* value = fact_in(object, key); value && value->is_array())
        for (const Json& text : *value) out << (text.is_string() ? QString::fromStdString(text.get<std::string>()) : QString::fromStdString(text.dump()));
    return out;
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

QString latex_cell(QString text) {
    text.replace(u'\\', QStringLiteral("\\textbackslash "));
    for (const QChar special : {u'&', u'%', u'_', u'#', u'$', u'{', u'}'})
        text.replace(special, QStringLiteral("\\") + special);
    return text.replace(u'±', QStringLiteral("$\\pm$")).replace(u'−', QStringLiteral("$-$"));
}

QString shown_cell(const std::string& cell) {
    const auto number = parse_number(cell);
    if (!number || !std::isfinite(*number)) return QString::fromStdString(cell);
    return *number == std::floor(*number) && std::abs(*number) < 1e15 ? QString::number(*number, 'f', 0) : QString::number(*number, 'g', 5);
}

std::vector<float> floats_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<float>(artifact, rows, columns); }
std::vector<std::int32_t> wholes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::int32_t>(artifact, rows, columns); }
std::vector<std::uint8_t> bytes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::uint8_t>(artifact, rows, columns); }

Bytes tensor_file(std::span<const float> values, std::int64_t rows, std::int64_t columns) {
    constexpr std::size_t kLengthBytes = 8;
    std::string head = Json{{"value", {{"dtype", "F32"}, {"shape", {rows, columns}}, {"data_offsets", {0, values.size_bytes()}}}}}.dump();
    head.resize((head.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
    std::string out(kLengthBytes, '\0');
    const std::uint64_t length = head.size();
    std::memcpy(out.data(), &length, kLengthBytes);
    out += head;
    out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return std::make_shared<const std::string>(std::move(out));
}

}
