#pragma once
// The pinned columns of a table: its first ones, drawn over it again while it is scrolled sideways. They share the table's model, selection and rows, so that
// clicking, dragging and menus act as beside them.
#include <QTableView>

namespace lathe {

class PinnedColumns : public QTableView {
    Q_OBJECT
public:
    /// head: the head of these columns, else none is shown.
    explicit PinnedColumns(QTableView* table, QHeaderView* head = nullptr);
    void set_count(int columns);                   ///< 0: nothing is pinned
    void place();                                  ///< after columns or the size have changed
protected:
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    QTableView* m_table;
    QWidget* m_edge;
    int m_count = 0;
};

}
