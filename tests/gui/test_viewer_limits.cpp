// The viewers with what nobody wishes for: values that are no numbers, empty and wrong series, and much more of everything than usual.
#include "core/base/colour_map.h"
#include "core/base/error.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include <QElapsedTimer>
#include <QSignalSpy>
#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

ImageData flat(int width, int height, float value) { return ImageData(width, height, 1, std::vector<float>(std::size_t(width) * std::size_t(height), value)); }

ImageData speckled(int side, unsigned factor) {
    std::vector<float> values(std::size_t(side) * std::size_t(side));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = float((i * factor) % 255) / 255;
    return ImageData(side, side, 1, std::move(values));
}

int count_of(const QImage& image, const QColor& colour) {
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) count += (image.pixel(x, y) & 0xFFFFFF) == (colour.rgb() & 0xFFFFFF);
    return count;
}

template <typename Work> double took_ms(const Work& work) {
    QElapsedTimer timer;
    timer.start();
    work();
    return double(timer.nsecsElapsed()) * 1e-6;
}

}

class TestViewerLimits : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::light); }

    // --- what is no number

    void images_with_nan_show_and_count_it() {
        std::vector<float> values(64, 0.5f);
        values[9] = float(kNaN);
        values[10] = float(kInf);
        const ImageData broken(8, 8, 1, values);
        QCOMPARE(broken.missing(), 1);
        ImageCompareViewer viewer;
        viewer.resize(720, 330);
        viewer.set_images({{"a", "A", {}, {}, flat(8, 8, 0.5f), false}, {"b", "B", {}, {}, broken, false}});
        QVERIFY(count_of(viewer.render(viewer.size()), QColor(255, 0, 255)) > 500);   // in the image and in the difference, under a hatch
        QVERIFY(std::isnan(viewer.view_psnr(1)) || std::isinf(viewer.view_psnr(1)));
        viewer.set_mode(CompareMode::difference);
        viewer.set_signed(false);
        QVERIFY(count_of(viewer.render(viewer.size()), QColor(255, 0, 255)) > 200);
        QVERIFY(save_pictures(viewer, "viewers-nan"));
    }

    void impossible_images_are_refused_or_empty() {
        const auto refused = [](const std::string& bytes, const std::vector<std::int64_t>& shape) {
            try {
                ImageData::from_raw(bytes, shape, "u8");
            } catch (const Error& error) {
                return error.code() == ErrorCode::wrong_format && !error.hint().empty();
            }
            return false;
        };
        QVERIFY(refused("", {0, 0}));
        QVERIFY(refused("", {0, 5, 1}));
        QVERIFY(refused("", {65536, 65536}));   // more pixels than are shown
        ImageCompareViewer viewer;
        viewer.resize(500, 300);
        viewer.set_images({});
        viewer.render(viewer.size());
        viewer.set_images({{"a", "A", {}, {}, {}, false}, {"b", "B", {}, {}, {}, false}});   // nothing has come yet
        for (const CompareMode mode : {CompareMode::side_by_side, CompareMode::split, CompareMode::blink, CompareMode::difference}) {
            viewer.set_mode(mode);
            QVERIFY(!viewer.render(viewer.size()).isNull());
        }
        for (const Qt::Key key : {Qt::Key_Left, Qt::Key_Plus, Qt::Key_F, Qt::Key_Z, Qt::Key_9, Qt::Key_End, Qt::Key_Space}) QTest::keyClick(&viewer, key);
        QTest::mouseClick(&viewer, Qt::LeftButton, {}, {100, 100});
        viewer.set_gain(kNaN);
        viewer.set_zoom(-1);
        viewer.set_steps(-5, 100);
        viewer.update_image("unknown", flat(2, 2, 0));
        viewer.set_images({{"a", "A", {}, {}, flat(1, 1, 0.3f), false}, {"b", "B", {}, {}, flat(3000, 2, 0.7f), false}});   // of different shape
        QVERIFY(!viewer.render(viewer.size()).isNull());
        QVERIFY(viewer.render({1, 1}).size() == QSize(1, 1));
    }

    void plots_take_any_series() {
        PlotViewer plot;
        plot.resize(400, 240);
        plot.show();
        plot.set_curves({{"empty", "Empty", {}, {}, 0, false, false, false, {}}, {"nan", "NaN", {0, 1, 2}, {kNaN, kNaN, kNaN}, 1, false, false, false, {}}, {"one", "One", {3}, {5}, 2, false, false, false, {}},
            {"wild", "Wild", {3, 1, kNaN, 2}, {30, 10, 99, kInf}, 3, false, true, false, {}}, {"short", "Short", {0, 1, 2}, {1}, 4, false, false, false, {}}});
        plot.add_note(kNaN, 1, "nowhere");
        plot.add_note(3, 30, "end");
        for (const bool log : {false, true}) {
            plot.set_log_y(log);
            plot.set_log_x(log);
            QVERIFY(!plot.render(1).isNull());
        }
        plot.set_smoothing(kNaN);
        plot.set_x_range(5, 5);
        plot.set_y_range(kNaN, 2);
        plot.append("one", {4}, {6});
        plot.append("one", {5, 6}, {6});   // lengths that differ change nothing
        QCOMPARE(plot.curves()[2].y.size(), 2);
        const QString csv = plot.as_csv();
        QVERIFY(csv.contains("\r\n1,,,,10,\r\n") || csv.contains("\r\n1,"));
        QVERIFY(!csv.contains("nan") && !csv.contains("inf"));
        plot.clear();
        QCOMPARE(plot.as_csv(), QStringLiteral("x\r\n"));
        QVERIFY(!plot.render(1).isNull());
    }

    void maps_take_any_values() {
        HeatMapView map;
        map.resize(300, 130);
        map.set_values(0, 0, {});
        QVERIFY(!map.render().isNull());
        map.set_values(1, 3, {kNaN, kNaN, kNaN});
        QVERIFY(!map.render().isNull());
        map.set_values(1, 3, {kInf, 1, -kInf});
        map.set_log(true);
        QVERIFY(!map.render().isNull());
        map.set_range(kNaN, 1);
        map.set_range(2, 1);
        QTest::keyClick(&map, Qt::Key_Right);
        QVERIFY(!map.render().isNull());
    }

    void colour_maps_end_as_published() {
        struct End { ColourMapId map; int first, last; };
        for (const End& end : {End{ColourMapId::viridis, 0x440154, 0xFDE725}, End{ColourMapId::inferno, 0x000004, 0xFCFFA4}, End{ColourMapId::magma, 0x000004, 0xFCFDBF}, End{ColourMapId::cividis, 0x00224E, 0xFEE838},
                 End{ColourMapId::twilight, 0xE2D9E2, 0xE2D9E2}}) {
            const auto number = [](const Rgb& c) { return c.r << 16 | c.g << 8 | c.b; };
            QCOMPARE(number(colour_at(end.map, 0)), end.first);
            QCOMPARE(number(colour_at(end.map, 1)), end.last);
        }
    }

    // --- much of it: what the window's thread does stays short (the figures are printed), what takes long comes from another thread

    void large_images_are_made_elsewhere() {
        ImageCompareViewer viewer;
        const ImageData a = speckled(4096, 7919), b = speckled(4096, 7907);
        viewer.resize(1000, 500);
        viewer.show();
        const double set = took_ms([&] { viewer.set_images({{"a", "A", {}, {}, a, false}, {"b", "B", {}, {}, b, false}}); });
        const double first = took_ms([&] { picture_of(viewer); });
        const auto is_drawn = [&viewer] { return picture_of(viewer).pixelColor(170, 250).rgb() != base_colour(); };
        QTRY_VERIFY_WITH_TIMEOUT(is_drawn(), 30'000);
        QTRY_VERIFY_WITH_TIMEOUT(viewer.render(viewer.size()) == picture_of(viewer).convertToFormat(QImage::Format_ARGB32_Premultiplied), 30'000);   // difference and measures, too
        QList<double> frames;
        for (int i = 0; i < 12; ++i) {
            viewer.set_zoom(0.1 * std::pow(2, i * 0.8));
            frames << took_ms([&] { picture_of(viewer); });
        }
        std::sort(frames.begin(), frames.end());
        const double gain = took_ms([&] {
            viewer.set_gain(16);
            picture_of(viewer);
        });
        qInfo("4096 x 4096: set %.1f ms, first frame %.1f ms, zooming median %.1f, longest %.1f ms, new gain %.1f ms", set, first, frames[6], frames.last(), gain);
        // A newer image while the older is being made: the newest is shown in the end.
        viewer.fit();
        viewer.set_mode(CompareMode::blink);
        for (const float value : {0.1f, 0.2f, 1.0f}) {
            viewer.update_image("a", flat(1024, 1024, value));
            picture_of(viewer);
        }
        QTRY_VERIFY_WITH_TIMEOUT(count_of(picture_of(viewer), Qt::white) > 50'000, 30'000);
    }

    void a_million_points() {
        Curve curve{"a", "Long", {}, {}, 0, false, false, false, {}};
        constexpr int kCount = 1'000'000;
        curve.x.reserve(kCount);
        curve.y.reserve(kCount);
        for (int i = 0; i < kCount; ++i) {
            curve.x << i;
            curve.y << std::sin(i * 0.0001) + 0.1 * std::sin(i * 1.7);
        }
        curve.y[500'000] = 40;   // a single outlier is never thinned away
        curve.y[250'000] = kNaN;
        PlotViewer plot;
        plot.resize(900, 400);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        const double set = took_ms([&] { plot.set_curve(curve); });
        const double drawn = took_ms([&] { plot.render(1); });
        const double more = took_ms([&] { plot.append("a", {double(kCount)}, {0.0}); });
        const double again = took_ms([&] { plot.render(1); });
        qInfo("1 000 000 points: set %.1f ms, drawn %.1f ms, append %.1f ms, drawn again %.1f ms", set, drawn, more, again);
        const QImage image = plot.render(1);
        int high = 0;   // the colour of the curve in the upper half: only the outlier reaches it
        const QColor line = Theme::instance().colours().series[0];
        for (int y = 30; y < 200; ++y)
            for (int x = 60; x < image.width(); ++x) high += std::abs(image.pixelColor(x, y).red() - line.red()) < 60 && std::abs(image.pixelColor(x, y).blue() - line.blue()) < 60;
        QVERIFY(high > 30);
        const double csv = took_ms([&] { QVERIFY(plot.as_csv().count(u'\n') == kCount + 2); });
        qInfo("as CSV: %.1f ms", csv);
    }

    void a_hundred_thousand_rows() {
        QList<QVariantList> rows;
        constexpr int kRows = 100'000;
        for (qint64 i = 0; i < kRows; ++i) rows << QVariantList{QStringLiteral("#%1").arg((i * 7919) % kRows), double((i * 104729) % kRows) / 7, i % 5 ? QVariant(int(i % 977)) : QVariant(), QStringLiteral("tag %1").arg(i % 31)};
        TableView table;
        table.resize(600, 400);
        table.show();
        const double set = took_ms([&] { table.set_table({"Run", "Value", "Count", "Tag"}, rows); });
        QSignalSpy sorted(table.sort_model(), &MultiSortModel::sorted);
        const double asked = took_ms([&] { table.set_sort_keys({{3, Qt::AscendingOrder}, {1, Qt::DescendingOrder}}); });
        const double frame = took_ms([&] { picture_of(table); });
        QTRY_VERIFY_WITH_TIMEOUT(sorted.size() == 1 && !table.sort_model()->is_sorting(), 60'000);
        qInfo("100 000 rows: set %.1f ms, sort asked for %.1f ms, a frame %.1f ms", set, asked, frame);
        double before = kInf;
        for (int r = 0; r < 3000; ++r) {
            QCOMPARE(table.sort_model()->index(r, 3).data().toString(), QStringLiteral("tag 0"));
            const double value = table.sort_model()->index(r, 1).data(Qt::EditRole).toDouble();
            QVERIFY(value <= before);
            before = value;
        }
        table.set_sort_keys({{0, Qt::AscendingOrder}});
        table.set_sort_keys({{2, Qt::DescendingOrder}});   // the first is still under way: only the last counts
        QTRY_VERIFY_WITH_TIMEOUT(!table.sort_model()->is_sorting(), 60'000);
        QCOMPARE(table.sort_model()->index(0, 2).data(Qt::EditRole).toInt(), 976);
        QVERIFY(!table.sort_model()->index(kRows - 1, 2).data(Qt::EditRole).isValid());
        table.set_sort_keys({});
        QTRY_VERIFY_WITH_TIMEOUT(!table.sort_model()->is_sorting(), 60'000);
        QCOMPARE(table.sort_model()->index(1, 0).data().toString(), QStringLiteral("#7919"));
    }

    void a_large_map() {
        HeatMapView map;
        std::vector<double> values(1500 * 1500);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(double(i) * 0.001);
        map.resize(500, 400);
        map.set_values(1500, 1500, std::move(values));
        qInfo("a map of 1500 x 1500: a frame %.1f ms", took_ms([&] { map.render(1); }));
        QVERIFY(!map.render(1).isNull());
    }

private:
    static QRgb base_colour() { return Theme::instance().colours().base.rgb(); }
};

QTEST_MAIN(TestViewerLimits)
#include "test_viewer_limits.moc"
