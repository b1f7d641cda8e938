#pragma once
// Tables and tensors of the engine as the workspace of merging reads them: by names of columns, numbers of any type as double. Stateless; any thread.
#include "core/base/csv.h"
#include "core/method/run.h"
#include "widgets/facts.h"
#include <QImage>
#include <QVariant>
#include <optional>
#include <vector>

namespace lathe::vit_merge {

class Table {
public:
    Table() = default;
    explicit Table(const Artifact& artifact);              ///< empty without bytes
    int rows() const { return int(m_table.rows.size()); }
    bool is_empty() const { return m_table.rows.empty(); }
    bool has(const char* column) const { return place(column) >= 0; }
    QStringList columns() const;
    QString text(int row, const char* column) const;       ///< empty where there is no such cell
    double number(int row, const char* column) const;      ///< NaN where there is none, or it is no number
    QString csv() const;
    QList<QVariantList> cells() const;                     ///< numbers as double, empty cells invalid
private:
    int place(const char* column) const;
    CsvTable m_table;
};

/// Row-major, of any number type that the engine sends.
struct Values {
    std::vector<std::int64_t> shape;
    std::vector<double> values;
    bool is_matrix() const { return shape.size() == 2; }
    std::int64_t size(std::size_t dimension) const { return dimension < shape.size() ? shape[dimension] : 0; }
};
/// The only tensor of the artifact. Throws Error(wrong_format) where it has not `rank` dimensions (0: any), or a type that holds no numbers.
Values values_of(const Artifact& artifact, std::size_t rank);

/// An image artifact as a picture. Throws Error(wrong_format).
QImage picture_of_artifact(const Artifact& artifact);

QString percent(double share, int decimals = 1);           ///< of a share from 0 to 1: "93.8 %"; "–" for NaN
QString megabytes(double bytes);                           ///< "12.4 MB", "846 kB"; "–" for NaN
QString milliseconds(double ms);                           ///< "1.2 ms"; "–" for NaN

}
