#pragma once
// What the engine found wrong or odd in a set of models, one sentence each with what would work. GUI thread only.
#include "plugins/vit_merge/panel/description.h"
#include <QWidget>

class QVBoxLayout;

namespace lathe::vit_merge {

class FindingRows : public QWidget {
    Q_OBJECT
public:
    explicit FindingRows(QWidget* parent = nullptr);
    void show_findings(const QList<FindingRow>& findings, bool is_known);   ///< errors first; not known: no set was read yet
    QStringList texts() const;                             ///< "error: what hint"
private:
    QVBoxLayout* m_column;
    QList<QWidget*> m_rows;
    QList<FindingRow> m_findings;
};

}
