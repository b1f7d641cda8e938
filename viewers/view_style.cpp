#include "viewers/view_style.h"
#include <QApplication>
#include <QPainter>
#include <QToolButton>
#include <QVariantMap>
#include <cmath>

namespace lathe {
namespace {

QVariantMap look() { return qApp->property("lathe_look").toMap(); }

double font_scale() {
    const double scale = look().value(QStringLiteral("font_scale")).toDouble();
    return scale > 0 ? scale : 1;
}

/// Series colours and dashes for a program without our theme: Okabe and Ito's, darkened for a light background.
void default_series(ViewStyle& style) {
    static const char* const dark[5] = {"#56B4E9", "#E69F00", "#00B383", "#CC79A7", "#E8743B"};
    static const char* const light[5] = {"#0072B2", "#B86A00", "#147D5C", "#A5527E", "#D55E00"};
    static const QList<qreal> dashes[5] = {{}, {6, 3}, {2, 3}, {8, 3, 2, 3}, {5, 3}};
    for (int i = 0; i < 5; ++i) {
        style.series[i] = QColor(style.dark ? dark[i] : light[i]);
        style.dashes[i] = dashes[i];
    }
}

ViewStyle from_palette() {
    const QPalette p = QApplication::palette();
    ViewStyle s;
    s.dark = p.color(QPalette::Window).lightness() < 128;
    s.canvas = p.color(QPalette::Base);
    s.base = s.window = p.color(QPalette::Window);
    s.alt = p.color(QPalette::AlternateBase);
    s.line = p.color(QPalette::Mid);
    s.edge = s.axis = p.color(QPalette::Dark);
    s.text = p.color(QPalette::Text);
    s.text2 = s.text3 = p.color(QPalette::PlaceholderText);
    s.accent = p.color(QPalette::Accent);
    s.sel = p.color(QPalette::Highlight);
    s.grid = s.line;
    s.pick = QColor(0xFF, 0xD6, 0x66);
    s.checker1 = s.dark ? QColor(0x2C, 0x30, 0x36) : QColor(0xE6, 0xE9, 0xED);
    s.checker2 = s.dark ? QColor(0x25, 0x28, 0x2E) : QColor(Qt::white);
    s.ok = s.dark ? QColor(0x5D, 0xC2, 0x8B) : QColor(0x16, 0x6B, 0x3C);
    s.err = s.dark ? QColor(0xF0, 0x8A, 0x7E) : QColor(0xB3, 0x26, 0x1E);
    default_series(s);
    return s;
}

}

ViewStyle ViewStyle::current() {
    const QVariantMap map = look();
    if (map.isEmpty()) return from_palette();
    const auto colour = [&map](const char* token) { return map.value(QLatin1String(token)).value<QColor>(); };
    ViewStyle s;
    s.canvas = colour("canvas"); s.base = colour("base"); s.alt = colour("alt"); s.line = colour("line"); s.edge = colour("edge");
    s.text = colour("text"); s.text2 = colour("text2"); s.text3 = colour("text3"); s.accent = colour("accent"); s.sel = colour("sel");
    s.grid = colour("grid"); s.axis = colour("axis"); s.pick = colour("pick"); s.checker1 = colour("checker1"); s.checker2 = colour("checker2");
    s.window = colour("window"); s.ok = colour("ok"); s.err = colour("err");
    s.dark = map.value(QStringLiteral("dark")).toBool();
    for (int i = 0; i < 5; ++i) {
        s.series[i] = map.value(QStringLiteral("series%1").arg(i)).value<QColor>();
        s.dashes[i] = map.value(QStringLiteral("dash%1").arg(i)).value<QList<qreal>>();
    }
    return s;
}

QPen ViewStyle::series_pen(int index, double width) const {
    const int slot = ((index % 5) + 5) % 5;
    QPen pen(series[slot], width, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin);
    QList<qreal> dash = dashes[slot];
    for (qreal& part : dash) part /= width;   // QPen counts in pen widths
    if (!dash.isEmpty()) pen.setDashPattern(dash);
    return pen;
}

QFont ViewStyle::font(int pixel_size, bool semibold) {
    QFont f = QApplication::font();
    f.setPixelSize(std::max(9, int(std::lround(pixel_size * font_scale()))));
    f.setWeight(semibold ? QFont::DemiBold : QFont::Normal);
    return f;
}

QFont ViewStyle::mono(int pixel_size) {
    const QVariant known = look().value(QStringLiteral("mono"));
    QFont f = known.isValid() ? known.value<QFont>() : QFont(QStringLiteral("monospace"));
    f.setStyleHint(QFont::Monospace);
    f.setPixelSize(std::max(9, int(std::lround(pixel_size * font_scale()))));
    return f;
}

QIcon ViewStyle::icon(const QString& name, int size) {
    const auto source = qApp->property("lathe_icons").value<IconSource>();
    return source ? source(name, size) : QIcon::fromTheme(name);
}

void draw_view_focus(QPainter& painter, const QWidget* widget) {
    if (!widget->hasFocus() || !widget->window()->testAttribute(Qt::WA_KeyboardFocusChange)) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(ViewStyle::current().accent, 2, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawRect(QRectF(widget->rect()).adjusted(1, 1, -1, -1));
}

QToolButton* make_tool_button(const QString& icon, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setProperty("lathe_icon", icon);
    button->setIcon(ViewStyle::icon(icon));
    button->setIconSize({16, 16});
    button->setAutoRaise(true);
    button->setFixedSize(24, 24);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

void refresh_tool_icons(QWidget* root) {
    for (QToolButton* button : root->findChildren<QToolButton*>())
        if (const QString icon = button->property("lathe_icon").toString(); !icon.isEmpty()) button->setIcon(ViewStyle::icon(icon));
}

}
