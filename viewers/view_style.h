#pragma once
// Colours, fonts and icons of the application's theme as viewers see them. Viewers stand below the widgets and must not include them, so the theme
// publishes its table as properties of the application object: "lathe_look" (QVariantMap, token -> QColor, "dark" -> bool, "mono" -> QFont) and
// "lathe_icons" (IconSource). Without a theme everything is derived from the palette. GUI thread only.
#include <QColor>
#include <QFont>
#include <QIcon>
#include <QList>
#include <QPen>
#include <functional>

class QPainter;
class QToolButton;
class QWidget;

namespace lathe {

using IconSource = std::function<QIcon(const QString& name, int size)>;

struct ViewStyle {
    QColor canvas, base, alt, line, edge, text, text2, text3, accent, sel, grid, axis, pick, checker1, checker2, window, ok, err;
    QColor series[5];
    QList<qreal> dashes[5];             ///< in pixels; empty: solid
    bool dark = false;

    static ViewStyle current();
    QPen series_pen(int index, double width = 2) const;   ///< colour and dash; after 5 they repeat
    static QFont font(int pixel_size = 12, bool semibold = false);
    static QFont mono(int pixel_size = 11);
    static QIcon icon(const QString& name, int size = 16);
};

/// The 2 px ring inside the widget, where it has the focus and the keyboard was used last.
void draw_view_focus(QPainter& painter, const QWidget* widget);

/// A flat 24 px button with an icon; the tip is its accessible name, too.
QToolButton* make_tool_button(const QString& icon, const QString& tip, QWidget* parent);
/// Sets the icons of all such buttons below `root` again, after a change of theme.
void refresh_tool_icons(QWidget* root);

}
