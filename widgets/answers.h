#pragma once
// What the engine answers with, as values: tables are read by the names of their columns, and what is not there is empty or no number. Stateless; any thread.
#include "core/base/csv.h"
#include "core/method/run.h"
#include <QStringList>
#include <QVariantList>
#include <optional>

namespace lathe {

CsvTable table_of(const Artifact& artifact, std::size_t max_rows = std::size_t(-1));   ///< empty without bytes
int column_of(const CsvTable& table, const char* name);    ///< -1: none
QString text_in(const CsvTable& table, std::size_t row, int column);
QString text_in(const CsvTable& table, std::size_t row, const char* column);
std::optional<double> number_in(const CsvTable& table, std::size_t row, int column);
std::optional<double> number_in(const CsvTable& table, std::size_t row, const char* column);
double number_or_nan(const CsvTable& table, std::size_t row, int column);   ///< NaN where there is none
double number_or_nan(const CsvTable& table, std::size_t row, const char* column);
QStringList heads_of(const CsvTable& table);
QList<QVariantList> rows_of(const CsvTable& table);        ///< numbers as double, empty cells invalid
QString csv_of(const CsvTable& table);                     ///< empty without columns

QString percent(double share, int decimals = 1);           ///< of a share from 0 to 1: "93.8 %"; "–" for NaN
/// Throws Error(wrong_format): what came is not what can be shown. `where`: the artifact; `why`: "it has not three axes".
[[noreturn]] void refuse_answer(const std::string& where, const std::string& why);

}
