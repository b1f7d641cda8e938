#pragma once
// A table of nodes or hyperedges below the graph: it follows the filters of the graph and shares the selection. GUI thread only.
#include "plugins/hypergraph/panel/shown_graph.h"
#include <QAbstractTableModel>
#include <QWidget>

namespace lathe {
class TableView;
}

namespace lathe::hypergraph {

struct MoreCells {
    QString head;
    std::vector<std::string> cells;                        ///< one a row
};

/// Rows of a CSV table and columns that came later; the first column is the row's number.
class CsvModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    void set_table(std::shared_ptr<const CsvTable> table, std::vector<MoreCells> more);
    void set_visible(std::vector<std::uint8_t> visible);   ///< 0 hides; empty: all
    std::int32_t id_of(int row) const { return m_ids[std::size_t(row)]; }
    int row_of(std::int32_t id) const { return std::size_t(id) < m_rows.size() ? m_rows[std::size_t(id)] : -1; }   ///< -1: hidden
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_ids.size()); }
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
private:
    const std::string& cell(std::int32_t id, int column) const;
    void renumber();
    std::shared_ptr<const CsvTable> m_table;
    std::vector<MoreCells> m_more;
    std::vector<std::uint8_t> m_visible;
    std::vector<std::int32_t> m_ids;
    std::vector<int> m_rows;
};

class RowsView : public QWidget {
    Q_OBJECT
public:
    explicit RowsView(const QString& name, QWidget* parent = nullptr);
    void set_table(std::shared_ptr<const CsvTable> table, std::vector<MoreCells> more = {});
    void set_visible_rows(std::vector<std::uint8_t> visible);
    void select(const std::vector<std::int32_t>& ids);     ///< no signal; hidden ones are passed over
    TableView* table() { return m_view; }
    CsvModel* model() { return m_model; }
Q_SIGNALS:
    void selected(std::vector<std::int32_t> ids);          ///< by the user
private:
    TableView* m_view;
    CsvModel* m_model;
    bool m_following = false;
};

}
