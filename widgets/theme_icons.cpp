#include "widgets/theme_icons.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include <QApplication>
#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>
#include <cmath>
#include <functional>

namespace lathe {
namespace {

QByteArray icon_source(const QString& name) {
    static QHash<QString, QByteArray> sources;
    if (const auto found = sources.constFind(name); found != sources.cend()) return *found;
    QFile file(QString::fromStdString(resource(("icons/" + name + ".svg").toStdString()).string()));
    QByteArray svg;
    if (!name.isEmpty() && file.open(QIODevice::ReadOnly)) svg = file.readAll();
    else log(LogLevel::warning, "theme", "No icon named " + name.toStdString() + " in " + file.fileName().toStdString());
    sources.insert(name, svg);
    return svg;
}

struct Key {
    QString name;
    QRgb colour;
    int width, height;
    bool operator==(const Key&) const = default;
};
size_t qHash(const Key& key, size_t seed = 0) { return qHashMulti(seed, key.name, key.colour, key.width, key.height); }

/// In device pixels.
QPixmap render_icon(const QString& name, const QSize& size, const QColor& colour) {
    static QHash<Key, QPixmap> cache;
    const Key key{name, colour.rgba(), size.width(), size.height()};
    if (const auto found = cache.constFind(key); found != cache.cend()) return *found;
    if (cache.size() > 2000) cache.clear();
    QImage image(size, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QByteArray svg = icon_source(name);
    if (!svg.isEmpty()) {
        svg.replace("currentColor", colour.name(QColor::HexRgb).toLatin1());
        QSvgRenderer renderer(svg);
        QPainter painter(&image);
        painter.setOpacity(colour.alphaF());
        renderer.render(&painter, QRectF(QPointF(0, 0), QSizeF(size)));
    }
    const QPixmap pixmap = QPixmap::fromImage(image);
    cache.insert(key, pixmap);
    return pixmap;
}

/// Looks the colours up when it paints, so icons follow a change of theme by themselves.
class ThemeIconEngine : public QIconEngine {
public:
    ThemeIconEngine(QString name, int size, QColor fixed) : m_name(std::move(name)), m_size(size), m_fixed(fixed) {}
    QIconEngine* clone() const override { return new ThemeIconEngine(*this); }
    QString iconName() override { return m_name; }
    QSize actualSize(const QSize& size, QIcon::Mode, QIcon::State) override { return size.boundedTo({m_size, m_size}); }
    QList<QSize> availableSizes(QIcon::Mode, QIcon::State) override { return {{m_size, m_size}}; }
    bool isNull() override { return icon_source(m_name).isEmpty(); }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override { return render_icon(m_name, size, colour(mode, state)); }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override { return pixmap(size, mode, state); }
    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        const qreal scale = painter->device()->devicePixelRatioF();
        QPixmap picture = pixmap((QSizeF(rect.size()) * scale).toSize(), mode, state);
        picture.setDevicePixelRatio(scale);
        painter->drawPixmap(rect.topLeft(), picture);
    }

private:
    QColor colour(QIcon::Mode mode, QIcon::State state) const {
        const ThemeColours& c = Theme::instance().colours();
        QColor colour = m_fixed.isValid() ? m_fixed : state == QIcon::On ? c.accent : mode == QIcon::Normal || mode == QIcon::Disabled ? c.text2 : c.text;
        if (mode == QIcon::Disabled) colour.setAlphaF(0.45f);
        return colour;
    }
    QString m_name;
    int m_size;
    QColor m_fixed;
};

}

QIcon Theme::icon(const QString& name, int size) const { return QIcon(new ThemeIconEngine(name, size, {})); }
QIcon Theme::icon(const QString& name, const QColor& colour, int size) const { return QIcon(new ThemeIconEngine(name, size, colour)); }

QPixmap Theme::pixmap(const QString& name, int size, const QColor& colour, qreal scale) const {
    const int side = int(std::ceil(size * scale));
    QPixmap picture = render_icon(name, {side, side}, colour);
    picture.setDevicePixelRatio(scale);
    return picture;
}

QPixmap tinted(QPixmap picture, const QColor& colour) {
    QPainter painter(&picture);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(QRect(QPoint(0, 0), picture.size()), colour);
    return picture;
}

void publish_look(const ThemeColours& c, bool dark, const QFont& mono) {
    QVariantMap look{{"canvas", c.canvas}, {"base", c.base}, {"alt", c.alt}, {"line", c.line}, {"edge", c.edge}, {"text", c.text}, {"text2", c.text2}, {"text3", c.text3},
        {"accent", c.accent}, {"sel", c.sel}, {"grid", c.grid}, {"axis", c.axis}, {"pick", c.pick}, {"checker1", c.checker1}, {"checker2", c.checker2}, {"window", c.window},
        {"ok", c.ok}, {"err", c.err}, {"dark", dark}, {"mono", mono}, {"font_scale", Theme::instance().font_scale()}};
    for (int i = 0; i < 5; ++i) {
        look.insert(QStringLiteral("series%1").arg(i), c.series[i]);
        look.insert(QStringLiteral("dash%1").arg(i), QVariant::fromValue(series_dash(i)));
    }
    qApp->setProperty("lathe_look", look);
    qApp->setProperty("lathe_icons", QVariant::fromValue(std::function<QIcon(const QString&, int)>([](const QString& name, int size) { return Theme::instance().icon(name, size); })));
}

}
