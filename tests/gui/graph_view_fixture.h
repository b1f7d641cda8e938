#pragma once
// What the tests of the graph and set views share: views shown and settled, the two squares in them, and their pictures at full detail.
#include "tests/gui/graph_fixture.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/graph_view.h"
#include "viewers/view_style.h"
#include <QFile>

namespace lathe::gui_test {

using Ids = std::vector<std::int32_t>;
constexpr int kSoon = 20'000;   // ms; the machine may be busy

/// Shows the GraphView or SetView where it is not shown yet; false: it does not come to rest.
template <typename View> bool settle(View& view) {
    if (!view.isVisible()) {
        view.show();
        if (!QTest::qWaitForWindowExposed(&view)) return false;
    }
    return QTest::qWaitFor([&view] { return view.is_settled(); }, kSoon);
}

/// The graph of two squares, nodes "node a" to "node h", hyperedges "set 0" to "set 3".
template <typename View> void set_squares(View& view, const QSize& size) {
    view.resize(size);
    view.set_graph(two_squares().make());
    view.set_names([](std::int32_t v) { return QStringLiteral("node %1").arg(QChar(u'a' + v)); }, [](std::int32_t h) { return QStringLiteral("set %1").arg(h); });
}

/// The same with its places.
inline void show_squares(GraphView& view, const QSize& size = {640, 420}) {
    set_squares(view, size);
    const Places at = places_of_two_squares();
    view.set_places(at.x, at.y);
}

inline QPoint at_node(const GraphView& view, std::int32_t v) { return view.to_widget(double(view.places()->x[std::size_t(v)]), double(view.places()->y[std::size_t(v)])).toPoint(); }

/// Pixels that differ from the canvas.
inline int ink(const QImage& image) {
    const QRgb canvas = ViewStyle::current().canvas.rgb();
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) count += (image.pixel(x, y) | 0xff000000u) != (canvas | 0xff000000u);
    return count;
}

/// Pictures in both themes and at both scales, each at full detail; false: one has too little ink or is not written.
template <typename View> bool save_scene(View& view, const QString& name, int least_ink = 3000) {
    bool good = true;
    for (const ThemeMode mode : {ThemeMode::light, ThemeMode::dark}) {
        Theme::instance().set_mode(mode);
        QCoreApplication::processEvents();
        good = good && settle(view);
        for (const int scale : {1, 2}) {
            const QImage image = view.render(scale);
            good = good && ink(image) > least_ink && image.save(QStringLiteral("%1/%2-%3%4.png").arg(picture_folder(), name, mode == ThemeMode::dark ? "dark" : "light", scale == 2 ? "-2x" : ""));
        }
    }
    return good;
}

/// The text of a file; empty if it cannot be read.
inline QString text_in(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}
