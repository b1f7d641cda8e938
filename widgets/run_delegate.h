#pragma once
// Cells of the runs table: status with icon and word, value with the Δ to the baseline in 11 px, colour swatch, brass pin. Reads these roles of any model.
#include <QHash>
#include <QStyledItemDelegate>

namespace lathe {

namespace run_role {
enum { Icon = Qt::UserRole + 40,        ///< QString: icon before the text
    IconTone,                           ///< QString: "ok", "warn", "err", "accent", ""
    Delta,                              ///< QString: "+0.08", in 11 px after the text
    DeltaTone,                          ///< QString: "ok", "err", ""
    Swatch,                             ///< QColor: a square before the text
    Pin,                                ///< bool: brass pin after the text
    Hint };                             ///< QString: grey text after the pin ("baseline")
}

class RunDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    /// Room for the Δ of a whole column, so that the values before it, with and without one, end at one line.
    void set_delta_width(int column, int width) { m_delta_width[column] = width; }
    static int delta_width(const QModelIndex& index);   ///< that its Δ takes; 0: it has none
private:
    int room(const QModelIndex& index) const;
    QHash<int, int> m_delta_width;
};

}
