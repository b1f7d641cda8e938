#pragma once
// The one table of colours and sizes (ui.md section 3), light and dark. Feeds QPalette, the style and all painters. GUI thread only.
#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPalette>
#include <QPen>
#include <QString>

class QApplication;

namespace lathe {

struct ThemeColours {
    QColor window, base, alt, input, canvas, button, line, line2, edge, text, text2, text3, accent, fill, sel, ok, warn, err, errbg, warnbg, grid, axis,
        map_full, map_rear, map_front, pick, brass, on_fill;
    QColor series[5];
    QColor checker1, checker2;
};

enum class ThemeMode { system, light, dark };

/// Sizes in device-independent pixels.
namespace metric {
inline constexpr int row = 32, control = 28, tool = 24, table_row = 26, head = 28, dock_title = 30, pad = 12, gap = 8, group_gap = 10, radius = 4, chip_radius = 10;
}

class Theme : public QObject {
    Q_OBJECT
public:
    static Theme& instance();
    void apply(QApplication& app, ThemeMode mode);        ///< Fusion + proxy style + palette + fonts; follows the system in mode system
    void set_mode(ThemeMode mode);                        ///< after apply
    void set_high_contrast(bool on);                      ///< text and edge become pure black or white
    const ThemeColours& colours() const;
    static ThemeColours table(bool dark);
    bool is_dark() const;
    ThemeMode mode() const;
    QPalette palette() const;
    /// Sizes 11/14, 12/16, 13/18, 15/22, 22/26, 26/32 (at a system font of normal size); weights 400 and 600; tabular figures.
    QFont font(int pixel_size = 13, bool semibold = false) const;
    QFont mono(int pixel_size = 12) const;
    double font_scale() const;                            ///< 0.8 to 1.5, from the system font
    /// Own SVG icons (resources/icons/NAME.svg, currentColor replaced), all states, cached. An unknown name gives an empty icon and one log line.
    QIcon icon(const QString& name, int size = 16) const;
    QIcon icon(const QString& name, const QColor& colour, int size = 16) const;   ///< one colour in all states (disabled 45 %)
    QPixmap pixmap(const QString& name, int size, const QColor& colour, qreal scale) const;
Q_SIGNALS:
    void changed();
private:
    Theme();
    ~Theme() override;
    struct Impl;
    Impl* m;
};


QColor series_colour(int index);             ///< of the current theme; after 5 the colours repeat (with other markers)
inline const ThemeColours& theme_colours() { return Theme::instance().colours(); }
QPen series_pen(int index, double width = 2);   ///< colour and dash: solid, 6-3, 2-3, 8-3-2-3, 5-3
QList<qreal> series_dash(int index);         ///< in pixels; empty: solid
double contrast(const QColor& a, const QColor& b);   ///< WCAG ratio; translucent a is laid over b first

}
