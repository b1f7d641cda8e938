#include "viewers/table_view.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include <QApplication>
#include <QClipboard>
#include <QDialog>
#include <QFileDialog>
#include <QKeyEvent>
#include <QMenu>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace lathe {

TableView::TableView(QWidget* parent) : QTableView(parent), m_sort(new MultiSortModel(this)), m_head(new SortHeader(this)) {
    setHorizontalHeader(m_head);
    QTableView::setModel(m_sort);
    setAccessibleName(tr("Table"));
    setProperty("lathe_lines", true);   // rows are parted by 1 px lines, drawn by the style
    setShowGrid(false);
    setFrameShape(QFrame::NoFrame);
    setWordWrap(false);
    setTabKeyNavigation(false);         // Tab leaves the table
    setSelectionMode(ExtendedSelection);
    setVerticalScrollMode(ScrollPerPixel);
    setHorizontalScrollMode(ScrollPerPixel);
    verticalHeader()->hide();
    verticalHeader()->setMinimumSectionSize(20);
    m_head->setSectionsMovable(true);
    m_head->setResizeContentsPrecision(200);   // rows that are looked at for the width of a column
    connect(m_head, &QHeaderView::sectionClicked, this, &TableView::head_clicked);
    setFont(ViewStyle::font(12));
    m_head->setFont(ViewStyle::font(12, true));
    set_row_height(std::max(26, QFontMetrics(font()).height() + 10));
}

void TableView::set_model(QAbstractItemModel* model) {
    m_sort->setSourceModel(model);
    set_sort_keys(m_sort->keys());
    resizeColumnsToContents();
}

void TableView::set_table(const QStringList& heads, const QList<QVariantList>& rows) {
    if (!m_rows) m_rows = new RowsModel(this);
    m_rows->set_table(heads, rows);
    if (m_sort->sourceModel() != m_rows) m_sort->setSourceModel(m_rows);
    QList<SortKey> keys = m_sort->keys();
    keys.removeIf([&heads](const SortKey& key) { return key.column >= heads.size(); });
    set_sort_keys(keys);
    resizeColumnsToContents();
}

void TableView::set_sort_keys(const QList<SortKey>& keys) {
    m_sort->set_keys(keys);
    m_head->set_keys(keys);
}

/// First click: ascending; second: descending; third: as it was. Shift keeps the other keys.
void TableView::head_clicked(int section) {
    const bool add = QApplication::keyboardModifiers() & Qt::ShiftModifier;
    QList<SortKey> keys = m_sort->keys();
    const auto known = std::find_if(keys.begin(), keys.end(), [section](const SortKey& key) { return key.column == section; });
    if (known == keys.end()) {
        if (!add) keys.clear();
        keys << SortKey{section, Qt::AscendingOrder};
    } else if (known->order == Qt::AscendingOrder) {
        known->order = Qt::DescendingOrder;
        if (!add) keys = {*known};
    } else {
        keys.erase(known);
        if (!add) keys.clear();
    }
    set_sort_keys(keys);
    Q_EMIT sort_changed(keys);
}

QString TableView::as_csv(bool selected_only) const {
    QList<int> columns;   // as they are seen
    for (int visual = 0; visual < m_head->count(); ++visual)
        if (const int logical = m_head->logicalIndex(visual); !m_head->isSectionHidden(logical)) columns << logical;
    QString text;
    const auto line = [&text](const QStringList& cells) { text += cells.join(u',') + QStringLiteral("\r\n"); };
    QStringList cells;
    for (const int c : std::as_const(columns)) cells << csv_cell(m_sort->headerData(c, Qt::Horizontal).toString());
    line(cells);
    for (int r = 0; r < m_sort->rowCount(); ++r) {
        if (selected_only && !selectionModel()->rowIntersectsSelection(r)) continue;
        cells.clear();
        for (const int c : std::as_const(columns)) {
            const QVariant value = m_sort->index(r, c).data(Qt::EditRole);
            const bool number = value.typeId() == QMetaType::Double || value.typeId() == QMetaType::Float;
            cells << (number ? (std::isnan(value.toDouble()) ? QString() : QString::number(value.toDouble(), 'g', 12)) : csv_cell(value.isValid() ? value.toString() : m_sort->index(r, c).data().toString()));
        }
        line(cells);
    }
    return text;
}

bool TableView::export_csv(const QString& file) const { return write_text(file, as_csv()); }

void TableView::copy_selection() const {
    QModelIndexList cells = selectionModel()->selectedIndexes();
    if (cells.isEmpty()) return;
    std::sort(cells.begin(), cells.end(), [this](const QModelIndex& a, const QModelIndex& b) {
        return a.row() != b.row() ? a.row() < b.row() : m_head->visualIndex(a.column()) < m_head->visualIndex(b.column());
    });
    QString text;
    for (qsizetype i = 0; i < cells.size(); ++i) {
        if (i > 0) text += cells[i].row() == cells[i - 1].row() ? u'\t' : u'\n';
        text += cells[i].data().toString();
    }
    QApplication::clipboard()->setText(text);
}

void TableView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) copy_selection();
    else QTableView::keyPressEvent(event);
}

void TableView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Copy"), this, &TableView::copy_selection)->setEnabled(selectionModel()->hasSelection());
    menu.addAction(tr("Copy all as CSV"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Export the table"), QStringLiteral("table.csv"), tr("Table (*.csv)"));
        if (!file.isEmpty() && !export_csv(file)) show_export_failed(file);
    });
    menu.addSeparator();
    menu.addAction(tr("Fit all columns"), this, &QTableView::resizeColumnsToContents);
    menu.addAction(tr("Rows in their own order"), this, [this] {
        set_sort_keys({});
        Q_EMIT sort_changed({});
    })->setEnabled(!m_sort->keys().isEmpty());
    menu.exec(event->globalPos());
}

void TableView::wheelEvent(QWheelEvent* event) {
    if (!(event->modifiers() & Qt::ControlModifier)) return QTableView::wheelEvent(event);
    set_row_height(std::clamp(verticalHeader()->defaultSectionSize() + (event->angleDelta().y() > 0 ? 2 : -2), 20, 80));
    event->accept();
}

void TableView::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && m_head) m_head->viewport()->update();
    QTableView::changeEvent(event);
}

void TableView::set_row_height(int height) { verticalHeader()->setDefaultSectionSize(height); }

void show_table_window(QWidget* above, const QString& title, const QStringList& heads, const QList<QVariantList>& rows) {
    auto* dialog = new QDialog(above->window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->resize(640, 480);
    auto* column = new QVBoxLayout(dialog);
    auto* table = new TableView(dialog);
    table->set_table(heads, rows);
    column->addWidget(table);
    dialog->show();
}

}
