// The workspace of merging in the real window with the real engine and the shipped models: sliders dragged, blocks clicked, pictures dropped, models left out, sweeps, evaluation, comparison,
// a gate trained, a model merged into a file; and pictures of it at several widths.
#include "app/gui/workspace.h"
#include "tests/gui/window_fixture.h"
#include "viewers/heat_map.h"
#include "widgets/simple_table.h"
#include "widgets/slider.h"
#include <QAbstractItemView>
#include <QComboBox>
#include <QDropEvent>
#include <QMimeData>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

constexpr int kLong = 60'000;   // ms; the machine may be busy

}

class TestVitMergeWindow : public WindowFixture {
    Q_OBJECT
    Workspace* m_space = nullptr;

    template <class Widget> Widget* named(const QString& name) {
        for (Widget* widget : window().findChildren<Widget*>())
            if (widget->accessibleName() == name && widget->isVisible()) return widget;
        return nullptr;
    }
    bool says(const QString& part) {
        for (QLabel* label : m_space->findChildren<QLabel*>())
            if (label->isVisible() && label->text().contains(part)) return true;
        return false;
    }
    /// "Joint 93.8 % · Oracle head …" above the strip; empty where there is none.
    QLabel* measured_label() {
        for (QLabel* label : m_space->findChildren<QLabel*>())
            if (label->isVisible() && label->text().startsWith("Joint") && label->text().contains("Gate")) return label;
        return nullptr;
    }
    QString measured() { return measured_label() ? measured_label()->text() : QString(); }
    bool is_fresh() { return measured_label() && !measured_label()->font().italic(); }   // what is out of date is slanted
    void trigger(const char* id) {
        QAction* found = action((QByteArray("vit_merge.") + id).constData());
        QVERIFY2(found && found->isEnabled(), id);
        found->trigger();
    }
    bool has_button(const QString& text) {
        for (QPushButton* button : m_space->findChildren<QPushButton*>())
            if (button->text() == text && button->isVisible() && button->isEnabled()) return true;
        return false;
    }
    void page(const QString& title) {
        for (QToolButton* button : window().findChildren<QToolButton*>())
            if (button->text() == title && button->isVisible()) return button->click();
        QFAIL(qPrintable("no page " + title));
    }
    void drag(QWidget* widget, QPoint from, QPoint to) {
        QTest::mousePress(widget, Qt::LeftButton, {}, from);
        for (int i = 1; i <= 4; ++i) QTest::mouseMove(widget, from + (to - from) * i / 4);
        QTest::mouseRelease(widget, Qt::LeftButton, {}, to);
    }
    /// Drags the slider of a parameter from where it stands to a share of its length.
    void drag_slider(const QString& name, double share) {
        auto* slider = named<Slider>(name);
        QVERIFY2(slider, qPrintable(name));
        const int y = slider->height() / 2;
        drag(slider, {slider->width() / 2, y}, {int(share * (slider->width() - 1)), y});
    }
    void undo() {
        QVERIFY(action("edit.undo")->isEnabled());
        action("edit.undo")->trigger();
    }
    QWidget* strip() {
        for (QWidget* widget : m_space->findChildren<QWidget*>())
            if (QByteArrayView(widget->metaObject()->className()).endsWith("ImageStrip")) return widget;
        return nullptr;
    }
    /// As somebody picks it in the form.
    void choose_method(const QString& text) {
        for (QComboBox* box : m_space->findChildren<QComboBox*>()) {
            const int row = box->findText(text);
            if (!box->isVisible() || box->accessibleName() != "Method" || row < 0) continue;
            box->setCurrentIndex(row);
            Q_EMIT box->activated(row);
            return;
        }
        QFAIL(qPrintable("no method " + text));
    }
    bool pictures(const QString& name) { return shots("window-merge-" + name); }

private Q_SLOTS:
    void initTestCase() {
        open_window();
        window().projects().create(m_folder.filePath("merging.lathe"));
        QTRY_VERIFY_WITH_TIMEOUT(window().projects().is_open(), kLong);
        window().show_workspace("vit_merge");
        m_space = window().workspace("vit_merge");
        QVERIFY(m_space);
        QTRY_VERIFY_WITH_TIMEOUT(action("vit_merge.evaluate"), kLong);
    }
    void init() { QTRY_VERIFY_WITH_TIMEOUT(is_fresh(), kLong); }
    void cleanupTestCase() { m_window.reset(); }

    /// The shipped models are there from the start, and every control of the form is answered by the engine.
    void controls_are_live() {
        QVERIFY(pictures("opened"));
        const QString before = measured();
        drag_slider("Gated blocks m", 0);
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh() && measured() != before, kLong);
        QVERIFY(says("0 of 6") || says("m = 0"));
        const QString none = measured();
        drag_slider("Gated blocks m", 1);
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh() && measured() != none, kLong);
        undo();
        QTRY_COMPARE_WITH_TIMEOUT(is_fresh() ? measured() : QString(), none, kLong);
        action("edit.redo")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh() && measured() != none, kLong);
    }

    /// A click on the map takes a block out, or in.
    void blocks_are_clicked() {
        auto* map = named<HeatMapView>("Full weights");
        QVERIFY(map);
        const QString before = measured();
        QTest::mouseClick(map, Qt::LeftButton, {}, {map->width() / 2, map->height() / 3});
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh(), kLong);
        undo();
        QTRY_COMPARE_WITH_TIMEOUT(is_fresh() ? measured() : QString(), before, kLong);
    }

    void a_picture_is_inspected() {
        QTest::mouseClick(strip(), Qt::LeftButton, {}, {40, 40});
        QTRY_VERIFY_WITH_TIMEOUT(named<SimpleTable>("Likeliest classes of each model"), kLong);
        auto* top = named<SimpleTable>("Likeliest classes of each model");
        QTRY_VERIFY_WITH_TIMEOUT(top->rowCount() >= 4, kLong);
        QTest::keyClick(strip(), Qt::Key_Right);
        QTRY_VERIFY_WITH_TIMEOUT(top->rowCount() >= 4 && says("Where"), kLong);
        QVERIFY(pictures("inspected"));
    }

    /// A photograph from the desktop becomes a picture of the strip, and goes with undo.
    void a_picture_is_dropped() {
        const QString file = m_folder.filePath("dropped.png");
        QImage image(64, 48, QImage::Format_RGB32);
        image.fill(Qt::darkCyan);
        QVERIFY(image.save(file));
        QMimeData mime;
        mime.setUrls({QUrl::fromLocalFile(file)});
        const QPoint at(30, 30);
        QDragEnterEvent enter(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
        QCoreApplication::sendEvent(strip(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
        QCoreApplication::sendEvent(strip(), &drop);
        QTRY_VERIFY_WITH_TIMEOUT(says("33 pictures"), kLong);
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh(), kLong);
        undo();
        QTRY_VERIFY_WITH_TIMEOUT(says("32 pictures") && is_fresh(), kLong);
    }

    void a_model_is_left_out() {
        auto* use = named<QAbstractButton>("Use letters");
        QVERIFY(use && use->isChecked());
        use->click();
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh() && says("3 of 4 models"), kLong);   // the gate answers for the three that are left
        QVERIFY(pictures("left-out"));
        undo();
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh() && !says("3 of 4 models"), kLong);
    }

    void it_sweeps_and_evaluates() {
        trigger("sweep");
        QTRY_VERIFY_WITH_TIMEOUT(has_button("Sweep") && !says("Not measured yet.") && !says("Sweep measures"), 3 * kLong);
        trigger("evaluate");
        auto* table = named<QAbstractItemView>("Accuracy of the methods");
        QVERIFY(table);
        QTRY_VERIFY_WITH_TIMEOUT(table->model()->rowCount() >= 4 && has_button("Evaluate"), 5 * kLong);
        QVERIFY(table->model()->index(0, 0).data().toString().contains("baseline to beat"));   // hard routing stays on top
        QVERIFY(pictures("evaluated"));
        page("Confusion");
        auto* classes = named<HeatMapView>("Confusion of classes");
        QVERIFY(classes);
        QVERIFY(pictures("confusion"));
    }

    void it_compares() {
        trigger("compare");
        QTRY_VERIFY_WITH_TIMEOUT(has_button("Compare"), 3 * kLong);
        QTRY_VERIFY_WITH_TIMEOUT(named<QWidget>("Difference by block"), kLong);
        QVERIFY(pictures("compared"));
    }

    void a_gate_is_trained() {
        page("Training");
        trigger("train_gate");
        QTRY_VERIFY_WITH_TIMEOUT(has_button("Save…"), 5 * kLong);
        QVERIFY(pictures("trained"));
    }

    /// One file, and its recipe beside it.
    void it_merges_into_a_file() {
        page("Tasks and methods");
        choose_method("Weight average");
        QTRY_VERIFY_WITH_TIMEOUT(is_fresh(), kLong);
        const QString file = m_folder.filePath("merged.safetensors");
        QVERIFY(choose_file(file, [this] { trigger("merge"); }, "window-merge-save"));
        QTRY_VERIFY_WITH_TIMEOUT(has_message("merged model was saved"), kLong);
        QVERIFY(QFileInfo(file).size() > 100'000 && QFileInfo::exists(m_folder.filePath("merged.recipe.json")));
    }

    void fits_narrow_windows() {
        for (const int width : {1280, 1440, 1600}) {
            window().resize(width, width * 10 / 16);
            QTRY_COMPARE_WITH_TIMEOUT(window().width(), width, kLong);
            QTest::qWait(100);
            QVERIFY(pictures(QString::number(width)));
        }
    }
};

int main(int argc, char** argv) { return run_window_test<TestVitMergeWindow>(argc, argv); }
#include "test_vit_merge_window.moc"
