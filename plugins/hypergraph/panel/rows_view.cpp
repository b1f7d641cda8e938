#include "plugins/hypergraph/panel/rows_view.h"
#include "viewers/table_view.h"
#include <QItemSelectionModel>
#include <QScopedValueRollback>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

namespace lathe::hypergraph {
namespace {
constexpr std::size_t kMostSelectedRows = 5000;            // ranges of a selection are slow; the others stay selected in the graph
}

void CsvModel::set_table(std::shared_ptr<const CsvTable> table, std::vector<MoreCells> more) {
    beginResetModel();
    m_table = std::move(table);
    m_more = std::move(more);
    renumber();
    endResetModel();
}

void CsvModel::set_visible(std::vector<std::uint8_t> visible) {
    if (visible == m_visible) return;
    beginResetModel();
    m_visible = std::move(visible);
    renumber();
    endResetModel();
}

void CsvModel::renumber() {
    m_ids.clear();
    const std::size_t rows = m_table ? m_table->rows.size() : 0;
    m_rows.assign(rows, -1);
    for (std::size_t i = 0; i < rows; ++i) {
        if (m_visible.size() == rows && !m_visible[i]) continue;
        m_rows[i] = int(m_ids.size());
        m_ids.push_back(std::int32_t(i));
    }
}

int CsvModel::columnCount(const QModelIndex& parent) const { return parent.isValid() || !m_table ? 0 : int(m_table->columns.size() + m_more.size()); }

const std::string& CsvModel::cell(std::int32_t id, int column) const {
    static const std::string none;
    const std::size_t own = m_table->columns.size();
    if (std::size_t(column) < own) return m_table->rows[std::size_t(id)][std::size_t(column)];
    const MoreCells& more = m_more[std::size_t(column) - own];
    return std::size_t(id) < more.cells.size() ? more.cells[std::size_t(id)] : none;
}

QVariant CsvModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_table) return {};
    const std::string& text = cell(id_of(index.row()), index.column());
    if (role == Qt::DisplayRole) return shown_cell(text);
    const auto number = role == Qt::EditRole || role == Qt::TextAlignmentRole ? parse_number(text) : std::nullopt;
    if (role == Qt::EditRole) return text.empty() ? QVariant() : number ? QVariant(*number) : QVariant(QString::fromStdString(text));
    if (role == Qt::TextAlignmentRole) return QVariant(int(Qt::AlignVCenter | (number ? Qt::AlignRight : Qt::AlignLeft)));
    return {};
}

QVariant CsvModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || !m_table) return {};
    const std::size_t own = m_table->columns.size();
    return std::size_t(section) < own ? QString::fromStdString(m_table->columns[std::size_t(section)]) : std::size_t(section) - own < m_more.size() ? m_more[std::size_t(section) - own].head : QString();
}

RowsView::RowsView(const QString& name, QWidget* parent) : QWidget(parent), m_view(new TableView(this)), m_model(new CsvModel(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_view);
    m_view->setAccessibleName(name);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_view->set_model(m_model);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (m_following) return;
        std::vector<std::int32_t> ids;
        for (const QModelIndex& row : m_view->selectionModel()->selectedRows()) ids.push_back(m_model->id_of(m_view->sort_model()->mapToSource(row).row()));
        std::ranges::sort(ids);
        Q_EMIT selected(ids);
    });
}

void RowsView::set_table(std::shared_ptr<const CsvTable> table, std::vector<MoreCells> more) {
    const QScopedValueRollback following(m_following, true);
    const bool same_heads = m_model->columnCount() == int((table ? table->columns.size() : 0) + more.size());
    m_model->set_table(std::move(table), std::move(more));
    if (!same_heads && m_model->rowCount() > 0) m_view->resizeColumnsToContents();
}

void RowsView::set_visible_rows(std::vector<std::uint8_t> visible) {
    const QScopedValueRollback following(m_following, true);
    m_model->set_visible(std::move(visible));
}

void RowsView::select(const std::vector<std::int32_t>& ids) {
    const QScopedValueRollback following(m_following, true);
    QItemSelection rows;
    QModelIndex first;
    for (std::size_t i = 0; i < std::min(ids.size(), kMostSelectedRows); ++i) {
        const int row = m_model->row_of(ids[i]);
        if (row < 0) continue;
        const QModelIndex at = m_view->sort_model()->mapFromSource(m_model->index(row, 0));
        if (!first.isValid()) first = at;
        rows.select(at, at);
    }
    m_view->selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    if (!first.isValid()) return;
    m_view->selectionModel()->setCurrentIndex(first, QItemSelectionModel::NoUpdate);
    m_view->scrollTo(first);
}

}
