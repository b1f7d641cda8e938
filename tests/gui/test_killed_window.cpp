// The real window is killed at random moments while a run streams into its project: the project stays whole, and everything that was committed is in it.
#include "core/base/paths.h"
#include "core/project/project.h"
#include <QDir>
#include <QElapsedTimer>
#include <QProcess>
#include <QRandomGenerator>
#include <QTemporaryDir>
#include <QtTest>
#include <csignal>

using namespace lathe;

namespace {

/// What a reader sees of the streaming run. The demo model makes its first picture at the same time, which is a run, too.
struct Kept {
    RunId run = 0;
    std::map<std::string, std::map<std::int64_t, double>> points;
    std::map<ArtifactId, std::string> artifacts;   ///< sha256
    std::size_t count() const {
        std::size_t n = artifacts.size();
        for (const auto& [key, series] : points) n += series.size();
        return n;
    }
};

Kept kept_in(const ProjectReader& reader) {
    Kept kept;
    const auto runs = reader.runs(compile_query("method:engine.selftest", nullptr), 1);
    if (runs.empty()) return kept;
    kept.run = runs.front().id;
    for (const MetricSummary& metric : reader.metrics(kept.run)) {
        const Series series = reader.series(kept.run, metric.key);
        for (std::size_t i = 0; i < series.step.size(); ++i) kept.points[metric.key][std::int64_t(series.step[i])] = series.value[i];
    }
    for (const ArtifactRow& artifact : reader.artifacts(kept.run)) kept.artifacts[artifact.id] = artifact.sha256;
    return kept;
}

/// The project that the window has made in this folder; empty: not yet.
QString project_in(const QString& folder) {
    for (const QString& name : QDir(folder).entryList(QDir::Dirs | QDir::NoDotAndDotDot))
        if (const QString file = folder + u'/' + name + QStringLiteral("/stream.lathe"); QFile::exists(file)) return file;
    return {};
}

class Window {
public:
    explicit Window(const QString& folder, const QStringList& arguments) {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("TMPDIR"), folder);
        m_process.setProcessEnvironment(environment);
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start(QString::fromStdString(program_file("lathe").string()), arguments);
    }
    bool is_running() { return m_process.state() != QProcess::NotRunning; }
    void wait(int ms) { m_process.waitForFinished(ms); }
    /// False: it had ended by itself before.
    bool kill() {
        const auto pid = pid_t(m_process.processId());
        if (pid <= 0) return false;   // and 0 would be this test's own process group
        ::kill(pid, SIGKILL);
        return m_process.waitForFinished(120'000) && m_process.exitStatus() == QProcess::CrashExit;
    }
    int exit_code(int ms) { return m_process.waitForFinished(ms) && m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1; }
private:
    QProcess m_process;
};

/// Waits until something is committed, then for a random while, and reads what is there. Empty: the window ended before.
Kept committed_by(Window& window, const QString& folder) {
    QElapsedTimer clock;
    clock.start();
    qint64 until = -1;
    while (window.is_running() && clock.elapsed() < 120'000) {
        window.wait(20);
        const QString file = project_in(folder);
        if (file.isEmpty()) continue;
        try {
            const ProjectReader reader(file.toStdString());
            if (until < 0) {
                if (kept_in(reader).count() == 0) continue;
                until = clock.elapsed() + QRandomGenerator::global()->bounded(1500);
            }
            if (clock.elapsed() >= until) return kept_in(reader);
        } catch (const Error&) {   // it is being made
        }
    }
    return {};
}

}

class TestKilledWindow : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        for (const char* variable : {"XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}) qputenv(variable, m_folder.filePath(QLatin1String(variable)).toUtf8());
    }

    void killed_while_a_run_streams() {
        const int kills = qEnvironmentVariableIsSet("LATHE_LONG") ? 200 : 20;
        std::size_t compared = 0, later = 0;
        int killed = 0;
        QString last;
        for (int round = 0; killed < kills; ++round) {
            QVERIFY2(round < 2 * kills + 5, "the window ended by itself too often");
            const QString folder = m_folder.filePath(QStringLiteral("round%1").arg(round));
            QVERIFY(QDir().mkpath(folder));
            Window window(folder, {QStringLiteral("--measure-stream"), QStringLiteral("--size"), QStringLiteral("1280x800")});
            const Kept before = committed_by(window, folder);
            if (!window.kill()) continue;   // this computer was so busy that the run was over
            QVERIFY(before.count() > 0);
            ++killed;
            last = project_in(folder);

            const auto project = Project::open(last.toStdString());
            QVERIFY2(project->read_only_reason().empty(), project->read_only_reason().c_str());
            project->check();
            const auto reader = project->reader();
            const Kept after = kept_in(*reader);
            QCOMPARE(after.run, before.run);
            const RunState state = reader->run(after.run).state;
            QVERIFY2(state == RunState::interrupted || state == RunState::finished, std::string(name(state)).c_str());
            for (const auto& [key, series] : before.points) {
                const auto found = after.points.find(key);
                QVERIFY2(found != after.points.end(), key.c_str());
                for (const auto& [step, value] : series) {
                    const auto point = found->second.find(step);
                    QVERIFY2(point != found->second.end() && point->second == value, (key + " at " + std::to_string(step)).c_str());
                    ++compared;
                }
            }
            for (const auto& [id, sha256] : before.artifacts) QCOMPARE(after.artifacts.at(id), sha256);
            for (const auto& [id, sha256] : after.artifacts) QVERIFY(!reader->artifact_bytes(id).empty());   // compares the hash
            compared += before.artifacts.size();
            later += after.count() - before.count();
        }
        qInfo("%d kills, %zu committed points and pictures found again, and %zu more that were committed since they were read", killed, compared, later);

        // The window opens it again.
        const QString picture = m_folder.filePath("again.png");
        Window again(m_folder.path(), {last, QStringLiteral("--workspace"), QStringLiteral("runs"), QStringLiteral("--screenshot"), picture});
        QCOMPARE(again.exit_code(240'000), 0);
        QVERIFY(QFile::exists(picture));
        const QString shots = qEnvironmentVariable("LATHE_SCREENSHOTS", QDir::tempPath());
        QDir().mkpath(shots);
        QFile::remove(shots + "/reopened-after-a-kill.png");
        QVERIFY(QFile::copy(picture, shots + "/reopened-after-a-kill.png"));
        QVERIFY(Project::open(last.toStdString())->read_only_reason().empty());
    }
};

QTEST_GUILESS_MAIN(TestKilledWindow)
#include "test_killed_window.moc"
