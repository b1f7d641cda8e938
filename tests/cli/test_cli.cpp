// The real lathe-cli with the real engine: what it prints, what it keeps, how it ends, and what is left when it is killed.
#include "core/base/time.h"
#include "core/project/project.h"
#include "tests/cli/cli_fixture.h"
#include <QDir>
#include <QRandomGenerator>
#include <QtTest>
#include <csignal>
#include <cstring>
#include <unistd.h>

using namespace lathe;
using namespace lathe::testing;

namespace {

QString data_file(const char* name) {
    QString folder = qEnvironmentVariable("LATHE_TEST_DATA");
    if (folder.isEmpty()) folder = qEnvironmentVariable("LATHE_SOURCE") + "/tests/data";
    return folder + u'/' + QLatin1String(name);
}

/// Starts a run and waits until it has printed an event of this type.
bool start_and_wait(QProcess& process, const QStringList& arguments, const QByteArray& type, QByteArray& out) {
    process.start(program(), arguments);
    const double end = monotonic_seconds() + 120;
    while (monotonic_seconds() < end && process.state() != QProcess::NotRunning) {
        process.waitForReadyRead(100);
        out += process.readAllStandardOutput();
        if (out.contains("\"type\":\"" + type + "\"")) return true;
    }
    return false;
}

}

class TestCli : public QObject {
    Q_OBJECT
    CliFolder m_folder;
    QString path(const char* name) const { return m_folder.path(name); }

private Q_SLOTS:
    void initTestCase() { QVERIFY2(QFile::exists(program()), qPrintable(program())); }

    /// What comes with the program: whole, described, and without paths of the computer that made it.
    void example_projects() {
        const QDir folder(data_file("../../projects"));
        const QStringList names = folder.entryList({"*.lathe"}, QDir::Files);
        QVERIFY(names.size() >= 4);
        for (const QString& name : names) {
            const Result check = cli({"project", "check", folder.filePath(name), "--json"});
            QVERIFY2(check.code == 0 && check.lines().at(0).at("ok").get<bool>(), qPrintable(name + ": " + check.err));
            QVERIFY2(check.lines().at(0).at("damaged").get<int>() == 0 && check.lines().at(0).at("runs").get<int>() > 0, qPrintable(name));
            const QByteArray about = contents(folder.filePath(name.chopped(6) + ".json"));
            const Json described = parse_json(about.toStdString(), name.toStdString());
            for (const char* field : {"title", "text", "facts", "workspace"}) QVERIFY2(!string_member(described, field, name.toStdString()).empty(), field);
            const auto project = Project::open(folder.filePath(name).toStdString(), OpenMode::read_only);
            const auto reader = project->reader();
            for (const AssetRow& asset : reader->assets()) QVERIFY2(asset.hint.empty() && !asset.rel_path.starts_with('/') && !asset.rel_path.starts_with(".."), asset.name.c_str());
        }
    }
    void help_and_usage() {
        const Result help = cli({"--help"});
        QCOMPARE(help.code, 0);
        for (const char* command : {"methods", "plugins", "run", "sweep", "verify", "models", "project", "report", "bench"}) {
            QVERIFY(help.out.contains(command));
            const Result one = cli({command, "--help"});
            QCOMPARE(one.code, 0);
            QVERIFY2(one.out.contains("Examples:\n  ") && one.out.contains("--json"), command);
            QVERIFY(one.err.isEmpty());
        }
        const Result unknown = cli({"veirfy"});
        QCOMPARE(unknown.code, 2);
        QVERIFY2(unknown.err.contains("verify"), unknown.err);
        QCOMPARE(cli({}).code, 2);
        const Result option = cli({"verify", "x", "--jsn"});
        QCOMPARE(option.code, 2);
        QVERIFY2(option.err.contains("--jsn") && option.err.contains("--json"), option.err);
        QCOMPARE(cli({"report", "a.lathe"}).code, 2);
        QCOMPARE(cli({"project", "eat", "a.lathe"}).code, 2);
        QVERIFY(cli({"--version"}).out.startsWith("lathe-cli "));
    }

    void methods_and_plugins() {
        const Result methods = cli({"methods"});
        QCOMPARE(methods.code, 0);
        QVERIFY(methods.out.contains("engine.selftest"));
        QVERIFY(!methods.out.contains('\033') && methods.err.isEmpty());
        const Result one = cli({"methods", "engine.selftest", "--json"});
        QCOMPARE(one.code, 0);
        QCOMPARE(one.lines().at(0)["id"].get<std::string>(), std::string("engine.selftest"));
        QCOMPARE(cli({"methods", "engine.selftst"}).code, 2);
        // A plugin that is none: listed with its reason, and the rest works.
        QDir().mkpath(path("plugins"));
        QFile broken(path("plugins/lathe_broken_engine.so"));
        QVERIFY(broken.open(QFile::WriteOnly));
        broken.write("this is no library");
        broken.close();
        qputenv("LATHE_PLUGIN_PATH", path("plugins").toUtf8());
        const Result plugins = cli({"plugins", "--json"});
        qunsetenv("LATHE_PLUGIN_PATH");
        QCOMPARE(plugins.code, 1);
        bool found = false;
        for (const Json& line : plugins.lines()) found = found || (line["ok"] == false && !line["reason"].get<std::string>().empty());
        QVERIFY(found);
    }

    void a_run_into_a_project_and_what_can_be_read_from_it() {
        const QString project = path("a.lathe");
        const Result run = cli(selftest(project, {"steps=6", "nan=true", "text=grüße <b>", "table=true", "images=2"}, {"--json", "--tag", "paper", "--title", "First <run>", "--out", path("out")}));
        QCOMPARE(run.code, 0);
        const auto lines = run.lines();
        QCOMPARE(lines.front()["type"].get<std::string>(), std::string("submitted"));
        QCOMPARE(lines.back()["state"].get<std::string>(), std::string("finished"));
        const auto id = lines.back()["id"].get<RunId>();
        std::uint64_t seq = 0;
        std::size_t points = 0;
        for (const Json& line : lines) {
            if (!line.contains("seq")) continue;
            QVERIFY(line["seq"].get<std::uint64_t>() > seq);
            seq = line["seq"].get<std::uint64_t>();
            points += line.contains("points") ? line["points"].size() : 0;
        }
        QCOMPARE(points, std::size_t{6});
        for (const char* name : {"image.png", "image_000001.png", "table.csv", "text.txt", "metrics.csv", "run.json"}) QVERIFY2(QFile::exists(path("out") + u'/' + name), name);
        QVERIFY(contents(path("out/table.csv")).contains("\"=formula\",nan"));
        QVERIFY2(contents(path("out/metrics.csv")).contains("inf"), contents(path("out/metrics.csv")));

        const Json info = cli({"project", "info", project, "--json"}).lines().at(0);
        QCOMPARE(info["states"]["finished"].get<int>(), 1);
        QVERIFY(info["tags"] == Json::array({"paper"}));
        const auto found = cli({"project", "runs", project, "tag:paper and steps = 6", "--json"}).lines();
        QCOMPARE(found.size(), std::size_t{1});
        QCOMPARE(found[0]["title"].get<std::string>(), std::string("First <run>"));
        QVERIFY(cli({"project", "runs", project, "steps = 7"}).out.contains("No runs"));
        const Result wrong = cli({"project", "runs", project, "steps = = 7"});
        QCOMPARE(wrong.code, 2);
        QVERIFY2(wrong.err.contains("query"), wrong.err);

        QCOMPARE(cli({"project", "export", project, "--out", path("exported")}).code, 0);
        const QString folder = path("exported") + QStringLiteral("/run-%1").arg(id, 6, 10, QLatin1Char('0'));
        QCOMPARE(contents(folder + "/image.png"), contents(path("out/image.png")));
        QCOMPARE(contents(folder + "/metrics.csv"), contents(path("out/metrics.csv")));   // NaN and infinities, from the engine to CSV, by both ways
        QVERIFY(contents(path("exported/runs.csv")).contains("param.steps"));
        QCOMPARE(cli({"project", "share", project, path("shared.lathe")}).code, 0);
        QCOMPARE(cli({"project", "share", project, path("shared.lathe")}).code, 2);   // not over a file that is there
        QCOMPARE(cli({"project", "check", path("shared.lathe"), "--json"}).lines().at(0)["ok"].get<bool>(), true);

        QCOMPARE(cli({"report", project, "--out", path("r.html")}).code, 0);
        const QByteArray html = contents(path("r.html"));
        QVERIFY(html.startsWith("<!DOCTYPE html>") && html.contains("First &lt;run&gt;") && !html.contains("First <run>"));
        QVERIFY(html.contains("data:image/png;base64,") && html.contains("lathe-cli run engine.selftest --set") && html.contains("<svg"));
        QCOMPARE(cli({"report", project, "--run", QString::number(id), "--out", path("r.md"), "--names-only"}).code, 0);
        QVERIFY(QFile::exists(path("r_files/run1_image_step_1.png")));
        QCOMPARE(cli({"report", project, "--out", path("r.pdf")}).code, 2);
        QCOMPARE(cli({"project", "info", path("none.lathe")}).code, 1);
    }

    void wrong_parameters_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QStringList>("needles");
        QTest::newRow("unknown") << QStringList{"--set", "stepz=3"} << QStringList{"stepz", "steps"};
        QTest::newRow("too small") << QStringList{"--set", "steps=0"} << QStringList{"steps", "0", "1 to 1e+07"};
        QTest::newRow("wrong type") << QStringList{"--set", "steps=many"} << QStringList{"steps", "many", "whole number", "20"};
        QTest::newRow("no such choice") << QStringList{"--set", "dtype=f16"} << QStringList{"dtype", "f16", "f32"};
        QTest::newRow("no value") << QStringList{"--set", "steps"} << QStringList{"--set", "NAME=VALUE"};
        QTest::newRow("bad JSON") << QStringList{"--params", "{oops"} << QStringList{"--params"};
        QTest::newRow("no such input") << QStringList{"--input", "model=/none.pt"} << QStringList{"model"};
        QTest::newRow("no such device") << QStringList{"--device", "tpu"} << QStringList{"tpu", "cpu"};
        QTest::newRow("no such tap") << QStringList{"--tap", "no.tap"} << QStringList{"no.tap"};
        QTest::newRow("bad seed") << QStringList{"--seed", "-4"} << QStringList{"--seed", "-4"};
        QTest::newRow("nothing to resume") << QStringList{"--resume", "9"} << QStringList{"--resume 9", "project"};
    }
    void wrong_parameters() {
        QFETCH(QStringList, words);
        QFETCH(QStringList, needles);
        const QString project = path("wrong.lathe");
        QStringList all = selftest({}, {}) + words;
        if (!words.contains("--resume")) all << "--project" << project;
        const Result result = cli(all);
        QCOMPARE(result.code, 2);
        for (const QString& needle : needles) QVERIFY2(result.err.contains(needle.toUtf8()), result.err);
        QVERIFY(!QFile::exists(project));   // nothing was started or made
    }

    void failures() {
        const Result failed = cli(selftest(path("failed.lathe"), {"fault=exception"}, {"--json"}));
        QCOMPARE(failed.code, 1);
        QVERIFY(failed.lines().back()["state"] == "failed");
        QVERIFY(failed.err.contains("not ours"));
        const Result lost = cli(selftest(path("failed.lathe"), {"fault=crash"}));
        QCOMPARE(lost.code, 1);
        QVERIFY2(lost.err.contains("segmentation fault"), lost.err);
        const auto runs = cli({"project", "runs", path("failed.lathe"), "state:failed", "--json"}).lines();
        QCOMPARE(runs.size(), std::size_t{2});
        QVERIFY(runs[0]["error"]["code"] == "engine_lost");
        qputenv("LATHE_ENGINE", "/nowhere/lathe-engine");
        const Result none = cli({"methods"});
        qunsetenv("LATHE_ENGINE");
        QCOMPARE(none.code, 1);
        QVERIFY2(none.err.contains("/nowhere/lathe-engine") && none.err.contains("LATHE_ENGINE"), none.err);
    }

    void a_sweep() {
        const QString project = path("sweep.lathe");
        const Result sweep = cli({"sweep", "engine.selftest", "--over", "steps=2,4", "--over", "metrics=1..2", "--set", "seconds=0", "--project", project, "--json"});
        QCOMPARE(sweep.code, 0);
        const auto lines = sweep.lines();
        QCOMPARE(lines.size(), std::size_t{5});
        QVERIFY(lines[3]["values"] == Json({{"steps", 4}, {"metrics", 2}}));
        QCOMPARE(cli({"project", "runs", project, "sweep = 1 and steps = 4", "--json"}).lines().size(), std::size_t{2});
        // The last cell is wrong: none is started.
        const Result wrong = cli({"sweep", "engine.selftest", "--over", "steps=2,0", "--project", path("none.lathe")});
        QCOMPARE(wrong.code, 2);
        QVERIFY(!QFile::exists(path("none.lathe")));
        QCOMPARE(cli({"sweep", "engine.selftest", "--project", project}).code, 2);
    }

    void the_rest_of_a_sweep() {
        const QString project = path("rest.lathe");
        const Result first = cli({"sweep", "engine.selftest", "--over", "fault=none,exception", "--over", "steps=2,3", "--set", "seconds=0", "--project", project, "--json"});
        QCOMPARE(first.code, 1);
        QVERIFY2(first.err.contains("--resume 1"), first.err);
        const Result again = cli({"sweep", "--resume", "1", "--project", project, "--json"});
        QCOMPARE(again.code, 1);
        QCOMPARE(again.lines().size(), std::size_t{3});   // the two that failed, and the end
        QVERIFY(again.lines()[0]["cell"] == 2 && again.lines()[0]["values"] == Json({{"fault", "exception"}, {"steps", 2}}));
        QCOMPARE(cli({"project", "runs", project, "sweep = 1", "--json"}).lines().size(), std::size_t{6});

        // Killed while the first of two runs is under way: both are still to do.
        QProcess killed;
        killed.start(program(), {"sweep", "engine.selftest", "--over", "metrics=1,2", "--set", "steps=10000", "--set", "seconds=600", "--project", project, "--json"});
        QTRY_VERIFY_WITH_TIMEOUT(cli({"project", "runs", project, "sweep = 2 and state:running", "--json"}).lines().size() == 1, 120'000);
        killed.kill();
        QVERIFY(killed.waitForFinished(120'000));
        const auto rest = cli({"sweep", "--resume", "2", "--project", project, "--dry", "--json"}).lines();
        QCOMPARE(rest.size(), std::size_t{2});
        QVERIFY(rest[0]["cell"] == 0 && rest[0]["params"]["steps"] == 10000);
        QCOMPARE(cli({"sweep", "--resume", "9", "--project", project}).code, 2);
        QCOMPARE(cli({"sweep", "engine.selftest", "--resume", "1", "--project", project}).code, 2);
        QCOMPARE(cli({"sweep", "--resume", "1"}).code, 2);
    }

    void verify_and_inspect() {
        const QString golden = data_file("delta_cache_metrics.safetensors");
        const Result good = cli({"verify", golden, "--json"});
        QCOMPARE(good.code, 0);
        const Json report = good.lines().at(0);
        QVERIFY(report["ok"] == true && report["case"] == "delta_cache/metrics" && report["outputs"].size() > 5);
        for (const char* key : {"key", "measure", "error", "tol", "ok"}) QVERIFY2(report["outputs"][0].contains(key), key);

        QByteArray bytes = contents(golden);
        std::uint64_t head = 0;
        std::memcpy(&head, bytes.constData(), 8);
        const Json header = Json::parse(bytes.mid(8, qsizetype(head)).toStdString());
        const auto at = qsizetype(8 + head + header["out.psnr"]["data_offsets"][0].get<std::uint64_t>());
        for (int i = 0; i < 4; ++i) bytes[at + i] = char(bytes[at + i] ^ 0x10);
        QFile spoilt(path("spoilt.safetensors"));
        QVERIFY(spoilt.open(QFile::WriteOnly));
        spoilt.write(bytes);
        spoilt.close();
        const Result bad = cli({"verify", golden, spoilt.fileName()});
        QCOMPARE(bad.code, 1);
        QVERIFY2(bad.out.contains("out.psnr") && bad.out.contains("FAILED") && bad.out.contains("1 of 2 files"), bad.out);
        QCOMPARE(cli({"verify", path("no_such_file.safetensors")}).code, 1);

        const Json inspected = cli({"models", "inspect", golden, "--json"}).lines().at(0);
        QVERIFY(inspected["format"] == "safetensors" && inspected["tensors"].size() == header.size() - header.contains("__metadata__"));
        const Result none = cli({"models", "inspect", path("none.safetensors")});
        QCOMPARE(none.code, 1);
        QVERIFY2(none.err.contains("none.safetensors"), none.err);
    }

    void interrupted_once_and_twice() {
        const QString project = path("cancel.lathe");
        QByteArray out;
        QProcess patient;
        QVERIFY(start_and_wait(patient, selftest(project, {"steps=6000", "seconds=600"}, {"--json"}), "metrics", out));
        ::kill(pid_t(patient.processId()), SIGINT);
        QVERIFY(patient.waitForFinished(120'000));
        QCOMPARE(patient.exitCode(), 130);
        QVERIFY(patient.exitStatus() == QProcess::NormalExit);
        QCOMPARE(cli({"project", "runs", project, "state:cancelled", "--json"}).lines().size(), std::size_t{1});

        out.clear();
        QProcess stubborn;   // a method that does not look at cancel: the second Ctrl+C stops the engine
        QVERIFY(start_and_wait(stubborn, selftest(project, {"steps=6000", "seconds=600", "ignore_cancel=true"}, {"--json"}), "metrics", out));
        ::kill(pid_t(stubborn.processId()), SIGINT);
        QByteArray said;
        while (!said.contains("Ctrl+C again")) {
            QVERIFY(stubborn.state() == QProcess::Running);
            stubborn.waitForReadyRead(100);
            said += stubborn.readAllStandardError();
        }
        ::kill(pid_t(stubborn.processId()), SIGINT);
        QVERIFY(stubborn.waitForFinished(120'000));
        QCOMPARE(stubborn.exitCode(), 130);
        QCOMPARE(cli({"project", "runs", project, "state:cancelled", "--json"}).lines().size(), std::size_t{2});

        out.clear();
        QProcess sweep;
        QVERIFY(start_and_wait(sweep, {"sweep", "engine.selftest", "--over", "seed=1..3", "--project", project}, "none", out) == false);   // no such parameter
        QCOMPARE(sweep.exitCode(), 2);
    }

    /// Kills the program at random moments while it writes: the project stays whole, and every event it had printed is in it.
    void killed_while_writing() {
        const QString project = path("kill.lathe");
        const int kills = qEnvironmentVariableIsSet("LATHE_LONG") ? 200 : 20;
        auto* random = QRandomGenerator::global();
        std::size_t checked = 0, during = 0;
        for (int i = 0; i < kills; ++i) {
            QByteArray out;
            QProcess process;
            QVERIFY(start_and_wait(process, selftest(project, {"steps=100000", "seconds=100", "images=100000", "width=32", "height=32", "metrics=3"}, {"--json"}), "started", out));
            // Most are killed while they record, some before the first event is safe.
            const double end = monotonic_seconds() + 0.02 + random->bounded(0.35), last = end + 120;
            while (monotonic_seconds() < end || (i % 5 && !out.contains("\"type\":\"metrics\"") && monotonic_seconds() < last)) {
                process.waitForReadyRead(5);
                out += process.readAllStandardOutput();
            }
            ::kill(pid_t(process.processId()), SIGKILL);
            QVERIFY(process.waitForFinished(120'000));
            out += process.readAllStandardOutput();
            out.truncate(out.lastIndexOf('\n') + 1);   // a line that was not finished was not printed

            const auto reopened = Project::open(project.toStdString());
            QVERIFY(reopened->read_only_reason().empty());
            const auto reader = reopened->reader();
            Result printed;
            printed.out = out;
            const auto lines = printed.lines();
            const auto id = reader->find_run(lines.at(0)["run"].get<std::string>());
            QVERIFY(id.has_value());
            QVERIFY2(reader->run(*id).state == RunState::interrupted, std::string(name(reader->run(*id).state)).c_str());
            std::map<std::string, std::map<std::int64_t, double>> kept;
            for (const MetricSummary& m : reader->metrics(*id)) {
                const Series series = reader->series(*id, m.key);
                for (std::size_t k = 0; k < series.step.size(); ++k) kept[m.key][std::int64_t(series.step[k])] = series.value[k];
            }
            std::map<std::int64_t, ArtifactId> images;
            for (const ArtifactRow& a : reader->artifacts(*id)) images[a.step] = a.id;
            during += out.contains("\"type\":\"metrics\"");
            for (const Json& line : lines) {
                if (line["type"] == "metrics")
                    for (const Json& p : line["points"]) {
                        const auto& points = kept[p["key"].get<std::string>()];
                        const auto point = points.find(p["step"].get<std::int64_t>());
                        QVERIFY2(point != points.end() && point->second == p["value"].get<double>(), p.dump().c_str());
                        ++checked;
                    }
                if (line["type"] != "artifact") continue;
                const auto image = images.find(line["step"].get<std::int64_t>());
                QVERIFY2(image != images.end(), line.dump().c_str());
                QVERIFY(!reader->artifact_bytes(image->second).empty());   // compares the hash
                ++checked;
            }
            if (i % 5 == 4) reopened->check();
        }
        qInfo("%d kills, %zu printed events found again", kills, checked);
        QVERIFY(during * 2 > std::size_t(kills) && checked > during);
        QCOMPARE(cli({"project", "check", project}).code, 0);
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "test_cli.moc"
