// The viewers, used by mouse and keyboard and then looked at: images, plots, heat maps, tables.
#include "core/base/error.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "viewers/view_style.h"
#include <QAccessible>
#include <QDialog>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// A boot-like blob of grey values, 28 x 28, with a little noise of `seed`.
ImageData sample_image(int seed, double noise) {
    std::vector<float> v(28 * 28);
    unsigned state = unsigned(seed) * 2654435761u + 1;
    for (int y = 0; y < 28; ++y)
        for (int x = 0; x < 28; ++x) {
            state = state * 1664525u + 1013904223u;
            const double jitter = (double(state >> 8) / (1 << 24) - 0.5) * noise;
            const bool inside = (x > 12 && x < 25 && y > 4 && y < 24) || (x > 1 && x < 25 && y > 15 && y < 24 - (x < 6 ? 2 : 0));
            v[std::size_t(y * 28 + x)] = float(std::clamp((inside ? 0.45 + 0.4 * std::sin(x * 0.5) * std::sin(x * 0.5) : 0.02) + jitter, 0.0, 1.0));
        }
    return ImageData(28, 28, 1, std::move(v));
}

ImageData flat(int width, int height, float value) { return ImageData(width, height, 1, std::vector<float>(std::size_t(width) * std::size_t(height), value)); }

ImageData coloured(int width, int height, const std::function<QColor(int, int)>& colour) {
    QImage image(width, height, QImage::Format_RGB888);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) image.setPixelColor(x, y, colour(x, y));
    return ImageData::from_image(image);
}

std::vector<ViewImage> pair(double noise = 0.3) {
    return {{"ref", "No cache", "reference", Theme::instance().colours().text, sample_image(1, 0), false}, {"map", "Painted map", {}, Theme::instance().colours().series[0], sample_image(2, noise), false}};
}

void show(QWidget& window) {
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
}

/// Where a colour is seen, in the widget's pixels; (-1,-1): nowhere.
QPoint centre_of(const QImage& image, const QColor& colour) {
    QRect found;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if (image.pixelColor(x, y).rgb() == colour.rgb()) found |= QRect(x, y, 1, 1);
    return found.isNull() ? QPoint(-1, -1) : found.center();
}

}

class TestViewers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::light); }
    void init() { Theme::instance().set_mode(ThemeMode::light); }

    // --- pixels

    void raw_bytes_are_checked() {
        const std::string six(6, '\x40');
        QCOMPARE(ImageData::from_raw(six, {2, 3}, "u8").value_text(2, 1), QStringLiteral("64"));
        QCOMPARE(ImageData::from_raw(six, {1, 2, 3}, "u8").value_text(1, 0), QStringLiteral("64, 64, 64"));
        const auto refused = [&](const std::vector<std::int64_t>& shape, const char* dtype) {
            try {
                ImageData::from_raw(six, shape, dtype);
            } catch (const Error& error) {
                return error.code() == ErrorCode::wrong_format;
            }
            return false;
        };
        QVERIFY(refused({2, 4}, "u8"));
        QVERIFY(refused({6}, "u8"));
        QVERIFY(refused({2, 3}, "f16"));
        QVERIFY(refused({2, 3}, "u16"));
        QVERIFY(refused({-2, -3}, "u8"));
        QVERIFY(refused({std::int64_t{1} << 40, std::int64_t{1} << 40}, "u8"));
        QVERIFY(refused({1, 1, 6}, "u8"));
    }

    void values_become_shades() {
        const ImageData data(3, 1, 1, {-1.0f, 0.0f, float(kNaN)}, -1, 1);
        const QImage image = data.to_image();
        QCOMPARE(image.pixelColor(0, 0), QColor(0, 0, 0));
        QCOMPARE(image.pixelColor(1, 0), QColor(128, 128, 128));
        QCOMPARE(image.pixelColor(2, 0), QColor(255, 0, 255));
        QCOMPARE(data.value_text(2, 0), QStringLiteral("NaN"));
        const ImageData grey_alpha(1, 1, 2, {1.0f, 0.5f});
        QCOMPARE(grey_alpha.to_image().pixelColor(0, 0), QColor(255, 255, 255, 128));
    }

    void measures_agree_with_their_formulas() {
        const ImageData a = flat(32, 32, 0.25f), b = flat(32, 32, 0.5f);
        QVERIFY(std::abs(psnr(a, b) - 10 * std::log10(1 / (0.25 * 0.25))) < 1e-9);
        QVERIFY(std::isinf(psnr(a, a)));
        // Without variance only the luminance term is left.
        QVERIFY(std::abs(ssim(a, b) - (2 * 0.125 + 1e-4) / (0.0625 + 0.25 + 1e-4)) < 1e-9);
        QVERIFY(std::abs(ssim(sample_image(1, 0.5), sample_image(1, 0.5)) - 1) < 1e-12);
        QVERIFY(ssim(sample_image(1, 0), sample_image(2, 0.4)) < 0.98);
        QVERIFY(std::isnan(psnr(a, flat(31, 32, 0.5f))));
        QVERIFY(std::isfinite(ssim(flat(5, 3, 0.1f), flat(5, 3, 0.2f))));   // smaller than the window
        QVERIFY(std::isinf(psnr(a, b, QRect(40, 40, 4, 4))) || std::isnan(psnr(a, b, QRect(40, 40, 4, 4))));
    }

    // --- image compare

    void a_click_picks_the_pixel_that_is_seen_there() {
        ImageCompareViewer viewer;
        const auto one_red = [](int rx, int ry) { return coloured(20, 14, [=](int x, int y) { return x == rx && y == ry ? QColor(250, 0, 0) : QColor(30, 60, 30); }); };
        viewer.set_images({{"a", "A", {}, {}, one_red(3, 9), false}, {"b", "B", {}, {}, one_red(17, 2), false}});
        viewer.set_difference_pane(false);
        viewer.resize(640, 300);
        show(viewer);
        QSignalSpy picked(&viewer, &ImageCompareViewer::picked_pixel);
        const QImage seen = picture_of(viewer);
        QImage right_half = seen;
        right_half.fill(Qt::black);
        const QPoint left = centre_of(seen.copy(0, 0, 320, 300), QColor(250, 0, 0));
        const QPoint right = centre_of(seen.copy(320, 0, 320, 300), QColor(250, 0, 0)) + QPoint(320, 0);
        QVERIFY(left.x() > 0 && right.x() > 320);
        QTest::mouseClick(&viewer, Qt::LeftButton, {}, left);
        QCOMPARE(viewer.picked(), QPoint(3, 9));
        QTest::mouseClick(&viewer, Qt::LeftButton, {}, right);
        QCOMPARE(viewer.picked(), QPoint(17, 2));
        QCOMPARE(picked.size(), 2);
        QTest::keyClick(&viewer, Qt::Key_Left);
        QCOMPARE(viewer.picked(), QPoint(16, 2));
        QTest::keyClick(&viewer, Qt::Key_Down, Qt::ShiftModifier);
        QCOMPARE(viewer.picked(), QPoint(16, 12));
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(&viewer);
        QVERIFY(reader && reader->text(QAccessible::Value).contains(QStringLiteral("30, 60, 30")));
        QTest::keyClick(&viewer, Qt::Key_Escape);
        QCOMPARE(viewer.picked(), QPoint(-1, -1));
    }

    void keys_do_what_the_key_sheet_says() {
        ImageCompareViewer viewer;
        viewer.set_images(pair());
        viewer.resize(700, 320);
        show(viewer);
        viewer.setFocus();
        QTest::keyClick(&viewer, Qt::Key_S);
        QCOMPARE(viewer.mode(), CompareMode::split);
        QTest::keyClick(&viewer, Qt::Key_D);
        QCOMPARE(viewer.mode(), CompareMode::difference);
        QTest::keyClick(&viewer, Qt::Key_D);
        QCOMPARE(viewer.mode(), CompareMode::side_by_side);
        QTest::keyClick(&viewer, Qt::Key_G);
        QCOMPARE(viewer.gain(), 8.0);
        QTest::keyClick(&viewer, Qt::Key_G, Qt::ShiftModifier);
        QTest::keyClick(&viewer, Qt::Key_G, Qt::ShiftModifier);
        QCOMPARE(viewer.gain(), 2.0);
        QTest::keyClick(&viewer, Qt::Key_A);
        QVERIFY(!viewer.is_signed());
        QVERIFY(viewer.is_fitted());
        QTest::keyClick(&viewer, Qt::Key_Z);
        QCOMPARE(viewer.zoom(), 1.0);
        QTest::keyClick(&viewer, Qt::Key_Plus);
        QVERIFY(std::abs(viewer.zoom() - std::sqrt(2.0)) < 1e-9);
        QTest::keyClick(&viewer, Qt::Key_F);
        QVERIFY(viewer.is_fitted() && viewer.zoom() > 4);
        QTest::keyClick(&viewer, Qt::Key_2, Qt::ShiftModifier);
        QCOMPARE(viewer.reference(), 1);
        QCOMPARE(viewer.current(), 0);
        QSignalSpy steps(&viewer, &ImageCompareViewer::step_requested), pins(&viewer, &ImageCompareViewer::pin_requested), play(&viewer, &ImageCompareViewer::play_toggled);
        viewer.set_steps(20, 13);
        QTest::keyClick(&viewer, Qt::Key_BracketLeft);
        QTest::keyClick(&viewer, Qt::Key_End);
        QTest::keyClick(&viewer, Qt::Key_Home);
        QCOMPARE(steps.size(), 3);
        QCOMPARE(steps[0][0].toInt(), 12);
        QCOMPARE(steps[1][0].toInt(), 19);
        QCOMPARE(steps[2][0].toInt(), 0);
        QTest::keyClick(&viewer, Qt::Key_P);
        QCOMPARE(pins.size(), 1);
        QTest::keyClick(&viewer, Qt::Key_Space);
        QCOMPARE(play.size(), 1);
        QTRY_VERIFY_WITH_TIMEOUT(steps.size() > 3, 60'000);
        QCOMPARE(steps[3][0].toInt(), 14);
        QTest::keyClick(&viewer, Qt::Key_Space);
        viewer.set_letter_keys(false);
        QTest::keyClick(&viewer, Qt::Key_S);
        QCOMPARE(viewer.mode(), CompareMode::side_by_side);
    }

    void pixels_stay_sharp_and_small_views_are_averaged() {
        ImageCompareViewer viewer;
        viewer.resize(400, 400);
        viewer.set_images({{"a", "A", {}, {}, coloured(64, 64, [](int x, int y) { return (x + y) % 2 ? QColor(255, 255, 255) : QColor(0, 0, 0); }), false}});
        viewer.set_zoom(4);
        const auto middle = [&viewer](qreal scale) { return viewer.render({400, 400}, scale).copy(QRect(int(160 * scale), int(160 * scale), int(80 * scale), int(80 * scale))); };
        for (const qreal scale : {1.0, 2.0}) {
            const QImage large = middle(scale);
            for (int y = 0; y < large.height(); ++y)
                for (int x = 0; x < large.width(); ++x) {
                    const int v = qRed(large.pixel(x, y));
                    if (v != 0 && v != 255) QFAIL("an enlarged pixel is blurred");
                }
        }
        viewer.set_images({{"a", "A", {}, {}, coloured(512, 512, [](int x, int y) { return (x + y) % 2 ? QColor(255, 255, 255) : QColor(0, 0, 0); }), false}});
        viewer.set_zoom(0.3);
        const QImage small = middle(1);
        for (int y = 0; y < small.height(); ++y)
            for (int x = 0; x < small.width(); ++x)
                if (std::abs(qRed(small.pixel(x, y)) - 127) > 6) QFAIL("a reduced checkerboard is not grey");
    }

    void wheel_zooms_both_about_the_pointer() {
        ImageCompareViewer viewer;
        viewer.set_images(pair());
        viewer.set_difference_pane(false);
        viewer.resize(700, 360);
        show(viewer);
        const double before = viewer.zoom();
        const QPointF at(180, 170);
        QTest::mouseMove(&viewer, at.toPoint());
        QSignalSpy hovered(&viewer, &ImageCompareViewer::hovered_pixel);
        QMouseEvent move(QEvent::MouseMove, at, viewer.mapToGlobal(at), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
        QApplication::sendEvent(&viewer, &move);
        QWheelEvent wheel(at, viewer.mapToGlobal(at), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
        QApplication::sendEvent(&viewer, &wheel);
        QVERIFY(std::abs(viewer.zoom() - 2 * before) < 1e-6);
        QVERIFY(!viewer.is_fitted());
        QTest::mouseClick(&viewer, Qt::LeftButton, {}, at.toPoint());
        const QPoint under = viewer.picked();
        viewer.fit();
        QTest::mouseClick(&viewer, Qt::LeftButton, {}, at.toPoint());
        QCOMPARE(viewer.picked(), under);   // the pixel under the pointer did not move
        drag(&viewer, {180, 170}, {230, 190});
        QVERIFY(!viewer.is_fitted());
    }

    void difference_shows_sign_and_size() {
        ImageCompareViewer viewer;
        viewer.set_images({{"a", "A", {}, {}, flat(8, 8, 0.5f), false}, {"b", "B", {}, {}, ImageData(8, 8, 1, [] { std::vector<float> v(64, 0.5f); v[0] = 0.4f; v[1] = 0.6f; return v; }()), false}});
        viewer.set_gain(4);
        const QImage image = viewer.difference_image(1);
        QCOMPARE(image.pixelColor(5, 5).rgb(), ViewStyle::current().canvas.rgb());
        QVERIFY(image.pixelColor(0, 0).blue() > image.pixelColor(0, 0).red() + 20);
        QVERIFY(image.pixelColor(1, 0).red() > image.pixelColor(1, 0).blue() + 20);
        viewer.set_signed(false);
        QCOMPARE(viewer.difference_image(1).pixel(0, 0), viewer.difference_image(1).pixel(1, 0));
        QVERIFY(viewer.difference_image(9).isNull());
    }

    void split_shows_both_sides_and_moves() {
        ImageCompareViewer viewer;
        viewer.set_images({{"a", "A", {}, {}, coloured(40, 40, [](int, int) { return QColor(200, 0, 0); }), false}, {"b", "B", {}, {}, coloured(40, 40, [](int, int) { return QColor(0, 0, 200); }), false}});
        viewer.set_mode(CompareMode::split);
        viewer.resize(400, 360);
        show(viewer);
        const auto red_share = [&viewer] {
            const QImage image = picture_of(viewer);
            int red = 0, blue = 0;
            for (int x = 0; x < image.width(); ++x) {
                red += image.pixelColor(x, 100) == QColor(200, 0, 0);
                blue += image.pixelColor(x, 100) == QColor(0, 0, 200);
            }
            return double(red) / std::max(1, red + blue);
        };
        QVERIFY(std::abs(red_share() - 0.5) < 0.05);
        const QImage image = picture_of(viewer);
        int line = 0;
        while (line < image.width() && image.pixelColor(line, 100) != QColor(0, 0, 200)) ++line;
        drag(&viewer, {line - 2, 200}, {line + 60, 200});
        QVERIFY(viewer.split() > 0.6);
        QVERIFY(std::abs(red_share() - viewer.split()) < 0.05);
        QVERIFY(viewer.is_fitted());
        QTest::keyClick(&viewer, Qt::Key_Right, Qt::AltModifier);
        QVERIFY(viewer.split() > 0.61);
    }

    void stale_is_pale_until_new_content_comes() {
        ImageCompareViewer viewer;
        viewer.resize(300, 300);
        viewer.set_images({{"a", "A", {}, {}, flat(4, 4, 0.0f), false}});
        QCOMPARE(qRed(viewer.render({300, 300}).pixel(160, 160)), 0);
        viewer.set_stale("a", true);
        QVERIFY(std::abs(qRed(viewer.render({300, 300}).pixel(160, 160)) - 128) <= 2);   // half over the white canvas
        viewer.update_image("a", flat(4, 4, 0.0f), "new");
        QVERIFY(!viewer.images().front().stale);
        QCOMPARE(qRed(viewer.render({300, 300}).pixel(160, 160)), 0);
    }

    void the_bar_follows_and_fits() {
        QWidget window;
        auto* column = new QVBoxLayout(&window);
        auto* viewer = new ImageCompareViewer(&window);
        column->addWidget(viewer->tool_bar());
        column->addWidget(viewer, 1);
        viewer->set_images(pair());
        viewer->set_steps(20, 13, "13 of 19");
        window.resize(880, 400);
        show(window);
        auto* gain = named<QSlider>(window, "Gain of the difference");
        QVERIFY(gain && gain->isVisible());
        gain->setValue(6);
        QCOMPARE(viewer->gain(), 8.0);
        auto* split = named<QToolButton>(window, "Split");
        QTest::mouseClick(split, Qt::LeftButton);
        QCOMPARE(viewer->mode(), CompareMode::split);
        QVERIFY(split->isChecked() && !gain->isVisible());
        QVERIFY(save_pictures(window, "viewers-split"));
        viewer->set_mode(CompareMode::side_by_side);
        window.resize(360, 400);
        QCoreApplication::processEvents();
        QVERIFY(viewer->tool_bar()->width() <= 360);
        for (QWidget* child : viewer->tool_bar()->findChildren<QWidget*>())
            if (child->isVisible() && child->parentWidget() == viewer->tool_bar()) QVERIFY(child->geometry().right() <= viewer->tool_bar()->width() + 1);
        QVERIFY(save_pictures(window, "viewers-narrow"));
        window.resize(1000, 420);
        viewer->pick({9, 17});
        QVERIFY(save_pictures(window, "viewers-images"));
        viewer->set_zoom(72);
        QVERIFY(save_pictures(window, "viewers-values"));
    }

    // --- plot

    void smoothing_is_not_biased() {
        const QVector<double> same(20, 3.0), out = smoothed(same, 0.9);
        for (const double v : out) QVERIFY(std::abs(v - 3) < 1e-12);
        QCOMPARE(smoothed({1, 2, 3}, 0), (QVector<double>{1, 2, 3}));
        const QVector<double> gap = smoothed({2, kNaN, 4}, 0.5);
        QCOMPARE(gap[0], 2.0);
        QVERIFY(std::isnan(gap[1]));
        QVERIFY(std::abs(gap[2] - (0.25 * 2 + 0.5 * 4) / 0.75) < 1e-12);
    }

    void plot_shows_exports_and_lists() {
        QTemporaryDir folder;
        PlotViewer plot;
        plot.resize(560, 320);
        plot.set_titles("Step", "Deviation, %");
        Curve reference{"r", "Feature cache (control)", {}, {}, 4, false, false, false, {}}, map{"m", "Painted map", {}, {}, 0, false, true, false, {}}, last{"l", "Last run", {}, {}, 0, false, false, true, {}};
        for (int i = 0; i < 20; ++i) {
            reference.x << i;
            reference.y << 0.4 * i + std::sin(i);
            map.x << i;
            map.y << (i == 7 ? kNaN : 0.2 * i + 0.3 * std::sin(i * 2.0));
            last.x << i;
            last.y << 0.15 * i;
        }
        plot.set_curves({reference, map, last});
        plot.set_cursor(13, 1);
        plot.add_note(19, map.y.last(), "this map 4.1 %");
        show(plot);
        QTest::qWait(80);   // curves are drawn at most 30 times a second
        QVERIFY(save_pictures(plot, "viewers-plot"));
        const QString csv = plot.as_csv();
        QVERIFY(csv.startsWith("Step,Feature cache (control),Painted map,Last run\r\n0,"));
        QVERIFY(csv.contains(QStringLiteral("\r\n7,3.")));
        QCOMPARE(csv.count('\n'), 21);
        for (const char* name : {"p.png", "p.svg", "p.pdf", "p.csv"}) QVERIFY2(plot.export_file(folder.filePath(name)), name);
        QFile svg(folder.filePath("p.svg"));
        QVERIFY(svg.open(QIODevice::ReadOnly));
        const QByteArray drawing = svg.readAll();
        QVERIFY(drawing.contains("<path") && drawing.contains("Painted map"));
        QVERIFY(!plot.export_file(folder.filePath("p.xyz")));
        plot.show_as_table();
        auto* dialog = plot.window()->findChild<QDialog*>();
        QVERIFY(dialog && dialog->findChild<TableView*>());
        delete dialog;
        QSignalSpy table(&plot, &PlotViewer::table_requested);
        plot.show_as_table();
        QCOMPARE(table.size(), 1);
        QCOMPARE(table[0][0].toStringList().size(), 4);
    }

    void plot_follows_streams_and_answers_the_pointer() {
        PlotViewer plot;
        plot.resize(480, 260);
        plot.set_empty_text("Nothing yet.");
        show(plot);
        QVERIFY(save_pictures(plot, "viewers-plot-empty"));
        plot.set_curve({"a", "Loss", {0, 1}, {1.0, 0.5}, 0, false, false, false, {}});
        plot.append("a", {2, 3}, {0.25, 0.125});
        plot.append("unknown", {2}, {1});
        QCOMPARE(plot.curves()[0].y.size(), 4);
        plot.set_log_y(true);
        plot.set_smoothing(0.5);
        QSignalSpy clicked(&plot, &PlotViewer::clicked), moved(&plot, &PlotViewer::cursor_moved);
        QTest::qWait(60);
        plot.setFocus();
        QTest::keyClick(&plot, Qt::Key_End);
        QCOMPARE(moved.last()[0].toDouble(), 3.0);
        QVERIFY(save_pictures(plot, "viewers-plot-log"));
        QTest::keyClick(&plot, Qt::Key_End);
        QTest::keyClick(&plot, Qt::Key_Return);
        QCOMPARE(clicked.size(), 1);
        QCOMPARE(clicked[0][0].toDouble(), 3.0);
        plot.remove("a");
        QVERIFY(plot.curves().isEmpty());
    }

    // --- heat map and table

    void heat_map_by_keyboard_and_file() {
        QTemporaryDir folder;
        HeatMapView map;
        std::vector<double> values;
        for (int i = 0; i < 20; ++i) values.push_back(i == 13 ? kNaN : 14.0 * std::abs(std::sin(i * 0.9)));
        map.set_values(2, 10, values);
        map.set_row_labels({"Outline", "Detail"});
        map.set_column_labels({}, "first block of a window of 3");
        map.set_unit("%");
        map.set_legend("64 seeds");
        map.resize(290, 130);
        show(map);
        map.setFocus();
        QSignalSpy clicked(&map, &HeatMapView::clicked);
        for (int i = 0; i < 6; ++i) QTest::keyClick(&map, Qt::Key_Right);
        QTest::keyClick(&map, Qt::Key_Down);
        QTest::keyClick(&map, Qt::Key_Return);
        QCOMPARE(clicked.size(), 1);
        QCOMPARE(clicked[0][0].toInt(), 1);
        QCOMPARE(clicked[0][1].toInt(), 5);
        const QImage seen = picture_of(map);
        QVERIFY(centre_of(seen, QColor(255, 0, 255)).x() > 0);   // the missing value
        QVERIFY(map.as_csv().startsWith("%,0,1,"));
        QVERIFY(map.as_csv().contains("Detail,"));
        for (const char* name : {"m.png", "m.svg", "m.pdf", "m.csv"}) QVERIFY2(map.export_file(folder.filePath(name)), name);
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(&map);
        QVERIFY(reader && reader->tableInterface());
        QCOMPARE(reader->tableInterface()->columnCount(), 10);
        QVERIFY(reader->tableInterface()->cellAt(1, 3)->text(QAccessible::Name).contains("no value"));
        QVERIFY(save_pictures(map, "viewers-heat-map"));
        map.set_values(3, 3, {1});   // does not fit: the old values stay
        QCOMPARE(map.as_csv().count('\n'), 3);
    }

    void table_sorts_by_several_keys() {
        TableView table;
        table.resize(420, 260);
        const QVariant none;
        table.set_table({"Run", "Speed-up", "PSNR, dB"}, {{"#9", 1.66, 31.8}, {"#10", none, 28.0}, {"#2", 1.66, 30.25}, {"#1", 2.5, kNaN}});
        show(table);
        const auto column = [&table](int c) {
            QStringList texts;
            for (int r = 0; r < table.sort_model()->rowCount(); ++r) texts << table.sort_model()->index(r, c).data().toString();
            return texts;
        };
        table.set_sort_keys({{0, Qt::AscendingOrder}});
        QCOMPARE(column(0), (QStringList{"#1", "#2", "#9", "#10"}));
        table.set_sort_keys({{1, Qt::DescendingOrder}, {2, Qt::AscendingOrder}});
        QCOMPARE(column(0), (QStringList{"#1", "#2", "#9", "#10"}));
        table.set_sort_keys({{2, Qt::DescendingOrder}});
        QCOMPARE(column(0), (QStringList{"#9", "#2", "#10", "#1"}));   // the missing one is last in both directions
        table.set_sort_keys({{2, Qt::AscendingOrder}});
        QCOMPARE(column(0), (QStringList{"#10", "#2", "#9", "#1"}));
        QSignalSpy changed(&table, &TableView::sort_changed);
        const QPoint head(table.columnViewportPosition(1) + 8, 10);
        for (int i = 0; i < 3; ++i) QTest::mouseClick(table.horizontalHeader()->viewport(), Qt::LeftButton, {}, head);
        QCOMPARE(changed.size(), 3);
        QCOMPARE(column(0), (QStringList{"#9", "#10", "#2", "#1"}));   // the third click restores
        QCOMPARE(column(2), (QStringList{"31.80", "28.00", "30.25", ""}));
        table.set_sort_keys({{1, Qt::DescendingOrder}, {2, Qt::AscendingOrder}});
        QVERIFY(save_pictures(table, "viewers-table"));
        QVERIFY(table.as_csv().startsWith("Run,Speed-up,\"PSNR, dB\"\r\n#1,2.5,\r\n"));
        QCOMPARE(csv_cell("=1+1"), QStringLiteral("'=1+1"));
        QCOMPARE(csv_cell("-1.5"), QStringLiteral("-1.5"));
        QCOMPARE(csv_cell("a\"b"), QStringLiteral("\"a\"\"b\""));
    }
};

QTEST_MAIN(TestViewers)
#include "test_viewers.moc"
