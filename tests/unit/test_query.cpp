// The query language: what it finds, what it underlines, what it offers; and the comparison of runs.
#include "core/base/time.h"
#include "core/project/compare.h"
#include "project_fixture.h"
#include <algorithm>

using namespace lathe;
using namespace lathe::test;

class TestQuery : public QObject {
    Q_OBJECT
    Folder m_folder;
    std::unique_ptr<Project> m_project;
    std::unique_ptr<ProjectReader> m_reader;

    RunId add(const std::string& method, const std::string& title, Json params, double speedup, RunState state, const std::vector<std::string>& tags, Lane lane = Lane::batch) {
        auto asked = request(method, std::move(params));
        asked.lane = lane;
        asked.seed = 10 + static_cast<std::int64_t>(tags.size());
        const RunId run = m_project->add_run(asked, title, "engine 0.1");
        m_project->set_state(run, RunState::running);
        record_one(*m_project, run, points(1, "speedup", 0, {0.5, speedup}));
        m_project->set_state(run, state);
        m_project->set_tags(run, tags);
        return run;
    }

    /// The titles of what a query finds, in the order of their runs.
    std::string found(const std::string& text) {
        QueryError error;
        auto query = compile_query(text, &error);
        if (!error.text.empty())
            return "error: " + error.text;
        query.sort = {{"id", true}};
        std::string titles;
        const auto rows = m_reader->runs(query);
        for (const auto& row : rows)
            titles += (titles.empty() ? "" : " ") + row.title;
        if (m_reader->count_runs(query) != static_cast<std::int64_t>(rows.size()))
            return "count differs";
        return titles;
    }

private Q_SLOTS:
    void initTestCase() {
        m_project = Project::create(m_folder / "q.lathe");
        const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
        add("delta_cache.sample", "a", {{"cache.interval", 2}, {"policy", "delta"}, {"lr", 1e-3}, {"on", true}}, 1.4, RunState::finished, {"paper", "best one"});
        add("delta_cache.sample", "b", {{"cache.interval", 3}, {"policy", "Feature"}, {"lr", 0.1}, {"on", false}}, 1.1, RunState::failed, {"paper"});
        add("delta_cache.study", "c", {{"cache.interval", 2}, {"guidance", "inf"}, {"range", {0, 21}}}, nan, RunState::finished, {});
        add("delta_cache_other.run", "d", {{"100%_x", 5}, {"speedup", 9}}, inf, RunState::cancelled, {"x"}, Lane::live);
        const RunId e = add("bev.train", "e", Json::object(), -2, RunState::finished, {});
        m_project->set_notes(e, "the boot is \"sharp\" at 50%");
        m_project->set_pinned(e, true);
        m_reader = m_project->reader();
    }

    void finds_data() {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("titles");
        const auto row = [](const char* query, const char* titles) { QTest::newRow(query) << QString(query) << QString(titles); };
        row("", "a b c d e");
        row("   ", "a b c d e");
        row("method:delta_cache.sample", "a b");
        row("method:delta_cache", "a b c");
        row("method=delta_cache", "");
        row("method~cache", "a b c d");
        row("method != delta_cache.sample", "c d e");
        row("state:finished", "a c e");
        row("not state:finished", "b d");
        row("state != failed and state != cancelled", "a c e");
        row("tag:paper", "a b");
        row("tag:\"best one\"", "a");
        row("tag != paper", "c d e");
        row("tag ~ pap", "a b");
        row("lane:live", "d");
        row("pinned:yes", "e");
        row("pinned != yes", "a b c d");
        row("speedup > 1.3", "a d");
        row("metric.speedup > 1.3", "a d");
        row("param.speedup > 1.3", "d");
        row("speedup = inf", "d");
        row("speedup = nan", "c");
        row("metric.speedup != nan", "a b d e");
        row("speedup.min < 0", "e");
        row("speedup.max >= 1.4", "a d");
        row("cache.interval = 2", "a c");
        row("cache.interval:2.0", "a c");
        row("cache.interval != 2", "b");
        row("cache.interval=2 and speedup>1", "a");
        row("lr = 0.001", "a");
        row("lr = 1e-3", "a");
        row("lr >= 1e-3 lr<1", "a b");
        row("on = true", "a");
        row("on = 0", "b");
        row("policy = feature", "b");
        row("policy != delta", "b");
        row("policy ~ elt", "a");
        row("guidance = inf", "c");
        row("range = [0,21]", "c");
        row("\"100%_x\" = 5", "d");
        row("boot", "e");
        row("\"boot is\"", "e");
        row("50%", "e");
        row("5_%", "");
        row("\"is \\\"sharp\\\"\"", "e");
        row("paper", "a b");
        row("(tag:paper or bev) and not state:failed", "a e");
        row("tag:paper OR state:cancelled AND lane:live", "a b d");
        row("not (tag:paper or tag:x)", "c e");
        row("seed = 12", "a");
        row("id >= 4", "d e");
        row("created > 1h", "a b c d e");
        row("created < 1h", "");
        row("created:2000-01", "");
        row("created > 2000 and started >= 2000-02-29T12:30Z", "a b c d e");
        row("engine:0.1", "a b c d e");
        row("title:a notes~\"\"", "a");
        row("x'; DROP TABLE run; --", "");
        row("title = \"x'); DROP TABLE run; --\"", "");
        row("nothing_has_this > 1", "");
    }
    void finds() {
        QFETCH(QString, query);
        QFETCH(QString, titles);
        QCOMPARE(QString::fromStdString(found(query.toStdString())), titles);
    }

    void underlines_what_is_wrong_data() {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("word");
        const auto row = [](const char* query, const char* word) { QTest::newRow(query) << QString(query) << QString(word); };
        row("state:done", "done");
        row("speedup >", ">");
        row("speedup > fast", "fast");
        row("metric.speedup = fast", "fast");
        row("> 3", ">");
        row("tag:paper and", "and");
        row("and tag:paper", "and");
        row("(tag:paper", "(");
        row("tag:paper)", ")");
        row("()", ")");
        row("title:\"open", "\"open");
        row("method > 3", ">");
        row("seed = x", "x");
        row("seed ~ 3", "~");
        row("created > soon", "soon");
        row("created > 2026-02-30", "2026-02-30");
        row("created ~ 2026", "~");
        row("pinned:maybe", "maybe");
        row("lane:fast", "fast");
        row("param. = 3", "param.");
        row("not", "not");
        row("a b or", "or");
    }
    void underlines_what_is_wrong() {
        QFETCH(QString, query);
        QFETCH(QString, word);
        const std::string text = query.toStdString();
        QueryError error;
        const auto compiled = compile_query(text, &error);
        QVERIFY(!error.text.empty() && compiled.where.empty() && compiled.bind.empty());
        QCOMPARE(QString::fromStdString(text.substr(error.begin, error.end - error.begin)), word);
    }

    void limits() {
        QueryError error;
        compile_query(std::string(5000, 'x'), &error);
        QVERIFY(!error.text.empty());
        compile_query(std::string(2000, '('), &error);
        QVERIFY(!error.text.empty());
        std::string many;
        for (int i = 0; i < 200; ++i)
            many += "not ";
        compile_query(many + "x", &error);
        QVERIFY(!error.text.empty());
        std::string most = "x";
        for (int i = 0; i < 98; ++i)
            most += i % 2 ? " or speedup > 1" : " lr = 2";
        QVERIFY(!QString::fromStdString(found(most)).startsWith("error"));   // SQLite takes the longest that the compiler lets through
        std::string nested = "x";
        for (int i = 0; i < 45; ++i)
            nested = "(not " + nested + ")";
        QVERIFY(QString::fromStdString(found(nested)).size() > 0);
        QVERIFY(compile_query("a = ", nullptr).where.empty());
    }

    void sorting_and_paging() {
        const auto order = [&](std::vector<std::pair<std::string, bool>> sort) {
            RunQuery query;
            query.sort = std::move(sort);
            std::string titles;
            for (std::int64_t offset = 0; offset < 5; offset += 2)
                for (const auto& row : m_reader->runs(query, 2, offset))
                    titles += row.title;
            return titles;
        };
        QCOMPARE(order({{"title", false}}), std::string("edcba"));
        QCOMPARE(order({{"speedup", true}}).substr(0, 4), std::string("ebad"));
        QCOMPARE(order({{"metric.speedup", false}}).substr(0, 4), std::string("dabe"));
        QCOMPARE(order({{"cache.interval", true}, {"title", false}}).substr(0, 3), std::string("cab"));
        QCOMPARE(order({{"x'; DROP TABLE run; --", true}}).size(), std::size_t{5});
        QCOMPARE(order({}), std::string("edcba"));   // newest first
    }

    void completion() {
        const std::vector<std::string> names = {"speedup", "steps", "cache.interval", "tag:paper", "tag:poster", "method:delta_cache.sample"};
        const auto offered = [&](const std::string& text) { return complete_query(text, text.size(), names); };
        using List = std::vector<std::string>;
        QCOMPARE(offered("spee"), List{"speedup"});
        QCOMPARE(offered("st"), (List{"started", "state", "steps"}));
        QCOMPARE(offered("state:f"), (List{"failed", "finished"}));
        QCOMPARE(offered("tag:"), (List{"paper", "poster"}));
        QCOMPARE(offered("tag:paper a"), List{"and"});
        QCOMPARE(offered("tag:paper and sp"), List{"speedup"});
        QCOMPARE(offered("method:delta"), List{"delta_cache.sample"});
        QVERIFY(offered("speedup > ").empty());
        QCOMPARE(complete_query("spe and tag:paper", 3, names), List{"speedup"});
        const auto all = offered("");
        QVERIFY(std::ranges::find(all, "not") != all.end());
    }

    void comparing_runs() {
        RunQuery query;
        query.sort = {{"id", true}};
        auto rows = m_reader->runs(query, 2);
        rows[1].device = "cuda:0";
        rows[1].params["cache.interval"] = 2.0;
        rows[0].params["text"] = "1";
        rows[1].params["text"] = 1;
        const auto comparison = compare_runs(rows, {m_reader->metrics(rows[0].id), m_reader->metrics(rows[1].id)}, {{"aa"}, {"bb"}});
        const auto line = [&](const std::string& group, const std::string& name) {
            const auto at = std::ranges::find_if(comparison.rows, [&](const CompareRow& row) { return row.group == group && row.name == name; });
            return at == comparison.rows.end() ? CompareRow{"", "none", {}, {}, false, ""} : *at;
        };
        QVERIFY(!line("Parameters", "cache.interval").differs);   // 2 and 2.0
        QVERIFY(line("Parameters", "text").differs);              // "1" and 1
        QVERIFY(line("Parameters", "lr").differs);
        QCOMPARE(line("Parameters", "lr").numbers[1], std::optional(0.1));
        QVERIFY(line("Metrics", "speedup").differs);
        QVERIFY(line("Circumstances", "device").differs && !line("Circumstances", "engine").differs);
        QCOMPARE(static_cast<std::int64_t>(comparison.equal), std::ranges::count_if(comparison.rows, [](const CompareRow& row) { return !row.differs; }));
        QCOMPARE(comparison.warnings.size(), std::size_t{2});     // device, data
        QVERIFY(compare_runs({}, {}, {}).rows.empty());
        const auto alone = compare_runs({rows[0]}, {}, {});
        QVERIFY(std::ranges::none_of(alone.rows, &CompareRow::differs) && alone.warnings.empty());
    }
};

QTEST_GUILESS_MAIN(TestQuery)
#include "test_query.moc"
