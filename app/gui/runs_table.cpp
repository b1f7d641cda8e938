#include "app/gui/runs_table.h"
#include "app/gui/pinned_columns.h"
#include "widgets/run_delegate.h"
#include "widgets/simple_table.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QHeaderView>
#include <QMenu>
#include <QScrollBar>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <utility>

namespace lathe {

RunsTable::RunsTable(RunsModel& model, RunsLook& look, QWidget* parent) : QWidget(parent), m_model(model), m_look(look), m_top_model(new RunsTop(look, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_top = new QTableView(this);
    m_list = new QTableView(this);
    m_head = new SortHeader(m_top);
    m_top->setHorizontalHeader(m_head);
    m_top->setModel(m_top_model);
    m_list->setModel(&model);
    for (QTableView* view : {m_top, m_list}) {
        prepare_table(view);
        view->setItemDelegate(new RunDelegate(view));
        view->setSelectionBehavior(QAbstractItemView::SelectRows);
        view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
        view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
        view->verticalHeader()->hide();
        view->setFrameShape(QFrame::NoFrame);
        view->setTabKeyNavigation(false);
        view->setContextMenuPolicy(Qt::CustomContextMenu);
        view->horizontalHeader()->setStretchLastSection(true);
        view->horizontalHeader()->setMinimumSectionSize(28);
    }
    m_top->setAccessibleName(tr("Baseline"));
    m_top->setSelectionMode(QAbstractItemView::NoSelection);
    m_top->setFocusPolicy(Qt::NoFocus);
    m_top->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_top->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setAccessibleName(tr("Runs"));
    m_list->horizontalHeader()->hide();
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_list->setDragEnabled(true);
    m_list->setDragDropMode(QAbstractItemView::DragOnly);
    m_list->viewport()->installEventFilter(this);
    column->addWidget(m_top);
    column->addWidget(m_list, 1);

    m_head->setSectionsMovable(true);
    m_head->setSectionsClickable(true);
    m_head->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_head, &QHeaderView::sectionClicked, this, &RunsTable::head_clicked);
    connect(m_head, &QHeaderView::sectionResized, this, [this](int section, int, int size) { m_list->setColumnWidth(section, size); });
    m_head->viewport()->installEventFilter(this);
    connect(m_head, &QHeaderView::sectionMoved, this, [this] { QMetaObject::invokeMethod(this, &RunsTable::follow_columns, Qt::QueuedConnection); });
    connect(m_head, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) { show_head_menu(m_head->logicalIndexAt(at), m_head->mapToGlobal(at)); });
    m_pinned_head = new SortHeader(this);
    m_pinned_head->setSectionsClickable(true);
    m_pinned_head->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_pinned_head, &QHeaderView::sectionClicked, this, &RunsTable::head_clicked);
    connect(m_pinned_head, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) { show_head_menu(m_pinned_head->logicalIndexAt(at), m_pinned_head->mapToGlobal(at)); });
    m_pinned_top = new PinnedColumns(m_top, m_pinned_head);
    m_pinned = new PinnedColumns(m_list);
    m_pinned->viewport()->installEventFilter(this);
    QScrollBar* across = m_list->horizontalScrollBar();
    connect(across, &QScrollBar::valueChanged, m_top->horizontalScrollBar(), &QScrollBar::setValue);
    connect(m_top->horizontalScrollBar(), &QScrollBar::valueChanged, across, &QScrollBar::setValue);
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (m_restoring) return;
        m_locate = false;
        m_kept = selected();
        m_kept_current = current();
        Q_EMIT selection_changed();
    });
    connect(m_list, &QTableView::doubleClicked, this, [this](const QModelIndex& index) {
        if (const ListedRun* entry = m_model.entry(index.row())) Q_EMIT activated(entry->run.id);
    });
    connect(m_list, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) { Q_EMIT menu_requested(m_list->viewport()->mapToGlobal(at)); });
    connect(m_top, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) { Q_EMIT menu_requested(m_top->viewport()->mapToGlobal(at)); });
    connect(&model, &RunsModel::loaded, this, &RunsTable::restore_selection);
    connect(&model, &QAbstractItemModel::modelAboutToBeReset, this, [this, across] { if (m_across < 0) m_across = across->value(); });
    connect(&model, &QAbstractItemModel::modelReset, this, [this] {
        QMetaObject::invokeMethod(this, [this] {
            restore_selection();   // the reset has dropped it
            fit_columns();
        }, Qt::QueuedConnection);
    });
    connect(&look, &RunsLook::changed, this, &RunsTable::show_top);
    show_top();
}

void RunsTable::show_head_menu(int section, const QPoint& global) {
    if (section < 0 || section >= int(m_look.columns.size())) return;
    const RunColumn& column = m_look.columns[std::size_t(section)];
    QMenu menu;
    menu.setToolTipsVisible(true);
    menu.addAction(column.is_pinned ? tr("Do not pin %1").arg(column.label) : tr("Pin %1 to the left").arg(column.label), this, [this, section] { pin_column(section); });
    QAction* hide = menu.addAction(tr("Hide %1").arg(column.label), this, [this, section] { hide_column(section); });
    hide->setEnabled(column.kind != RunColumn::number);
    if (!hide->isEnabled()) hide->setToolTip(tr("The number names the run."));
    menu.addAction(tr("Fit all columns"), this, &RunsTable::fit_all_columns);
    menu.exec(global);
}

/// Pinned columns stand first, in the order in which they were pinned.
void RunsTable::pin_column(int column) {
    m_look.columns[std::size_t(column)].is_pinned = !m_look.columns[std::size_t(column)].is_pinned;
    m_model.columns_changed();
    show_sort();
    Q_EMIT columns_moved();
}

void RunsTable::show_pinned() {
    const int pinned = int(std::count_if(m_look.columns.begin(), m_look.columns.end(), [](const RunColumn& column) { return column.is_pinned; }));
    m_pinned_top->set_count(pinned);
    m_pinned->set_count(pinned);
}

void RunsTable::show_top() {
    // The differences need room of their own as soon as there is something to differ from.
    const QString shown = m_look.baseline ? QStringLiteral("%1 %2").arg(m_look.baseline->run.id).arg(m_look.percent) : QString();
    if (std::exchange(m_shown_top, shown) != shown) QMetaObject::invokeMethod(this, &RunsTable::fit_columns, Qt::QueuedConnection);
    const int rows = m_look.baseline ? 1 : 0;
    m_top->setFixedHeight(m_head->sizeHint().height() + rows * (m_top->verticalHeader()->defaultSectionSize() + 2));
    m_top->viewport()->update();
    m_pinned_top->place();
}

/// Columns moved in the head are moved in the look, so that both views and what is saved have one order.
void RunsTable::follow_columns() {
    std::vector<RunColumn> order;
    std::vector<int> widths;
    for (int visual = 0; visual < m_head->count(); ++visual) {
        const int logical = m_head->logicalIndex(visual);
        order.push_back(m_look.columns[std::size_t(logical)]);
        widths.push_back(m_head->sectionSize(logical));
    }
    {
        const QSignalBlocker quiet(m_head);
        for (int i = 0; i < m_head->count(); ++i) m_head->moveSection(m_head->visualIndex(i), i);
    }
    m_look.columns = std::move(order);
    m_model.columns_changed();
    for (std::size_t i = 0; i < widths.size(); ++i) m_head->resizeSection(int(i), widths[i]);
    show_sort();
    Q_EMIT columns_moved();
}

void RunsTable::hide_column(int column) {
    m_look.columns.erase(m_look.columns.begin() + column);
    m_model.columns_changed();
    Q_EMIT columns_moved();
}

void RunsTable::fit_all_columns() {
    m_dragged.clear();
    fit_columns();
    Q_EMIT columns_dragged();
}

void RunsTable::set_dragged(QHash<QString, int> widths) {
    m_dragged = std::move(widths);
    fit_columns();
}

void RunsTable::fit_columns() {
    const int rows = std::min(m_model.rowCount(), 60);
    const QStyleOptionViewItem option;
    for (int column = 0; column < int(m_look.columns.size()); ++column) {
        const RunColumn& shown = m_look.columns[std::size_t(column)];
        int delta = 0;
        for (int row = 0; row < rows; ++row) delta = std::max(delta, RunDelegate::delta_width(m_model.index(row, column)));
        for (QTableView* view : {m_top, m_list, static_cast<QTableView*>(m_pinned_top), static_cast<QTableView*>(m_pinned)}) static_cast<RunDelegate*>(view->itemDelegate())->set_delta_width(column, delta);
        int width = m_head->sectionSizeHint(column);
        for (int row = 0; row < rows; ++row) width = std::max(width, m_list->itemDelegate()->sizeHint(option, m_model.index(row, column)).width());
        if (m_look.baseline) width = std::max(width, m_top->itemDelegate()->sizeHint(option, m_top_model->index(0, column)).width());
        if (shown.kind == RunColumn::title) width = std::max(width, 150);
        width = shown.kind == RunColumn::swatch ? 36 : std::min(width + 8, 320);
        m_head->resizeSection(column, m_dragged.value(shown.id(), width));
        m_list->setColumnWidth(column, m_head->sectionSize(column));
    }
    show_top();
    show_pinned();
    if (const int across = std::exchange(m_across, -1); across > 0) {
        m_list->doItemsLayout();   // the range of the scroll bar follows the columns later otherwise
        m_list->horizontalScrollBar()->setValue(across);
    }
}

void RunsTable::head_clicked(int section) {
    const std::string name = m_look.columns[std::size_t(section)].sort_name();
    if (name.empty()) return;
    const bool add = QApplication::keyboardModifiers() & Qt::ShiftModifier;
    const auto known = std::find_if(m_sort.begin(), m_sort.end(), [&](const auto& key) { return key.first == name; });
    if (known == m_sort.end()) {
        if (!add) m_sort.clear();
        m_sort.emplace_back(name, true);
    } else if (known->second) {
        if (!add) std::erase_if(m_sort, [&](const auto& key) { return key.first != name; });
        for (auto& entry : m_sort)
            if (entry.first == name) entry.second = false;
    } else {
        std::erase_if(m_sort, [&](const auto& key) { return key.first == name; });
    }
    show_sort();
    Q_EMIT sort_changed();
}

void RunsTable::set_sort(std::vector<std::pair<std::string, bool>> sort) {
    m_sort = std::move(sort);
    show_sort();
}

void RunsTable::show_sort() {
    QList<SortKey> keys;
    for (const auto& [name, ascending] : m_sort)
        for (std::size_t i = 0; i < m_look.columns.size(); ++i)
            if (m_look.columns[i].sort_name() == name) keys << SortKey{int(i), ascending ? Qt::AscendingOrder : Qt::DescendingOrder};
    m_head->set_keys(keys);
    m_pinned_head->set_keys(keys);
}

QList<const ListedRun*> RunsTable::selected_entries() const {
    QList<const ListedRun*> entries;
    const QModelIndexList rows = m_list->selectionModel()->selectedRows();
    for (const QModelIndex& index : rows)
        if (const ListedRun* entry = m_model.entry(index.row())) entries << entry;
    return entries;
}

QList<RunId> RunsTable::selected() const {
    QList<RunId> runs;
    const QList<const ListedRun*> entries = selected_entries();
    for (const ListedRun* entry : entries) runs << entry->run.id;
    return runs;
}

RunId RunsTable::current() const {
    const ListedRun* entry = m_model.entry(m_list->currentIndex().row());
    return m_list->currentIndex().isValid() && entry ? entry->run.id : 0;
}

void RunsTable::select(const QList<RunId>& runs) {
    m_kept = runs;
    m_kept_current = runs.isEmpty() ? 0 : runs.first();
    m_locate = true;   // it may be among rows that are not loaded yet
    restore_selection();
    Q_EMIT selection_changed();
}

void RunsTable::restore_selection() {
    QItemSelection selection;
    int current = -1;
    for (const RunId run : std::as_const(m_kept)) {
        const int row = m_model.row_of(run);
        if (row < 0) continue;
        selection.select(m_model.index(row, 0), m_model.index(row, m_model.columnCount() - 1));
        if (run == m_kept_current) current = row;
    }
    m_restoring = true;
    const int across = m_list->horizontalScrollBar()->value();   // a run is brought into sight, not its first column
    m_list->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    if (current >= 0) m_list->selectionModel()->setCurrentIndex(m_model.index(current, std::max(0, m_list->currentIndex().column())), QItemSelectionModel::NoUpdate);
    m_list->horizontalScrollBar()->setValue(across);
    m_restoring = false;
    if (selected() != m_kept) {
        if (m_model.is_loading()) return;   // what is missing may be on its way
        if (std::exchange(m_locate, false) && !m_kept.isEmpty()) return m_model.locate(m_kept.first());
        m_kept = selected();
        Q_EMIT selection_changed();
    }
}

void RunsTable::edit_title() {
    const int row = m_list->currentIndex().row();
    for (std::size_t i = 0; i < m_look.columns.size(); ++i)
        if (m_look.columns[i].kind == RunColumn::title && row >= 0) {
            m_list->setFocus();
            m_list->setCurrentIndex(m_model.index(row, int(i)));
            m_list->edit(m_model.index(row, int(i)));
            return;
        }
}

void RunsTable::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    show_top();
}

void RunsTable::set_row_height(int height) {
    for (QTableView* view : {m_top, m_list, static_cast<QTableView*>(m_pinned_top), static_cast<QTableView*>(m_pinned)}) view->verticalHeader()->setDefaultSectionSize(std::clamp(height, 22, 80));
    show_top();
}

bool RunsTable::eventFilter(QObject* object, QEvent* event) {
    if ((object == m_list->viewport() || object == m_pinned->viewport()) && event->type() == QEvent::Wheel) {
        auto* wheel = static_cast<QWheelEvent*>(event);
        if (wheel->modifiers() & Qt::ControlModifier) {
            set_row_height(m_list->verticalHeader()->defaultSectionSize() + (wheel->angleDelta().y() > 0 ? 2 : -2));
            return true;
        }
    }
    if (object == m_head->viewport() && event->type() == QEvent::MouseButtonPress) m_widths_before = widths();
    if (object == m_head->viewport() && event->type() == QEvent::MouseButtonRelease) {
        const QList<int> now = widths(), before = std::exchange(m_widths_before, {});
        bool is_new = false;
        for (qsizetype i = 0; i + 1 < now.size() && now.size() == before.size(); ++i)   // the last one stretches by itself
            if (now[i] != before[i]) {
                m_dragged[m_look.columns[std::size_t(i)].id()] = now[i];
                is_new = true;
            }
        if (is_new) Q_EMIT columns_dragged();
    }
    return QWidget::eventFilter(object, event);
}

QList<int> RunsTable::widths() const {
    QList<int> all;
    for (int column = 0; column < int(m_look.columns.size()); ++column) all << m_head->sectionSize(column);
    return all;
}

}
