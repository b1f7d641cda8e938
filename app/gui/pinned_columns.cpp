#include "app/gui/pinned_columns.h"
#include "widgets/run_delegate.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include <QEvent>
#include <QHeaderView>
#include <QScrollBar>

namespace lathe {

PinnedColumns::PinnedColumns(QTableView* table, QHeaderView* head) : QTableView(table), m_table(table) {
    if (head) setHorizontalHeader(head);
    setModel(table->model());
    setSelectionModel(table->selectionModel());
    prepare_table(this);
    setItemDelegate(new RunDelegate(this));
    setSelectionMode(table->selectionMode());
    setSelectionBehavior(table->selectionBehavior());
    setDragEnabled(table->dragEnabled());
    setDragDropMode(table->dragDropMode());
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    verticalHeader()->hide();
    horizontalHeader()->setVisible(head != nullptr);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);   // they have the widths of the table's
    horizontalHeader()->setMinimumSectionSize(table->horizontalHeader()->minimumSectionSize());
    setFocusPolicy(Qt::NoFocus);   // the table has it
    setAccessibleName(tr("Pinned columns"));
    setContextMenuPolicy(Qt::CustomContextMenu);
    m_edge = new Separator(Qt::Vertical, this);
    connect(this, &QTableView::doubleClicked, table, &QTableView::doubleClicked);
    connect(this, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) { Q_EMIT m_table->customContextMenuRequested(m_table->viewport()->mapFromGlobal(viewport()->mapToGlobal(at))); });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, table->verticalScrollBar(), &QScrollBar::setValue);
    connect(table->verticalScrollBar(), &QScrollBar::valueChanged, verticalScrollBar(), &QScrollBar::setValue);
    connect(table->horizontalScrollBar(), &QScrollBar::valueChanged, this, &PinnedColumns::place);
    connect(table->horizontalHeader(), &QHeaderView::sectionResized, this, &PinnedColumns::place);
    connect(table->model(), &QAbstractItemModel::modelReset, this, [this] { set_count(m_count); });
    table->installEventFilter(this);
    hide();
}

void PinnedColumns::set_count(int columns) {
    m_count = columns;
    for (int column = 0; column < model()->columnCount(); ++column) setColumnHidden(column, column >= columns);
    place();
}

void PinnedColumns::place() {
    int width = 0;
    for (int column = 0; column < std::min(m_count, model()->columnCount()); ++column) {
        setColumnWidth(column, m_table->columnWidth(column));
        width += m_table->columnWidth(column);
    }
    const int head = horizontalHeader()->isHidden() ? 0 : horizontalHeader()->height();
    setGeometry(0, 0, width, head + m_table->viewport()->height());
    m_edge->setGeometry(width - 1, 0, 1, height());
    m_edge->raise();
    setVisible(width > 0 && m_table->horizontalScrollBar()->value() > 0);   // before that the columns themselves are there
    verticalScrollBar()->setValue(m_table->verticalScrollBar()->value());
    raise();
}

bool PinnedColumns::eventFilter(QObject* object, QEvent* event) {
    if (object == m_table && event->type() == QEvent::Resize) place();
    return QTableView::eventFilter(object, event);
}

}
