#include "widgets/theme.h"
#include "widgets/accessible.h"
#include "widgets/lathe_style.h"
#include "widgets/theme_icons.h"
#include <QApplication>
#include <QFontDatabase>
#include <QStyleHints>
#include <QToolTip>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

ThemeColours dark_table() {
    ThemeColours t;
    t.window = "#1B1D21"; t.base = "#212429"; t.alt = "#25282E"; t.input = "#17191D"; t.canvas = "#17191D"; t.button = "#2D3138";
    t.line = "#33383F"; t.line2 = "#4B525D"; t.edge = "#6C7480";
    t.text = "#E4E7EB"; t.text2 = "#A7AFBA"; t.text3 = "#959EAA";
    t.accent = "#6FB0F5"; t.fill = "#2C68B5"; t.sel = "#21364F"; t.on_fill = "#FFFFFF";
    t.ok = "#5DC28B"; t.warn = "#E8B04A"; t.err = "#F08A7E"; t.errbg = "#3A2424"; t.warnbg = "#372E1E";
    t.grid = "#2C3036"; t.axis = "#5B636E";
    t.map_full = "#3D434C"; t.map_rear = "#56B4E9"; t.map_front = "#11A37C"; t.pick = "#FFD666"; t.brass = "#D9A85B";
    const char* series[5] = {"#56B4E9", "#E69F00", "#00B383", "#CC79A7", "#E8743B"};
    for (int i = 0; i < 5; ++i) t.series[i] = QColor(series[i]);
    t.checker1 = "#2C3036"; t.checker2 = "#25282E";
    return t;
}

ThemeColours light_table() {
    ThemeColours t;
    t.window = "#ECEEF1"; t.base = "#FAFBFC"; t.alt = "#F2F4F6"; t.input = "#FFFFFF"; t.canvas = "#FFFFFF"; t.button = "#FFFFFF";
    t.line = "#D3D8DE"; t.line2 = "#A3ABB6"; t.edge = "#7C8591";
    t.text = "#1C2026"; t.text2 = "#4D5661"; t.text3 = "#5A636E";
    t.accent = "#1D5FB0"; t.fill = "#1F63B5"; t.sel = "#D6E5F7"; t.on_fill = "#FFFFFF";
    t.ok = "#166B3C"; t.warn = "#8A5A00"; t.err = "#B3261E"; t.errbg = "#FBE9E7"; t.warnbg = "#FBF1DA";
    t.grid = "#E6E9ED"; t.axis = "#8A93A0";
    t.map_full = "#D3D8DF"; t.map_rear = "#3C96D0"; t.map_front = "#0B7F5F"; t.pick = "#FFD666"; t.brass = "#855A10";
    const char* series[5] = {"#0072B2", "#B86A00", "#147D5C", "#A5527E", "#D55E00"};
    for (int i = 0; i < 5; ++i) t.series[i] = QColor(series[i]);
    t.checker1 = "#E6E9ED"; t.checker2 = "#FFFFFF";
    return t;
}

QPalette palette_from(const ThemeColours& c) {
    QPalette p;
    const auto all = [&p](QPalette::ColorRole role, const QColor& colour) { p.setColor(role, colour); };
    all(QPalette::Window, c.window);
    all(QPalette::WindowText, c.text);
    all(QPalette::Base, c.input);
    all(QPalette::AlternateBase, c.alt);
    all(QPalette::Text, c.text);
    all(QPalette::Button, c.button);
    all(QPalette::ButtonText, c.text);
    all(QPalette::BrightText, c.on_fill);
    all(QPalette::ToolTipBase, c.window);
    all(QPalette::ToolTipText, c.text);
    all(QPalette::PlaceholderText, c.text3);
    all(QPalette::Highlight, c.sel);
    all(QPalette::HighlightedText, c.text);
    all(QPalette::Accent, c.accent);
    all(QPalette::Link, c.accent);
    all(QPalette::LinkVisited, c.accent);
    all(QPalette::Mid, c.line);
    all(QPalette::Midlight, c.line);
    all(QPalette::Light, c.button);
    all(QPalette::Dark, c.line2);
    all(QPalette::Shadow, c.line2);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText}) p.setColor(QPalette::Disabled, role, c.text3);
    p.setColor(QPalette::Disabled, QPalette::Base, c.base);
    return p;
}

/// 9 to 11 points is what desktops call normal; beyond that we follow.
double scale_from(const QFont& system) {
    const double points = system.pointSizeF() > 0 ? system.pointSizeF() : system.pixelSize() * 0.75;
    if (points <= 0) return 1;
    return std::clamp(points < 9 ? points / 9 : points > 11 ? points / 11 : 1.0, 0.8, 1.5);
}

double luminance(const QColor& colour) {
    const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

}

struct Theme::Impl {
    ThemeColours colours = dark_table();
    ThemeMode mode = ThemeMode::system;
    bool dark = true, high_contrast = false, applied = false, applying = false;
    double scale = 1;
    QStringList sans{QStringLiteral("Inter")}, fixed{QStringLiteral("JetBrains Mono")};
    QPalette palette = palette_from(dark_table());
};

Theme::Theme() : m(new Impl) {}
Theme::~Theme() { delete m; }

Theme& Theme::instance() {
    static Theme theme;
    return theme;
}

ThemeColours Theme::table(bool dark) { return dark ? dark_table() : light_table(); }
const ThemeColours& Theme::colours() const { return m->colours; }
bool Theme::is_dark() const { return m->dark; }
ThemeMode Theme::mode() const { return m->mode; }
QPalette Theme::palette() const { return m->palette; }
double Theme::font_scale() const { return m->scale; }

void Theme::apply(QApplication& app, ThemeMode mode) {
    if (!m->applied) {
        m->applied = true;
        const QFont system = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
        m->scale = scale_from(system);
        m->sans << system.families() << QStringLiteral("DejaVu Sans");
        m->fixed << QFontDatabase::systemFont(QFontDatabase::FixedFont).families() << QStringLiteral("DejaVu Sans Mono");
        app.setStyle(new LatheStyle);
        install_accessibility();
        connect(app.styleHints(), &QStyleHints::colorSchemeChanged, this, [this] { if (m->mode == ThemeMode::system && !m->applying) set_mode(m->mode); });
    }
    set_mode(mode);
}

void Theme::set_mode(ThemeMode mode) {
    if (m->applying) return;
    m->applying = true;   // changing the scheme below makes Qt report a change
    m->mode = mode;
    QStyleHints* hints = QGuiApplication::styleHints();
    if (mode == ThemeMode::system) hints->unsetColorScheme();
    else hints->setColorScheme(mode == ThemeMode::dark ? Qt::ColorScheme::Dark : Qt::ColorScheme::Light);
    m->dark = mode == ThemeMode::dark || (mode == ThemeMode::system && hints->colorScheme() == Qt::ColorScheme::Dark);
    m->colours = table(m->dark);
    if (m->high_contrast) {
        const QColor pure = m->dark ? Qt::white : Qt::black;
        m->colours.text = m->colours.text2 = m->colours.text3 = m->colours.edge = m->colours.line2 = pure;
    }
    m->palette = palette_from(m->colours);
    publish_look(m->colours, m->dark, mono());
    QApplication::setPalette(m->palette);
    QApplication::setFont(font());
    QToolTip::setFont(font(12));
    QToolTip::setPalette(m->palette);
    m->applying = false;
    Q_EMIT changed();
}

void Theme::set_high_contrast(bool on) {
    m->high_contrast = on;
    set_mode(m->mode);
}

QFont Theme::font(int pixel_size, bool semibold) const {
    QFont f;
    f.setFamilies(m->sans);
    f.setPixelSize(std::max(9, int(std::lround(pixel_size * m->scale))));
    f.setWeight(semibold ? QFont::DemiBold : QFont::Normal);
    f.setFeature(QFont::Tag("tnum"), 1);
    f.setHintingPreference(QFont::PreferNoHinting);
    return f;
}

QFont Theme::mono(int pixel_size) const {
    QFont f;
    f.setFamilies(m->fixed);
    f.setStyleHint(QFont::Monospace);
    f.setPixelSize(std::max(9, int(std::lround(pixel_size * m->scale))));
    f.setFeature(QFont::Tag("calt"), 0);   // no ligatures: "->" in code stays two signs
    return f;
}

QColor series_colour(int index) { return Theme::instance().colours().series[((index % 5) + 5) % 5]; }

QList<qreal> series_dash(int index) {
    static const QList<qreal> dashes[5] = {{}, {6, 3}, {2, 3}, {8, 3, 2, 3}, {5, 3}};
    return dashes[((index % 5) + 5) % 5];
}

QPen series_pen(int index, double width) {
    QPen pen(series_colour(index), width, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin);
    QList<qreal> dash = series_dash(index);
    for (qreal& part : dash) part /= width;   // QPen counts in pen widths
    if (!dash.isEmpty()) pen.setDashPattern(dash);
    return pen;
}

double contrast(const QColor& a, const QColor& b) {
    QColor over = a;
    if (a.alphaF() < 1)
        over = QColor::fromRgbF(float(a.redF() * a.alphaF() + b.redF() * (1 - a.alphaF())), float(a.greenF() * a.alphaF() + b.greenF() * (1 - a.alphaF())),
            float(a.blueF() * a.alphaF() + b.blueF() * (1 - a.alphaF())));
    const double la = luminance(over), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}
