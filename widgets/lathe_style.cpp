#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QAbstractItemView>
#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QEvent>
#include <QFocusEvent>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QScrollBar>
#include <QSlider>
#include <QStyleFactory>
#include <QStyleOption>
#include <QTabBar>
#include <QToolButton>

namespace lathe {
namespace {

bool s_keyboard = false;   // the last change of focus came from the keyboard

bool wants_ring(const QWidget* widget) {
    return qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QComboBox*>(widget) || qobject_cast<const QLineEdit*>(widget) || qobject_cast<const QAbstractSpinBox*>(widget);
}

int control_height(const QWidget* widget, const QFontMetrics& metrics) {
    const int height = widget && widget->property("lathe_tool").toBool() ? metric::tool : metric::control;
    return std::max(height, metrics.height() + 8);
}

}

bool keyboard_focus(const QWidget* widget) { return s_keyboard && widget->hasFocus(); }

QColor blend(const QColor& base, const QColor& over, double share) {
    const auto mix = [share](float a, float b) { return float(a + (b - a) * share); };
    return QColor::fromRgbF(mix(base.redF(), over.redF()), mix(base.greenF(), over.greenF()), mix(base.blueF(), over.blueF()));
}

LatheStyle::LatheStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

QPalette LatheStyle::standardPalette() const { return Theme::instance().palette(); }

void LatheStyle::polish(QWidget* widget) {
    QProxyStyle::polish(widget);
    if (qobject_cast<QAbstractButton*>(widget) || qobject_cast<QComboBox*>(widget) || qobject_cast<QLineEdit*>(widget) || qobject_cast<QScrollBar*>(widget)
        || qobject_cast<QSlider*>(widget) || qobject_cast<QTabBar*>(widget) || qobject_cast<QHeaderView*>(widget) || qobject_cast<QAbstractSpinBox*>(widget))
        widget->setAttribute(Qt::WA_Hover);
    if (widget->focusPolicy() != Qt::NoFocus) widget->installEventFilter(this);
}

void LatheStyle::unpolish(QWidget* widget) {
    widget->removeEventFilter(this);
    QProxyStyle::unpolish(widget);
}

bool LatheStyle::eventFilter(QObject* object, QEvent* event) {
    if (event->type() == QEvent::FocusIn) {
        auto* widget = static_cast<QWidget*>(object);
        const auto reason = static_cast<QFocusEvent*>(event)->reason();
        if (reason == Qt::TabFocusReason || reason == Qt::BacktabFocusReason || reason == Qt::ShortcutFocusReason) s_keyboard = true;
        else if (reason == Qt::MouseFocusReason) s_keyboard = false;
        if (s_keyboard && wants_ring(widget)) {
            if (!m_ring) m_ring = new QFocusFrame(widget->parentWidget());
            m_ring->setWidget(widget);
        } else if (m_ring) {
            m_ring->setWidget(nullptr);
        }
        widget->update();
    } else if (event->type() == QEvent::FocusOut) {
        if (m_ring && m_ring->widget() == object) m_ring->setWidget(nullptr);
        static_cast<QWidget*>(object)->update();
    }
    return QProxyStyle::eventFilter(object, event);
}

int LatheStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
    switch (metric) {
    case PM_IndicatorWidth: case PM_IndicatorHeight: case PM_ExclusiveIndicatorWidth: case PM_ExclusiveIndicatorHeight: return 16;
    case PM_CheckBoxLabelSpacing: case PM_RadioButtonLabelSpacing: return 8;
    case PM_ScrollBarExtent: return 10;
    case PM_ScrollBarSliderMin: return 28;
    case PM_ScrollView_ScrollBarSpacing: return 0;
    case PM_SliderThickness: case PM_SliderControlThickness: return 28;
    case PM_SliderLength: return 14;
    case PM_SplitterWidth: return 1;
    case PM_DockWidgetSeparatorExtent: return 5;
    case PM_DefaultFrameWidth: return 1;
    case PM_ButtonMargin: return 12;
    case PM_ButtonShiftHorizontal: case PM_ButtonShiftVertical: return 0;
    case PM_ButtonIconSize: case PM_SmallIconSize: case PM_ToolBarIconSize: case PM_ListViewIconSize: case PM_TabBarIconSize: return 16;
    case PM_FocusFrameHMargin: return qobject_cast<const QAbstractItemView*>(widget) ? 7 : 3;   // texts of cells start 8 from the edge, as their heads do
    case PM_FocusFrameVMargin: return 3;
    case PM_MenuPanelWidth: return 1;
    case PM_MenuHMargin: return 0;
    case PM_MenuVMargin: return 4;
    case PM_MenuBarItemSpacing: return 0;
    case PM_MenuBarHMargin: return 6;
    case PM_MenuBarVMargin: case PM_MenuBarPanelWidth: return 0;
    case PM_TabBarTabHSpace: return 24;
    case PM_TabBarTabVSpace: return 10;
    case PM_TabBarBaseOverlap: return 0;
    case PM_ToolTipLabelFrameWidth: return 6;
    case PM_HeaderMargin: return 8;
    case PM_LayoutHorizontalSpacing: case PM_LayoutVerticalSpacing: return metric::gap;
    case PM_LayoutLeftMargin: case PM_LayoutRightMargin: case PM_LayoutTopMargin: case PM_LayoutBottomMargin: return metric::pad;
    default: return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int LatheStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const {
    switch (hint) {
    case SH_ComboBox_Popup: case SH_EtchDisabledText: case SH_DitherDisabledText: case SH_ScrollBar_ContextMenu: case SH_Menu_Scrollable: return 0;
    case SH_ComboBox_PopupFrameStyle: return QFrame::NoFrame;
    case SH_Slider_AbsoluteSetButtons: return Qt::LeftButton;
    case SH_FocusFrame_AboveWidget: return 1;
    case SH_FocusFrame_Mask: return 0;
    case SH_ToolTip_WakeUpDelay: return 400;
    case SH_ItemView_ShowDecorationSelected: return 1;
    case SH_ItemView_ActivateItemOnSingleClick: return 0;
    case SH_Widget_Animation_Duration: return 0;
    case SH_DialogButtonBox_ButtonsHaveIcons: return 0;
    case SH_UnderlineShortcut: return 0;
    default: return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

QSize LatheStyle::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size, const QWidget* widget) const {
    const QFontMetrics metrics = option ? option->fontMetrics : widget ? widget->fontMetrics() : QFontMetrics(QFont());
    switch (type) {
    case CT_PushButton: {
        const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
        if (!button) break;
        int width = 2 * metric::pad;
        if (!button->text.isEmpty()) width += metrics.size(Qt::TextShowMnemonic, button->text).width();
        if (!button->icon.isNull()) width += button->iconSize.width() + (button->text.isEmpty() ? 0 : 7);
        if (button->features & QStyleOptionButton::HasMenu) width += 16;
        return {width, control_height(widget, metrics)};
    }
    case CT_ToolButton: {
        const auto* button = qstyleoption_cast<const QStyleOptionToolButton*>(option);
        if (!button) break;
        const bool text = !button->text.isEmpty() && button->toolButtonStyle != Qt::ToolButtonIconOnly, icon = !button->icon.isNull() && button->toolButtonStyle != Qt::ToolButtonTextOnly;
        const int height = control_height(widget, metrics);
        if (!text) return {height, height};
        const bool segment = widget && widget->property("lathe_segment").isValid();
        QFont semibold = widget ? widget->font() : QFont();
        semibold.setWeight(QFont::DemiBold);
        const int words = segment ? QFontMetrics(semibold).size(Qt::TextShowMnemonic, button->text).width() : metrics.size(Qt::TextShowMnemonic, button->text).width();
        const bool menu = button->features & QStyleOptionToolButton::HasMenu;
        return {words + (icon ? button->iconSize.width() + 7 : 0) + (segment ? 20 : 2 * metric::pad) + (menu ? 16 : 0), height};
    }
    case CT_ComboBox: return {size.width() + 9 + 28, control_height(widget, metrics)};
    case CT_LineEdit: return {size.width() + 14, control_height(widget, metrics)};
    case CT_SpinBox: return {size.width() + 30, control_height(widget, metrics)};
    case CT_CheckBox: case CT_RadioButton: {
        QSize s = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {s.width(), std::max(s.height(), 24)};
    }
    case CT_MenuBarItem: return {metrics.size(Qt::TextShowMnemonic, qstyleoption_cast<const QStyleOptionMenuItem*>(option)->text).width() + 20, 36};
    case CT_MenuItem: {
        const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
        if (!item) break;
        if (item->menuItemType == QStyleOptionMenuItem::Separator) return {size.width(), 9};
        int width = 30 + 24;
        for (const QString& part : item->text.split(u'\t')) width += metrics.size(Qt::TextShowMnemonic, part).width();
        if (item->text.contains(u'\t')) width += 40;
        return {width, std::max(metric::control, metrics.height() + 8)};
    }
    case CT_TabBarTab: return {size.width(), std::max(metric::dock_title, size.height())};
    case CT_HeaderSection: {
        const QSize s = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {s.width() + 12, std::max(metric::head, metrics.height() + 8)};   // heads are semibold: wider than what was measured
    }
    case CT_Slider: return size.expandedTo({60, metric::tool});
    case CT_ItemViewItem: {
        const QSize s = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {s.width(), std::max(s.height(), metric::table_row)};
    }
    default: break;
    }
    return QProxyStyle::sizeFromContents(type, option, size, widget);
}

QRect LatheStyle::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const {
    switch (element) {
    case SE_LineEditContents: return option->rect.adjusted(7, 1, -7, -1);
    case SE_PushButtonContents: case SE_PushButtonFocusRect: return option->rect.adjusted(4, 2, -4, -2);
    case SE_CheckBoxFocusRect: case SE_RadioButtonFocusRect: return option->rect;
    default: return QProxyStyle::subElementRect(element, option, widget);
    }
}

QRect LatheStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl sub, const QWidget* widget) const {
    if (control == CC_ComboBox) {
        const QRect r = option->rect;
        if (sub == SC_ComboBoxFrame || sub == SC_ComboBoxListBoxPopup) return r;
        if (sub == SC_ComboBoxArrow) return QRect(r.right() - 26, r.top(), 26, r.height());
        if (sub == SC_ComboBoxEditField) return r.adjusted(1, 1, -27, -1);
    }
    if (control == CC_ScrollBar) {
        const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (!bar) return {};
        const bool vertical = bar->orientation == Qt::Vertical;
        const int length = vertical ? bar->rect.height() : bar->rect.width();
        const qint64 range = qint64(bar->maximum) - bar->minimum;
        int thumb = range > 0 ? int(qint64(bar->pageStep) * length / (range + bar->pageStep)) : length;
        thumb = std::clamp(thumb, std::min(length, pixelMetric(PM_ScrollBarSliderMin, option, widget)), length);
        const int start = QStyle::sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition, length - thumb, bar->upsideDown);
        const auto part = [&](int from, int to) { return vertical ? QRect(bar->rect.x(), bar->rect.y() + from, bar->rect.width(), to - from) : QRect(bar->rect.x() + from, bar->rect.y(), to - from, bar->rect.height()); };
        switch (sub) {
        case SC_ScrollBarGroove: return bar->rect;
        case SC_ScrollBarSlider: return part(start, start + thumb);
        case SC_ScrollBarSubPage: return part(0, start);
        case SC_ScrollBarAddPage: return part(start + thumb, length);
        default: return {};
        }
    }
    if (control == CC_SpinBox) {
        const QRect r = option->rect;
        switch (sub) {
        case SC_SpinBoxFrame: return r;
        case SC_SpinBoxUp: return QRect(r.right() - 22, r.top() + 1, 22, r.height() / 2 - 1);
        case SC_SpinBoxDown: return QRect(r.right() - 22, r.center().y() + 1, 22, r.height() / 2 - 1);
        case SC_SpinBoxEditField: return r.adjusted(1, 1, -23, -1);
        default: return {};
        }
    }
    if (control == CC_Slider) {
        const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (slider && slider->orientation == Qt::Horizontal) {
            if (sub == SC_SliderGroove) return slider->rect;
            const int x = QStyle::sliderPositionFromValue(slider->minimum, slider->maximum, slider->sliderPosition, slider->rect.width() - 14, slider->upsideDown);
            if (sub == SC_SliderHandle) return QRect(slider->rect.x() + x, slider->rect.center().y() - 7, 14, 14);
        }
    }
    return QProxyStyle::subControlRect(control, option, sub, widget);
}

}
