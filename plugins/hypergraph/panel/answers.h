#pragma once
// Summaries, tables and tensors of the engine as values. Stateless; any thread.
#include "core/method/run.h"
#include "core/report/csv.h"
#include <QString>
#include <QStringList>
#include <optional>
#include <span>
#include <vector>

namespace lathe::hypergraph {

/// Of a summary: NaN or an empty text where it is missing or of another type.
double fact(const Json& object, const char* key);
QString text_fact(const Json& object, const char* key);
QStringList texts_fact(const Json& object, const char* key);

CsvTable table_of(const Artifact& artifact);               ///< empty without bytes
int column_of(const CsvTable& table, const char* name);    ///< -1: none
QString cell_of(const CsvTable& table, std::size_t row, int column);
std::optional<double> number_of(const CsvTable& table, std::size_t row, int column);
QString csv_of(const CsvTable& table);
QString latex_cell(QString text);                          ///< special characters escaped
/// A cell as it is read: whole numbers as they are, others with five figures, texts unchanged.
QString shown_cell(const std::string& cell);

/// The values of the only tensor of the artifact, of the shape [rows, columns] (columns 0: [rows]; rows or columns -1: any). Error (wrong_format) where it has another.
std::vector<float> floats_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);
std::vector<std::int32_t> wholes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);
std::vector<std::uint8_t> bytes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);

/// A small safetensors file with the tensor `value`, F32 [rows, columns].
Bytes tensor_file(std::span<const float> values, std::int64_t rows, std::int64_t columns);

}
