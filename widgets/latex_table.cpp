#include "widgets/latex_table.h"

namespace lathe {

QString latex_cell(QString text) {
    text.replace(u'\\', QStringLiteral("\\textbackslash "));
    for (const QChar special : {u'&', u'%', u'_', u'#', u'$', u'{', u'}'}) text.replace(special, QStringLiteral("\\") + special);
    return text.replace(u'±', QStringLiteral("$\\pm$")).replace(u'−', QStringLiteral("$-$"));
}

QString latex_table(const QString& columns, const QStringList& heads, const QList<QStringList>& rows) {
    const auto line = [](const QStringList& cells) { return cells.join(QStringLiteral(" & ")) + QStringLiteral(" \\\\\n"); };
    QString out = QStringLiteral("\\begin{tabular}{") + columns + QStringLiteral("}\n\\toprule\n") + line(heads) + QStringLiteral("\\midrule\n");
    for (const QStringList& row : rows) out += line(row);
    return out + QStringLiteral("\\bottomrule\n\\end{tabular}\n");
}

}
