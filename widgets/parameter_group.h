#pragma once
// A group of the form: title in small capitals that folds it, rows, the advanced rows behind "More", and widgets of the panel below them.
#include <QList>
#include <QWidget>

class QToolButton;
class QVBoxLayout;

namespace lathe {

class FoldTitle;

class ParameterGroup : public QWidget {
    Q_OBJECT
public:
    ParameterGroup(const QString& name, bool with_line, QWidget* parent);
    void add_row(QWidget* row, bool advanced);
    void add_extra(QWidget* extra);
    void set_folded(bool folded);
    bool is_folded() const { return m_folded; }
    /// Shows what folding, "More" and the filter (property "lathe_filtered" of the rows) leave.
    void refresh(bool filtering = false);
    QString name() const { return m_name; }
private:
    QString m_name;
    FoldTitle* m_title = nullptr;
    QToolButton* m_more;
    QVBoxLayout* m_column;
    QList<QWidget*> m_rows, m_advanced, m_extras;
    bool m_folded = false, m_filtering = false;
};

}
