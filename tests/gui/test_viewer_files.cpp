// What leaves the viewers: exported files are compared with what was on the screen, the clipboard and the context menus with what they say.
#include "tests/gui/gui_fixture.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "viewers/view_export.h"
#include <QClipboard>
#include <QMenu>
#include <QPainter>
#include <QSignalSpy>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <cmath>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

/// Grey waves with a step, so that a picture that was moved or mirrored differs much.
ImageData waves(int width, int height, double phase) {
    std::vector<float> values;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) values.push_back(float(0.5 + 0.3 * std::sin(x * 0.7 + phase) * std::cos(y * 0.4) + (x > width / 2 ? 0.15 : -0.15)));
    return ImageData(width, height, 1, std::move(values));
}

QImage on_screen(QWidget& widget) { return widget.grab().toImage().convertToFormat(QImage::Format_RGB32); }

/// Mean difference of the channels, in levels of 255; 255 where the sizes differ.
double difference(const QImage& a, const QImage& b) {
    if (a.size() != b.size() || a.isNull()) return 255;
    const QImage x = a.convertToFormat(QImage::Format_RGB32), y = b.convertToFormat(QImage::Format_RGB32);
    double sum = 0;
    for (int row = 0; row < x.height(); ++row)
        for (int column = 0; column < x.width(); ++column) {
            const QRgb p = x.pixel(column, row), q = y.pixel(column, row);
            sum += std::abs(qRed(p) - qRed(q)) + std::abs(qGreen(p) - qGreen(q)) + std::abs(qBlue(p) - qBlue(q));
        }
    return sum / (3.0 * x.width() * x.height());
}

QImage drawn_svg(const QString& file, const QSize& size) {
    QSvgRenderer renderer(file);
    QImage image(size, QImage::Format_RGB32);
    image.fill(Qt::black);
    QPainter painter(&image);
    renderer.render(&painter);
    return renderer.isValid() ? image : QImage();
}

/// Page size of a PDF in points; empty: it is none.
QSizeF page_of(const QString& file) {
    QFile in(file);
    if (!in.open(QIODevice::ReadOnly)) return {};
    const QByteArray bytes = in.readAll();
    const qsizetype at = bytes.indexOf("/MediaBox [");
    if (!bytes.startsWith("%PDF-") || !bytes.trimmed().endsWith("%%EOF") || at < 0) return {};
    const QList<QByteArray> box = bytes.mid(at + 11, bytes.indexOf(']', at) - at - 11).simplified().split(' ');
    return box.size() == 4 ? QSizeF(box[2].toDouble() - box[0].toDouble(), box[3].toDouble() - box[1].toDouble()) : QSizeF();
}

bool is_close(const QSizeF& a, const QSizeF& b) { return std::abs(a.width() - b.width()) <= 1 && std::abs(a.height() - b.height()) <= 1; }

void show(QWidget& window) {
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
}

/// Opens the context menu at `at`, gives its texts and triggers the entry of that name.
QStringList use_menu(QWidget& on, const QPoint& at, const QString& entry) {
    QStringList texts;
    QTimer::singleShot(0, &on, [&] {
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        if (!menu) return;
        QAction* chosen = nullptr;
        for (QAction* action : menu->actions()) {
            if (action->isSeparator()) continue;
            texts << action->text();
            if (action->text() == entry) chosen = action;
        }
        menu->close();
        if (chosen && chosen->isEnabled()) chosen->trigger();
    });
    QContextMenuEvent event(QContextMenuEvent::Mouse, at, on.mapToGlobal(at));
    QApplication::sendEvent(&on, &event);
    return texts;
}

}

class TestViewerFiles : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString path(const QString& name) const { return m_folder.filePath(name); }

private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::light); }

    void images_are_written_as_they_are_seen_data() {
        QTest::addColumn<int>("mode");
        QTest::addColumn<bool>("dark");
        QTest::addColumn<double>("zoom");
        QTest::newRow("side by side") << int(CompareMode::side_by_side) << false << 0.0;
        QTest::newRow("side by side, dark, zoomed") << int(CompareMode::side_by_side) << true << 20.0;
        QTest::newRow("split") << int(CompareMode::split) << false << 0.0;
        QTest::newRow("difference, dark") << int(CompareMode::difference) << true << 0.0;
        QTest::newRow("values in the pixels") << int(CompareMode::side_by_side) << false << 60.0;
    }
    void images_are_written_as_they_are_seen() {
        QFETCH(int, mode);
        QFETCH(bool, dark);
        QFETCH(double, zoom);
        Theme::instance().set_mode(dark ? ThemeMode::dark : ThemeMode::light);
        ImageCompareViewer viewer;
        viewer.set_images({{"a", "No cache", "reference", Qt::darkGray, waves(28, 24, 0), false}, {"b", "Painted map", {}, Qt::blue, waves(28, 24, 0.5), false}});
        viewer.set_mode(CompareMode(mode));
        viewer.resize(720, 330);
        show(viewer);
        viewer.pick({9, 11});
        if (zoom > 0) viewer.set_zoom(zoom);
        const QImage seen = on_screen(viewer);
        QVERIFY(viewer.export_png(path("view.png"), 1));
        QCOMPARE(difference(QImage(path("view.png")), seen), 0.0);
        QVERIFY(viewer.export_file(path("view.svg")));
        const double off = difference(drawn_svg(path("view.svg"), viewer.size()), seen);
        QVERIFY2(off < 4, qPrintable(QString::number(off)));
        QVERIFY(viewer.export_file(path("view.pdf")));
        QVERIFY(is_close(page_of(path("view.pdf")), QSizeF(viewer.size()) * 0.75));
        Theme::instance().set_mode(ThemeMode::light);
    }

    void a_picture_carries_the_run_that_made_it() {
        ImageCompareViewer viewer;
        viewer.set_images({{"a", "A", {}, {}, waves(8, 8, 0), false}});
        viewer.resize(300, 200);
        viewer.setProperty("lathe_run", "0f0e0d0c-1111-2222-3333-444455556666");
        QVERIFY(viewer.export_png(path("run.png"), 2));
        const QImage image(path("run.png"));
        QCOMPARE(image.size(), QSize(600, 400));
        QCOMPARE(image.text("lathe-run"), QStringLiteral("0f0e0d0c-1111-2222-3333-444455556666"));
    }

    void curves_are_written_as_they_are_seen() {
        PlotViewer plot;
        Curve curve{"a", "Painted map", {}, {}, 0, false, true, false, {}}, other{"b", "Last run", {}, {}, 1, false, false, false, {}};
        for (int i = 0; i < 20; ++i) {
            curve.x << i;
            curve.y << 0.3 * i + std::sin(i);
            other.x << i;
            other.y << 0.2 * i;
        }
        plot.set_titles("Step", "Deviation, %");
        plot.set_curves({curve, other});
        plot.set_cursor(13, 1);
        plot.resize(560, 320);
        show(plot);
        QImage seen;
        QTRY_VERIFY_WITH_TIMEOUT(difference(seen = on_screen(plot), plot.render(1)) < 2, 60'000);   // curves are drawn at most 30 times a second
        QVERIFY(plot.export_file(path("curves.png")));
        QCOMPARE(QImage(path("curves.png")).size(), plot.size() * 2);
        const double half = difference(QImage(path("curves.png")).scaled(plot.size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation), seen);
        QVERIFY2(half < 4, qPrintable(QString::number(half)));
        QVERIFY(plot.export_file(path("curves.svg")));
        const double off = difference(drawn_svg(path("curves.svg"), plot.size()), seen);
        QVERIFY2(off < 4, qPrintable(QString::number(off)));
        QVERIFY(plot.export_file(path("curves.pdf")));
        QVERIFY(is_close(page_of(path("curves.pdf")), QSizeF(plot.size()) * 0.75));
        QVERIFY(plot.export_file(path("curves.csv")));
        QFile csv(path("curves.csv"));
        QVERIFY(csv.open(QIODevice::ReadOnly));
        QCOMPARE(csv.readAll().split('\n').at(1).trimmed(), QByteArray("0,0,0"));
    }

    void a_map_is_written_as_it_is_seen() {
        HeatMapView map;
        std::vector<double> values;
        for (int i = 0; i < 20; ++i) values.push_back(i == 7 ? std::nan("") : i * 0.7);
        map.set_values(2, 10, values);
        map.set_row_labels({"Outline", "Detail"});
        map.set_unit("%");
        map.resize(300, 130);
        show(map);
        const QImage seen = on_screen(map);
        QCOMPARE(difference(map.render(1), seen), 0.0);
        QVERIFY(map.export_file(path("map.svg")));
        const double off = difference(drawn_svg(path("map.svg"), map.size()), seen);
        QVERIFY2(off < 4, qPrintable(QString::number(off)));
        QVERIFY(map.export_file(path("map.pdf")));
        QVERIFY(is_close(page_of(path("map.pdf")), QSizeF(map.size()) * 0.75));
    }

    void a_failed_export_keeps_the_old_file_and_is_told() {
        ImageCompareViewer viewer;
        viewer.resize(300, 300);
        QVERIFY(write_text(path("kept.bmp"), "old"));
        QVERIFY(!viewer.export_file(path("kept.bmp")));
        QFile kept(path("kept.bmp"));
        QVERIFY(kept.open(QIODevice::ReadOnly));
        QCOMPARE(kept.readAll(), QByteArray("old"));
        QVERIFY(!viewer.export_png("/nowhere/at/all.png"));
        QStringList told;
        set_export_report([&told](const QString& what, const QString& where, const QString& hint) { told << what << where << hint; });
        show_export_failed("/nowhere/at/all.png");
        set_export_report({});
        QCOMPARE(told.size(), 3);
        QCOMPARE(told[1], QStringLiteral("/nowhere/at/all.png"));
    }

    void the_menu_of_an_image_copies_and_sets() {
        ImageCompareViewer viewer;
        viewer.set_images({{"a", "A", {}, {}, waves(8, 8, 0), false}, {"b", "B", {}, {}, waves(8, 8, 1), false}});
        viewer.resize(720, 330);
        show(viewer);
        viewer.pick({3, 4});
        const QPoint second(360, 165), third(600, 165);
        const QStringList texts = use_menu(viewer, second, "Copy value");
        QCOMPARE(texts.first(), QStringLiteral("Fit"));   // what the double-click does
        QVERIFY(texts.size() <= 12);
        QVERIFY(QApplication::clipboard()->text().startsWith("px (3, 4)"));
        use_menu(viewer, second, "Copy image");
        QCOMPARE(QApplication::clipboard()->image().size(), QSize(8, 8));
        use_menu(viewer, second, "Copy view");
        QCOMPARE(QApplication::clipboard()->image().size(), viewer.size());
        QVERIFY(use_menu(viewer, third, "Signed difference").contains("Signed difference"));
        QVERIFY(!viewer.is_signed());
        QApplication::clipboard()->clear();
        viewer.setFocus();
        QTest::keyClick(&viewer, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->image().size(), viewer.size());
        use_menu(viewer, second, "Set as reference");
        QCOMPARE(viewer.reference(), 1);
        QSignalSpy command(&viewer, &ImageCompareViewer::copy_command_line_requested);
        use_menu(viewer, second, "Copy as command line");
        QCOMPARE(command.size(), 1);
    }

    void the_menus_of_map_and_table_copy() {
        HeatMapView map;
        map.set_values(1, 2, {1.5, 2.5});
        map.resize(300, 130);
        show(map);
        use_menu(map, {150, 30}, "Copy table");
        QCOMPARE(QApplication::clipboard()->text(), QStringLiteral(",0,1\r\n0,1.5,2.5\r\n"));
        use_menu(map, {150, 30}, "Copy image");
        QVERIFY(!QApplication::clipboard()->image().isNull());
        TableView table;
        table.set_table({"Run", "Value"}, {{"#1", 1.5}, {"#2", 2.0}});
        table.resize(300, 160);
        show(table);
        table.selectRow(1);
        table.setFocus();
        QTest::keyClick(&table, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("#2\t2.000"));
    }
};

QTEST_MAIN(TestViewerFiles)
#include "test_viewer_files.moc"
