#include "widgets/answers.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

const std::string* cell_at(const CsvTable& table, std::size_t row, int column) {
    return row < table.rows.size() && column >= 0 && std::size_t(column) < table.rows[row].size() ? &table.rows[row][std::size_t(column)] : nullptr;
}

}

CsvTable table_of(const Artifact& artifact, std::size_t max_rows) { return artifact.bytes ? parse_csv(*artifact.bytes, max_rows) : CsvTable{}; }

int column_of(const CsvTable& table, const char* name) {
    const auto found = std::ranges::find(table.columns, name);
    return found == table.columns.end() ? -1 : int(found - table.columns.begin());
}

QString text_in(const CsvTable& table, std::size_t row, int column) {
    const std::string* cell = cell_at(table, row, column);
    return cell ? QString::fromStdString(*cell) : QString();
}

std::optional<double> number_in(const CsvTable& table, std::size_t row, int column) {
    const std::string* cell = cell_at(table, row, column);
    return cell ? parse_number(*cell) : std::nullopt;
}

QString text_in(const CsvTable& table, std::size_t row, const char* column) { return text_in(table, row, column_of(table, column)); }
std::optional<double> number_in(const CsvTable& table, std::size_t row, const char* column) { return number_in(table, row, column_of(table, column)); }
double number_or_nan(const CsvTable& table, std::size_t row, int column) { return number_in(table, row, column).value_or(std::nan("")); }
double number_or_nan(const CsvTable& table, std::size_t row, const char* column) { return number_in(table, row, column).value_or(std::nan("")); }

QStringList heads_of(const CsvTable& table) {
    QStringList heads;
    for (const std::string& column : table.columns) heads << QString::fromStdString(column);
    return heads;
}

QList<QVariantList> rows_of(const CsvTable& table) {
    QList<QVariantList> rows;
    for (const auto& cells : table.rows) {
        QVariantList row;
        for (const std::string& cell : cells) {
            const auto number = parse_number(cell);
            row << (cell.empty() ? QVariant() : number ? QVariant(*number) : QVariant(QString::fromStdString(cell)));
        }
        rows << row;
    }
    return rows;
}

QString csv_of(const CsvTable& table) {
    if (table.columns.empty()) return {};
    std::string out = csv_row({table.columns.begin(), table.columns.end()});
    for (const auto& row : table.rows) out += csv_row({row.begin(), row.end()});
    return QString::fromStdString(out);
}

QString percent(double share, int decimals) { return std::isnan(share) ? QStringLiteral("–") : QStringLiteral("%1\u00A0%").arg(100 * share, 0, 'f', decimals); }

void refuse_answer(const std::string& where, const std::string& why) { throw Error(ErrorCode::wrong_format, "The result cannot be shown.", where + ": " + why, "Run it again."); }

}
