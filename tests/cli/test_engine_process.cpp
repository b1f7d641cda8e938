// The real lathe-engine: handshake, runs, cancel, faults, shared memory. (Launchers and the bare connection: test_engine_connection.)
#include "core/base/error.h"
#include "core/base/paths.h"
#include "core/base/time.h"
#include "tests/cli/engine_fixture.h"
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <unistd.h>

using namespace lathe;
using namespace lathe::testing;

namespace {

event::Failed failure(EngineProcess& engine, Heard& heard, const RunRequest& request) {
    if (!run_to_end(engine, heard, request)) return {ErrorCode::internal, "no end", "", ""};
    const auto* failed = std::get_if<event::Failed>(&heard.end_of(request.uuid)->body);
    return failed ? *failed : event::Failed{ErrorCode::internal, "not failed", "", ""};
}

double processor_seconds(std::int64_t pid) {
    QFile stat(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!stat.open(QFile::ReadOnly)) return 0;
    const QByteArray text = stat.readAll();
    const auto fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return double(fields.value(11).toLongLong() + fields.value(12).toLongLong()) / double(::sysconf(_SC_CLK_TCK));
}

/// Waits until the engine has worked for so long: processor time, so that a busy computer makes no difference; or until it has nothing more to do.
void wait_for_work(const EngineProcess& engine, double seconds) {
    const std::int64_t pid = engine.hello().pid;
    const double end = processor_seconds(pid) + seconds;
    wait_until([&] { return processor_seconds(pid) >= end; }, 5000);
}

}

class TestEngineProcess : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", QDir::tempPath().toUtf8() + "/lathe-test-cache-" + QByteArray::number(qint64(::getpid()))); }
    void cleanupTestCase() { QDir(qEnvironmentVariable("XDG_CACHE_HOME")).removeRecursively(); }

    void handshake() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        QVERIFY(engine->state() == EngineState::idle);
        QCOMPARE(heard->ready, 1);
        QVERIFY((heard->states == std::vector<EngineState>{EngineState::starting, EngineState::idle}));
        const EngineHello& hello = engine->hello();
        QCOMPARE(hello.proto, 1);
        QVERIFY(hello.pid > 0 && process_exists(hello.pid));
        QVERIFY(hello.abi.find("torch") != std::string::npos);
        QVERIFY(hello.shm);
        QCOMPARE(hello.devices.at(0).id, std::string("cpu"));
        QVERIFY(hello.devices.at(0).bytes > 0);
        for (const char* method : {"engine.selftest", "engine.measure", "engine.verify", "engine.inspect"}) QVERIFY2(engine->catalogue().find(method), method);
        const auto pid = hello.pid;
        engine.reset();
        QVERIFY(wait_until([&] { return !process_exists(pid); }));
    }

    void a_run_from_start_to_end() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        auto request = selftest({{"steps", 20}, {"seconds", 0.3}, {"images", 3}, {"height", 10}, {"width", 12}, {"text", "grüße"}, {"table", true}});
        engine->run(request, {});
        QVERIFY(engine->state() == EngineState::running);
        QVERIFY(wait_until([&] { return heard->end_of(request.uuid) != nullptr; }));
        QVERIFY(engine->state() == EngineState::idle);
        QVERIFY(std::holds_alternative<event::Finished>(heard->end_of(request.uuid)->body));
        std::uint64_t seq = 0;
        for (const auto& e : heard->events) {
            QCOMPARE(e->seq, seq + 1);
            seq = e->seq;
        }
        QVERIFY(std::holds_alternative<event::Started>(heard->events.front()->body));
        QVERIFY(heard->events.front()->body.index() == 0 && heard->events.back()->is_terminal());
        std::size_t points = 0;
        for (const auto& m : heard->all<event::Metrics>(request.uuid)) points += m.points.size();
        QCOMPARE(points, std::size_t{20});
        int images = 0;
        for (const auto& made : heard->all<event::ArtifactMade>(request.uuid)) {
            if (made.artifact.kind == "text") QCOMPARE(*made.artifact.bytes, std::string("grüße"));
            if (made.artifact.kind == "table") QVERIFY(made.artifact.bytes->find("\"a, \"\"quoted\"\"\",1.5\r\n\"=formula\",nan\r\n") != std::string::npos);
            if (made.artifact.kind != "image") continue;
            QVERIFY((made.artifact.shape == std::vector<std::int64_t>{10, 12, 3}));
            const auto at = [&](int y, int x, int c) { return static_cast<unsigned char>((*made.artifact.bytes)[std::size_t((y * 12 + x) * 3 + c)]); };
            QCOMPARE(int(at(9, 11, 2)), int((9 * 3 + 11 * 5 + 2 * 7 + made.artifact.step * 11) & 255));
            ++images;
        }
        QCOMPARE(images, 3);
        QCOMPARE(heard->all<event::Finished>(request.uuid).at(0).summary["steps"].get<int>(), 20);
        QVERIFY(heard->all<event::Started>(request.uuid).at(0).environment.contains("blas"));
    }

    void nan_and_infinities_arrive() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto request = selftest({{"steps", 8}, {"seconds", 0}, {"nan", true}, {"images", 0}});
        QVERIFY(run_to_end(*engine, *heard, request));
        std::vector<double> values;
        for (const auto& m : heard->all<event::Metrics>(request.uuid))
            for (const auto& p : m.points) values.push_back(p.value);
        QCOMPARE(values.size(), std::size_t{8});
        QVERIFY(values[0] == 0 && std::isnan(values[1]) && values[2] == INFINITY && values[3] == -INFINITY && values[4] == 4);
    }

    void wrong_parameters_over_the_protocol() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto unknown = failure(*engine, *heard, selftest({{"stepz", 3}}));
        QVERIFY(unknown.code == ErrorCode::unknown_name);
        QVERIFY2((unknown.what + unknown.where).find("stepz") != std::string::npos && unknown.hint.find("steps") != std::string::npos, unknown.hint.c_str());
        const auto range = failure(*engine, *heard, selftest({{"steps", 0}}));
        QVERIFY(range.code == ErrorCode::invalid_value);
        QVERIFY((range.what + range.where).find("steps") != std::string::npos);
        const auto type = failure(*engine, *heard, selftest({{"steps", Json::array({1})}}));
        QVERIFY(type.code == ErrorCode::invalid_value);
        QVERIFY((type.what + type.where).find("steps") != std::string::npos);
        const auto choice = failure(*engine, *heard, selftest({{"dtype", "f16"}}));
        QVERIFY(choice.code == ErrorCode::invalid_value);
        auto request = selftest();
        request.method = "engine.selftset";
        const auto method = failure(*engine, *heard, request);
        QVERIFY(method.code == ErrorCode::unknown_name && method.hint.find("engine.selftest") != std::string::npos);
        request = selftest();
        request.version = 99;
        QVERIFY(failure(*engine, *heard, request).code == ErrorCode::version);
        request = selftest();
        request.taps = {{"no.tap", Json::object()}};
        QVERIFY(failure(*engine, *heard, request).what.find("taps") != std::string::npos);
        request = selftest();
        request.assets = {{"model", std::string(64, 'a')}};
        QVERIFY(failure(*engine, *heard, request).code == ErrorCode::unknown_name);
        request = selftest();
        request.device = "tpu";
        QVERIFY(failure(*engine, *heard, request).where == "device");
        QVERIFY(run_to_end(*engine, *heard, selftest({{"seconds", 0}})));   // and it still works
    }

    void failures_become_messages_data() {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("word");
        QTest::newRow("error") << "error" << int(ErrorCode::invalid_value) << "asked to fail";
        QTest::newRow("exception") << "exception" << int(ErrorCode::internal) << "not ours";
        QTest::newRow("torch") << "torch_error" << int(ErrorCode::invalid_value) << "2x3 and 4x5";
        QTest::newRow("memory") << "out_of_memory" << int(ErrorCode::out_of_memory) << "not enough memory for 262144.0 GiB";
        QTest::newRow("bad_alloc") << "bad_alloc" << int(ErrorCode::out_of_memory) << "not enough memory";
        QTest::newRow("bad_image") << "bad_image" << int(ErrorCode::wrong_format) << "3 bytes where its shape needs 12";
    }
    void failures_become_messages() {
        QFETCH(QString, fault);
        QFETCH(int, code);
        QFETCH(QString, word);
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto failed = failure(*engine, *heard, selftest({{"fault", fault.toStdString()}, {"fault_step", 2}}));
        QCOMPARE(int(failed.code), code);
        QVERIFY2(failed.what.find(word.toStdString()) != std::string::npos, failed.what.c_str());
        QVERIFY(failed.what.find("Exception raised from") == std::string::npos);
        QCOMPARE(heard->lost, 0);
        QVERIFY(run_to_end(*engine, *heard, selftest({{"seconds", 0}})));
        QVERIFY(std::holds_alternative<event::Finished>(heard->events.back()->body));
    }

    void printing_libraries_do_no_harm() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto request = selftest({{"fault", "print"}, {"fault_step", 1}, {"seconds", 0}});
        QVERIFY(run_to_end(*engine, *heard, request));
        QVERIFY(std::holds_alternative<event::Finished>(heard->end_of(request.uuid)->body));
        const auto text = selftest({{"fault", "bad_text"}, {"seconds", 0}});
        QVERIFY(run_to_end(*engine, *heard, text));
        QCOMPARE(heard->all<event::LogLine>(text.uuid).at(0).text, std::string("caf\xef\xbf\xbd"));
    }

    void cancel_is_fast_and_idempotent() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        std::vector<double> times;
        for (int i = 0; i < 20; ++i) {
            const auto request = selftest({{"steps", 10'000}, {"seconds", 600}, {"images", 10'000}, {"height", 64}, {"width", 64}});
            engine->run(request, {});
            QVERIFY(wait_until([&] { return engine->current_run() == request.uuid; }));
            QTest::qWait(5 + 3 * i);
            const double start = monotonic_seconds();
            engine->cancel(request.uuid);
            QVERIFY(engine->state() == EngineState::cancelling);
            engine->cancel(request.uuid);
            QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
            times.push_back(monotonic_seconds() - start);
            QVERIFY(std::holds_alternative<event::Cancelled>(heard->end_of(request.uuid)->body));
            engine->cancel(request.uuid);
        }
        std::sort(times.begin(), times.end());
        qInfo("cancel to idle: median %.1f ms, p95 %.1f ms", times[10] * 1000, times[18] * 1000);
        QVERIFY(times[18] < 30);   // by cancelling, and not because the minutes of the run were over
    }

    void a_waiting_run_is_cancelled_at_once() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto first = selftest({{"steps", 1000}, {"seconds", 600}, {"images", 0}}), second = selftest();
        engine->run(first, {});
        engine->run(second, {});
        engine->cancel(second.uuid);
        QVERIFY(wait_until([&] { return heard->end_of(second.uuid) != nullptr; }));
        QVERIFY(std::holds_alternative<event::Cancelled>(heard->end_of(second.uuid)->body));
        QVERIFY(!heard->end_of(first.uuid));
        engine->cancel(first.uuid);
        QVERIFY(wait_until([&] { return heard->end_of(first.uuid) != nullptr; }));
        QVERIFY(std::holds_alternative<event::Cancelled>(heard->end_of(first.uuid)->body));
    }

    void a_stubborn_run_asks_for_stop_now() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        QSignalSpy slow(engine.get(), &EngineProcess::cancel_is_slow);
        const auto request = selftest({{"steps", 10}, {"seconds", 600}, {"images", 0}, {"ignore_cancel", true}});
        engine->run(request, {});
        QVERIFY(wait_until([&] { return engine->current_run() == request.uuid; }));
        engine->cancel(request.uuid);
        QVERIFY(wait_until([&] { return slow.count() == 1; }));
        const double start = monotonic_seconds();
        engine->kill_and_restart();
        QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
        qInfo("stop now to idle: %.2f s", monotonic_seconds() - start);
        QVERIFY(std::holds_alternative<event::Cancelled>(heard->end_of(request.uuid)->body));
        QCOMPARE(heard->lost, 0);
    }

    void pause_and_go_on() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        auto request = selftest({{"steps", 5000}, {"seconds", 250}, {"images", 0}});
        engine->run(request, {});
        QVERIFY(wait_until([&] { return heard->all<event::Progress>(request.uuid).size() >= 2; }));
        engine->pause(request.uuid);
        QVERIFY(wait_until([&] { return heard->end_of(request.uuid) != nullptr; }));
        QVERIFY(std::holds_alternative<event::Paused>(heard->end_of(request.uuid)->body));
        const auto checkpoints = heard->all<event::Checkpoint>(request.uuid);
        QCOMPARE(checkpoints.size(), std::size_t{1});
        QTemporaryDir folder;
        QFile file(folder.filePath("checkpoint.safetensors"));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(checkpoints[0].bytes->data(), qint64(checkpoints[0].bytes->size()));
        file.close();
        auto rest = selftest({{"steps", 5000}, {"seconds", 0}, {"images", 0}});
        rest.resume = request.uuid;
        rest.assets = {{"checkpoint", std::string(64, 'c')}};
        engine->run(rest, {{std::string(64, 'c'), file.fileName().toStdString()}});
        QVERIFY(wait_until([&] { return heard->end_of(rest.uuid) != nullptr; }));
        const auto finished = heard->all<event::Finished>(rest.uuid);
        QCOMPARE(finished.size(), std::size_t{1});
        QVERIFY(finished[0].summary["steps"].get<int>() < 5000 && finished[0].summary["steps"].get<int>() > 0);
    }

    void a_crash_is_told_and_the_engine_comes_back_data() {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<QString>("word");
        QTest::newRow("crash") << "crash" << "segmentation fault";
        QTest::newRow("abort") << "abort" << "abort";
        QTest::newRow("exit") << "exit" << "status 3";
        QTest::newRow("kill") << "kill" << "signal 9";
        QTest::newRow("file") << "file_changed" << "file changed";
    }
    void a_crash_is_told_and_the_engine_comes_back() {
        QFETCH(QString, fault);
        QFETCH(QString, word);
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto request = selftest({{"fault", fault.toStdString()}, {"fault_step", 3}, {"seconds", 0.1}});
        engine->run(request, {});
        QVERIFY(wait_until([&] { return heard->lost == 1; }));
        const double start = monotonic_seconds();
        QVERIFY2(heard->lost_reason.contains(word), qPrintable(heard->lost_reason));
        QCOMPARE(heard->lost_runs, QStringList{QString::fromStdString(request.uuid)});
        const auto failed = std::get<event::Failed>(heard->end_of(request.uuid)->body);
        QVERIFY(failed.code == ErrorCode::engine_lost && !failed.hint.empty());
        QVERIFY(wait_until([&] { return !heard->messages.isEmpty(); }));
        QVERIFY2(heard->messages.last().contains(u"during engine.selftest"), qPrintable(heard->messages.last()));   // what was under way
        QVERIFY2(fault == u"file_changed" || !heard->lost_reason.contains(u"It said"), qPrintable(heard->lost_reason));   // it had no time to say anything
        QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
        qInfo("crash to idle: %.2f s", monotonic_seconds() - start);
        const auto next = selftest({{"seconds", 0}});
        QVERIFY(run_to_end(*engine, *heard, next));
        QVERIFY(std::holds_alternative<event::Finished>(heard->end_of(next.uuid)->body));
    }

    void killed_in_the_middle_of_a_message() {
        qputenv("LATHE_SHARED_MEMORY", "0");   // everything through the pipe
        Heard* heard = nullptr;
        auto engine = started(&heard);
        for (int i = 0; i < 2; ++i) {
            const auto request = selftest({{"steps", 100'000}, {"seconds", 0}, {"images", 100'000}, {"height", 2000}, {"width", 2000}});
            const int lost = heard->lost;
            engine->run(request, {});
            QVERIFY(wait_until([&] { return heard->all<event::ArtifactMade>(request.uuid).size() >= 3; }));
            ::kill(static_cast<pid_t>(engine->hello().pid), SIGKILL);
            QVERIFY(wait_until([&] { return heard->lost > lost; }));
            QVERIFY(std::holds_alternative<event::Failed>(heard->end_of(request.uuid)->body));
            QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
            heard->events.clear();
        }
        const auto next = selftest({{"seconds", 0}});
        QVERIFY(run_to_end(*engine, *heard, next));
        QVERIFY(std::holds_alternative<event::Finished>(heard->end_of(next.uuid)->body));
        qunsetenv("LATHE_SHARED_MEMORY");
    }

    void three_crashes_in_a_row_are_enough() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        for (int i = 0; i < 3; ++i) {
            QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
            engine->run(selftest({{"fault", "crash"}}), {});
            QVERIFY(wait_until([&] { return heard->lost == i + 1; }));
        }
        QVERIFY(wait_until([&] { return engine->state() == EngineState::failed; }));
        QVERIFY2(heard->messages.last().contains(u"3 times in a row"), qPrintable(heard->messages.last()));
        QVERIFY_THROWS_EXCEPTION(Error, engine->run(selftest(), {}));
        engine->kill_and_restart();
        QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
    }

    void shared_memory_carries_large_images_data() {
        QTest::addColumn<QByteArray>("shared");
        QTest::newRow("shared memory") << QByteArray("1");
        QTest::newRow("pipe") << QByteArray("0");
    }
    void shared_memory_carries_large_images() {
        QFETCH(QByteArray, shared);
        qputenv("LATHE_SHARED_MEMORY", shared);
        Heard* heard = nullptr;
        auto engine = started(&heard);
        qunsetenv("LATHE_SHARED_MEMORY");
        QCOMPARE(engine->hello().shm, shared == "1");
        const auto request = selftest({{"steps", 12}, {"seconds", 0}, {"images", 12}, {"height", 2500}, {"width", 2000}, {"channels", 1}, {"dtype", "f32"}});   // 20 MB each
        QVERIFY(run_to_end(*engine, *heard, request));
        const auto images = heard->all<event::ArtifactMade>(request.uuid);
        QCOMPARE(images.size(), std::size_t{12});
        for (std::size_t i = 0; i < images.size(); ++i) {
            float value = 0;
            std::memcpy(&value, images[i].artifact.bytes->data() + 4 * (1234 * 2000 + 567), 4);
            QCOMPARE(value, float(1234 * 3 + 567 * 5 + int(i) * 11) / 16);
        }
    }

    void previews_may_be_dropped_and_nothing_else() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto request = selftest({{"steps", 300}, {"seconds", 0}, {"images", 300}, {"preview", true}, {"height", 600}, {"width", 600}, {"metrics", 2}});
        engine->hold_events(true);
        engine->run(request, {});
        wait_for_work(*engine, 0.4);   // this side is busy elsewhere
        engine->hold_events(false);
        QVERIFY(wait_until([&] { return heard->end_of(request.uuid) != nullptr; }));
        const auto images = heard->all<event::ArtifactMade>(request.uuid);
        QVERIFY(!images.empty() && images.size() < 300);
        QCOMPARE(images.back().artifact.step, std::int64_t{299});   // the latest wins
        std::size_t points = 0;
        for (const auto& m : heard->all<event::Metrics>(request.uuid)) points += m.points.size();
        QCOMPARE(points, std::size_t{600});
    }

    void a_slow_reader_slows_the_engine_not_its_memory() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        engine->hold_events(true);
        const auto request = selftest({{"steps", 100}, {"seconds", 0}, {"images", 100}, {"height", 1500}, {"width", 1000}});   // 450 MB in all
        engine->run(request, {});
        wait_for_work(*engine, 1);
        QVERIFY(heard->events.empty());
        QFile statm(QStringLiteral("/proc/%1/statm").arg(engine->hello().pid));
        QVERIFY(statm.open(QFile::ReadOnly));
        const qint64 resident = statm.readAll().split(' ').value(1).toLongLong() * ::sysconf(_SC_PAGESIZE);
        qInfo("engine while held: %lld MiB", resident >> 20);
#ifdef __SANITIZE_ADDRESS__
        QVERIFY(resident < (900ll << 20));   // the sanitizer keeps what was freed for a while
#else
        QVERIFY(resident < (600ll << 20));
#endif
        engine->hold_events(false);
        QVERIFY(wait_until([&] { return heard->end_of(request.uuid) != nullptr; }));
        QCOMPARE(heard->all<event::ArtifactMade>(request.uuid).size(), std::size_t{100});
    }

    void silence_is_noticed_and_nothing_is_killed() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        const auto pid = static_cast<pid_t>(engine->hello().pid);
        ::kill(pid, SIGSTOP);
        const bool noticed = wait_until([&] { return engine->state() == EngineState::not_responding; });
        ::kill(pid, SIGCONT);
        QVERIFY(noticed);
        QVERIFY(heard->messages.last().contains(u"10 s"));
        QVERIFY(wait_until([&] { return engine->state() == EngineState::idle; }));
        QCOMPARE(engine->hello().pid, std::int64_t{pid});
        QVERIFY(wait_until([&] { return engine->resident_bytes() > 10'000'000; }));
    }

    void rates_are_measured_once_and_kept() {
        Heard* heard = nullptr;
        auto engine = started(&heard);
        QVERIFY(wait_until([&] { return engine->rates().has_value(); }));
        const Rates first = *engine->rates();
        qInfo("f32 %.0f, bf16 %.0f GFLOPS, int8 %.0f GOPS, memory %.1f GB/s, %s, %d threads %s", first.gemm_f32, first.gemm_bf16, first.int8, first.bytes_per_s / 1e9, first.blas.c_str(), first.threads,
            first.warn.c_str());
        QVERIFY(first.gemm_f32 > 0 && first.bytes_per_s > 0 && first.threads > 0);
        QVERIFY(first.warn.find("wrong numbers") == std::string::npos);
        QSignalSpy arrived(engine.get(), &EngineProcess::rates_arrived);
        engine->kill_and_restart();
        QVERIFY(wait_until([&] { return heard->ready == 2 && arrived.count() == 1; }));   // from the cache: measured anew, it would not be the same number
        QCOMPARE(engine->rates()->gemm_f32, first.gemm_f32);
    }
};

QTEST_GUILESS_MAIN(TestEngineProcess)
#include "test_engine_process.moc"
