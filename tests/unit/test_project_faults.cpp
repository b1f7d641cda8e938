// What may happen to a project file: killed writers, full disks, places that cannot be written, files that are not what they say, two programs at once.
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/project/chunk.h"
#include "core/project/schema.h"
#include "faulty_vfs.h"
#include "project_fixture.h"
#include "tests/read_everything.h"
#include <QProcess>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <sqlite3.h>
#include <sys/stat.h>

using namespace lathe;
using namespace lathe::test;

namespace {

// --- the writer program: this one, started again. It prints a line only after the commit of what the line says.
int write_until_killed(const char* file, int points_at_once) {
    auto project = Project::open(file);
    const auto asked = request("demo.write");
    const RunId run = project->add_run(asked, "writer", "");
    std::printf("run %s\n", asked.uuid.c_str());
    std::fflush(stdout);
    const auto committed = [&](RunId, std::uint64_t seq) {
        std::printf("seq %llu\n", static_cast<unsigned long long>(seq));
        std::fflush(stdout);
    };
    RunWriter writer(*project, committed, [](const Error& error) { std::fprintf(stderr, "%s\n", error.what()); });
    writer.add(run, event_of(1, event::Started{}));
    for (std::uint64_t seq = 2;; ++seq) {
        if (seq % 50 == 0)
            writer.add(run, artifact(seq, "picture", std::string(seq % 500 == 0 ? 9u << 20 : 30'000, static_cast<char>('a' + seq % 20)), static_cast<std::int64_t>(seq)));
        else
            writer.add(run, points(seq, "loss", static_cast<std::int64_t>(seq) * points_at_once, std::vector<double>(static_cast<std::size_t>(points_at_once), static_cast<double>(seq))));
        if (seq % 20 == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

int write_some(const char* file, int runs) {
    auto project = Project::open(file);
    for (int i = 0; i < runs; ++i) {
        const RunId run = project->add_run(request("demo.both", {{"i", i}}), "both", "");
        project->record(run, std::vector<RunEvent>{event_of(1, event::Started{}), points(2, "m", 0, std::vector<double>(500, 1.0)), event_of(3, event::Finished{})});
    }
    return 0;
}

void execute(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* db = nullptr;
    QCOMPARE(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message);
    QVERIFY2(code == SQLITE_OK, message ? message : "");
    sqlite3_close(db);
}

}

class TestProjectFaults : public QObject {
    Q_OBJECT

    static QString program() { return QCoreApplication::applicationFilePath(); }

    void require_refused(const std::filesystem::path& file, const char* word) {
        for (const auto mode : {OpenMode::read_write, OpenMode::read_only}) {
            const auto error = error_of([&] { Project::open(file, mode); });
            QCOMPARE(error.code(), ErrorCode::wrong_format);
            QVERIFY2(QString(error.what()).contains(word), error.what());
            QVERIFY(!error.hint().empty());
        }
        QVERIFY(error_of([&] { ProjectReader reader(file); }).code() == ErrorCode::wrong_format);
    }

private Q_SLOTS:
    void killed_writers_lose_nothing_that_they_printed() {
        const int kills = qEnvironmentVariableIsSet("LATHE_LONG") ? 200 : 20;
        Folder folder;
        const auto file = folder / "k.lathe";
        Project::create(file);
        std::mt19937 random(7);
        std::size_t interrupted = 0;
        for (int i = 0; i < kills; ++i) {
            QProcess writer;
            const int points_at_once = i % 2 ? 1 : 40;
            writer.start(program(), {"--write", QString::fromStdString(file.string()), QString::number(points_at_once)});
            QVERIFY(writer.waitForStarted(120'000));
            QByteArray out;
            while (!out.contains(i % 4 ? "seq" : "run")) {   // most are killed while they record events, some before
                QVERIFY(writer.waitForReadyRead(120'000));
                out += writer.readAllStandardOutput();
            }
            QTest::qSleep(static_cast<int>(random() % 250));
            QVERIFY(writer.state() == QProcess::Running);
            QCOMPARE(::kill(static_cast<pid_t>(writer.processId()), SIGKILL), 0);
            QVERIFY(writer.waitForFinished(120'000));
            QCOMPARE(writer.readAllStandardError(), QByteArray());

            std::string uuid;
            std::uint64_t printed = 0;
            out += writer.readAllStandardOutput();
            for (const auto& line : out.split('\n')) {
                if (line.startsWith("run "))
                    uuid = line.mid(4).toStdString();
                else if (line.startsWith("seq "))
                    printed = line.mid(4).toULongLong();   // a last line cut by the kill gives a smaller number
            }
            auto project = Project::open(file);
            project->check();
            auto reader = project->reader();
            const auto run = reader->find_run(uuid);
            QVERIFY2(run.has_value(), uuid.c_str());
            const auto state = reader->run(*run).state;
            if (printed > 0)
                QCOMPARE(state, RunState::interrupted);
            else
                QVERIFY(state == RunState::interrupted || state == RunState::cancelled);
            interrupted += state == RunState::interrupted;
            std::vector<bool> seen(printed + 1);
            const auto series = reader->series(*run, "loss");
            std::size_t expected = 0;
            for (std::size_t p = 0; p < series.step.size(); ++p)
                if (const auto seq = static_cast<std::uint64_t>(series.value[p]); seq <= printed)
                    ++expected;
            std::size_t metric_events = 0, artifact_events = 0;
            for (std::uint64_t seq = 2; seq <= printed; ++seq)
                ++(seq % 50 == 0 ? artifact_events : metric_events);
            QCOMPARE(expected, metric_events * static_cast<std::size_t>(points_at_once));
            std::size_t artifacts = 0;
            for (const auto& made : reader->artifacts(*run)) {
                reader->artifact_bytes(made.id);   // throws if it is not whole
                artifacts += made.step <= static_cast<std::int64_t>(printed);
            }
            QCOMPARE(artifacts, artifact_events);
            if (!reader->metrics(*run).empty())
                QCOMPARE(reader->metrics(*run).at(0).n, static_cast<std::int64_t>(series.step.size()));
            project->move_to_bin(std::span(&*run, 1));
            project->empty_bin();
            reader.reset();
            project.reset();
            QCOMPARE(files_of(folder, "k.lathe"), QStringList{"k.lathe"});
        }
        QVERIFY2(interrupted * 2 > static_cast<std::size_t>(kills), "most kills should hit a running run");
        sql::Database db(file, sql::Access::query);
        QCOMPARE(db.integer("SELECT count(*) FROM chunk"), 0);   // half-written artifacts left nothing
    }

    void a_full_disk_at_every_write() {
        Folder folder;
        const auto original = folder / "o.lathe", file = folder / "f.lathe";
        {
            auto project = Project::create(original);
            project->add_run(request(), "old", "");
        }
        FaultyVfs vfs;
        int failures = 0;
        bool went_through = false;
        for (int n = 0; !went_through; n += n < 60 ? 1 : n / 8) {
            std::filesystem::copy_file(original, file, std::filesystem::copy_options::overwrite_existing);
            bool added = false;
            vfs.fail_after(n);
            try {
                auto project = Project::open(file);
                const RunId run = project->add_run(request("demo.run", {{"x", 1}}), "new", "");
                added = true;
                project->set_state(run, RunState::running);
                record_one(*project, run, points(1, "m", 0, std::vector<double>(2000, 1.0)));
                record_one(*project, run, artifact(2, "a", std::string(9u << 20, 'x')));
                record_one(*project, run, event_of(3, event::Finished{}));
                went_through = !vfs.has_failed();
            } catch (const Error& error) {
                ++failures;
                QCOMPARE(error.code(), ErrorCode::io);
                QVERIFY2(QString(error.what()).contains("disk is full"), error.what());
            }
            vfs.fail_after(-1);
            auto project = Project::open(file);
            QVERIFY(project->read_only_reason().empty());
            project->check();
            auto reader = project->reader();
            const auto runs = reader->runs({});
            QCOMPARE(runs.size(), std::size_t{1} + (added ? 1 : 0));
            QCOMPARE(runs.back().title, std::string("old"));
            if (went_through)
                QCOMPARE(runs.front().state, RunState::finished);
            for (const auto& row : runs) {
                for (const auto& metric : reader->metrics(row.id))
                    QCOMPARE(metric.n, 2000);
                for (const auto& made : reader->artifacts(row.id))
                    QCOMPARE(reader->artifact_bytes(made.id).size(), std::size_t{9} << 20);
            }
            QVERIFY(n < 20'000);
        }
        QVERIFY2(failures > 40, qPrintable(QString::number(failures)));
    }

    void the_writer_waits_for_a_full_disk() {
        Folder folder;
        FaultyVfs vfs;
        auto project = Project::create(folder / "w.lathe");
        const RunId run = project->add_run(request(), "", "");
        std::atomic<int> failed = 0;
        std::atomic<std::uint64_t> safe = 0;
        RunWriter writer(*project, [&](RunId, std::uint64_t seq) { safe = seq; }, [&](const Error&) { ++failed; });
        vfs.fail_after(0);
        writer.add(run, event_of(1, event::Started{}));
        writer.add(run, points(2, "m", 0, std::vector<double>(3000, 1.0)));
        QCOMPARE(error_of([&] { writer.flush(); }).code(), ErrorCode::io);
        QVERIFY(failed == 1 && safe == 0);
        // Over the limit the asker is told, and not left waiting.
        const auto error = error_of([&] {
            for (std::uint64_t seq = 3; seq < 20; ++seq)
                writer.add(run, artifact(seq, "a", std::string(7u << 20, 'x'), static_cast<std::int64_t>(seq)));
        });
        QCOMPARE(error.code(), ErrorCode::io);
        vfs.fail_after(-1);
        for (int tries = 0; safe < 11 && tries < 2400; ++tries)
            QTest::qSleep(50);
        QVERIFY(safe == 11);   // 9 artifacts of 7 MiB are what waits
        QCOMPARE(project->reader()->artifacts(run).size(), std::size_t{9});
        QCOMPARE(project->reader()->metrics(run).at(0).n, 3000);
    }

    void a_read_only_folder() {
        Folder folder;
        const auto inside = folder.path() / "inside";
        std::filesystem::create_directory(inside);
        const auto file = inside / "r.lathe";
        RunId run = 0;
        {
            auto project = Project::create(file);
            run = project->add_run(request(), "seen", "");
            project->set_state(run, RunState::running);
        }
        const std::string before = bytes_of(file);
        chmod(inside.c_str(), 0555);
        if (access(inside.c_str(), W_OK) == 0)
            QSKIP("this user may write everywhere");
        {
            auto project = Project::open(file);
            QVERIFY(QString::fromStdString(project->read_only_reason()).contains("read-only"));
            QCOMPARE(project->reader()->run(run).title, std::string("seen"));
            read_everything(*project->reader());
            const auto error = error_of([&] { project->set_title(run, "x"); });
            QCOMPARE(error.code(), ErrorCode::io);
            QVERIFY(QString(error.what()).contains("Save a copy"));
            project->save_copy(folder / "copy.lathe");
            project->share(folder / "shared.lathe", false);
        }
        chmod(inside.c_str(), 0755);
        QVERIFY(bytes_of(file) == before);
        QCOMPARE(Project::open(folder / "copy.lathe")->reader()->run(run).title, std::string("seen"));
        QCOMPARE(Project::open(folder / "copy.lathe")->reader()->run(run).state, RunState::interrupted);

        chmod(file.c_str(), 0444);
        auto project = Project::open(file);
        QVERIFY(QString::fromStdString(project->read_only_reason()).contains("file is read-only"));
        QCOMPARE(project->reader()->count_runs({}), 1);
        chmod(inside.c_str(), 0555);
        QCOMPARE(error_of([&] { Project::create(inside / "new.lathe"); }).code(), ErrorCode::io);
        chmod(inside.c_str(), 0755);
    }

    void a_newer_version_is_shown_but_not_changed() {
        Folder folder;
        const auto file = folder / "n.lathe";
        Project::create(file)->add_run(request(), "kept", "");
        execute(file, "ALTER TABLE run ADD COLUMN colour TEXT; CREATE TABLE later(x); CREATE INDEX later_x ON later(x); PRAGMA user_version=2;");
        {
            auto project = Project::open(file);
            QVERIFY(QString::fromStdString(project->read_only_reason()).contains("newer version of Lathe"));
            QCOMPARE(project->reader()->runs({}).at(0).title, std::string("kept"));
            QCOMPARE(error_of([&] { project->add_run(request(), "", ""); }).code(), ErrorCode::io);
        }
        execute(file, "ALTER TABLE run RENAME COLUMN notes TO remarks;");
        QCOMPARE(error_of([&] { Project::open(file); }).code(), ErrorCode::version);
        const auto trigger = folder / "t.lathe";
        Project::create(trigger);
        execute(trigger, "CREATE TRIGGER evil AFTER INSERT ON run BEGIN DELETE FROM meta; END; PRAGMA user_version=9;");
        require_refused(trigger, "trigger \"evil\"");
    }

    void what_is_no_project_is_refused() {
        Folder folder;
        const auto file = folder / "x.lathe";
        write_bytes(file, "this is a text, and quite a long one, so that it could be a header, and more and more of it, to fill a hundred bytes.");
        require_refused(file, "not an SQLite database");
        write_bytes(file, "");
        require_refused(file, "another program");
        std::filesystem::remove(file);
        execute(file, "CREATE TABLE t(x)");
        require_refused(file, "another program");
        std::filesystem::remove(file);
        Project::create(file);
        execute(file, "PRAGMA user_version=0");
        QCOMPARE(error_of([&] { Project::open(file); }).code(), ErrorCode::version);
    }

    void foreign_objects_are_refused_by_name_data() {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<QString>("name");
        const auto row = [](const char* sql, const char* name) { QTest::newRow(name) << QString(sql) << QString(name); };
        row("CREATE TABLE more(x)", "table \"more\"");
        row("CREATE TRIGGER act AFTER INSERT ON run BEGIN DELETE FROM meta; END", "trigger \"act\"");
        row("CREATE VIEW look AS SELECT * FROM run", "view \"look\"");
        row("CREATE INDEX quick ON run(title)", "index \"quick\"");
        row("CREATE VIRTUAL TABLE words USING fts5(x)", "table \"words");
        row("DROP INDEX run_state", "index \"run_state\"");
        row("DROP TABLE tag", "table \"tag\"");
        row("ALTER TABLE run ADD COLUMN more TEXT", "table \"run\"");
        row("DROP INDEX run_state; CREATE INDEX run_state ON run(title)", "index \"run_state\"");
        row("DROP TABLE meta; CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL DEFAULT (hex(randomblob(9)))) STRICT, WITHOUT ROWID", "table \"meta\"");
        row("ANALYZE", "sqlite_stat");
    }
    void foreign_objects_are_refused_by_name() {
        QFETCH(QString, sql);
        QFETCH(QString, name);
        Folder folder;
        const auto file = folder / "t.lathe";
        Project::create(file);
        execute(file, sql.toStdString() + ";");
        require_refused(file, qPrintable(name));
    }

    void cut_and_damaged_files() {
        Folder folder;
        const auto file = folder / "c.lathe", broken = folder / "b.lathe";
        {
            auto project = Project::create(file);
            for (int i = 0; i < 20; ++i) {
                const RunId run = project->add_run(request("demo.run", {{"text", std::string(3000, 'x')}, {"i", i}}), "run", "");
                project->set_state(run, RunState::running);
                record_one(*project, run, points(1, "m", 0, std::vector<double>(500, 2.0)));
                record_one(*project, run, artifact(2, "a", std::string(20'000, 'y')));
                project->set_state(run, RunState::finished);
            }
        }
        const std::string whole = bytes_of(file);
        std::mt19937 random(3);
        int refused = 0;
        for (int i = 0; i < 150; ++i) {
            std::string bytes = whole;
            if (i < 40) {
                bytes.resize(whole.size() * static_cast<std::size_t>(i) / 40);
            } else {
                for (int change = 0; change < 1 + i % 30; ++change)
                    bytes[random() % (i % 2 ? 8192 : bytes.size())] = static_cast<char>(random());
            }
            write_bytes(broken, bytes);
            for (const auto mode : {OpenMode::read_only, OpenMode::read_write}) {
                try {
                    auto project = Project::open(broken, mode);
                    read_everything(*project->reader());
                    project->storage();
                    if (mode == OpenMode::read_write)
                        project->add_run(request(), "", "");
                } catch (const Error& error) {
                    ++refused;
                    QVERIFY2(error.code() != ErrorCode::internal || !QString(error.what()).isEmpty(), error.what());
                }
            }
            for (const char* suffix : {"-wal", "-shm", "-journal"})
                std::filesystem::remove(broken.string() + suffix);
        }
        QVERIFY(refused > 60);
    }

    void hostile_rows_are_shown_as_damaged() {
        Folder folder;
        const auto file = folder / "h.lathe";
        {
            auto project = Project::create(file);
            for (int i = 0; i < 5; ++i)
                record_one(*project, project->add_run(request("demo.run", {{"x", i}}), "run", ""), event_of(1, event::Failed{}));
        }
        execute(file, "UPDATE run SET params = '{\"a\":' WHERE id = 1; UPDATE run SET params = replace(hex(zeroblob(30000)), '0', '['), env = 'null', taps = '{}' WHERE id = 2;"
                      "UPDATE run SET state = 'flying', lane = 'fast', seed = -9223372036854775808, version = 9223372036854775807, created = -1, sweep = -5 WHERE id = 3;"
                      "UPDATE run SET title = CAST(x'ff00fe41' AS TEXT), uuid = '', notes = '<script>' WHERE id = 4; UPDATE run SET id = -7 WHERE id = 5;"
                      "INSERT INTO run SELECT 9223372036854775807, 'x', method, version, title, 'running', lane, pinned, seed, device, engine, env, params, taps, error, parent, sweep,"
                      " 'not a process', created, started, finished, deleted, notes FROM run WHERE id = 1;"
                      "INSERT INTO metric_key VALUES(-1, 'm', '', ''); INSERT INTO metric VALUES(-7, -1, -9223372036854775808, NULL, NULL), (-7, -1, 9223372036854775807, 9e999, -9e999);"
                      "INSERT INTO metric_last VALUES(-7, -1, NULL, 5, -5, 9223372036854775807);"
                      "INSERT INTO artifact VALUES(-1, -7, 'a', 0, 'image', 'image/png', '[[[', 9223372036854775807, 'ab'), (7, -7, 'b', 0, 'image', '', NULL, -1, 'cd');"
                      "INSERT INTO chunk VALUES('artifact', -1, 0, x'00'), ('artifact', -1, -5, x'01');"
                      "INSERT INTO lease VALUES('a', 'b', -1, -1, '', 9223372036854775807); INSERT INTO panel_state VALUES('p', -9, 'x');"
                      "INSERT INTO sweep VALUES(-3, 'u', 'nonsense', 'odd'); INSERT INTO snapshot VALUES(1, '', 0, ''); INSERT INTO param VALUES(1, '', NULL, NULL), (99, 'x', 9e999, 'y');");
        auto project = Project::open(file);
        QVERIFY(project->read_only_reason().empty());
        auto reader = project->reader();
        read_everything(*reader);
        QVERIFY(!reader->run(1).damage.empty() && reader->run(1).params.is_null());
        QVERIFY(!reader->run(2).damage.empty());
        QVERIFY(reader->run(3).state == RunState::interrupted && reader->run(3).seed == std::numeric_limits<std::int64_t>::min());
        QCOMPARE(reader->run(4).title, std::string("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" "A"));
        QCOMPARE(reader->run(std::numeric_limits<RunId>::max()).state, RunState::interrupted);
        QCOMPARE(error_of([&] { reader->artifact_bytes(-1); }).code(), ErrorCode::wrong_format);
        QCOMPARE(error_of([&] { reader->artifact_bytes(7); }).code(), ErrorCode::wrong_format);
        project->storage();
        project->trim_live(0);
        auto to = Project::create(folder / "to.lathe");
        QCOMPARE(error_of([&] { to->import_run(*reader, 4); }).code(), ErrorCode::wrong_format);
        QCOMPARE(error_of([&] { to->import_run(*reader, -7); }).code(), ErrorCode::wrong_format);   // its artifact is damaged
        to->import_run(*reader, 3);
        QCOMPARE(to->reader()->count_runs({}), 1);
        project->share(folder / "shared.lathe", false);
        read_everything(*Project::open(folder / "shared.lathe")->reader());
        const RunId bad = -7;
        project->move_to_bin(std::span(&bad, 1));
        project->empty_bin();
        QCOMPARE(error_of([&] { reader->run(-7); }).code(), ErrorCode::not_found);
    }

    void two_programs_write_at_once() {
        Folder folder;
        const auto file = folder / "two.lathe";
        auto project = Project::create(file);
        constexpr int kEach = 60;
        QProcess first, second;
        for (auto* process : {&first, &second})
            process->start(program(), {"--some", QString::fromStdString(file.string()), QString::number(kEach)});
        for (int i = 0; i < kEach; ++i)
            project->add_run(request("demo.here"), "here", "");
        for (auto* process : {&first, &second}) {
            QVERIFY(process->waitForFinished(120'000));
            QCOMPARE(process->readAllStandardError(), QByteArray());
            QCOMPARE(process->exitCode(), 0);
        }
        auto reader = project->reader();
        QCOMPARE(reader->count_runs(compile_query("method:demo.both state:finished", nullptr)), 2 * kEach);
        QCOMPARE(reader->count_runs(compile_query("method:demo.here", nullptr)), kEach);
        project->check();
        reader.reset();
        project.reset();
        QCOMPARE(files_of(folder, "two.lathe"), QStringList{"two.lathe"});
    }

    void a_run_belongs_to_the_program_that_runs_it() {
        Folder folder;
        const auto file = folder / "own.lathe";
        Project::create(file);
        QProcess writer;
        writer.start(program(), {"--write", QString::fromStdString(file.string()), "1"});
        QVERIFY(writer.waitForReadyRead(120'000));
        auto project = Project::open(file);
        auto reader = project->reader();
        RunId run = 0;
        for (int tries = 0; tries < 6000 && run == 0; ++tries, QTest::qSleep(20))
            if (const auto rows = reader->runs(compile_query("state:running", nullptr)); !rows.empty())
                run = rows[0].id;
        QVERIFY(run != 0);
        QCOMPARE(error_of([&] { project->set_state(run, RunState::cancelled); }).code(), ErrorCode::busy);
        QCOMPARE(error_of([&] { record_one(*project, run, points(1, "x", 0, {1})); }).code(), ErrorCode::busy);
        QCOMPARE(error_of([&] { project->move_to_bin(std::span(&run, 1)); }).code(), ErrorCode::busy);
        project->set_title(run, "names may be changed");
        QCOMPARE(error_of([&] { project->compact(); }).code(), ErrorCode::busy);
        writer.kill();
        QVERIFY(writer.waitForFinished(120'000));
        project->set_state(run, RunState::interrupted);
    }

    void a_network_file_system_has_one_writer() {
        Folder folder;
        const auto file = folder / "net.lathe";
        qputenv("LATHE_JOURNAL", "delete");
        const auto restore = qScopeGuard([] { qunsetenv("LATHE_JOURNAL"); });
        auto project = Project::create(file);
        const RunId run = project->add_run(request(), "old", "");
        record_one(*project, run, event_of(1, event::Cancelled{}));
        auto reader = project->reader();
        QVERIFY(!std::filesystem::exists(file.string() + "-wal"));
        {
            auto second = Project::open(file);
            QVERIFY(QString::fromStdString(second->read_only_reason()).contains("is open in process"));
            QCOMPARE(second->reader()->count_runs({}), 1);
        }
        project.reset();
        project = Project::open(file);
        QVERIFY(project->read_only_reason().empty());
        project->set_title(run, "new");
        QCOMPARE(reader->run(run).title, std::string("new"));
        project->revert_to_as_opened();
        QCOMPARE(reader->run(run).title, std::string("old"));
        project->check();
    }
};

int main(int argc, char** argv) {
    if (argc == 4) {
        try {
            if (std::string_view(argv[1]) == "--write")
                return write_until_killed(argv[2], std::atoi(argv[3]));
            if (std::string_view(argv[1]) == "--some")
                return write_some(argv[2], std::atoi(argv[3]));
        } catch (const Error& error) {
            std::fprintf(stderr, "%s\n", error.what());
            return 1;
        }
    }
    log_to_stderr(LogLevel::error);   // thousands of expected warnings would bury what failed
    QCoreApplication app(argc, argv);
    TestProjectFaults test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_project_faults.moc"
