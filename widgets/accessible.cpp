#include "widgets/accessible.h"
#include "widgets/fold_title.h"
#include "widgets/slider.h"
#include <QAccessibleWidget>
#include <QHash>
#include <QMetaObject>
#include <algorithm>

namespace lathe {
namespace {

class TableAccessible;

/// One cell; made when a reader asks for it, owned by Qt's registry. The table lets go of it when it ends.
class CellAccessible final : public QAccessibleInterface, public QAccessibleTableCellInterface {
public:
    CellAccessible(TableAccessible* table, int row, int column) : m_table(table), m_row(row), m_column(column) {}
    void detach() { m_table = nullptr; }
    bool isValid() const override { return m_table; }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    QAccessibleInterface* parent() const override;
    QAccessibleInterface* child(int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QString text(QAccessible::Text kind) const override;
    void setText(QAccessible::Text, const QString&) override {}
    QRect rect() const override;
    QAccessible::Role role() const override { return QAccessible::Cell; }
    QAccessible::State state() const override;
    void* interface_cast(QAccessible::InterfaceType type) override { return type == QAccessible::TableCellInterface ? static_cast<QAccessibleTableCellInterface*>(this) : nullptr; }
    bool isSelected() const override;
    QList<QAccessibleInterface*> columnHeaderCells() const override { return {}; }
    QList<QAccessibleInterface*> rowHeaderCells() const override { return {}; }
    int columnIndex() const override { return m_column; }
    int rowIndex() const override { return m_row; }
    int columnExtent() const override { return 1; }
    int rowExtent() const override { return 1; }
    QAccessibleInterface* table() const override;

private:
    TableAccessible* m_table;
    int m_row, m_column;
};

class TableAccessible final : public QAccessibleWidget, public QAccessibleTableInterface {
public:
    static bool fits(const QObject* object) { return object->isWidgetType() && object->metaObject()->indexOfMethod("accessible_size()") >= 0; }
    explicit TableAccessible(QWidget* widget) : QAccessibleWidget(widget, QAccessible::Table) {}
    ~TableAccessible() override {
        for (const QAccessible::Id id : std::as_const(m_cells)) {
            if (auto* cell = static_cast<CellAccessible*>(QAccessible::accessibleInterface(id))) cell->detach();
            QAccessible::deleteAccessibleInterface(id);
        }
    }
    QString cell_text(int row, int column) const { return ask<QString>("accessible_cell", row, column); }
    QRect cell_rect(int row, int column) const {
        const QRect inside = ask<QRect>("accessible_cell_rect", row, column);
        return {widget()->mapToGlobal(inside.topLeft()), inside.size()};
    }
    QRect selection() const { return ask<QRect>("accessible_selection"); }

    void* interface_cast(QAccessible::InterfaceType type) override {
        return type == QAccessible::TableInterface ? static_cast<QAccessibleTableInterface*>(this) : QAccessibleWidget::interface_cast(type);
    }
    QString text(QAccessible::Text kind) const override {
        const QRect chosen = selection();
        return kind == QAccessible::Value && !chosen.isEmpty() ? cell_text(chosen.top(), chosen.left()) : QAccessibleWidget::text(kind);
    }
    int columnCount() const override { return ask<QSize>("accessible_size").width(); }
    int rowCount() const override { return ask<QSize>("accessible_size").height(); }
    QString columnDescription(int column) const override { return ask<QString>("accessible_head", column, false); }
    QString rowDescription(int row) const override { return ask<QString>("accessible_head", row, true); }
    QAccessibleInterface* cellAt(int row, int column) const override {
        const QSize size = ask<QSize>("accessible_size");
        if (row < 0 || column < 0 || row >= size.height() || column >= size.width()) return nullptr;
        const qint64 key = qint64(row) << 32 | column;
        if (const auto found = m_cells.constFind(key); found != m_cells.cend()) return QAccessible::accessibleInterface(*found);
        auto* cell = new CellAccessible(const_cast<TableAccessible*>(this), row, column);
        m_cells.insert(key, QAccessible::registerAccessibleInterface(cell));
        return cell;
    }
    int childCount() const override { return rowCount() * columnCount(); }
    QAccessibleInterface* child(int index) const override { return columnCount() > 0 ? cellAt(index / columnCount(), index % columnCount()) : nullptr; }
    int indexOfChild(const QAccessibleInterface* child) const override {
        const auto* cell = dynamic_cast<const CellAccessible*>(child);
        return cell ? cell->rowIndex() * columnCount() + cell->columnIndex() : -1;
    }
    QAccessibleInterface* caption() const override { return nullptr; }
    QAccessibleInterface* summary() const override { return nullptr; }
    int selectedCellCount() const override { return selection().isEmpty() ? 0 : selection().width() * selection().height(); }
    QList<QAccessibleInterface*> selectedCells() const override {
        QList<QAccessibleInterface*> cells;
        const QRect chosen = selection();
        for (int row = chosen.top(); row <= chosen.bottom(); ++row)
            for (int column = chosen.left(); column <= chosen.right(); ++column) cells << cellAt(row, column);
        return cells;
    }
    int selectedColumnCount() const override { return 0; }
    int selectedRowCount() const override { return 0; }
    QList<int> selectedColumns() const override { return {}; }
    QList<int> selectedRows() const override { return {}; }
    bool isColumnSelected(int) const override { return false; }
    bool isRowSelected(int) const override { return false; }
    bool selectRow(int) override { return false; }
    bool selectColumn(int) override { return false; }
    bool unselectRow(int) override { return false; }
    bool unselectColumn(int) override { return false; }
    void modelChange(QAccessibleTableModelChangeEvent*) override {}

private:
    template <class Answer, class... Arguments> Answer ask(const char* method, Arguments... arguments) const {
        Answer answer{};
        QMetaObject::invokeMethod(widget(), method, Qt::DirectConnection, qReturnArg(answer), arguments...);
        return answer;
    }
    mutable QHash<qint64, QAccessible::Id> m_cells;
};

QAccessibleInterface* CellAccessible::parent() const { return m_table; }
QAccessibleInterface* CellAccessible::table() const { return m_table; }
QString CellAccessible::text(QAccessible::Text kind) const { return m_table && (kind == QAccessible::Name || kind == QAccessible::Value) ? m_table->cell_text(m_row, m_column) : QString(); }
QRect CellAccessible::rect() const { return m_table ? m_table->cell_rect(m_row, m_column) : QRect(); }
bool CellAccessible::isSelected() const { return m_table && m_table->selection().contains(m_column, m_row); }
QAccessible::State CellAccessible::state() const {
    QAccessible::State state;
    state.selectable = true;
    state.selected = isSelected();
    state.invalid = !m_table;
    return state;
}

class SliderAccessible final : public QAccessibleWidget, public QAccessibleValueInterface {
public:
    explicit SliderAccessible(Slider* slider) : QAccessibleWidget(slider, QAccessible::Slider) {}
    void* interface_cast(QAccessible::InterfaceType type) override {
        return type == QAccessible::ValueInterface ? static_cast<QAccessibleValueInterface*>(this) : QAccessibleWidget::interface_cast(type);
    }
    QVariant currentValue() const override { return slider()->value(); }
    void setCurrentValue(const QVariant& value) override {
        slider()->set_value(std::clamp(value.toDouble(), slider()->lowest(), slider()->highest()));
        Q_EMIT slider()->moved(slider()->value(), false);
    }
    QVariant maximumValue() const override { return slider()->highest(); }
    QVariant minimumValue() const override { return slider()->lowest(); }
    QVariant minimumStepSize() const override { return slider()->step(); }
private:
    Slider* slider() const { return static_cast<Slider*>(widget()); }
};

class FoldAccessible final : public QAccessibleWidget {
public:
    explicit FoldAccessible(FoldTitle* title) : QAccessibleWidget(title, QAccessible::Button) {}
    QAccessible::State state() const override {
        QAccessible::State state = QAccessibleWidget::state();
        state.expandable = true;
        state.expanded = !title()->is_folded();
        state.collapsed = title()->is_folded();
        return state;
    }
    QStringList actionNames() const override { return QStringList{pressAction()} + QAccessibleWidget::actionNames(); }
    void doAction(const QString& action) override {
        if (action == pressAction()) title()->click();
        else QAccessibleWidget::doAction(action);
    }
private:
    FoldTitle* title() const { return static_cast<FoldTitle*>(widget()); }
};

QAccessibleInterface* make_interface(const QString&, QObject* object) {
    if (auto* slider = qobject_cast<Slider*>(object)) return new SliderAccessible(slider);
    if (auto* title = qobject_cast<FoldTitle*>(object)) return new FoldAccessible(title);
    if (object && TableAccessible::fits(object)) return new TableAccessible(static_cast<QWidget*>(object));
    return nullptr;
}

}

void install_accessibility() { QAccessible::installFactory(make_interface); }

}
