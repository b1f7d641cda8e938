#pragma once
// A table with sorting by several columns (click; Shift+click adds a key; the third click restores), right-aligned figures, copy and CSV export. Empty and
// failed values sort last. For any model, or for plain rows.
#include <QAbstractProxyModel>
#include <QAbstractTableModel>
#include <QHeaderView>
#include <QTableView>

namespace lathe {

struct SortKey { int column = 0; Qt::SortOrder order = Qt::AscendingOrder; };

/// Sorts by several keys: numbers as numbers (Qt::EditRole), texts in natural order ("#9" before "#10"), missing values last in both directions. Large tables
/// are sorted on another thread; the rows keep their old order until then.
class MultiSortModel : public QAbstractProxyModel {
    Q_OBJECT
public:
    using QAbstractProxyModel::QAbstractProxyModel;
    void setSourceModel(QAbstractItemModel* source) override;
    void set_keys(const QList<SortKey>& keys);
    const QList<SortKey>& keys() const { return m_keys; }
    bool is_sorting() const { return m_sorting; }
    QModelIndex mapToSource(const QModelIndex& index) const override;
    QModelIndex mapFromSource(const QModelIndex& index) const override;
    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex&) const override { return {}; }
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_order.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() || !sourceModel() ? 0 : sourceModel()->columnCount(); }
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
Q_SIGNALS:
    void sorted();
private:
    void reset();
    void sort_rows();
    void take_order(const QList<int>& order);
    QList<SortKey> m_keys;
    QList<int> m_order, m_place;          // row here -> row of the source, and back
    quint64 m_serial = 0;
    bool m_sorting = false;
};

/// Head with arrows and numbers of the sort keys.
class SortHeader : public QHeaderView {
    Q_OBJECT
public:
    explicit SortHeader(QWidget* parent = nullptr);
    void set_keys(const QList<SortKey>& keys);
protected:
    void paintSection(QPainter* painter, const QRect& rect, int section) const override;
    QSize sectionSizeFromContents(int section) const override;
private:
    QList<SortKey> m_keys;
};

/// Rows of plain values; doubles are shown with one precision per column.
class RowsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    void set_table(const QStringList& heads, const QList<QVariantList>& rows);
    void set_precision(int column, int decimals);
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_heads.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
private:
    QStringList m_heads;
    QList<QVariantList> m_rows;
    QList<int> m_precision;
};

class TableView : public QTableView {
    Q_OBJECT
public:
    explicit TableView(QWidget* parent = nullptr);
    void set_model(QAbstractItemModel* model);               ///< sorted through sort_model()
    void set_table(const QStringList& heads, const QList<QVariantList>& rows);
    MultiSortModel* sort_model() { return m_sort; }
    void set_sort_keys(const QList<SortKey>& keys);
    QString as_csv(bool selected_only = false) const;
    bool export_csv(const QString& file) const;
    void copy_selection() const;
Q_SIGNALS:
    void sort_changed(QList<lathe::SortKey> keys);
protected:
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void changeEvent(QEvent* event) override;
private:
    void head_clicked(int section);
    void set_row_height(int height);
    MultiSortModel* m_sort;
    RowsModel* m_rows = nullptr;
    SortHeader* m_head;
};

/// RFC 4180 with UTF-8; cells that begin with = + - @ and are no number are quoted with an apostrophe so that no spreadsheet runs them.
QString csv_cell(const QString& text);
/// A window of its own with the table, above the window of the widget.
void show_table_window(QWidget* above, const QString& title, const QStringList& heads, const QList<QVariantList>& rows);

}
