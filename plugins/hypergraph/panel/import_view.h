#pragma once
// What was found in the file and what it became. GUI thread only.
#include "plugins/hypergraph/panel/shown_graph.h"
#include <QWidget>

namespace lathe {
class SimpleTable;
class TextLabel;
}

namespace lathe::hypergraph {

class ImportView : public QWidget {
    Q_OBJECT
public:
    explicit ImportView(QWidget* parent = nullptr);
    void show_graph(const ShownGraph* graph);              ///< null: none
    SimpleTable* table() { return m_table; }
    QString warnings() const;
private:
    TextLabel *m_head, *m_warnings;
    SimpleTable* m_table;
};

}
