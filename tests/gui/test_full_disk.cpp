// The disk becomes full while a run streams into the project of the real window: that is said with a remedy, nothing is lost, and the window goes on.
#include "app/gui/status_strip.h"
#include "tests/gui/window_fixture.h"
#include "tests/unit/faulty_vfs.h"

using namespace lathe;
using namespace lathe::gui_test;

class TestFullDisk : public WindowFixture {
    Q_OBJECT

    test::FaultyVfs m_disk;   // before the first project is opened

    std::int64_t points_of(const QString& uuid) {
        std::int64_t points = 0;
        window().projects().with_reader([&](const ProjectReader& reader) {
            if (const auto run = reader.find_run(ss(uuid)))
                for (const MetricSummary& metric : reader.metrics(*run)) points += metric.n;
        });
        return points;
    }
    std::size_t pictures_of(const QString& uuid) {
        std::size_t whole = 0;
        window().projects().with_reader([&](const ProjectReader& reader) {
            if (const auto run = reader.find_run(ss(uuid)))
                for (const ArtifactRow& made : reader.artifacts(*run)) whole += !reader.artifact_bytes(made.id).empty();
        });
        return whole;
    }
    bool is_running(const QString& uuid) { const auto active = window().session().active(); return std::find(active.begin(), active.end(), ss(uuid)) != active.end(); }

private Q_SLOTS:
    void initTestCase() { open_window(); }
    void cleanupTestCase() { m_window.reset(); }

    void a_run_streams_into_a_full_disk() {
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 160'000);
        const QString file = m_folder.filePath("full.lathe");
        QSignalSpy opened(&window().projects(), &ProjectHost::opened);
        window().projects().create(file);
        QVERIFY(opened.wait(60'000));
        window().show_workspace("runs");
        const QString before = start_run({{"steps", 20}, {"metrics", 2}, {"images", 2}, {"height", 48}, {"width", 48}}, "before");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(before), RunState::finished, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(rows() >= 1, 60'000);
        const QString streams = start_run({{"steps", 300}, {"seconds", 6}, {"metrics", 2}, {"images", 30}, {"height", 48}, {"width", 48}}, "streams");
        QTRY_VERIFY_WITH_TIMEOUT(points_of(streams) > 0, 60'000);
        QVERIFY(is_running(streams));
        m_disk.fail_after(0);

        // It is said: what, where, what to do. (Others that write, such as the view, meet the full disk too, and may say so first.)
        QTRY_VERIFY_WITH_TIMEOUT(has_message("waits in memory"), 60'000);
        const UserMessage said = [&] {
            for (const UserMessage& message : window().messages().history())
                if (message.text().contains("waits in memory")) return message;
            return UserMessage();
        }();
        QVERIFY2(said.text().contains("the disk is full"), qPrintable(said.text()));
        QCOMPARE(said.level, QStringLiteral("err"));
        QVERIFY2(said.what.contains("write"), qPrintable(said.text()));
        QVERIFY2(said.where.contains("full.lathe"), qPrintable(said.text()));
        QVERIFY2(said.hint.contains("Free some space"), qPrintable(said.text()));
        QVERIFY(window().findChild<StatusStrip*>()->saved().startsWith("Not saved yet"));
        QVERIFY(shot("shell-disk-full"));

        // The window goes on: what was kept is there, runs are selected, the engine comes to the end of its run.
        const std::int64_t kept = points_of(streams);
        QVERIFY(select(before));
        QCOMPARE(points_of(before), std::int64_t(40));
        QCOMPARE(pictures_of(before), std::size_t(2));
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::idle, 120'000);
        QVERIFY(points_of(streams) >= kept && points_of(streams) < 600);
        QVERIFY(state_of(streams) == RunState::running);

        // There is space again: all of it arrives.
        m_disk.fail_after(-1);
        QTRY_COMPARE_WITH_TIMEOUT(state_of(streams), RunState::finished, 120'000);
        QCOMPARE(points_of(streams), std::int64_t(600));
        QCOMPARE(pictures_of(streams), std::size_t(30));
        QTRY_COMPARE(window().findChild<StatusStrip*>()->saved(), QStringLiteral("All changes saved"));
        const QString after = start_run({{"steps", 20}, {"metrics", 2}, {"images", 2}, {"height", 48}, {"width", 48}}, "after");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(after), RunState::finished, 60'000);
        QVERIFY(close_project());
        const auto project = Project::open(fs_path(file));
        project->check();
        QCOMPARE(project->reader()->runs(compile_query("method:engine.selftest", nullptr)).size(), std::size_t(3));   // the demo model may have drawn its first picture meanwhile
    }
};

int main(int argc, char** argv) { return run_window_test<TestFullDisk>(argc, argv); }
#include "test_full_disk.moc"
