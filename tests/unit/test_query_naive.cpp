// The query language against a plain evaluation of random queries over random runs: counts, rows, order and pages; and that what a reader keeps is never old.
#include "project_fixture.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Facts {
    RunId id = 0;
    bool has_param = false, has_metric = false, pinned = false;
    std::optional<double> number;        // of the parameter x
    std::optional<std::string> text;     // of the parameter x; a truth value has both
    double metric = 0;                   // last value of the metric x; may be NaN
    std::string state, title, notes, tag;
    Lane lane = Lane::batch;
};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}
bool contains(const std::string& text, const std::string& part) { return lower(text).find(lower(part)) != std::string::npos; }

bool holds(double a, const std::string& op, double b) {
    if (op == "=") return std::equal_to<>()(a, b);
    if (op == "!=") return std::not_equal_to<>()(a, b);
    return op == "<" ? a < b : op == "<=" ? a <= b : op == ">" ? a > b : a >= b;
}

bool number_holds(const Facts& run, const std::string& op, double value, const std::string& typed) {
    if (op == "=")
        return (run.number && holds(*run.number, op, value)) || run.text == typed;
    if (op == "!=")
        return run.has_param && !(run.number && holds(*run.number, "=", value)) && run.text != typed;
    return run.number && holds(*run.number, op, value);
}

bool text_holds(const Facts& run, const std::string& op, const std::string& typed) {
    if (op == "~") {
        if (run.text || !run.number)
            return run.text && contains(*run.text, typed);
        const std::string shown = json_text(Json(*run.number));   // a number is searched as it is shown
        return contains(shown, typed);
    }
    if (op == "!=")
        return run.has_param && lower(run.text.value_or("")) != lower(typed);
    return run.text && lower(*run.text) == lower(typed);
}

struct Condition {
    std::string text;
    std::function<bool(const Facts&)> holds;
};

class Random {
public:
    int below(int n) { return static_cast<int>(m_engine() % static_cast<unsigned>(n)); }
    template <class T> const T& of(const std::vector<T>& list) { return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))]; }

    Condition simple() {
        static const std::vector<std::string> kOps = {"=", "!=", "<", "<=", ">", ">="}, kTextOps = {"=", "!=", "~"};
        const std::string op = of(kOps), text_op = of(kTextOps), prefix = of<std::string>({"", "param.", "metric."});
        switch (below(8)) {
        case 0:
        case 1:
        case 2: {
            const auto [typed, value] = of<std::pair<std::string, double>>({{"3", 3}, {"1", 1}, {"0.5", 0.5}, {"-1", -1}, {"inf", HUGE_VAL}, {"3.0", 3}});
            return {prefix + "x" + op + typed, [=](const Facts& run) {
                return (prefix != "metric." && number_holds(run, op, value, typed)) || (prefix != "param." && run.has_metric && !std::isnan(run.metric) && holds(run.metric, op, value));
            }};
        }
        case 3: {
            const bool other = below(2) == 0;
            return {prefix + "x" + (other ? "!=" : "=") + "nan", [=](const Facts& run) {
                const bool text = other ? run.has_param && run.text != "nan" : run.text == "nan", metric = run.has_metric && std::isnan(run.metric) != other;
                return (prefix != "metric." && text) || (prefix != "param." && metric);
            }};
        }
        case 4: {
            const std::string typed = text_op == "~" ? of<std::string>({"3", "E", ".0", "%", "_", "in"}) : of<std::string>({"\"3\"", "Three", "true", "null", "\"\""});
            const std::string bare = typed.starts_with('"') ? typed.substr(1, typed.size() - 2) : typed;
            return {(prefix == "metric." ? "" : prefix) + "x " + text_op + " " + typed, [=](const Facts& run) { return text_holds(run, text_op, bare); }};
        }
        case 5: {
            const std::string lane = of<std::string>({"live", "batch"}), state = of<std::string>({"finished", "failed", "cancelled"});
            const bool other = below(2) == 0;
            if (below(2) == 0)
                return {std::string("lane") + (other ? "!=" : ":") + lane, [=](const Facts& run) { return (name(run.lane) == lane) != other; }};
            return {std::string("state") + (other ? "!=" : "=") + state, [=](const Facts& run) { return (run.state == state) != other; }};
        }
        case 6: {
            const bool yes = below(2) == 0;
            if (below(2) == 0)
                return {std::string("pinned:") + (yes ? "yes" : "no"), [=](const Facts& run) { return run.pinned == yes; }};
            return {std::string("tag") + (yes ? ":" : "!=") + "red", [=](const Facts& run) { return (run.tag == "red") == yes; }};
        }
        default: {
            const std::string word = of<std::string>({"run1", "LONG", "red", "emo.r", "50%", "no such"});
            return {'"' + word + '"', [=](const Facts& run) { return contains(run.title, word) || contains(run.notes, word) || contains("demo.run", word) || contains(run.tag, word); }};
        }
        }
    }

    Condition any(int depth) {
        const int kind = depth == 0 ? 0 : below(5);
        if (kind < 2)
            return simple();
        const Condition a = any(depth - 1);
        if (kind == 2)
            return {"not (" + a.text + ")", [=](const Facts& run) { return !a.holds(run); }};
        const Condition b = any(depth - 1);
        if (kind == 3)
            return {"(" + a.text + " or " + b.text + ")", [=](const Facts& run) { return a.holds(run) || b.holds(run); }};
        return {"(" + a.text + (below(2) == 0 ? " and " : " ") + b.text + ")", [=](const Facts& run) { return a.holds(run) && b.holds(run); }};
    }

private:
    std::mt19937 m_engine{77};
};

}

class TestQueryNaive : public QObject {
    Q_OBJECT
    Folder m_folder;
    std::unique_ptr<Project> m_project;
    std::vector<Facts> m_runs;

    static std::vector<RunId> ids(const std::vector<RunRow>& rows) {
        std::vector<RunId> out;
        for (const auto& row : rows)
            out.push_back(row.id);
        return out;
    }

private Q_SLOTS:
    void initTestCase() {
        m_project = Project::create(m_folder / "n.lathe");
        Random random;
        const std::vector<Json> values = {3, 3.5, 1, -1, 0.5, true, false, "3", "three", "inf", "nan", nullptr, Json::array({1, 3}), "", "100%"};
        const std::vector<double> metrics = {3, 1, 0.5, -1, std::nan(""), HUGE_VAL, -HUGE_VAL};
        for (int i = 0; i < 120; ++i) {
            Facts run;
            auto asked = request();
            if (i % 5 != 0) {
                const Json value = random.of(values);
                asked.params["x"] = value;
                run.has_param = true;
                if (value.is_boolean()) {
                    run.number = value.get<bool>() ? 1 : 0;
                    run.text = value.get<bool>() ? "true" : "false";
                } else if (value.is_number()) {
                    run.number = value.get<double>();
                } else {
                    run.text = value.is_string() ? value.get<std::string>() : value.is_null() ? "null" : json_text(value);
                    if (run.text == "inf")
                        run.number = HUGE_VAL;
                }
            }
            run.lane = asked.lane = i % 7 == 0 ? Lane::live : Lane::batch;
            run.title = "run" + std::to_string(i);
            run.id = m_project->add_run(asked, run.title, "engine 0.1");
            m_project->set_state(run.id, RunState::running);
            if (i % 3 != 0) {
                run.has_metric = true;
                run.metric = random.of(metrics);
                record_one(*m_project, run.id, points(1, "x", 0, {0.25, run.metric}));
            }
            run.state = random.of<std::string>({"finished", "failed", "cancelled"});
            m_project->set_state(run.id, run_state(run.state));
            if (random.below(4) == 0) {
                run.tag = random.of<std::string>({"red", "blue"});
                m_project->set_tags(run.id, {run.tag});
            }
            if (random.below(5) == 0)
                m_project->set_notes(run.id, run.notes = "a long note: 50% of it");
            if (random.below(5) == 0) {
                run.pinned = true;
                m_project->set_pinned(run.id, true);
            }
            m_runs.push_back(run);
        }
    }

    void finds_what_a_plain_evaluation_finds() {
        const auto reader = m_project->reader();
        Random random;
        int found_some = 0;
        for (int i = 0; i < 3000; ++i) {
            const Condition condition = random.any(3);
            QueryError error;
            RunQuery query = compile_query(condition.text, &error);
            QVERIFY2(error.text.empty(), (condition.text + ": " + error.text).c_str());
            if (random.below(3) == 0)
                query.lane = random.below(2) == 0 ? Lane::live : Lane::batch;
            const int sorted = random.below(3);   // 0: not; 1, 2: by the metric, upwards or downwards
            if (sorted > 0)
                query.sort = {{"metric.x", sorted == 1}};

            std::vector<Facts> expected;
            for (auto run = m_runs.rbegin(); run != m_runs.rend(); ++run)   // newest first
                if (condition.holds(*run) && (!query.lane || *query.lane == run->lane))
                    expected.push_back(*run);
            const auto known = [](const Facts& run) { return run.has_metric && !std::isnan(run.metric); };
            if (sorted > 0)
                std::ranges::stable_sort(expected, [&](const Facts& a, const Facts& b) {
                    if (!known(a) || !known(b))
                        return known(a) && !known(b);
                    return sorted == 1 ? a.metric < b.metric : a.metric > b.metric;
                });
            std::vector<RunId> wanted;
            for (const Facts& run : expected)
                wanted.push_back(run.id);

            if (random.below(2) == 0)
                QVERIFY2(reader->count_runs(query) == static_cast<std::int64_t>(wanted.size()), condition.text.c_str());
            QVERIFY2(ids(reader->runs(query)) == wanted, condition.text.c_str());
            const auto offset = std::min<std::size_t>(wanted.size(), 7), end = std::min<std::size_t>(wanted.size(), 12);
            const std::vector<RunId> page(wanted.begin() + static_cast<std::ptrdiff_t>(offset), wanted.begin() + static_cast<std::ptrdiff_t>(end));
            QVERIFY2(ids(reader->runs(query, 5, 7)) == page, condition.text.c_str());
            QVERIFY2(reader->count_runs(query) == static_cast<std::int64_t>(wanted.size()), condition.text.c_str());
            found_some += !wanted.empty() && wanted.size() < m_runs.size();
        }
        QVERIFY(found_some > 1500);   // most queries tell the runs apart
    }

    void sorts_by_what_no_run_has() {
        const auto reader = m_project->reader();
        RunQuery query;
        const auto newest_first = ids(reader->runs(query));
        query.sort = {{"nothing", true}, {"param.nothing", true}, {"metric.nothing", false}};
        QVERIFY(ids(reader->runs(query)) == newest_first);
    }

    void a_change_is_seen_at_once() {
        const auto reader = m_project->reader();
        RunQuery query = compile_query("tag:fresh", nullptr);
        query.sort = {{"metric.x", true}};
        QCOMPARE(reader->count_runs(query), 0);
        m_project->set_tags(m_runs[3].id, {"fresh"});
        QCOMPARE(reader->count_runs(query), 1);
        m_project->set_tags(m_runs[4].id, {"fresh"});
        QCOMPARE(reader->runs(query).size(), std::size_t{2});
        QCOMPARE(reader->runs(query, 1, 1).size(), std::size_t{1});
        QCOMPARE(reader->runs(query, 5, 9).size(), std::size_t{0});
        m_project->set_tags(m_runs[3].id, {});
        QCOMPARE(ids(reader->runs(query)), std::vector<RunId>{m_runs[4].id});
        query.bin = true;
        QCOMPARE(reader->count_runs(query), 0);
        query.bin = false;
        query.lane = m_runs[4].lane == Lane::live ? Lane::batch : Lane::live;
        QCOMPARE(reader->count_runs(query), 0);
    }
};

QTEST_GUILESS_MAIN(TestQueryNaive)
#include "test_query_naive.moc"
