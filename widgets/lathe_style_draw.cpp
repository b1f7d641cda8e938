// Primitives and simple controls of the style.
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include "widgets/theme_icons.h"
#include <QAbstractItemView>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QStyleOption>
#include <QToolButton>

namespace lathe {
namespace {


QRectF crisp(const QRect& rect) { return QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5); }

bool has(const QWidget* widget, const char* property) { return widget && widget->property(property).toBool(); }

void draw_box(QPainter& painter, const QRectF& rect, double radius, const QColor& fill, const QColor& edge) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(edge.isValid() ? QPen(edge, 1) : QPen(Qt::NoPen));
    painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(rect, radius, radius);
}

/// One box of a segmented control: only its outer corners are round; neighbours share their edge.
QPainterPath segment_path(QRectF rect, int place) {
    const double r = metric::radius;
    const bool left = place == 1 || place == 4, right = place == 3 || place == 4;
    if (!right) rect.setRight(rect.right() + 1);   // its right edge is the left edge of the next one
    QPainterPath path;
    path.moveTo(rect.left() + (left ? r : 0), rect.top());
    path.lineTo(rect.right() - (right ? r : 0), rect.top());
    if (right) path.arcTo(rect.right() - 2 * r, rect.top(), 2 * r, 2 * r, 90, -90);
    path.lineTo(rect.right(), rect.bottom() - (right ? r : 0));
    if (right) path.arcTo(rect.right() - 2 * r, rect.bottom() - 2 * r, 2 * r, 2 * r, 0, -90);
    path.lineTo(rect.left() + (left ? r : 0), rect.bottom());
    if (left) path.arcTo(rect.left(), rect.bottom() - 2 * r, 2 * r, 2 * r, 270, -90);
    path.lineTo(rect.left(), rect.top() + (left ? r : 0));
    if (left) path.arcTo(rect.left(), rect.top(), 2 * r, 2 * r, 180, -90);
    path.closeSubpath();
    return path;
}

void draw_check(QPainter& painter, const QRectF& box, const QStyleOption* option, bool round) {
    const ThemeColours& c = theme_colours();
    const bool enabled = option->state & QStyle::State_Enabled, hover = option->state & QStyle::State_MouseOver;
    const bool on = option->state & (QStyle::State_On | QStyle::State_NoChange);
    const QColor edge = !enabled ? c.line2 : hover && !on ? c.text2 : c.edge;
    const QColor fill = !on || round ? c.input : enabled ? c.fill : c.line2;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(on && !round ? QPen(fill, 1) : QPen(on && enabled ? c.accent : edge, 1));
    painter.setBrush(fill);
    painter.drawRoundedRect(box, round ? 8 : 3, round ? 8 : 3);
    if (on) {
        const QPointF o = box.topLeft();
        painter.setPen(QPen(c.on_fill, 1.75, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.setBrush(Qt::NoBrush);
        if (round) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(enabled ? c.accent : c.text3);
            painter.drawEllipse(box.center(), 4, 4);
        } else if (option->state & QStyle::State_NoChange) {
            painter.drawLine(o + QPointF(4, 7.5), o + QPointF(11, 7.5));
        } else {
            painter.drawPolyline(QPolygonF{o + QPointF(3.5, 7.75), o + QPointF(6.5, 10.75), o + QPointF(11.5, 4.75)});
        }
    }
    painter.restore();
}

void draw_chevron(QPainter& painter, const QRect& rect, const QString& name, const QColor& colour, int size = 14) {
    const qreal scale = painter.device()->devicePixelRatioF();
    const QPointF corner(rect.center().x() + 0.5 - size / 2.0, rect.center().y() + 0.5 - size / 2.0);
    painter.drawPixmap(corner, Theme::instance().pixmap(name, size, colour, scale));
}

}

void draw_field_frame(QPainter& painter, const QRectF& rect, bool enabled, bool focused, bool error) {
    const ThemeColours& c = theme_colours();
    const QColor edge = error ? c.err : !enabled ? c.line : focused ? c.accent : c.edge;
    painter.save();
    draw_box(painter, rect.adjusted(0.5, 0.5, -0.5, -0.5), metric::radius, enabled ? c.input : c.base, edge);
    painter.restore();
}

void draw_focus_ring(QPainter& painter, const QRectF& control, double radius) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme_colours().accent, 2));
    painter.drawRoundedRect(control.adjusted(-2, -2, 2, 2), radius + 2, radius + 2);
    painter.restore();
}

void LatheStyle::draw_button(const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
    const ThemeColours& c = theme_colours();
    const bool enabled = option->state & State_Enabled, hover = enabled && (option->state & State_MouseOver), down = option->state & State_Sunken, on = option->state & State_On;
    const bool flat = has(widget, "lathe_flat") || (option->state & State_AutoRaise);
    const int segment = widget ? widget->property("lathe_segment").toInt() : 0;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (segment) {
        const QColor fill = on ? c.sel : down ? blend(c.button, c.text, 0.14) : hover ? blend(c.button, c.text, 0.07) : c.button;
        painter->setPen(QPen(c.line2, 1));
        painter->setBrush(fill);
        painter->drawPath(segment_path(crisp(option->rect), segment));
    } else if (has(widget, "lathe_filled")) {
        const QColor fill = !enabled ? blend(c.fill, c.base, 0.55) : down ? blend(c.fill, Qt::black, 0.15) : hover ? blend(c.fill, Qt::white, 0.1) : c.fill;
        draw_box(*painter, crisp(option->rect), metric::radius, fill, fill);
    } else if (on) {
        draw_box(*painter, crisp(option->rect), metric::radius, c.sel, enabled ? c.accent : c.line2);
    } else if (flat) {
        if (hover || down) draw_box(*painter, crisp(option->rect), metric::radius, blend(c.base, c.text, down ? 0.16 : 0.09), {});
    } else {
        const QColor fill = !enabled ? c.base : down ? blend(c.button, c.text, 0.14) : hover ? blend(c.button, c.text, 0.07) : c.button;
        draw_box(*painter, crisp(option->rect), metric::radius, fill, enabled ? c.line2 : c.line);
    }
    painter->restore();
}

void LatheStyle::draw_button_label(const QStyleOption* option, QPainter* painter, const QWidget* widget, const QString& text, const QIcon& icon, QSize icon_size, bool arrow) const {
    const ThemeColours& c = theme_colours();
    const bool enabled = option->state & State_Enabled, hover = option->state & State_MouseOver, on = option->state & State_On;
    const bool segment = has(widget, "lathe_segment"), filled = has(widget, "lathe_filled"), flat_icon = text.isEmpty() && ((option->state & State_AutoRaise) || has(widget, "lathe_flat"));
    painter->save();
    if (segment && on) {
        QFont font = painter->font();
        font.setWeight(QFont::DemiBold);
        painter->setFont(font);
    } else if (filled) {
        QFont font = painter->font();
        font.setWeight(QFont::DemiBold);
        painter->setFont(font);
    }
    const QFontMetrics metrics(painter->font());
    const int words = text.isEmpty() ? 0 : metrics.size(Qt::TextShowMnemonic, text).width();
    const int picture = icon.isNull() ? 0 : icon_size.width(), gap = words && picture ? 7 : 0;
    QRect area = option->rect;
    if (arrow) area.setRight(area.right() - 14);
    int x = area.x() + std::max(4, (area.width() - words - picture - gap) / 2);
    if (picture) {
        const QIcon::Mode mode = !enabled ? QIcon::Disabled : flat_icon && !hover ? QIcon::Normal : QIcon::Active;
        QPixmap pixmap = icon.pixmap(icon_size, painter->device()->devicePixelRatioF(), mode, on ? QIcon::On : QIcon::Off);
        if (filled) pixmap = tinted(pixmap, c.on_fill);
        painter->drawPixmap(QPointF(x, area.y() + (area.height() - icon_size.height()) / 2.0), pixmap);
        x += picture + gap;
    }
    if (words) {
        painter->setPen(!enabled ? (filled ? blend(c.on_fill, c.fill, 0.3) : c.text3) : filled ? c.on_fill : segment && !on ? (hover ? c.text : c.text2) : c.text);
        painter->drawText(QRect(x, area.y(), std::max(0, area.right() - 3 - x), area.height()), int(Qt::AlignVCenter | Qt::AlignLeft | Qt::TextHideMnemonic), text);
    }
    if (arrow) draw_chevron(*painter, QRect(option->rect.right() - 20, option->rect.y(), 14, option->rect.height()), QStringLiteral("chevron-down"), enabled ? c.text2 : c.text3, 12);
    painter->restore();
}

void LatheStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
    const ThemeColours& c = theme_colours();
    switch (element) {
    case PE_PanelButtonCommand: case PE_PanelButtonTool: case PE_PanelButtonBevel: draw_button(option, painter, widget); return;
    case PE_PanelLineEdit: {
        const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
        if (frame && frame->lineWidth > 0) draw_field_frame(*painter, option->rect, option->state & State_Enabled, option->state & State_HasFocus, has(widget, "lathe_error"));
        return;
    }
    case PE_FrameLineEdit: case PE_FrameFocusRect: case PE_FrameDefaultButton: case PE_FrameStatusBarItem: case PE_PanelStatusBar: case PE_PanelMenuBar: case PE_FrameDockWidget:
    case PE_FrameTabWidget: case PE_FrameTabBarBase: case PE_FrameButtonTool: return;
    case PE_IndicatorCheckBox: draw_check(*painter, crisp(option->rect), option, false); return;
    case PE_IndicatorItemViewItemCheck: draw_check(*painter, crisp(QRect(option->rect.center() - QPoint(7, 7), QSize(16, 16))), option, false); return;
    case PE_IndicatorRadioButton: draw_check(*painter, crisp(option->rect), option, true); return;
    case PE_IndicatorArrowDown: draw_chevron(*painter, option->rect, QStringLiteral("chevron-down"), c.text2, 12); return;
    case PE_IndicatorArrowUp: draw_chevron(*painter, option->rect, QStringLiteral("chevron-up"), c.text2, 12); return;
    case PE_IndicatorArrowRight: draw_chevron(*painter, option->rect, QStringLiteral("chevron-right"), c.text2, 12); return;
    case PE_IndicatorArrowLeft: draw_chevron(*painter, option->rect, QStringLiteral("chevron-left"), c.text2, 12); return;
    case PE_IndicatorBranch:
        if (option->state & State_Children) draw_chevron(*painter, option->rect, option->state & State_Open ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right"), c.text2, 12);
        return;
    case PE_PanelTipLabel: case PE_PanelMenu: painter->fillRect(option->rect, c.window); [[fallthrough]];
    case PE_FrameMenu:
        painter->save();
        painter->setPen(c.line2);
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5));
        painter->restore();
        return;
    case PE_Frame: case PE_FrameGroupBox: case PE_FrameWindow:
        painter->save();
        painter->setPen(c.line);
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5));
        painter->restore();
        return;
    case PE_IndicatorDockWidgetResizeHandle: {
        const QRect r = option->rect;
        const bool vertical = r.height() > r.width();
        painter->fillRect(r, c.base);
        painter->fillRect(vertical ? QRect(r.center().x(), r.y(), 1, r.height()) : QRect(r.x(), r.center().y(), r.width(), 1), c.line);
        return;
    }
    case PE_PanelItemViewRow: return;
    case PE_PanelItemViewItem: {
        const auto* item = qstyleoption_cast<const QStyleOptionViewItem*>(option);
        if (!item) break;
        if (item->backgroundBrush.style() != Qt::NoBrush) painter->fillRect(item->rect, item->backgroundBrush);
        if (item->state & State_Selected) painter->fillRect(item->rect, c.sel);
        else if ((item->state & State_MouseOver) && (item->state & State_Enabled)) painter->fillRect(item->rect, blend(item->palette.color(QPalette::Base), c.text, 0.045));
        if (has(widget, "lathe_lines")) painter->fillRect(QRect(item->rect.left(), item->rect.bottom(), item->rect.width(), 1), c.line);
        if ((item->state & State_HasFocus) && widget && keyboard_focus(widget)) {
            painter->save();
            painter->setPen(QPen(c.accent, 2));
            painter->setBrush(Qt::NoBrush);
            painter->drawRect(QRectF(item->rect).adjusted(1, 1, -1, -1));
            painter->restore();
        }
        return;
    }
    case PE_IndicatorTabClose: draw_chevron(*painter, option->rect, QStringLiteral("close"), option->state & State_MouseOver ? c.text : c.text2, 14); return;
    default: break;
    }
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void LatheStyle::draw_menu_item(const QStyleOption* option, QPainter* painter, const QWidget*) const {
    const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
    if (!item) return;
    const ThemeColours& c = theme_colours();
    const QRect r = item->rect;
    painter->save();
    if (item->menuItemType == QStyleOptionMenuItem::Separator) {
        painter->fillRect(QRect(r.x() + 8, r.center().y(), r.width() - 16, 1), c.line);
        painter->restore();
        return;
    }
    const bool enabled = item->state & State_Enabled, selected = item->state & State_Selected;
    if (selected) painter->fillRect(r, enabled ? c.sel : blend(c.window, c.text, 0.05));
    const QStringList parts = item->text.split(u'\t');
    if (item->checkType != QStyleOptionMenuItem::NotCheckable && item->checked)
        draw_chevron(*painter, QRect(r.x() + 6, r.y(), 20, r.height()), QStringLiteral("check"), enabled ? c.accent : c.text3, 14);
    painter->setFont(item->font);
    painter->setPen(enabled ? c.text : c.text3);
    painter->drawText(r.adjusted(30, 0, -24, 0), int(Qt::AlignVCenter | Qt::AlignLeft | Qt::TextHideMnemonic), parts.value(0));
    if (parts.size() > 1) {
        painter->setPen(enabled ? c.text2 : c.text3);
        painter->drawText(r.adjusted(30, 0, -24, 0), int(Qt::AlignVCenter | Qt::AlignRight), parts.value(1));
    }
    if (item->menuItemType == QStyleOptionMenuItem::SubMenu) draw_chevron(*painter, QRect(r.right() - 22, r.y(), 16, r.height()), QStringLiteral("chevron-right"), enabled ? c.text2 : c.text3, 12);
    painter->restore();
}

void LatheStyle::draw_tab(const QStyleOption* option, QPainter* painter, const QWidget*) const {
    const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
    if (!tab) return;
    const ThemeColours& c = theme_colours();
    const bool selected = tab->state & State_Selected, enabled = tab->state & State_Enabled;
    painter->save();
    if ((tab->state & State_MouseOver) && !selected && enabled) painter->fillRect(tab->rect, blend(c.base, c.text, 0.05));
    if (selected) {
        const bool bottom = tab->shape == QTabBar::RoundedSouth || tab->shape == QTabBar::TriangularSouth;
        painter->fillRect(bottom ? QRect(tab->rect.x(), tab->rect.y(), tab->rect.width(), 2) : QRect(tab->rect.x(), tab->rect.bottom() - 1, tab->rect.width(), 2), c.accent);
    }
    QFont font = painter->font();
    if (selected) font.setWeight(QFont::DemiBold);
    painter->setFont(font);
    painter->setPen(!enabled ? c.text3 : selected ? c.text : c.text2);
    painter->drawText(tab->rect, int(Qt::AlignCenter | Qt::TextHideMnemonic), tab->text);
    if ((tab->state & State_HasFocus) && enabled) {
        painter->setPen(QPen(c.accent, 2));
        painter->drawRect(QRectF(tab->rect).adjusted(1, 1, -1, -1));
    }
    painter->restore();
}

void LatheStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
    const ThemeColours& c = theme_colours();
    switch (element) {
    case CE_PushButtonBevel: draw_button(option, painter, widget); return;
    case CE_PushButtonLabel:
        if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option))
            draw_button_label(option, painter, widget, button->text, button->icon, button->iconSize, button->features & QStyleOptionButton::HasMenu);
        return;
    case CE_MenuItem: draw_menu_item(option, painter, widget); return;
    case CE_MenuEmptyArea: return;
    case CE_MenuBarEmptyArea: painter->fillRect(option->rect, c.window); return;
    case CE_MenuBarItem:
        if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option)) {
            painter->fillRect(option->rect, c.window);
            const bool open = item->state & State_Sunken;
            if (open || ((item->state & State_Selected) && (item->state & State_Enabled)))
                painter->fillRect(option->rect.adjusted(0, 4, 0, -4), open ? c.sel : blend(c.window, c.text, 0.08));
            painter->setPen(item->state & State_Enabled ? c.text : c.text3);
            painter->drawText(option->rect, int(Qt::AlignCenter | Qt::TextHideMnemonic), item->text);
        }
        return;
    case CE_TabBarTabShape: return;
    case CE_TabBarTabLabel: draw_tab(option, painter, widget); return;
    case CE_HeaderSection:
        painter->fillRect(option->rect, c.alt);
        painter->fillRect(QRect(option->rect.left(), option->rect.bottom(), option->rect.width(), 1), c.line);
        return;
    case CE_HeaderEmptyArea:
        painter->fillRect(option->rect, c.alt);
        painter->fillRect(QRect(option->rect.left(), option->rect.bottom(), option->rect.width(), 1), c.line);
        return;
    case CE_HeaderLabel:
        if (const auto* head = qstyleoption_cast<const QStyleOptionHeader*>(option)) {
            painter->setPen(c.text2);
            QRect room = head->rect.adjusted(2, 0, -2, 0);
            if (!head->icon.isNull()) {   // beside the text, wherever that stands
                const int size = 10, text = painter->fontMetrics().horizontalAdvance(head->text), before = head->textAlignment & Qt::AlignRight ? std::max(0, room.width() - text - size - 6) : 0;
                head->icon.paint(painter, QRect(room.left() + before, room.center().y() - size / 2 + 1, size, size));
                if (!(head->textAlignment & Qt::AlignRight)) room.setLeft(room.left() + size + 6);
            }
            painter->drawText(room, int(head->textAlignment | Qt::AlignVCenter), head->text);
        }
        return;
    case CE_FocusFrame: draw_focus_ring(*painter, QRectF(option->rect).adjusted(3, 3, -3, -3), metric::radius - 1); return;
    case CE_Splitter: {
        const QRect r = option->rect;
        const bool bar = option->state & State_Horizontal;   // the splitter's orientation: its handle is upright
        const int width = pixelMetric(PM_SplitterWidth, option, widget);
        painter->fillRect(bar ? QRect(r.center().x(), r.y(), width, r.height()) : QRect(r.x(), r.center().y(), r.width(), width), c.line);
        return;
    }
    case CE_ProgressBarGroove: draw_box(*painter, QRectF(option->rect.x(), option->rect.center().y() - 2.5, option->rect.width(), 6), 2, c.map_full, {}); return;
    case CE_ProgressBarLabel: return;
    case CE_ProgressBarContents:
        if (const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(option)) {
            const double share = bar->maximum > bar->minimum ? double(bar->progress - bar->minimum) / (bar->maximum - bar->minimum) : 0;
            draw_box(*painter, QRectF(option->rect.x(), option->rect.center().y() - 2.5, option->rect.width() * share, 6), 2, c.accent, {});
        }
        return;
    case CE_ComboBoxLabel:
        if (const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option)) {
            if (combo->editable) return;
            QRect area = option->rect.adjusted(10, 0, -28, 0);
            painter->save();
            if (!combo->currentIcon.isNull()) {
                const QPixmap icon = combo->currentIcon.pixmap(combo->iconSize, painter->device()->devicePixelRatioF());
                painter->drawPixmap(QPointF(area.x(), area.y() + (area.height() - combo->iconSize.height()) / 2.0), icon);
                area.setLeft(area.left() + combo->iconSize.width() + 6);
            }
            painter->setPen(option->state & State_Enabled ? c.text : c.text3);
            painter->drawText(area, int(Qt::AlignVCenter | Qt::AlignLeft), option->fontMetrics.elidedText(combo->currentText, Qt::ElideRight, area.width()));
            painter->restore();
        }
        return;
    default: break;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

}
