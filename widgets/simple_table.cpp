#include "widgets/simple_table.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>

namespace lathe {

namespace {

void show_tone(QTableWidgetItem* cell, bool stale) {
    const ThemeColours& c = Theme::instance().colours();
    const auto tone = CellTone(cell->data(Qt::UserRole).toInt());
    const QColor colours[] = {c.text, c.text2, c.ok, c.warn, c.err, c.text};
    cell->setForeground(stale ? c.text3 : colours[int(tone)]);
    QFont f = Theme::instance().font(12, tone == CellTone::strong);
    f.setItalic(stale);
    cell->setFont(f);
}

}

void prepare_table(QTableView* table) {
    const auto style = [table] {
        QPalette p = Theme::instance().palette();
        p.setColor(QPalette::Base, Theme::instance().colours().base);
        table->setPalette(p);
        table->setFont(Theme::instance().font(12));
        table->horizontalHeader()->setFont(Theme::instance().font(12, true));
        table->verticalHeader()->setDefaultSectionSize(std::max(metric::table_row, QFontMetrics(Theme::instance().font(12)).height() + 10));
        table->horizontalHeader()->setFixedHeight(std::max(metric::head, QFontMetrics(Theme::instance().font(12)).height() + 10));
    };
    table->setProperty("lathe_lines", true);
    table->setShowGrid(false);
    table->setFrameShape(QFrame::NoFrame);
    table->setWordWrap(false);
    table->setAlternatingRowColors(false);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table->setTabKeyNavigation(false);   // Tab leaves the table
    table->setMouseTracking(true);
    table->verticalHeader()->hide();
    table->verticalHeader()->setMinimumSectionSize(20);
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    style();
    QObject::connect(&Theme::instance(), &Theme::changed, table, style);
}

SimpleTable::SimpleTable(const QStringList& heads, QWidget* parent) : QTableWidget(0, int(heads.size()), parent) {
    prepare_table(this);
    setHorizontalHeaderLabels(heads);
    setEditTriggers(NoEditTriggers);
    setSelectionMode(ExtendedSelection);
    for (int i = 0; i < heads.size(); ++i) {
        horizontalHeaderItem(i)->setTextAlignment((i == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
        horizontalHeader()->setSectionResizeMode(i, i == 0 ? QHeaderView::Stretch : QHeaderView::ResizeToContents);
    }
    horizontalHeader()->setMinimumSectionSize(40);
    set_fit_rows(true);
    connect(&Theme::instance(), &Theme::changed, this, &SimpleTable::retone);
}

void SimpleTable::set_text_columns(const QList<int>& columns) {
    m_text_columns << columns;
    for (const int column : columns) horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

void SimpleTable::set_rows(const QList<QStringList>& rows) {
    const bool resized = rows.size() != rowCount();
    setRowCount(int(rows.size()));
    for (int r = 0; r < rows.size(); ++r)
        for (int c = 0; c < columnCount(); ++c) {
            QTableWidgetItem* cell = item(r, c);
            if (!cell) {
                cell = new QTableWidgetItem;
                cell->setTextAlignment((m_text_columns.contains(c) ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
                setItem(r, c, cell);
            }
            cell->setText(rows[r].value(c));
        }
    retone();
    if (resized) updateGeometry();
}

void SimpleTable::set_tone(int row, int column, CellTone tone) {
    if (QTableWidgetItem* cell = item(row, column)) {
        cell->setData(Qt::UserRole, int(tone));
        show_tone(cell, m_stale);
    }
}

void SimpleTable::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    retone();
}

void SimpleTable::retone() {
    for (int r = 0; r < rowCount(); ++r)
        for (int i = 0; i < columnCount(); ++i)
            if (QTableWidgetItem* cell = item(r, i)) show_tone(cell, m_stale);
}

void SimpleTable::set_fit_rows(bool fit) {
    m_fit = fit;
    setVerticalScrollBarPolicy(fit ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
    setSizePolicy(QSizePolicy::Expanding, fit ? QSizePolicy::Fixed : QSizePolicy::Expanding);
    updateGeometry();
}

QSize SimpleTable::sizeHint() const {
    if (!m_fit) return QTableWidget::sizeHint();
    return {240, (horizontalHeader()->isHidden() ? 0 : horizontalHeader()->height()) + rowCount() * verticalHeader()->defaultSectionSize()};
}

QSize SimpleTable::minimumSizeHint() const { return m_fit ? QSize(120, sizeHint().height()) : QSize(120, 80); }

QString SimpleTable::as_csv() const {
    const auto quoted = [](QString cell) {
        const bool needs = cell.contains(u'"') || cell.contains(u',') || cell.contains(u'\n');
        return needs ? u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"' : cell;
    };
    QString csv;
    for (int r = -1; r < rowCount(); ++r) {
        QStringList cells;
        for (int c = 0; c < columnCount(); ++c) cells << quoted(r < 0 ? horizontalHeaderItem(c)->text() : item(r, c) ? item(r, c)->text() : QString());
        csv += cells.join(u',') + QStringLiteral("\r\n");
    }
    return csv;
}

void SimpleTable::keyPressEvent(QKeyEvent* event) {
    if (!event->matches(QKeySequence::Copy)) { QTableWidget::keyPressEvent(event); return; }
    QStringList lines;
    for (int r = 0; r < rowCount(); ++r) {
        if (!selectionModel()->isRowSelected(r)) continue;
        QStringList cells;
        for (int c = 0; c < columnCount(); ++c) cells << (item(r, c) ? item(r, c)->text() : QString());
        lines << cells.join(u'\t');
    }
    QApplication::clipboard()->setText(lines.join(u'\n'));
}

}
