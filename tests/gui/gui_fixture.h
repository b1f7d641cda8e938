#pragma once
// What the tests of windows share: the theme, pictures of widgets in both themes and at both scales, and real mouse gestures.
#include "widgets/theme.h"
#include <QApplication>
#include <QDir>
#include <QtTest>

namespace lathe::gui_test {

inline QString picture_folder() {
    const QString folder = qEnvironmentVariable("LATHE_SCREENSHOTS", QDir::tempPath() + QStringLiteral("/lathe-screenshots"));
    QDir().mkpath(folder);
    return folder;
}

/// The widget as it is painted, `scale` device pixels per pixel.
inline QImage picture_of(QWidget& widget, qreal scale = 1) {
    QImage image((QSizeF(widget.size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.fill(Qt::transparent);
    widget.render(&image);
    return image;
}

/// NAME-light.png or NAME-dark.png, and that at 2x; false if one cannot be written or holds one colour only. The theme is set already.
inline bool save_pictures_of_theme(QWidget& widget, const QString& name, ThemeMode mode) {
    bool good = true;
    for (const int scale : {1, 2}) {
        const QImage image = picture_of(widget, scale);
        bool varied = false;
        for (int y = 0; y < image.height() && !varied; y += 3)
            for (int x = 0; x < image.width() && !varied; x += 3) varied = image.pixel(x, y) != image.pixel(0, 0);
        const QString file = QStringLiteral("%1/%2-%3%4.png").arg(picture_folder(), name, mode == ThemeMode::dark ? "dark" : "light", scale == 2 ? "-2x" : "");
        good = good && varied && image.save(file);
    }
    return good;
}

/// Both themes at both scales.
inline bool save_pictures(QWidget& widget, const QString& name) {
    bool good = true;
    for (const ThemeMode mode : {ThemeMode::light, ThemeMode::dark}) {
        Theme::instance().set_mode(mode);
        QCoreApplication::processEvents();
        good = save_pictures_of_theme(widget, name, mode) && good;
    }
    return good;
}

inline void drag(QWidget* widget, const QPoint& from, const QPoint& to, Qt::MouseButton button = Qt::LeftButton, Qt::KeyboardModifiers modifiers = {}) {
    QTest::mousePress(widget, button, modifiers, from);
    constexpr int kSteps = 8;
    for (int i = 1; i <= kSteps; ++i) {
        const QPointF at = QPointF(from) + QPointF(to - from) * (double(i) / kSteps);
        QMouseEvent move(QEvent::MouseMove, at, widget->mapToGlobal(at), Qt::NoButton, button, modifiers);
        QApplication::sendEvent(widget, &move);
    }
    QTest::mouseRelease(widget, button, modifiers, to);
}

template <typename T> T* named(QWidget& in, const QString& accessible_name) {
    for (T* child : in.findChildren<T*>())
        if (child->accessibleName() == accessible_name) return child;
    return nullptr;
}

}
