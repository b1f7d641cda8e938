// Bars of the window, with the real programs: start to first paint and longest stall while a run streams (lathe measures both itself), and a mouse event on
// the cache map or on a live slider of the delta_cache workspace to the first preview of the new run on the screen. Needs a screen: tests/gui/under_screen.sh.
#include "app/gui/application.h"
#include "app/gui/main_window.h"
#include "app/gui/text.h"
#include "app/gui/workspace.h"
#include "core/base/time.h"
#include "tests/bench/bench.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/image_compare.h"
#include "widgets/cache_map.h"
#include "widgets/parameter_form.h"
#include "widgets/slider.h"
#include <QProcess>
#include <QTemporaryDir>

using namespace lathe;
using namespace lathe::bench;

namespace {

constexpr int kLong = 60'000;   // ms: nothing that is waited for takes that long unless it never comes

[[noreturn]] void give_up(const std::string& what) { throw Error(ErrorCode::internal, what, "gui_bench", "Open the delta_cache workspace in lathe to see more."); }

/// Tells when the viewer was painted with the pictures of another run than before: after the window's update, when they are on the screen.
class WatchingApplication : public Application {
public:
    using Application::Application;
    void watch(ImageCompareViewer* viewer) {
        m_viewer = viewer;
        m_before = run_of(viewer);
        m_painted = false;
        m_shown_at = 0;
    }
    double shown_at() const { return m_shown_at; }   ///< 0: not yet
    bool notify(QObject* receiver, QEvent* event) override {
        const bool handled = Application::notify(receiver, event);
        if (!m_viewer || m_shown_at > 0) return handled;
        if (event->type() == QEvent::Paint && receiver == m_viewer && run_of(m_viewer) != m_before) m_painted = true;
        if (event->type() == QEvent::UpdateRequest && m_painted) m_shown_at = monotonic_seconds();
        return handled;
    }

private:
    static QString run_of(const QObject* viewer) { return viewer->property("lathe_run").toString(); }
    ImageCompareViewer* m_viewer = nullptr;
    QString m_before;
    bool m_painted = false;
    double m_shown_at = 0;
};

/// The JSON line that `lathe ARGUMENT` prints.
Json printed_by_lathe(const QString& argument) {
    QProcess lathe;
    lathe.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    lathe.start(QStringLiteral("lathe"), {argument});
    if (!lathe.waitForFinished(kLong) || lathe.exitCode() != 0) give_up("lathe " + ss(argument) + " failed.");
    return parse_json(lathe.readAllStandardOutput().trimmed().toStdString(), "lathe " + ss(argument));
}

void starts() {
    std::vector<double> seconds;
    for (int i = 0; i < 5; ++i) seconds.push_back(printed_by_lathe(QStringLiteral("--measure-start")).at("value").get<double>());
    print("gui.first_window_s", median(seconds), "s", Bar::at_most, 1.0, "process start to the end of the first paint, virtual screen, warm disk; median of 5");
}

void stalls() {
    double longest = 0;
    std::string how;
    for (int i = 0; i < 2; ++i) {
        const Json line = printed_by_lathe(QStringLiteral("--measure-stream"));
        if (line.at("value").get<double>() < longest) continue;
        longest = line.at("value").get<double>();
        how = line.at("how").get<std::string>();
    }
    print("gui.longest_stall_ms", longest, "ms", Bar::at_most, 50, how + "; the longest of 2 runs");
}

/// The workspace with the demo model, in a new project, after its first image.
class LiveBench {
public:
    explicit LiveBench(WatchingApplication& app) : m_app(app), m_window(options()) {
        m_window.show();
        settle();
        m_window.projects().create(m_folder.filePath(QStringLiteral("live.lathe")));
        settle();
        m_window.show_workspace(QStringLiteral("delta_cache"));
        Workspace* shown = m_window.workspace(QStringLiteral("delta_cache"));
        m_viewer = shown ? shown->findChild<ImageCompareViewer*>() : nullptr;
        m_map = shown ? shown->findChild<CacheMap*>() : nullptr;
        m_form = shown ? shown->findChild<ParameterForm*>() : nullptr;
        if (!m_viewer || !m_map || !m_form) give_up("The delta_cache workspace is not there.");
        if (!QTest::qWaitFor([this] { return !m_viewer->images().empty(); }, kLong)) give_up("No first image came.");
        m_form->set_values({{"policy", "painted"}, {"steps", 20}}, "bench");
        settle();
    }

    void measure() {
        std::vector<double> map, slider, all;
        for (int i = 0; i < 12; ++i) {
            map.push_back(paint_a_cell(2 + i, 1 + i % 10));
            slider.push_back(drag_a_slider(i % 2 ? 24 : -24));
        }
        all = map;
        all.insert(all.end(), slider.begin(), slider.end());
        const auto text = [](double ms) { return number_text(std::round(ms)); };
        print("live.first_preview_ms", median(all), "ms", Bar::at_most, 150, "mouse event to the first preview of its run on the screen, demo model, 20 steps, debounce included; median of " + std::to_string(all.size()) +
            "; press on the map " + text(median(map)) + ", last move of a drag of Guidance " + text(median(slider)) + ", p95 " + text(percentile(all, 0.95)));
    }

private:
    static StartOptions options() {
        StartOptions options;
        options.size = QSize(1600, 1000);
        return options;
    }
    /// Nothing runs and nothing is about to.
    void settle() {
        int calm = 0;
        if (!QTest::qWaitFor([&] {
                calm = m_window.is_settled() ? calm + 1 : 0;
                return calm > 20;
            }, kLong)) give_up("The window did not settle.");
    }
    double wait_for_preview(double since) {
        if (!QTest::qWaitFor([this] { return m_app.shown_at() > 0; }, kLong)) give_up("No preview came.");
        return (m_app.shown_at() - since) * 1000;
    }
    /// Events go in where those of the window system do.
    void mouse(QWidget* on, QEvent::Type type, const QPoint& at) {
        const QPoint in_window = on->mapTo(&m_window, at);
        QWindow* window = m_window.windowHandle();
        if (type == QEvent::MouseButtonPress) QTest::mousePress(window, Qt::LeftButton, {}, in_window);
        else if (type == QEvent::MouseButtonRelease) QTest::mouseRelease(window, Qt::LeftButton, {}, in_window);
        else QTest::mouseMove(window, in_window);
    }
    double paint_a_cell(int step, int block) {
        settle();
        m_app.watch(m_viewer);
        const QPoint cell = m_map->cell_rect(step, block).center().toPoint();
        const double since = monotonic_seconds();
        mouse(m_map, QEvent::MouseButtonPress, cell);
        const double took = wait_for_preview(since);
        mouse(m_map, QEvent::MouseButtonRelease, cell);
        return took;
    }
    double drag_a_slider(int by) {
        Slider* slider = lathe::gui_test::named<Slider>(*m_form, QStringLiteral("Guidance"));
        if (!slider) give_up("There is no slider for the guidance.");
        settle();
        m_app.watch(m_viewer);
        QPoint at = slider->rect().center();
        mouse(slider, QEvent::MouseButtonPress, at);
        double since = 0;
        for (int i = 0; i < 4; ++i) {   // a move each frame, then the hand rests on the button
            at.rx() += by / 4;
            since = monotonic_seconds();
            mouse(slider, QEvent::MouseMove, at);
            if (i < 3) QTest::qWait(16);
        }
        const double took = wait_for_preview(since);
        mouse(slider, QEvent::MouseButtonRelease, at);
        return took;
    }

    WatchingApplication& m_app;
    QTemporaryDir m_folder;
    MainWindow m_window;
    ImageCompareViewer* m_viewer = nullptr;
    CacheMap* m_map = nullptr;
    ParameterForm* m_form = nullptr;
};

}

int main(int argc, char** argv) {
    QTemporaryDir user;   // nobody's settings or recent projects
    qputenv("XDG_CONFIG_HOME", user.path().toLocal8Bit());
    qputenv("XDG_STATE_HOME", user.path().toLocal8Bit());
    prepare_platform();
    WatchingApplication app(argc, argv);
    Theme::instance().apply(app, ThemeMode::light);
    try {
        starts();
        stalls();
        LiveBench(app).measure();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gui_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
