// Answers of the engine as values: what is missing, empty or of another kind.
#include "core/base/error.h"
#include "widgets/answers.h"
#include <QtTest>
#include <cmath>

using namespace lathe;

namespace {

Artifact table_answer(const char* csv) {
    Artifact out;
    out.key = "table";
    out.bytes = std::make_shared<const std::string>(csv);
    return out;
}

}

class TestAnswers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void columns_by_name() {
        const CsvTable table = table_of(table_answer("name,value\r\nfirst,2.5\r\nsecond,\r\n"));
        QCOMPARE(column_of(table, "value"), 1);
        QCOMPARE(column_of(table, "gone"), -1);
        QCOMPARE(text_in(table, 0, "name"), "first");
        QCOMPARE(number_in(table, 0, "value"), std::optional(2.5));
        QCOMPARE(number_in(table, 0, 1), std::optional(2.5));
        QVERIFY(!number_in(table, 0, "name"));
        QVERIFY(!number_in(table, 1, "value"));
        QVERIFY(std::isnan(number_or_nan(table, 1, "value")));
        for (const std::size_t beyond : {std::size_t(2), std::size_t(-1)}) QVERIFY(text_in(table, beyond, "name").isEmpty() && !number_in(table, beyond, "value"));
        QVERIFY(text_in(table, 0, -1).isEmpty() && text_in(table, 0, 2).isEmpty() && text_in(table, 0, "gone").isEmpty());
    }

    void tables_as_they_are_shown() {
        const CsvTable table = table_of(table_answer("name,value\nfirst,2.5\nsecond,\n"));
        QCOMPARE(heads_of(table), QStringList({"name", "value"}));
        QCOMPARE(rows_of(table), (QList<QVariantList>{{"first", 2.5}, {"second", QVariant()}}));
        QCOMPARE(csv_of(table), "name,value\r\nfirst,2.5\r\nsecond,\r\n");
        QCOMPARE(table_of(table_answer("name\na\nb\nc\n"), 2).rows.size(), std::size_t(2));
        QVERIFY(table_of(Artifact()).columns.empty());
        QVERIFY(csv_of(CsvTable()).isEmpty());
    }

    void shares_and_refusals() {
        QCOMPARE(percent(0.9375), QString::fromUtf8("93.8\u00A0%"));
        QCOMPARE(percent(1, 0), QString::fromUtf8("100\u00A0%"));
        QCOMPARE(percent(std::nan("")), QString::fromUtf8("–"));
        try {
            refuse_answer("gate", "it has not two axes");
        } catch (const Error& error) {
            QCOMPARE(error.code(), ErrorCode::wrong_format);
            QVERIFY(QString::fromUtf8(error.what()).contains("gate: it has not two axes"));
        }
    }
};

QTEST_APPLESS_MAIN(TestAnswers)
#include "test_answers.moc"
