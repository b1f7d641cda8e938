#include "plugins/vit_merge/panel/answers.h"
#include "core/base/error.h"
#include "core/method/tensor_bytes.h"
#include "viewers/image_data.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace lathe::vit_merge {
namespace {

const QString kNoNumber = QStringLiteral("–");

template <class T> std::vector<double> as_doubles(const TensorBytes& tensor) {
    const std::vector<T> values = tensor.values<T>();
    return {values.begin(), values.end()};
}

std::vector<double> doubles_of(const TensorBytes& tensor) {
    std::vector<double> out(tensor.data.size() / sizeof(double));
    std::memcpy(out.data(), tensor.data.data(), out.size() * sizeof(double));
    return out;
}

}

Table::Table(const Artifact& artifact) {
    if (artifact.bytes) m_table = parse_csv(*artifact.bytes);
}

int Table::place(const char* column) const {
    const auto found = std::ranges::find(m_table.columns, column);
    return found == m_table.columns.end() ? -1 : int(found - m_table.columns.begin());
}

QStringList Table::columns() const {
    QStringList out;
    for (const std::string& column : m_table.columns) out << QString::fromStdString(column);
    return out;
}

QString Table::text(int row, const char* column) const {
    const int at = place(column);
    return at < 0 || row < 0 || row >= rows() ? QString() : QString::fromStdString(m_table.rows[std::size_t(row)][std::size_t(at)]);
}

double Table::number(int row, const char* column) const {
    const int at = place(column);
    if (at < 0 || row < 0 || row >= rows()) return std::nan("");
    return parse_number(m_table.rows[std::size_t(row)][std::size_t(at)]).value_or(std::nan(""));
}

QString Table::csv() const {
    if (m_table.columns.empty()) return {};
    std::string out = csv_row({m_table.columns.begin(), m_table.columns.end()});
    for (const auto& row : m_table.rows) out += csv_row({row.begin(), row.end()});
    return QString::fromStdString(out);
}

QList<QVariantList> Table::cells() const {
    QList<QVariantList> out;
    for (const auto& row : m_table.rows) {
        QVariantList line;
        for (const std::string& cell : row) {
            const auto number = parse_number(cell);
            line << (cell.empty() ? QVariant() : number ? QVariant(*number) : QVariant(QString::fromStdString(cell)));
        }
        out << line;
    }
    return out;
}

Values values_of(const Artifact& artifact, std::size_t rank) {
    const TensorBytes tensor = tensor_of(artifact);
    if (rank != 0 && tensor.shape.size() != rank)
        throw Error(ErrorCode::wrong_format, "The result cannot be shown.", "tensor " + artifact.key + ": it has " + std::to_string(tensor.shape.size()) + " dimensions, not " + std::to_string(rank), "Run it again.");
    Values out{tensor.shape, {}};
    if (tensor.dtype == "F32") out.values = as_doubles<float>(tensor);
    else if (tensor.dtype == "F64") out.values = doubles_of(tensor);
    else if (tensor.dtype == "I64") out.values = as_doubles<std::int64_t>(tensor);
    else if (tensor.dtype == "I32") out.values = as_doubles<std::int32_t>(tensor);
    else if (tensor.dtype == "U8") out.values = as_doubles<std::uint8_t>(tensor);
    else throw Error(ErrorCode::wrong_format, "The result cannot be shown.", "tensor " + artifact.key + ": its type is " + tensor.dtype, "Run it again.");
    return out;
}

QImage picture_of_artifact(const Artifact& artifact) { return ImageData::from_artifact(artifact).to_image(); }

QString percent(double share, int decimals) { return std::isnan(share) ? kNoNumber : QStringLiteral("%1\u00A0%").arg(100 * share, 0, 'f', decimals); }

QString megabytes(double bytes) {
    constexpr double kKilo = 1e3, kMega = 1e6, kGiga = 1e9;
    if (std::isnan(bytes)) return kNoNumber;
    if (bytes >= kGiga) return QStringLiteral("%1\u00A0GB").arg(bytes / kGiga, 0, 'f', 2);
    if (bytes >= kMega) return QStringLiteral("%1\u00A0MB").arg(bytes / kMega, 0, 'f', bytes < 100 * kMega ? 2 : 0);
    return QStringLiteral("%1\u00A0kB").arg(bytes / kKilo, 0, 'f', 0);
}

QString milliseconds(double ms) { return std::isnan(ms) ? kNoNumber : QStringLiteral("%1\u00A0ms").arg(ms, 0, 'f', ms < 10 ? 2 : ms < 100 ? 1 : 0); }

}
