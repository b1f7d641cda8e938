// Declarations of parameters: completing, checking, texts of the command line, JSON both ways; run states; sweeps.
#include "core/base/error.h"
#include "core/method/method_info.h"
#include "core/method/run.h"
#include "core/method/sweep.h"
#include "core/method/parameter_defaults.h"
#include <QtTest>

using namespace lathe;

namespace {

std::vector<Parameter> declared() {
    return {Parameter::integer("steps", 20).range(1, 1000), Parameter::number("guidance", 4.0).range(0, 20),
        Parameter::choice("policy", "delta", {{"none", "No cache", ""}, {"delta", "Δ-Cache", ""}}),
        Parameter::int_range("range", 0, 4).range(0, "$model.depth").when("policy", {"delta"}), Parameter::seed("seed", 7), Parameter::boolean("live", true)};
}

Facts model() {
    Facts facts;
    facts.model = {{"depth", 12}};
    return facts;
}

}

class TestMethod : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void what_only_the_model_decides_is_left_to_the_engine() {
        std::vector<Parameter> declared = {Parameter::integer("steps", 20).range(1, 100), Parameter::integer("count", 9).range(0, "$model.depth"), Parameter::int_range("range", 0, 4)};
        declared[2].default_value = Json::array({0, "$model.depth"});
        const Json sent = complete_without_model(declared, {{"count", 9}});
        QVERIFY(sent == Json({{"steps", 20}}));
        const Facts facts{{{"depth", 8}}};
        QVERIFY(complete_parameters(declared, sent, facts) == Json({{"steps", 20}, {"count", 8}, {"range", {0, 8}}}));
        const Json asked = complete_without_model(declared, {{"count", 12}});   // asked for: refused by the engine, not mended
        QVERIFY(asked == Json({{"steps", 20}, {"count", 12}}));
        QVERIFY_THROWS_EXCEPTION(Error, complete_parameters(declared, asked, facts));
        QVERIFY_THROWS_EXCEPTION(Error, complete_without_model(declared, {{"cuont", 1}}));
    }
    void defaults_are_filled_in() {
        const Json all = complete_parameters(declared(), {{"steps", 5}}, model());
        QCOMPARE(all.size(), declared().size());
        QVERIFY(all["steps"] == 5 && all["policy"] == "delta" && all["range"] == Json::array({0, 4}));
    }

    void wrong_values_name_the_parameter_data() {
        QTest::addColumn<QString>("given");
        QTest::addColumn<QString>("named");
        QTest::newRow("unknown name") << R"({"stepps": 5})" << "steps";   // the nearest name is offered
        QTest::newRow("over the limit") << R"({"steps": 1001})" << "steps";
        QTest::newRow("under the limit") << R"({"guidance": -0.1})" << "guidance";
        QTest::newRow("wrong type") << R"({"steps": "many"})" << "steps";
        QTest::newRow("half a step") << R"({"steps": 2.5})" << "steps";
        QTest::newRow("no such choice") << R"({"policy": "fora"})" << "policy";
        QTest::newRow("beyond the model") << R"({"range": [0, 13]})" << "range";
        QTest::newRow("backwards") << R"({"range": [5, 2]})" << "range";
        QTest::newRow("seed too large") << R"({"seed": 9007199254740992})" << "seed";
        QTest::newRow("not a flag") << R"({"live": 3})" << "live";
    }
    void wrong_values_name_the_parameter() {
        QFETCH(QString, given);
        QFETCH(QString, named);
        try {
            complete_parameters(declared(), Json::parse(given.toStdString()), model());
            QFAIL("it was accepted");
        } catch (const Error& error) {
            QVERIFY2(QString::fromUtf8(error.what()).contains(named), error.what());
        }
    }

    void texts_read_back() {
        for (const Parameter& parameter : declared()) {
            const Json value = parameter.default_value;
            QVERIFY2(value_from_text(parameter, value_text(value)) == value, parameter.id.c_str());
        }
        QVERIFY(value_from_text(declared()[0], "1e3") == 1000);
        QVERIFY(value_from_text(declared()[3], "[0,21)") == Json::array({0, 21}));
        QVERIFY_THROWS_EXCEPTION(Error, value_from_text(declared()[3], "0 to 21"));
    }

    void declarations_read_back() {
        MethodInfo info;
        info.id = "demo.run";
        info.title = "Demo";
        info.parameters = declared();
        info.inputs = {{"model", "model", "Model", "", true}};
        info.outputs = {{"psnr", "metric", "PSNR", "dB", "higher"}};
        QVERIFY(to_json(method_info_from(to_json(info))) == to_json(info));
        Json twice = to_json(info);
        twice["parameters"].push_back(twice["parameters"][0]);
        QVERIFY_THROWS_EXCEPTION(Error, method_info_from(twice));
    }

    void run_states() {
        QVERIFY(is_legal(RunState::queued, RunState::running) && is_legal(RunState::running, RunState::interrupted) && is_legal(RunState::queued, RunState::cancelled));
        for (const RunState ended : {RunState::finished, RunState::failed, RunState::cancelled})
            for (const RunState next : {RunState::queued, RunState::running, RunState::finished, RunState::failed}) QVERIFY(!is_legal(ended, next));
        QVERIFY(!is_legal(RunState::queued, RunState::finished));
        QVERIFY_THROWS_EXCEPTION(Error, run_state("asleep"));
    }

    void sweeps() {
        const auto cells = sweep_cells({sweep_axis_from("n=2,3"), sweep_axis_from("nc=4..8:2")});
        QCOMPARE(cells.size(), std::size_t{6});
        QVERIFY(cells.front() == (Json{{"n", 2}, {"nc", 4}}) && cells.back() == (Json{{"n", 3}, {"nc", 8}}));
        QVERIFY_THROWS_EXCEPTION(Error, sweep_axis_from("n="));
        QVERIFY_THROWS_EXCEPTION(Error, sweep_cells({sweep_axis_from("a=0..999"), sweep_axis_from("b=0..999")}));
    }
};

QTEST_GUILESS_MAIN(TestMethod)
#include "test_method.moc"
