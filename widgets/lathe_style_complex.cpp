// Sliders, scroll bars, combo boxes, tool buttons, spin boxes.
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QPainter>
#include <QStyleOption>
#include <QToolButton>

namespace lathe {

void draw_slider(QPainter& painter, const QRectF& track, double position, bool enabled, bool pressed, bool hovered) {
    const ThemeColours& c = Theme::instance().colours();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double y = track.center().y(), x = track.left() + track.width() * position;
    painter.setPen(Qt::NoPen);
    painter.setBrush(c.map_full);
    painter.drawRoundedRect(QRectF(track.left(), y - 2, track.width(), 4), 2, 2);
    const QColor accent = enabled ? c.accent : c.text3;
    painter.setBrush(accent);
    painter.drawRoundedRect(QRectF(track.left(), y - 2, x - track.left(), 4), 2, 2);
    if (pressed) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(accent, 1.5));
        painter.drawEllipse(QPointF(x, y), 9.75, 9.75);
    }
    painter.setPen(QPen(accent, 2));
    painter.setBrush(hovered && enabled ? blend(c.input, accent, 0.25) : c.input);
    painter.drawEllipse(QPointF(x, y), 6, 6);
    painter.restore();
}

void LatheStyle::draw_scroll_bar(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const {
    const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (!bar || bar->maximum <= bar->minimum) return;
    const ThemeColours& c = Theme::instance().colours();
    const QRectF thumb = QRectF(subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget)).adjusted(2, 2, -2, -2);
    const bool active = (option->state & State_MouseOver) || (option->state & State_Sunken);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(active ? c.edge : c.line2);
    const double radius = std::min(thumb.width(), thumb.height()) / 2;
    painter->drawRoundedRect(thumb, radius, radius);
    painter->restore();
}

void LatheStyle::draw_combo(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const {
    const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
    if (!combo) return;
    const ThemeColours& c = Theme::instance().colours();
    const bool enabled = option->state & State_Enabled;
    draw_field_frame(*painter, option->rect, enabled, (option->state & State_On) || (combo->editable && (option->state & State_HasFocus)), widget && widget->property("lathe_error").toBool());
    const QRect arrow = subControlRect(CC_ComboBox, option, SC_ComboBoxArrow, widget);
    const qreal scale = painter->device()->devicePixelRatioF();
    const QColor colour = !enabled ? c.text3 : option->state & State_MouseOver ? c.text : c.text2;
    painter->drawPixmap(QPointF(arrow.x() + 5, arrow.y() + (arrow.height() - 14) / 2.0), Theme::instance().pixmap(QStringLiteral("chevron-down"), 14, colour, scale));
}

void LatheStyle::draw_spin_box(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const {
    const auto* box = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
    if (!box) return;
    const ThemeColours& c = Theme::instance().colours();
    if (box->frame) draw_field_frame(*painter, option->rect, option->state & State_Enabled, option->state & State_HasFocus, widget && widget->property("lathe_error").toBool());
    if (box->buttonSymbols == QAbstractSpinBox::NoButtons) return;
    const qreal scale = painter->device()->devicePixelRatioF();
    for (const auto sub : {SC_SpinBoxUp, SC_SpinBoxDown}) {
        const QRect r = subControlRect(CC_SpinBox, option, sub, widget);
        const bool can = box->stepEnabled & (sub == SC_SpinBoxUp ? QAbstractSpinBox::StepUpEnabled : QAbstractSpinBox::StepDownEnabled);
        const bool hover = (option->activeSubControls & sub) && (option->state & State_MouseOver);
        const QPixmap arrow = Theme::instance().pixmap(sub == SC_SpinBoxUp ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"), 10, !can ? c.line2 : hover ? c.text : c.text2, scale);
        painter->drawPixmap(QPointF(r.x() + (r.width() - 10) / 2.0, r.y() + (r.height() - 10) / 2.0), arrow);
    }
}

void LatheStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const {
    switch (control) {
    case CC_ScrollBar: draw_scroll_bar(option, painter, widget); return;
    case CC_ComboBox: draw_combo(option, painter, widget); return;
    case CC_SpinBox: draw_spin_box(option, painter, widget); return;
    case CC_Slider: {
        const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (!slider || slider->orientation != Qt::Horizontal) break;
        const QRect handle = subControlRect(CC_Slider, option, SC_SliderHandle, widget);
        const QRectF track(option->rect.x() + 7, option->rect.y(), option->rect.width() - 14, option->rect.height());
        const double position = track.width() > 0 ? (handle.center().x() + 0.5 - track.left()) / track.width() : 0;
        const bool focus = widget && keyboard_focus(widget);
        draw_slider(*painter, track, std::clamp(position, 0.0, 1.0), option->state & State_Enabled, (option->state & State_Sunken) || focus, option->state & State_MouseOver);
        return;
    }
    case CC_ToolButton: {
        const auto* button = qstyleoption_cast<const QStyleOptionToolButton*>(option);
        if (!button) break;
        draw_button(option, painter, widget);
        const bool words = button->toolButtonStyle != Qt::ToolButtonIconOnly, picture = button->toolButtonStyle != Qt::ToolButtonTextOnly;
        const bool arrow = words && !button->text.isEmpty() && (button->features & QStyleOptionToolButton::HasMenu);
        painter->setFont(button->font);
        draw_button_label(option, painter, widget, words ? button->text : QString(), picture ? button->icon : QIcon(), button->iconSize, arrow);
        return;
    }
    default: break;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

}
