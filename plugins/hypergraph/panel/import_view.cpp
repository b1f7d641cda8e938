#include "plugins/hypergraph/panel/import_view.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include <QHeaderView>
#include <QVBoxLayout>

namespace lathe::hypergraph {

ImportView::ImportView(QWidget* parent)
    : QWidget(parent), m_head(new TextLabel({}, 13, true, TextRole::normal, this)), m_warnings(new TextLabel({}, 12, false, TextRole::warn, this)), m_table(new SimpleTable({tr("What"), tr("Found"), tr("Became")}, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 4);
    column->setSpacing(4);
    for (TextLabel* label : {m_head, m_warnings}) {
        label->setContentsMargins(12, 0, 12, 0);
        label->setWordWrap(true);
        column->addWidget(label);
    }
    m_table->set_text_columns({0, 1, 2});
    m_table->set_fit_rows(false);
    m_table->setAccessibleName(tr("What was found and what it became"));
    column->addWidget(m_table, 1);
    show_graph(nullptr);
}

QString ImportView::warnings() const { return m_warnings->text(); }

void ImportView::show_graph(const ShownGraph* graph) {
    QList<QStringList> rows;
    if (graph)
        for (std::size_t r = 0; r < graph->import.rows.size(); ++r)
            rows << QStringList{text_in(graph->import, r, "what"), text_in(graph->import, r, "found"), text_in(graph->import, r, "became")};
    m_head->setText(graph ? tr("Read as %1").arg(text_fact(graph->summary, "format")) : tr("Open a graph to see what was found in it and what it became."));
    QStringList warnings;
    if (graph)
        for (const QString& warning : graph->warnings) warnings << QStringLiteral("⚠ ") + warning;
    m_warnings->setText(warnings.join(u'\n'));
    m_warnings->setVisible(!warnings.isEmpty());
    m_table->set_rows(rows);
    m_table->resizeColumnsToContents();
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setVisible(!rows.isEmpty());
}

}
