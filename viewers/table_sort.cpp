// Sorting of tables by several keys.
#include "viewers/table_view.h"
#include <QCollator>
#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace lathe {
namespace {

constexpr int kRowsAtOnce = 2000;   // rows

/// What a column is compared by: numbers before texts before what is missing.
struct Column {
    enum Kind : char { number, text, missing };
    struct Cell { Kind kind = missing; double value = 0; qsizetype text = -1; };
    std::vector<Cell> cells;
    QStringList texts;
    std::vector<QCollatorSortKey> keys;      // of the texts
    Qt::SortOrder order = Qt::AscendingOrder;
};

Column column_of(const QAbstractItemModel& model, const SortKey& key) {
    Column column;
    column.order = key.order;
    const int rows = model.rowCount();
    column.cells.resize(std::size_t(rows));
    for (int r = 0; r < rows; ++r) {
        const QVariant value = model.index(r, key.column).data(Qt::EditRole);
        Column::Cell& cell = column.cells[std::size_t(r)];
        switch (value.typeId()) {
        case QMetaType::UnknownType: break;
        case QMetaType::Double: case QMetaType::Float: case QMetaType::Int: case QMetaType::UInt: case QMetaType::LongLong: case QMetaType::ULongLong: case QMetaType::Bool:
            if (cell.value = value.toDouble(); !std::isnan(cell.value)) cell.kind = Column::number;
            break;
        default:
            if (const QString text = value.toString(); !text.isEmpty()) {
                cell.kind = Column::text;
                cell.text = column.texts.size();
                column.texts << text;
            }
        }
    }
    return column;
}

QList<int> sorted_rows(std::vector<Column> columns, int rows) {
    // The C locale compares bytes and knows no numbers.
    QCollator collator(QLocale().language() == QLocale::C ? QLocale(QLocale::English) : QLocale());
    collator.setNumericMode(true);
    collator.setCaseSensitivity(Qt::CaseInsensitive);
    for (Column& column : columns) {
        column.keys.reserve(std::size_t(column.texts.size()));
        for (const QString& text : std::as_const(column.texts)) column.keys.push_back(collator.sortKey(text));
    }
    QList<int> order(rows);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&columns](int left, int right) {
        for (const Column& column : columns) {
            const Column::Cell &a = column.cells[std::size_t(left)], &b = column.cells[std::size_t(right)];
            const bool up = column.order == Qt::AscendingOrder;
            if (a.kind != b.kind) return a.kind == Column::missing || b.kind == Column::missing ? b.kind == Column::missing : (a.kind < b.kind) == up;
            if (a.kind == Column::number && a.value != b.value) return (a.value < b.value) == up;
            if (a.kind != Column::text) continue;
            if (const int by = column.keys[std::size_t(a.text)].compare(column.keys[std::size_t(b.text)]); by != 0) return (by < 0) == up;
        }
        return false;
    });
    return order;
}

}

void MultiSortModel::setSourceModel(QAbstractItemModel* source) {
    if (sourceModel()) disconnect(sourceModel(), nullptr, this, nullptr);
    beginResetModel();
    QAbstractProxyModel::setSourceModel(source);
    m_order.clear();
    m_place.clear();
    if (source) {
        connect(source, &QAbstractItemModel::modelReset, this, &MultiSortModel::reset);
        connect(source, &QAbstractItemModel::layoutChanged, this, &MultiSortModel::reset);
        connect(source, &QAbstractItemModel::rowsInserted, this, &MultiSortModel::reset);
        connect(source, &QAbstractItemModel::rowsRemoved, this, &MultiSortModel::reset);
        connect(source, &QAbstractItemModel::dataChanged, this, [this] {
            if (!m_order.isEmpty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        });
        m_order.resize(source->rowCount());
        std::iota(m_order.begin(), m_order.end(), 0);
        m_place = m_order;
    }
    endResetModel();
    sort_rows();
}

void MultiSortModel::reset() {
    beginResetModel();
    m_order.resize(sourceModel()->rowCount());
    std::iota(m_order.begin(), m_order.end(), 0);
    m_place = m_order;
    endResetModel();
    sort_rows();
}

void MultiSortModel::set_keys(const QList<SortKey>& keys) {
    m_keys = keys;
    sort_rows();
}

void MultiSortModel::sort_rows() {
    const quint64 serial = ++m_serial;
    m_sorting = false;
    if (!sourceModel() || m_order.isEmpty()) return;
    const int rows = int(m_order.size());
    std::vector<Column> columns;
    for (const SortKey& key : std::as_const(m_keys))
        if (key.column >= 0 && key.column < columnCount()) columns.push_back(column_of(*sourceModel(), key));
    if (rows <= kRowsAtOnce || columns.empty()) return take_order(sorted_rows(std::move(columns), rows));
    m_sorting = true;
    QThreadPool::globalInstance()->start([self = QPointer<MultiSortModel>(this), serial, rows, columns = std::move(columns)]() mutable {
        const QList<int> order = sorted_rows(std::move(columns), rows);
        QMetaObject::invokeMethod(qApp, [self, serial, order] {
            if (self && self->m_serial == serial) self->take_order(order);   // else something newer is under way
        }, Qt::QueuedConnection);
    });
}

void MultiSortModel::take_order(const QList<int>& order) {
    m_sorting = false;
    if (order != m_order) {
        Q_EMIT layoutAboutToBeChanged();
        const QModelIndexList before = persistentIndexList();
        QModelIndexList in_source;
        for (const QModelIndex& index : before) in_source << mapToSource(index);
        m_order = order;
        for (int row = 0; row < int(m_order.size()); ++row) m_place[m_order[row]] = row;
        QModelIndexList after;
        for (const QModelIndex& index : std::as_const(in_source)) after << mapFromSource(index);
        changePersistentIndexList(before, after);
        Q_EMIT layoutChanged();
    }
    Q_EMIT sorted();
}

QModelIndex MultiSortModel::mapToSource(const QModelIndex& index) const {
    return index.isValid() && index.row() < m_order.size() ? sourceModel()->index(m_order[index.row()], index.column()) : QModelIndex();
}
QModelIndex MultiSortModel::mapFromSource(const QModelIndex& index) const {
    return index.isValid() && index.row() < m_place.size() ? createIndex(m_place[index.row()], index.column()) : QModelIndex();
}
QModelIndex MultiSortModel::index(int row, int column, const QModelIndex& parent) const {
    return parent.isValid() || row < 0 || row >= m_order.size() || column < 0 || column >= columnCount() ? QModelIndex() : createIndex(row, column);
}
QVariant MultiSortModel::headerData(int section, Qt::Orientation orientation, int role) const {
    return sourceModel() ? sourceModel()->headerData(section, orientation, role) : QVariant();
}

}
