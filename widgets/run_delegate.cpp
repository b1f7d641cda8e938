#include "widgets/run_delegate.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QPainter>
#include <algorithm>

namespace lathe {
namespace {

QColor tone_colour(const QString& tone) {
    const ThemeColours& c = Theme::instance().colours();
    if (tone == QLatin1String("ok")) return c.ok;
    if (tone == QLatin1String("warn")) return c.warn;
    if (tone == QLatin1String("err")) return c.err;
    if (tone == QLatin1String("accent")) return c.accent;
    return c.text2;
}

constexpr int kDeltaWidth = 46, kDeltaGap = 5;   // the width at least

}

int RunDelegate::delta_width(const QModelIndex& index) {
    const QVariant delta = index.data(run_role::Delta);
    return delta.isValid() ? std::max(kDeltaWidth, kDeltaGap + QFontMetrics(Theme::instance().font(11)).horizontalAdvance(delta.toString())) : 0;
}

int RunDelegate::room(const QModelIndex& index) const { return std::max(m_delta_width.value(index.column()), delta_width(index)); }

void RunDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const QString icon = index.data(run_role::Icon).toString();
    const QVariant delta = index.data(run_role::Delta), swatch = index.data(run_role::Swatch);
    const bool pinned = index.data(run_role::Pin).toBool();
    const int delta_room = room(index);
    if (icon.isEmpty() && delta_room == 0 && !swatch.isValid() && !pinned) {
        QStyledItemDelegate::paint(painter, option, index);
        return;
    }
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    const ThemeColours& c = Theme::instance().colours();
    const QString text = std::exchange(item.text, {});
    item.icon = {};
    QStyle* style = item.widget ? item.widget->style() : QApplication::style();
    style->drawPrimitive(QStyle::PE_PanelItemViewItem, &item, painter, item.widget);
    painter->save();
    QRect area = option.rect.adjusted(8, 0, -8, 0);
    const qreal scale = painter->device()->devicePixelRatioF();
    if (swatch.isValid()) {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(swatch.value<QColor>());
        painter->drawRoundedRect(QRectF(area.left(), area.center().y() - 4.5, 10, 10), 2, 2);
        area.setLeft(area.left() + 17);
    }
    if (!icon.isEmpty()) {
        painter->drawPixmap(QPointF(area.left(), area.center().y() - 7), Theme::instance().pixmap(icon, 15, tone_colour(index.data(run_role::IconTone).toString()), scale));
        area.setLeft(area.left() + 20);
    }
    painter->setFont(item.font);
    const QVariant foreground = index.data(Qt::ForegroundRole);
    painter->setPen(foreground.canConvert<QBrush>() ? foreground.value<QBrush>().color() : c.text);
    const bool right = item.displayAlignment & Qt::AlignRight;
    if (delta_room > 0) {   // value right-aligned at one line, Δ left-aligned after it: both stand in columns
        const QRect value = right ? area.adjusted(0, 0, -delta_room, 0) : area;
        painter->drawText(value, int((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter), text);
        const QString tone = index.data(run_role::DeltaTone).toString();
        painter->setFont(Theme::instance().font(11));
        painter->setPen(tone.isEmpty() ? c.text2 : tone_colour(tone));
        const int x = right ? value.right() + kDeltaGap : value.left() + QFontMetrics(item.font).horizontalAdvance(text) + kDeltaGap;
        painter->drawText(QRect(x, area.top(), area.right() + 8 - x, area.height()), Qt::AlignLeft | Qt::AlignVCenter, delta.toString());
    } else {
        const QString shown = QFontMetrics(item.font).elidedText(text, right ? Qt::ElideLeft : Qt::ElideRight, area.width());
        painter->drawText(area, int((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter), shown);
        if (pinned) {
            const int x = area.left() + QFontMetrics(item.font).horizontalAdvance(shown) + 7;
            painter->drawPixmap(QPointF(x, area.center().y() - 6.5), Theme::instance().pixmap(QStringLiteral("pin"), 14, c.brass, scale));
            painter->setPen(c.text2);
            painter->drawText(QRect(x + 19, area.top(), std::max(0, area.right() - x - 19), area.height()), Qt::AlignLeft | Qt::AlignVCenter, index.data(run_role::Hint).toString());
        }
    }
    painter->restore();
}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    size.rwidth() += room(index);
    if (!index.data(run_role::Icon).toString().isEmpty()) size.rwidth() += 20;
    if (index.data(run_role::Swatch).isValid()) size.rwidth() += 17;
    if (index.data(run_role::Pin).toBool()) size.rwidth() += 28 + QFontMetrics(option.font).horizontalAdvance(index.data(run_role::Hint).toString());
    return size;
}

}
