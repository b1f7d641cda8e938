// How the real lathe-engine is reached: launchers, the bare connection with its rules, plugins that do not fit.
#include "core/base/error.h"
#include "core/base/paths.h"
#include "core/base/time.h"
#include "tests/cli/engine_fixture.h"
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <unistd.h>

using namespace lathe;
using namespace lathe::testing;

class TestEngineConnection : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", QDir::tempPath().toUtf8() + "/lathe-test-cache-" + QByteArray::number(qint64(::getpid()))); }
    void cleanupTestCase() { QDir(qEnvironmentVariable("XDG_CACHE_HOME")).removeRecursively(); }

    void a_command_prefix_stands_in_for_ssh() {
        QTemporaryDir folder;
        QFile script(folder.filePath("ssh"));
        QVERIFY(script.open(QFile::WriteOnly));
        // Like ssh: options, "--", a host, a command; the host is not run as anything.
        script.write("#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift; echo \"host $1\" >&2; shift\nexec \"$@\"\n");
        script.close();
        script.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        Heard* heard = nullptr;
        Launcher launcher = ssh_launcher(QStringLiteral("gpu3"), QString::fromStdString(program_file("lathe-engine").string()));
        launcher.command[0] = script.fileName();
        EngineProcess engine(launcher);
        Heard h(engine);
        heard = &h;
        engine.start();
        QVERIFY(wait_until([&] { return engine.state() == EngineState::idle; }));
        const auto request = selftest({{"seconds", 0}});
        QVERIFY(run_to_end(engine, *heard, request));
        QVERIFY(std::holds_alternative<event::Finished>(heard->end_of(request.uuid)->body));
        engine.stop();
        QVERIFY(wait_until([&] { return engine.state() == EngineState::stopped; }));
    }

    void launchers_that_do_not_work() {
        Heard* heard = nullptr;
        auto missing = started(&heard, QStringLiteral("/no/such/program lathe-engine"));
        QVERIFY(missing->state() == EngineState::failed);
        QVERIFY2(heard->messages.last().contains(u"/no/such/program"), qPrintable(heard->messages.last()));

        EngineProcess talker(launcher_from(QStringLiteral("sh -c 'echo Welcome to gpu3; sleep 5'")));
        Heard said(talker);
        talker.start();
        QVERIFY(wait_until([&] { return said.lost >= 1; }));
        QVERIFY2(said.lost_reason.contains(u"Welcome"), qPrintable(said.lost_reason));
        talker.stop();

        EngineProcess silent(launcher_from(QStringLiteral("sleep 600")));
        silent.set_handshake_limit(500);
        Heard nothing(silent);
        silent.start();
        QVERIFY(wait_until([&] { return silent.state() == EngineState::failed; }));
        QVERIFY(nothing.messages.last().contains(u"did not answer"));
    }

    void end_of_input_ends_the_engine() {
        for (const bool busy : {false, true}) {
            Heard* heard = nullptr;
            auto engine = started(&heard);
            const auto pid = engine->hello().pid;
            if (busy) {
                const auto request = selftest({{"fault", "hang"}});
                engine->run(request, {});
                QVERIFY(wait_until([&] { return engine->current_run() == request.uuid; }));
            }
            const double start = monotonic_seconds();
            engine->stop();
            QVERIFY(wait_until([&] { return engine->state() == EngineState::stopped; }));
            QVERIFY(!process_exists(pid));
            qInfo("end of input to end of the engine: %.2f s", monotonic_seconds() - start);
            engine->start();
            QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
        }
    }

    void nonsense_ends_the_connection_with_a_reason() {
        QProcess raw;
        raw.start(QString::fromStdString(program_file("lathe-engine").string()), {});
        QVERIFY(raw.waitForStarted());
        raw.write("GET / HTTP/1.1\r\n\r\n");
        QVERIFY(raw.waitForFinished(120'000));
        QCOMPARE(raw.exitCode(), kExitBadFrame);
        std::vector<Message> said;
        FrameReader reader([&](Message m) { said.push_back(std::move(m)); });
        const QByteArray out = raw.readAllStandardOutput();
        reader.feed(out.data(), std::size_t(out.size()));
        QCOMPARE(said.at(0).op, std::string("error"));
        QVERIFY(error_from(said[0]).code() == ErrorCode::wrong_format);
    }

    void protocol_rules() {
        QProcess raw;
        raw.start(QString::fromStdString(program_file("lathe-engine").string()), {});
        QVERIFY(raw.waitForStarted());
        std::vector<Message> said;
        FrameReader reader([&](Message m) { said.push_back(std::move(m)); });
        const auto send = [&](const Outgoing& out) {
            const std::string head = frame_head(out.fields, 0);
            raw.write(head.data(), qint64(head.size()));
        };
        const auto next = [&] {
            const std::size_t before = said.size();
            while (said.size() == before && raw.waitForReadyRead(120'000)) {
                const QByteArray out = raw.readAllStandardOutput();
                reader.feed(out.data(), std::size_t(out.size()));
            }
            return said.size() > before ? said.back() : Message{};
        };
        send(simple("ping", {{"n", 1}}));
        QCOMPARE(next().op, std::string("error"));   // hello comes first
        send(encode(ClientHello{1, 7, "test", {}}));
        QCOMPARE(engine_hello_from(next()).proto, 1);
        send(simple("dance"));
        const Message unknown = next();
        QCOMPARE(unknown.op, std::string("error"));
        QCOMPARE(unknown.fields["re"].get<std::string>(), std::string("dance"));
        send(simple("cancel", {{"run", 7}}));
        QCOMPARE(next().op, std::string("error"));
        send(simple("run", {{"run", "u1"}, {"method", 3}}));
        const Message failed = next();
        QCOMPARE(failed.op, std::string("event"));
        QVERIFY(run_event_from(failed).is_terminal());
        send(simple("ping", {{"n", 5}, {"unknown", "key"}}));
        QCOMPARE(pong_from(next()).n, std::int64_t{5});
        send(simple("shutdown"));
        QVERIFY(raw.waitForFinished(120'000));
        QCOMPARE(raw.exitCode(), 0);

        QProcess old;
        old.start(QString::fromStdString(program_file("lathe-engine").string()), {});
        QVERIFY(old.waitForStarted());
        const Outgoing hello = encode(ClientHello{2, 3, "newer", {}});
        const std::string head = frame_head(hello.fields, 0);
        old.write(head.data(), qint64(head.size()));
        QVERIFY(old.waitForFinished(120'000));
        FrameReader answers([&](Message m) { QVERIFY(error_from(m).code() == ErrorCode::version); });
        const QByteArray out = old.readAllStandardOutput();
        QVERIFY(!out.isEmpty());
        answers.feed(out.data(), std::size_t(out.size()));
    }

    void plugins_that_do_not_fit_are_listed() {
        QTemporaryDir folder;
        const auto build = [&](const char* name, const QByteArray& source) {
            QFile file(folder.filePath(QString::fromLatin1(name) + ".c"));
            if (!file.open(QFile::WriteOnly)) return false;
            file.write(source);
            file.close();
            QProcess compiler;
            compiler.start(QStringLiteral("cc"), {QStringLiteral("-shared"), QStringLiteral("-fPIC"), QStringLiteral("-o"), folder.filePath(QString::fromLatin1(name) + "_engine.so"), file.fileName()});
            return compiler.waitForFinished(120'000) && compiler.exitCode() == 0;
        };
        const QByteArray description = "struct P { unsigned size, api; const char *abi, *id, *version; void (*f)(void*); };\n";
        QVERIFY(build("lathe_api9", description + "static struct P p = {sizeof p, 9, \"x\", \"api9\", \"1\", 0}; const void* lathe_engine_plugin(void) { return &p; }"));
        QVERIFY(build("lathe_abi", description + "static struct P p = {sizeof p, 1, \"gcc3;cxx98\", \"abi\", \"1\", 0}; const void* lathe_engine_plugin(void) { return &p; }"));
        QVERIFY(build("lathe_size", description + "static struct P p = {3, 1, \"x\", \"size\", \"1\", 0}; const void* lathe_engine_plugin(void) { return &p; }"));
        QVERIFY(build("lathe_nothing", "const void* lathe_engine_plugin(void) { return 0; }"));
        QVERIFY(build("lathe_other", "int nothing_for_us;"));
        QVERIFY(build("lathe_missing", "extern int nowhere(void); const void* lathe_engine_plugin(void) { nowhere(); return 0; }"));
        const QByteArray abi = QByteArray::fromStdString(started()->hello().abi);
        QVERIFY(build("lathe_headers", description + "static void add(void* registry) { (void)registry; }\n"
                      "const char lathe_plugin_headers[] = \"lathe-headers-engine:000000000000\";\n"
                      "static struct P p = {sizeof p, 1, \"" + abi + "\", \"headers\", \"1\", add}; const void* lathe_engine_plugin(void) { return &p; }"));
        QFile text(folder.filePath("lathe_text_engine.so"));
        QVERIFY(text.open(QFile::WriteOnly));
        text.write("not a library");
        text.close();
        qputenv("LATHE_PLUGIN_PATH", folder.path().toUtf8());
        Heard* heard = nullptr;
        auto engine = started(&heard);
        qunsetenv("LATHE_PLUGIN_PATH");
        QVERIFY(engine->state() == EngineState::idle);
        std::map<std::string, std::string> reasons;
        for (const auto& plugin : engine->hello().plugins)
            if (QString::fromStdString(plugin.file).startsWith(folder.path())) {
                QVERIFY(!plugin.ok);
                reasons[QFileInfo(QString::fromStdString(plugin.file)).fileName().toStdString()] = plugin.reason;
            }
        QCOMPARE(reasons.size(), std::size_t{8});
        QVERIFY(reasons["lathe_headers_engine.so"].find("other headers of Lathe (000000000000") != std::string::npos);
        QVERIFY(reasons["lathe_api9_engine.so"].find("plugin API 9") != std::string::npos);
        QVERIFY(reasons["lathe_abi_engine.so"].find("gcc3;cxx98") != std::string::npos);
        QVERIFY(reasons["lathe_size_engine.so"].find("3 bytes") != std::string::npos);
        QVERIFY(reasons["lathe_nothing_engine.so"].find("nothing") != std::string::npos);
        QVERIFY(reasons["lathe_other_engine.so"].find("lathe_engine_plugin") != std::string::npos);
        QVERIFY(reasons["lathe_missing_engine.so"].find("nowhere") != std::string::npos);
        QVERIFY(!reasons["lathe_text_engine.so"].empty());
        QVERIFY(run_to_end(*engine, *heard, selftest({{"seconds", 0}})));   // the rest works
    }
};

QTEST_GUILESS_MAIN(TestEngineConnection)
#include "test_engine_connection.moc"
