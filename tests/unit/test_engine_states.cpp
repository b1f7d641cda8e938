// The table of engine states, entry by entry, and what decides how an engine is started and why it ended.
#include "core/base/error.h"
#include "core/client/engine_exit.h"
#include "core/client/engine_process.h"
#include "core/client/last_words.h"
#include "core/protocol/messages.h"
#include <QtTest>
#include <csignal>
#include <set>

using namespace lathe;
using S = EngineState;

namespace {
const std::vector<S> kStates{S::stopped, S::starting, S::idle, S::running, S::cancelling, S::not_responding, S::lost, S::restarting, S::failed};
}

class TestEngineStates : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void every_transition() {
        // Written out independently of the table under test: from -> all that may follow.
        const std::map<S, std::set<S>> legal{
            {S::stopped, {S::starting}},
            {S::starting, {S::idle, S::lost, S::failed, S::stopped, S::restarting}},
            {S::idle, {S::running, S::not_responding, S::lost, S::stopped, S::restarting}},
            {S::running, {S::idle, S::cancelling, S::not_responding, S::lost, S::stopped, S::restarting}},
            {S::cancelling, {S::idle, S::running, S::not_responding, S::lost, S::stopped, S::restarting}},
            {S::not_responding, {S::idle, S::running, S::cancelling, S::lost, S::stopped, S::restarting}},
            {S::lost, {S::restarting, S::failed, S::stopped}},
            {S::restarting, {S::starting, S::stopped}},
            {S::failed, {S::starting, S::stopped}},
        };
        for (const S from : kStates)
            for (const S to : kStates) QVERIFY2(is_legal(from, to) == legal.at(from).contains(to), (std::string(name(from)) + " -> " + std::string(name(to))).c_str());
    }

    void names_are_distinct() {
        std::set<std::string_view> names;
        for (const S s : kStates) names.insert(name(s));
        QCOMPARE(names.size(), kStates.size());
    }

    void every_state_is_reachable_and_can_be_left() {
        std::set<S> reached{S::stopped};
        for (std::size_t turn = 0; turn < kStates.size(); ++turn)
            for (const S from : kStates)
                for (const S to : kStates)
                    if (reached.contains(from) && is_legal(from, to)) reached.insert(to);
        QCOMPARE(reached.size(), kStates.size());
        for (const S from : kStates) QVERIFY(std::any_of(kStates.begin(), kStates.end(), [&](S to) { return is_legal(from, to); }));
    }

    void launcher_words() {
        QCOMPARE(launcher_from(QStringLiteral("nice -n 3 'a b'/lathe-engine \"x\\\"y\" c\\ d")).command, (QStringList{"nice", "-n", "3", "a b/lathe-engine", "x\"y", "c d"}));
        QCOMPARE(launcher_from(QStringLiteral("  ssh -- gpu3   lathe-engine ")).command, (QStringList{"ssh", "--", "gpu3", "lathe-engine"}));
        QCOMPARE(launcher_from(QStringLiteral("a '' b")).command, (QStringList{"a", "", "b"}));
        QVERIFY(launcher_from(QStringLiteral("/opt/lathe/bin/lathe-engine")).is_local);
        QVERIFY(!launcher_from(QStringLiteral("ssh -- gpu3 lathe-engine")).is_local);
        QVERIFY_THROWS_EXCEPTION(Error, launcher_from(QStringLiteral("   ")));
        QVERIFY_THROWS_EXCEPTION(Error, launcher_from(QStringLiteral("ssh 'gpu3")));
        // Nothing is expanded: a launcher is no shell.
        QCOMPARE(launcher_from(QStringLiteral("x $HOME `id` ; rm")).command, (QStringList{"x", "$HOME", "`id`", ";", "rm"}));
    }

    void ssh_host_cannot_be_an_option() {
        const Launcher launcher = ssh_launcher(QStringLiteral("-oProxyCommand=evil"));
        const qsizetype dashes = launcher.command.indexOf(QStringLiteral("--"));
        QVERIFY(dashes > 0);
        QCOMPARE(launcher.command.value(dashes + 1), QStringLiteral("-oProxyCommand=evil"));
        QVERIFY(!launcher.is_local);
        QVERIFY_THROWS_EXCEPTION(Error, ssh_launcher(QString()));
    }

    void environment_chooses_the_launcher() {
        qputenv("LATHE_ENGINE", "prefix --flag lathe-engine");
        QCOMPARE(default_launcher().command, (QStringList{"prefix", "--flag", "lathe-engine"}));
        qputenv("LATHE_ENGINE", "");
        QVERIFY(default_launcher().command.front().endsWith(QStringLiteral("/bin/lathe-engine")));
        qunsetenv("LATHE_ENGINE");
    }

    void reasons_for_an_end() {
        QVERIFY(explain_exit(QProcess::CrashExit, SIGKILL, {}, {}).hint.find("memory") != std::string::npos);
        QVERIFY(explain_exit(QProcess::CrashExit, SIGSEGV, {}, "boom").what.find("boom") != std::string::npos);
        QVERIFY(explain_exit(QProcess::NormalExit, kExitFileChanged, {}, {}).what.find("file changed") != std::string::npos);
        QVERIFY(explain_exit(QProcess::NormalExit, 127, {}, {}).hint.find("launcher") != std::string::npos);
        QVERIFY(explain_exit(QProcess::NormalExit, 0, "bad frame", {}).what.find("bad frame") != std::string::npos);
    }

    void only_what_the_engine_said_of_its_end_is_quoted_data() {
        QTest::addColumn<QByteArray>("said");
        QTest::addColumn<bool>("crashed");
        QTest::addColumn<int>("code");
        QTest::addColumn<double>("before");   // seconds between the words and the end
        QTest::addColumn<QString>("quoted");
        const QByteArray of_another_run = "2026-11-28T18:20:20.443Z error run: The file ends too early (broken.safetensors): fetch it again\n";
        QTest::newRow("our log is of other things") << of_another_run << true << SIGSEGV << 0.1 << "";
        QTest::newRow("nor after an exit") << of_another_run << false << 3 << 0.1 << "";
        QTest::newRow("abort") << QByteArray("terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n") << true << SIGABRT << 0.1 << "std::bad_alloc";
        QTest::newRow("a log line after it") << "lathe-engine: out of memory\n" + of_another_run << true << SIGABRT << 0.1 << "out of memory";
        QTest::newRow("long ago") << QByteArray("error: out of memory\n") << true << SIGABRT << 60.0 << "";
        QTest::newRow("chatter of a library") << QByteArray("[W104] this build has no AMX\n") << true << SIGSEGV << 0.1 << "";
        QTest::newRow("chatter before an exit") << QByteArray("[W104] this build has no AMX\n") << false << 3 << 0.1 << "";
        QTest::newRow("killed from outside") << QByteArray("error: something else\n") << true << SIGKILL << 0.1 << "";
        QTest::newRow("a launcher") << QByteArray("anna@gpu3: Permission denied (publickey).\n") << false << 255 << 0.1 << "anna@gpu3: Permission denied (publickey).";
        QTest::newRow("without a line end") << QByteArray("sh: lathe-engine: not found") << false << 127 << 0.1 << "sh: lathe-engine: not found";
        QTest::newRow("nothing") << QByteArray() << true << SIGSEGV << 0.1 << "";
    }
    void only_what_the_engine_said_of_its_end_is_quoted() {
        QFETCH(QByteArray, said);
        QFETCH(bool, crashed);
        QFETCH(int, code);
        QFETCH(double, before);
        QFETCH(QString, quoted);
        LastWords words;
        const qsizetype half = said.size() / 2;   // a pipe cuts where it likes
        words.add(said.first(half).toStdString(), 100);
        words.add(said.sliced(half).toStdString(), 100);
        const auto status = crashed ? QProcess::CrashExit : QProcess::NormalExit;
        const std::string reason = words.reason(status, code, 100 + before);
        QCOMPARE(QString::fromStdString(reason), quoted);
        const std::string what = explain_exit(status, code, {}, reason).what;
        QCOMPARE(what.find("It said") != std::string::npos, !quoted.isEmpty());
        QVERIFY2(what.ends_with('.') && what.find("..") == std::string::npos, what.c_str());
    }
};

QTEST_GUILESS_MAIN(TestEngineStates)
#include "test_engine_states.moc"
