#pragma once
// Cells of the runs table: status with icon and word, value with the Δ to the baseline in 11 px, colour swatch, brass pin. Reads these roles of any model.
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
};

}
