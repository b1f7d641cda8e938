// Forms of methods that learn, and the series that they measure.
#include "tests/gui/gui_fixture.h"
#include "widgets/metric_series.h"
#include "widgets/parameter_form.h"
#include "widgets/training_forms.h"
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>
#include <QUndoStack>

using namespace lathe;

class TestTrainingForms : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void one_method_is_looked_at() {
        TrainingForms forms(nullptr, {{"a.gate", "Gate", "Which model"}, {"a.model", "Model", "All of it"}});
        forms.show();
        QSignalSpy changed(&forms, &TrainingForms::current_changed), started(&forms, &TrainingForms::start_requested);
        QCOMPARE(forms.current(), "a.gate");
        forms.set_parameters("a.gate", {Parameter::integer("steps", 10)});
        forms.set_current("a.model");
        QCOMPARE(changed.count(), 0);
        QVERIFY(forms.note().contains("does not know a.model"));
        auto* start = forms.findChild<QPushButton*>();
        QVERIFY(!start->isEnabled());
        QTest::mouseClick(forms.findChildren<QToolButton*>().first(), Qt::LeftButton);
        QCOMPARE(changed.last().first().toString(), "a.gate");
        QTest::mouseClick(start, Qt::LeftButton);
        QCOMPARE(started.last().first().toString(), "a.gate");
        // Progress stands in place of the note, of its method alone.
        forms.set_note("Top-1 91");
        forms.set_running("a.model", "12 %");
        QCOMPARE(forms.note(), "Top-1 91");
        QCOMPARE(start->text(), "Start");
        forms.set_running("a.gate", "40 %");
        QCOMPARE(forms.note(), "40 %");
        QCOMPARE(start->text(), "Cancel");
        forms.set_running("a.gate", {});
        QCOMPARE(forms.note(), "Top-1 91");
        QVERIFY(forms.is_running("a.model"));
    }

    void kept_values_are_steps_where_asked() {
        QUndoStack undo;
        TrainingForms forms(&undo, {{"a.gate", "Gate", {}}});
        forms.set_parameters("a.gate", {Parameter::integer("steps", 10)});
        forms.set_values("a.gate", {{"steps", 20}, {"gone", 1}});
        QCOMPARE(forms.values("a.gate"), Json({{"steps", 20}}));
        QCOMPARE(undo.count(), 0);
        forms.set_values("a.gate", {{"steps", 30}}, "Parameters");
        QCOMPARE(undo.count(), 1);
        forms.set_values("a.gate", Json("damaged"));
        forms.set_values("of another", {{"steps", 5}});
        undo.undo();
        QCOMPARE(forms.values("a.gate"), Json({{"steps", 20}}));
        QVERIFY(forms.values("of another").is_object());
    }

    void series_keep_the_order_of_their_keys() {
        MetricSeries series;
        QVERIFY(!series.take({"run", 0, event::Progress{1, 2, "half"}}));
        QVERIFY(series.is_empty());
        QVERIFY(series.take({"run", 1, event::Metrics{{"loss", "accuracy"}, {{0, 1, 0.1, 2.5}, {1, 1, 0.1, 0.5}, {7, 1, 0.1, 9}}}}));
        QVERIFY(series.take({"run", 2, event::Metrics{{"accuracy", "loss"}, {{0, 2, 0.2, 0.6}, {1, 2, 0.2, 1.5}}}}));
        QCOMPARE(series.keys(), QStringList({"loss", "accuracy"}));
        QCOMPARE(series.points("loss"), MetricSeries::Points({{1, 2.5}, {2, 1.5}}));
        series.set("rate", {});
        series.set("loss", {{5, 1}});
        QCOMPARE(series.keys().size(), 2);
        QCOMPARE(series.points("loss").size(), 1);
        QVERIFY(series.points("rate").isEmpty());
    }
};

QTEST_MAIN(TestTrainingForms)
#include "test_training_forms.moc"
