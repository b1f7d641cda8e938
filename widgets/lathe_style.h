#pragma once
// Fusion with our own slider, buttons, fields, check boxes, scroll bars, menus and focus ring. Plain Qt widgets look as in ui.md without a style sheet.
// Properties a widget may carry: "lathe_filled" (the one filled button), "lathe_segment" (1 first, 2 middle, 3 last, 4 only: part of a segmented control),
// "lathe_flat" (no frame until hovered), "lathe_error" (err edge), "lathe_tool" (24 px instead of 28), "lathe_lines" (an item view with a line under each row).
#include <QFocusFrame>
#include <QPointer>
#include <QProxyStyle>

namespace lathe {

class LatheStyle : public QProxyStyle {
    Q_OBJECT
public:
    LatheStyle();
    QPalette standardPalette() const override;
    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
    void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const override;
    QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl sub, const QWidget* widget) const override;
    QRect subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const override;
    QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size, const QWidget* widget) const override;
    int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const override;
    void polish(QWidget* widget) override;
    void unpolish(QWidget* widget) override;
    using QProxyStyle::polish;
    using QProxyStyle::unpolish;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void draw_button(const QStyleOption* option, QPainter* painter, const QWidget* widget) const;
    void draw_button_label(const QStyleOption* option, QPainter* painter, const QWidget* widget, const QString& text, const QIcon& icon, QSize icon_size,
        bool arrow) const;
    void draw_menu_item(const QStyleOption* option, QPainter* painter, const QWidget* widget) const;
    void draw_tab(const QStyleOption* option, QPainter* painter, const QWidget* widget) const;
    void draw_scroll_bar(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const;
    void draw_combo(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const;
    void draw_spin_box(const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const;
    QPointer<QFocusFrame> m_ring;
};

/// The pieces that own widgets share with the style.
QColor blend(const QColor& base, const QColor& over, double share);
void draw_slider(QPainter& painter, const QRectF& track, double position, bool enabled, bool pressed, bool hovered);   ///< position 0 to 1; horizontal
void draw_field_frame(QPainter& painter, const QRectF& rect, bool enabled, bool focused, bool error);
void draw_focus_ring(QPainter& painter, const QRectF& control, double radius);                                          ///< 2 px accent, outside
bool keyboard_focus(const QWidget* widget);   ///< it has the focus and the last input that moved focus was the keyboard

}
