// The theme, the parameter form, the palette and the message bar, used as a user does: by mouse and keyboard, then looked at.
#include "core/base/error.h"
#include "tests/gui/gui_fixture.h"
#include "widgets/command_palette.h"
#include "widgets/fold_title.h"
#include "widgets/message_bar.h"
#include "widgets/number_field.h"
#include "widgets/parameter_form.h"
#include "widgets/parameter_row.h"
#include "widgets/progress_strip.h"
#include "widgets/range_strip.h"
#include "widgets/segmented_control.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include <QAccessible>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QToolButton>
#include <QUndoStack>
#include <QVBoxLayout>
#include <limits>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

std::vector<Parameter> all_types() {
    return {Parameter::choice("class", "9", {{"0", "T-shirt", ""}, {"8", "Bag", ""}, {"9", "Ankle boot", ""}}).with_label("Class").with_group("Sampling").is_live(),
        Parameter::seed("seed", 20417).with_label("Seed").with_group("Sampling").is_live(),
        Parameter::integer("steps", 20).range(1, 50).with_label("Steps").with_group("Sampling").is_live().with_help("Sampling steps."),
        Parameter::number("guidance", 4.0).range(0, 20).with_step(0.1).with_label("Guidance").with_unit("×").with_group("Sampling").is_live(),
        Parameter::number("rate", 1e-3).range(1e-5, 1.0).is_log().with_label("Rate").with_group("Sampling").is_advanced(),
        Parameter::choice("policy", "delta", {{"none", "No cache", ""}, {"delta", "Δ-Cache", ""}}).with_label("Policy").with_group("Caching"),
        Parameter::integer("cached", 9).range(0, "$model.depth").with_label("Cached Nc").with_group("Caching").when("policy", {"delta"}).is_live(),
        Parameter::int_range("range", 0, 4).range(0, "$model.depth").with_label("Blocks").with_group("Caching"),
        Parameter::boolean("full", false).with_label("Full step at the switch").with_group("Caching"),
        Parameter::text("note", "").with_label("Note").with_group("Other"), Parameter::path("file").with_label("File").with_group("Other"),
        Parameter::list("levels", Json::array({1, 2, 3})).with_label("Levels").with_group("Other"), Parameter::table("pairs", {"a", "b"}).with_label("Pairs").with_group("Other"),
        Parameter::grid("map", "$model.depth", "$param.steps").with_label("Map").with_group("Other")};
}

Facts twelve_blocks() {
    Facts facts;
    facts.model = {{"depth", 12}};
    return facts;
}

/// A form in a window that is shown and has the keyboard.
struct FormWindow {
    QWidget window;
    ParameterForm form;
    QUndoStack undo;
    explicit FormWindow(std::vector<Parameter> declared = all_types()) {
        auto* column = new QVBoxLayout(&window);
        column->setContentsMargins(0, 0, 0, 0);
        column->addWidget(&form);
        form.set_undo_stack(&undo);
        form.set_facts(twelve_blocks());
        form.set_parameters(std::move(declared));
        window.resize(288, 760);
        window.show();
        window.activateWindow();
        if (!QTest::qWaitForWindowActive(&window)) qWarning("the window did not get the keyboard");
    }
    void type(const QString& label, const QString& text) {
        auto* field = named<NumberField>(form, label);
        field->setFocus();
        field->selectAll();
        QTest::keyClicks(field, text);
        QTest::keyClick(field, Qt::Key_Return);
    }
    RowLabel* label(const QString& of) {   // of the row whose editor is called so
        auto* field = named<NumberField>(form, of);
        QWidget* at = field;
        while (at && !qobject_cast<ParameterRow*>(at)) at = at->parentWidget();
        return at ? static_cast<ParameterRow*>(at)->label() : nullptr;
    }
};

const char* kReadable = R"(The ratio is under what the guideline asks for.)";

}

class TestWidgets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }
    void init() { Theme::instance().set_mode(ThemeMode::dark); }

    // --- theme
    void every_text_is_readable_data() {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void every_text_is_readable() {
        QFETCH(bool, dark);
        const ThemeColours c = Theme::table(dark);
        const QList<std::pair<const char*, QColor>> surfaces{{"window", c.window}, {"base", c.base}, {"alt", c.alt}, {"input", c.input}, {"button", c.button}, {"sel", c.sel}};
        // the bars are the table's figures, which are rounded to a tenth; all are over 4.5 and never less is accepted
        const auto at_least = [&](const char* name, const QColor& colour, double bar) {
            for (const auto& [on, surface] : surfaces) {
                const double ratio = contrast(colour, surface);
                QVERIFY2(ratio >= std::max(4.5, bar - 0.05), qPrintable(QStringLiteral("%1 on %2: %3, needs %4. %5").arg(name, on).arg(ratio, 0, 'f', 2).arg(bar).arg(kReadable)));
            }
        };
        at_least("text", c.text, dark ? 9.9 : 12.8);
        at_least("text2", c.text2, dark ? 5.6 : 5.8);
        at_least("text3", c.text3, dark ? 4.5 : 4.8);
        at_least("accent", c.accent, dark ? 5.4 : 4.9);
        at_least("ok", c.ok, dark ? 5.1 : 4.6);
        at_least("warn", c.warn, dark ? 5.1 : 4.6);
        at_least("err", c.err, dark ? 5.1 : 4.6);
        at_least("brass", c.brass, 4.5);
        QVERIFY(contrast(c.on_fill, c.fill) >= (dark ? 5.55 : 5.95));
        for (const QColor& bar : {c.errbg, c.warnbg})
            for (const QColor& on : {c.text, c.text2, c.err, c.warn}) QVERIFY2(contrast(on, bar) >= 5.2 || (on != c.text && contrast(on, bar) >= 4.5), kReadable);
        // not text, but must be seen: edges of fields, curves, cells of the map
        for (const QColor& surface : {c.window, c.base, c.input, c.canvas}) QVERIFY2(contrast(c.edge, surface) >= 3, kReadable);
        for (const QColor& series : c.series) QVERIFY2(contrast(series, c.canvas) >= 3, kReadable);
        for (const QColor& cell : {c.map_rear, c.map_front}) QVERIFY2(contrast(cell, c.canvas) >= 3, kReadable);
        QVERIFY(contrast(c.fill, c.base) >= (dark ? 2.5 : 3));   // the Run button: its text carries it in the dark
    }
    void ratios_are_those_of_the_guideline() {
        QCOMPARE(contrast(Qt::black, Qt::white), 21.0);
        QCOMPARE(contrast(Qt::white, Qt::black), 21.0);
        QVERIFY(std::abs(contrast(QColor("#767676"), Qt::white) - 4.54) < 0.01);   // the well-known grey
        QCOMPARE(contrast(QColor(0, 0, 0, 0), Qt::white), 1.0);
    }
    void high_contrast_is_pure() {
        Theme::instance().set_high_contrast(true);
        QCOMPARE(Theme::instance().colours().text, QColor(Qt::white));
        QCOMPARE(Theme::instance().colours().edge, QColor(Qt::white));
        Theme::instance().set_high_contrast(false);
        QCOMPARE(Theme::instance().colours().text, Theme::table(true).text);
    }
    void the_palette_follows_the_mode() {
        Theme::instance().set_mode(ThemeMode::light);
        QCOMPARE(QApplication::palette().color(QPalette::Window), Theme::table(false).window);
        Theme::instance().set_mode(ThemeMode::dark);
        QCOMPARE(QApplication::palette().color(QPalette::Window), Theme::table(true).window);
    }
    void figures_have_one_width() {
        const QFontMetricsF metrics(Theme::instance().font(13));
        QCOMPARE(metrics.horizontalAdvance("1111"), metrics.horizontalAdvance("8888"));
    }

    // --- typing numbers
    void typed_numbers_data() {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<double>("value");   // nan: refused
        const double refused = std::numeric_limits<double>::quiet_NaN();
        QTest::newRow("point") << "1.6" << 1.6;
        QTest::newRow("comma") << "1,6" << 1.6;
        QTest::newRow("product") << "8*2" << 16.0;
        QTest::newRow("brackets") << "(3+1)/2" << 2.0;
        QTest::newRow("minus is stronger than plus") << "2-3*4" << -10.0;
        QTest::newRow("power") << "2^-3" << 0.125;
        QTest::newRow("negative power") << "-2^2" << -4.0;
        QTest::newRow("exponent") << "1e-3" << 1e-3;
        QTest::newRow("grouped") << "20 417" << 20417.0;
        QTest::newRow("proper minus") << "−4" << -4.0;
        QTest::newRow("empty") << "" << refused;
        QTest::newRow("word") << "ten" << refused;
        QTest::newRow("half a sum") << "3+" << refused;
        QTest::newRow("division by zero") << "1/0" << refused;
        QTest::newRow("many brackets") << QString(399, u'(') << refused;
    }
    void typed_numbers() {
        QFETCH(QString, typed);
        QFETCH(double, value);
        const auto got = evaluate_expression(typed);
        if (std::isnan(value)) QVERIFY(!got);
        else QVERIFY2(got && std::abs(*got - value) < 1e-12, qPrintable(typed));
    }

    // --- the form
    void every_type_has_an_editor() {
        FormWindow w;
        const Json& v = w.form.values();
        QCOMPARE(v.size(), all_types().size());
        QVERIFY(v["class"] == "9" && v["steps"] == 20 && v["range"] == Json::array({0, 4}) && v["levels"] == Json::array({1, 2, 3}));
        QCOMPARE(v["map"]["rows"].get<int>(), 12);
        QCOMPARE(v["map"]["cols"].get<int>(), 20);
        for (const char* name : {"Steps", "Guidance", "Cached Nc"}) {
            QVERIFY(named<NumberField>(w.form, name));
            QVERIFY(named<Slider>(w.form, name));
        }
        QVERIFY(named<QComboBox>(w.form, "Class"));
        QVERIFY(named<RangeStrip>(w.form, "Blocks"));
        QVERIFY(named<NumberField>(w.form, "Seed"));
        QVERIFY(!w.form.findChildren<QCheckBox*>().isEmpty());
        for (const char* name : {"Note", "File", "Levels", "Pairs"}) QVERIFY2(named<QLineEdit>(w.form, name), name);
        QVERIFY(save_pictures(w.window, "parameter-form"));
    }
    void typing_comma_and_product() {
        FormWindow w;
        w.type("Guidance", "1,6");
        QCOMPARE(w.form.value("guidance").get<double>(), 1.6);
        w.type("Guidance", "8*2");
        QCOMPARE(w.form.value("guidance").get<double>(), 16.0);
        QCOMPARE(w.undo.count(), 2);
        QCOMPARE(w.undo.undoText(), QStringLiteral("Guidance 1.6 → 16"));
        w.undo.undo();
        w.undo.undo();
        QCOMPARE(w.form.value("guidance").get<double>(), 4.0);
        QCOMPARE(named<NumberField>(w.form, "Guidance")->value(), 4.0);
    }
    void out_of_range_is_refused() {
        FormWindow w;
        w.type("Steps", "51");
        QCOMPARE(w.form.value("steps").get<int>(), 20);
        QVERIFY(w.form.has_errors());
        auto* field = named<NumberField>(w.form, "Steps");
        QVERIFY2(field->toolTip().contains("50"), qPrintable(field->toolTip()));
        QVERIFY(field->property("lathe_error").toBool());
        QCOMPARE(w.undo.count(), 0);
        QVERIFY(save_pictures(w.window, "parameter-form-error"));
        w.type("Steps", "2.5");
        QCOMPARE(w.form.value("steps").get<int>(), 20);
        w.type("Steps", "30");
        QCOMPARE(w.form.value("steps").get<int>(), 30);
        QVERIFY(!w.form.has_errors());
        w.type("Cached Nc", "13");   // the limit is a fact of the model
        QCOMPARE(w.form.value("cached").get<int>(), 9);
        QVERIFY_THROWS_EXCEPTION(Error, w.form.edit("steps", Json("many")));
        QVERIFY_THROWS_EXCEPTION(Error, w.form.edit("stepps", Json(3)));
    }
    void double_click_resets() {
        FormWindow w;
        w.type("Steps", "33");
        RowLabel* label = w.label("Steps");
        QVERIFY(label);
        QTest::mouseDClick(label, Qt::LeftButton, {}, QPoint(4, label->height() / 2));
        QCOMPARE(w.form.value("steps").get<int>(), 20);
        w.type("Guidance", "7");
        auto* slider = named<Slider>(w.form, "Guidance");
        QTest::mouseDClick(slider, Qt::LeftButton, {}, slider->rect().center());
        QTest::mouseRelease(slider, Qt::LeftButton, {}, slider->rect().center());
        QCOMPARE(w.form.value("guidance").get<double>(), 4.0);
    }
    void one_drag_is_one_step() {
        FormWindow w;
        QSignalSpy changed(&w.form, &ParameterForm::changed), settled(&w.form, &ParameterForm::settled), live(&w.form, &ParameterForm::live_due);
        auto* slider = named<Slider>(w.form, "Guidance");
        const int middle = slider->height() / 2;
        drag(slider, {12, middle}, {slider->width() - 12, middle});
        QVERIFY(w.form.value("guidance").get<double>() > 10);
        QVERIFY(changed.count() > 2);
        QCOMPARE(w.undo.count(), 1);
        QVERIFY(settled.count() >= 1);
        QTRY_VERIFY_WITH_TIMEOUT(live.count() >= 1, 60'000);
        w.undo.undo();
        QCOMPARE(w.form.value("guidance").get<double>(), 4.0);
        w.undo.redo();
        QVERIFY(w.form.value("guidance").get<double>() > 10);
        auto* strip = named<RangeStrip>(w.form, "Blocks");
        drag(strip, {strip->width() / 2, strip->height() / 2}, {strip->width() - 4, strip->height() / 2});
        QCOMPARE(w.undo.count(), 2);
        QVERIFY(w.form.value("range")[0].get<int>() >= 4);
        QCOMPARE(w.form.value("range")[1].get<int>(), 12);
    }
    void shift_drag_is_a_tenth() {
        FormWindow w;
        auto* slider = named<Slider>(w.form, "Guidance");
        const int middle = slider->height() / 2, handle = 7 + int((slider->width() - 14) * 4.0 / 20);
        drag(slider, {handle, middle}, {handle + 20, middle}, Qt::LeftButton, Qt::ShiftModifier);
        const double fine = w.form.value("guidance").get<double>() - 4;
        w.form.reset("guidance");
        drag(slider, {handle, middle}, {handle + 20, middle});
        const double coarse = w.form.value("guidance").get<double>() - 4;
        QVERIFY2(fine > 0 && coarse > 7 * fine && coarse < 13 * fine, qPrintable(QString("%1 %2").arg(fine).arg(coarse)));
    }
    void the_wheel_does_not_change_a_value_that_is_scrolled_past() {
        FormWindow w;
        auto* slider = named<Slider>(w.form, "Steps");
        QWheelEvent wheel(slider->rect().center(), slider->mapToGlobal(QPointF(slider->rect().center())), {}, {0, 120}, Qt::NoButton, {}, Qt::NoScrollPhase, false);
        QApplication::sendEvent(slider, &wheel);
        QCOMPARE(w.form.value("steps").get<int>(), 20);
    }
    void choices_checks_ranges_and_texts() {
        FormWindow w;
        auto* combo = named<QComboBox>(w.form, "Class");
        combo->setFocus(Qt::TabFocusReason);
        QTest::keyClick(combo, Qt::Key_Up);
        QCOMPARE(w.form.value("class").get<std::string>(), "8");
        auto* box = w.form.findChildren<QCheckBox*>().first();
        QTest::mouseClick(box, Qt::LeftButton, {}, QPoint(8, box->height() / 2));
        QVERIFY(w.form.value("full").get<bool>());
        auto* strip = named<RangeStrip>(w.form, "Blocks");
        strip->setFocus();
        QTest::keyClick(strip, Qt::Key_Right);
        QCOMPARE(w.form.value("range"), Json::array({1, 5}));
        QTest::keyClick(strip, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(w.form.value("range"), Json::array({1, 6}));
        auto* levels = named<QLineEdit>(w.form, "Levels");
        levels->setFocus();
        levels->selectAll();
        QTest::keyClicks(levels, "4, 5");
        QTest::keyClick(levels, Qt::Key_Return);
        QCOMPARE(w.form.value("levels"), Json::array({4, 5}));
        QCOMPARE(w.undo.count(), 5);
    }
    void a_disabled_row_says_why() {
        FormWindow w;
        auto* field = named<NumberField>(w.form, "Cached Nc");
        QVERIFY(field->isEnabled());
        w.form.edit("policy", "none");
        QVERIFY(!field->isEnabled());
        QWidget* row = field;
        while (row && !qobject_cast<ParameterRow*>(row)) row = row->parentWidget();
        QVERIFY2(row && row->toolTip().contains("Policy: Δ-Cache"), qPrintable(row ? row->toolTip() : QString()));
    }
    void a_grid_follows_its_size() {
        FormWindow w;
        w.form.edit("steps", 10);
        QCOMPARE(w.form.value("map")["cols"].get<int>(), 10);
        w.undo.undo();   // what followed goes back with it
        QCOMPARE(w.form.value("map")["cols"].get<int>(), 20);
    }
    void the_dot_marks_what_differs() {
        FormWindow w;
        QVERIFY(!w.label("Steps")->has_dot());
        w.form.set_recorded(w.form.values());
        w.form.edit("steps", 12);
        QVERIFY(w.label("Steps")->has_dot());
        QVERIFY(!w.label("Guidance")->has_dot());
    }
    void the_command_line_repeats_the_values() {
        FormWindow w;
        w.form.edit("steps", 12);
        w.form.edit("range", Json::array({2, 5}));
        QCOMPARE(w.form.command_line(), QStringList({"--set", "steps=12", "--set", "range=[2,5)"}));
    }
    void presets_skip_what_does_not_fit() {
        FormWindow w;
        const QStringList skipped = w.form.set_values({{"steps", 12}, {"guidance", 99}, {"gone", 1}}, "Preset");
        QCOMPARE(skipped.size(), 2);
        QCOMPARE(w.form.value("steps").get<int>(), 12);
        QCOMPARE(w.form.value("guidance").get<double>(), 4.0);
        QCOMPARE(w.undo.count(), 1);
    }
    void the_filter_leaves_what_matches() {
        FormWindow w;
        w.form.set_filter("cached");
        QVERIFY(named<NumberField>(w.form, "Cached Nc")->isVisible());
        QVERIFY(!named<NumberField>(w.form, "Steps")->isVisible());
        w.form.set_filter({});
        QVERIFY(named<NumberField>(w.form, "Steps")->isVisible());
    }
    void a_group_folds_by_mouse_and_keyboard() {
        FormWindow w;
        auto* title = named<FoldTitle>(w.form, "Caching");
        QWidget* inside = named<QWidget>(w.form, "Cached Nc");
        QVERIFY(title && inside);
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(title);
        QVERIFY(reader && reader->actionInterface());
        QCOMPARE(reader->role(), QAccessible::Button);
        QCOMPARE(reader->text(QAccessible::Name), QStringLiteral("Caching"));
        const auto is_open = [&] { return inside->isVisible() && reader->state().expanded && !reader->state().collapsed; };
        const auto is_folded = [&] { return !inside->isVisible() && !reader->state().expanded && reader->state().collapsed; };
        QVERIFY(is_open() && reader->state().expandable);
        QTest::mouseClick(title, Qt::LeftButton);
        QVERIFY(is_folded());

        // Tab alone leads there; each key does what the tooltip says.
        named<FoldTitle>(w.form, "Sampling")->setFocus(Qt::TabFocusReason);
        for (int tabs = 0; tabs < 60 && !title->hasFocus(); ++tabs) QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QVERIFY(title->hasFocus());
        QTest::keyClick(title, Qt::Key_Left);   // it is folded already
        QVERIFY(is_folded());
        QCOMPARE(w.form.horizontalScrollBar()->value(), 0);   // the keyboard does not shift the form
        QCoreApplication::processEvents();                    // its rows have moved
        QVERIFY(save_pictures(w.window, "parameter-form-folded"));
        QTest::keyClick(title, Qt::Key_Right);
        QVERIFY(is_open());
        QTest::keyClick(title, Qt::Key_Space);
        QVERIFY(is_folded());
        QTest::keyClick(title, Qt::Key_Return);
        QVERIFY(is_open());
        QTest::keyClick(title, Qt::Key_Left);
        QVERIFY(is_folded());
        reader->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QVERIFY(is_open());
    }

    // --- palette
    void the_palette_narrows() {
        QWidget window;
        window.resize(1000, 600);
        CommandPalette palette(&window);
        int ran = 0, set = 0;
        palette.set_source([&] {
            std::vector<PaletteEntry> entries;
            const auto add = [&](QChar kind, const QString& title, const QString& category, bool enabled = true) {
                PaletteEntry e;
                e.id = title;
                e.title = title;
                e.kind = kind;
                e.category = category;
                e.enabled = enabled;
                e.icon = QStringLiteral("run");
                if (!enabled) e.reason = QStringLiteral("needs a project");
                e.run = [&ran] { ++ran; };
                if (kind == u':') e.set_value = [&set] { ++set; };
                entries.push_back(e);
            };
            add(u'>', "Camera bookmark", "View");
            add(u'>', "Reset layout", "Window");
            add(u'#', "#0131 camera drop-out", "Run");
            add(u':', "Camera offset", "Parameter");
            add(u'@', "Theme", "Setting");
            add(u'>', "Train with camera noise", "Run", false);
            return entries;
        });
        window.show();
        window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        palette.open();
        QVERIFY(palette.isVisible());
        QCOMPARE(palette.model().rowCount(), 6);
        QTest::keyClicks(palette.field(), "camera");
        QCOMPARE(palette.model().rowCount(), 4);
        for (int row : {0, 1}) QVERIFY(palette.model().entry(row).title.startsWith("Camera"));   // the start of a title beats its middle
        QVERIFY(!palette.model().entry(3).enabled);   // grey, with the reason, at the end
        QVERIFY(save_pictures(window, "palette"));
        palette.field()->clear();
        QTest::keyClicks(palette.field(), "#");
        QCOMPARE(palette.model().rowCount(), 1);
        palette.field()->clear();
        QTest::keyClicks(palette.field(), ":cam");
        QCOMPARE(palette.model().rowCount(), 1);
        QTest::keyClick(palette.field(), Qt::Key_Tab);
        QCOMPARE(set, 1);
        palette.open("@");
        QCOMPARE(palette.model().rowCount(), 1);
        palette.open("rly");   // letters in order
        QCOMPARE(palette.model().entry(0).title, QStringLiteral("Reset layout"));
        QTest::keyClick(palette.field(), Qt::Key_Return);
        QCOMPARE(ran, 1);
        QVERIFY(!palette.isVisible());
        palette.open("noise");
        QTest::keyClick(palette.field(), Qt::Key_Return);
        QCOMPARE(ran, 1);   // it cannot be used now
        palette.open("zzzz");
        QCOMPARE(palette.model().rowCount(), 0);
        QTest::keyClick(palette.field(), Qt::Key_Escape);
        QVERIFY(!palette.isVisible());
    }

    // --- messages
    void an_error_stays_in_front() {
        QWidget window;
        window.resize(1280, 120);
        auto* column = new QVBoxLayout(&window);
        column->setContentsMargins(0, 0, 0, 0);
        auto* bar = new MessageBar(&window);
        column->addWidget(bar);
        column->addStretch();
        bar->set_hold(60, 40);
        window.show();
        QVERIFY(!bar->isVisible());
        bool remedied = false;
        bar->show_message({"err", "Calibration not used.", "`calibrated_sensor.json`, token 9f3c…, field `camera_intrinsic`: the matrix is singular (fy = 0).",
            "Correct the value, or leave this camera out.", {{"Leave out BACK", {}, [&remedied] { remedied = true; }}}, QDateTime::currentDateTime()});
        QVERIFY(bar->isVisible());
        bar->show_message({"info", "A note.", "", "", {}, QDateTime::currentDateTime()});
        bar->show_message({"warn", "A warning.", "", "", {}, QDateTime::currentDateTime()});
        bar->show_message({"info", "A note.", "", "", {}, QDateTime::currentDateTime()});   // the same again
        const auto shown = [bar] {
            for (const QLabel* label : bar->findChildren<QLabel*>())
                if (label->textFormat() == Qt::RichText) return label->accessibleName();
            return QString();
        };
        QVERIFY2(shown().startsWith("Calibration not used."), qPrintable(shown()));
        QCOMPARE(bar->waiting_count(), 3);
        QCOMPARE(bar->history().size(), 4);
        QVERIFY(save_pictures(window, "message-bar"));
        QTest::qWait(150);   // longer than a note is held: the error is still in front
        QVERIFY2(shown().startsWith("Calibration not used."), qPrintable(shown()));
        for (QToolButton* button : bar->findChildren<QToolButton*>())
            if (button->text() == "Copy details") button->click();
        QVERIFY(QApplication::clipboard()->text().contains("singular"));
        QPushButton* remedy = bar->findChild<QPushButton*>();
        QVERIFY(remedy);
        remedy->click();
        QVERIFY(remedied);
        QTRY_VERIFY_WITH_TIMEOUT(!bar->isVisible(), 60'000);   // the lesser ones end by themselves
        QCOMPARE(bar->history().size(), 4);
    }

    void parts_of_a_message_are_sentences_data() {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("where");
        QTest::addColumn<QString>("hint");
        QTest::addColumn<QString>("text");
        QTest::newRow("whole") << "Not opened." << "`a.pt`, field x." << "Choose another." << "Not opened. `a.pt`, field x. Choose another.";
        QTest::newRow("bare") << "Not enough memory" << "this computer, step 3 of 20" << "close other programs" << "Not enough memory. This computer, step 3 of 20. Close other programs.";
        QTest::newRow("names stay") << "Wrong value" << "steps" << "dit-xl.pt has another" << "Wrong value. steps. dit-xl.pt has another.";
        QTest::newRow("other ends") << "Really?" << "" << "Wait…" << "Really? Wait…";
        QTest::newRow("a path") << "The file cannot be read" << "/home/anna/a b.lathe" << "" << "The file cannot be read. /home/anna/a b.lathe.";
    }
    void parts_of_a_message_are_sentences() {
        QFETCH(QString, what);
        QFETCH(QString, where);
        QFETCH(QString, hint);
        MessageBar bar;
        bar.show_message({"err", what, where, hint, {}, QDateTime::currentDateTime()});
        QTEST(bar.history().last().text(), "text");
    }

    // --- small ones
    void progress_is_shown_when_it_takes_long() {
        QWidget window;
        auto* row = new QVBoxLayout(&window);
        auto* strip = new ProgressStrip(&window);
        row->addWidget(strip);
        window.resize(600, 60);
        window.show();
        QSignalSpy cancelled(strip, &ProgressStrip::cancel_requested);
        strip->start("Step 1 of 20");
        QVERIFY(!strip->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(strip->isVisible(), 60'000);
        strip->set_progress(5, 20, "Step 5 of 20");
        for (QToolButton* button : strip->findChildren<QToolButton*>()) button->click();
        QCOMPARE(cancelled.count(), 1);
        bool says = false;
        for (const QLabel* label : strip->findChildren<QLabel*>()) says = says || label->text() == "Cancelling…";
        QVERIFY(says);
        strip->finish();
        QVERIFY(!strip->isVisible());
        QCOMPARE(time_left_text(0.94), QStringLiteral("0.9 s left"));
        QCOMPARE(time_left_text(240), QStringLiteral("about 4 min left"));
        QCOMPARE(time_left_text(-1), QStringLiteral("time unknown"));
    }
    void segments_move_by_keyboard() {
        SegmentedControl control({"Stage rule", "One range", "Painted"});
        control.show();
        QSignalSpy chosen(&control, &SegmentedControl::chosen);
        control.set_current(0);
        const int width = control.width();
        QTest::mouseClick(control.findChildren<QToolButton*>()[2], Qt::LeftButton);
        QCOMPARE(control.current(), 2);
        QTest::keyClick(control.findChildren<QToolButton*>()[2], Qt::Key_Left);
        QCOMPARE(control.current(), 1);
        QCOMPARE(chosen.count(), 2);
        QCOMPARE(control.width(), width);
        control.set_choice_enabled(0, false, "needs a map");
        QTest::mouseClick(control.findChildren<QToolButton*>()[0], Qt::LeftButton);
        QCOMPARE(control.current(), 1);
    }
};

QTEST_MAIN(TestWidgets)
#include "test_widgets.moc"
