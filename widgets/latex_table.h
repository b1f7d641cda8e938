#pragma once
// Tables as LaTeX for a paper, with the rules of the package booktabs. Stateless.
#include <QList>
#include <QStringList>

namespace lathe {

QString latex_cell(QString text);                          ///< special characters escaped, ± and − as math
/// `columns`: "lrr"; the cells of heads and rows are LaTeX already.
QString latex_table(const QString& columns, const QStringList& heads, const QList<QStringList>& rows);

}
