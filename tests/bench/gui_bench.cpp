// Bars of the window, with the real programs: start to first paint and longest stall while a run streams (lathe measures both itself), and a mouse event on
// the cache map or on a live slider of the delta_cache workspace to the first preview of the new run on the screen. `gui_bench scene` measures the 3D view
// instead: frames a second while it is orbited, and new colours; `gui_bench calibration FOLDER` an offset of a camera in the bev workspace, on that data set;
// `gui_bench quantize MODEL FOLDER` a bit of a layer in the quantization workspace; `gui_bench graph [EDGES]` a large graph that is dragged. Needs a screen: tests/gui/under_screen.sh.
#include "app/gui/application.h"
#include "app/gui/main_window.h"
#include "app/gui/text.h"
#include "app/gui/workspace.h"
#include "core/base/time.h"
#include "tests/bench/bench.h"
#include "tests/bench/graph_view_bench.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/image_compare.h"
#include "viewers/scene_view.h"
#include "widgets/cache_map.h"
#include "widgets/parameter_form.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include <QProcess>
#include <QPushButton>
#include <QTableView>
#include <QTemporaryDir>

using namespace lathe;
using namespace lathe::bench;

namespace {

constexpr int kLong = 60'000;   // ms: nothing that is waited for takes that long unless it never comes

[[noreturn]] void give_up(const std::string& what) { throw Error(ErrorCode::internal, what, "gui_bench", "Open the workspace in lathe to see more."); }

/// Tells when the viewer was painted with what another run gave than before: after the window's update, when it is on the screen.
class WatchingApplication : public Application {
public:
    using Application::Application;
    /// `bearer`: whose property names the run, the viewer or what holds it.
    void watch(QWidget* viewer, QWidget* bearer) {
        m_viewer = viewer;
        m_bearer = bearer;
        m_before = run_of(bearer);
        m_painted = false;
        m_shown_at = 0;
    }
    double shown_at() const { return m_shown_at; }   ///< 0: not yet
    bool notify(QObject* receiver, QEvent* event) override {
        const bool handled = Application::notify(receiver, event);
        if (!m_viewer || m_shown_at > 0) return handled;
        if (event->type() == QEvent::Paint && receiver == m_viewer && run_of(m_bearer) != m_before) m_painted = true;
        if (event->type() == QEvent::UpdateRequest && m_painted) m_shown_at = monotonic_seconds();
        return handled;
    }

private:
    static QString run_of(const QObject* bearer) { return bearer->property("lathe_run").toString(); }
    QWidget *m_viewer = nullptr, *m_bearer = nullptr;
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

/// 200 x 200 x 4 voxels in a view of 1000 x 700, with boxes and rings.
class SceneBench {
public:
    SceneBench() {
        m_view.resize(1000, 700);
        m_view.show();
        if (!QTest::qWaitForWindowExposed(&m_view) || !m_view.has_opengl()) give_up("The 3D view cannot be shown.");
        m_grid.n = {200, 200, 4};
        m_grid.low = {-50, -50, -4};
        m_grid.size = {0.5, 0.5, 1.5};
        std::vector<SceneBox> boxes;
        for (int i = 0; i < 24; ++i) {
            SceneBox box;
            box.id = i;
            box.colour = Qt::white;
            box.yaw = i * 0.26;
            box.centre = {30 * std::cos(box.yaw), 30 * std::sin(box.yaw), -1};
            box.size = {1.9, 4.5, 1.6};
            box.velocity = {3, 1};
            box.label = QStringLiteral("car 0.80");
            boxes.push_back(box);
        }
        m_view.set_boxes(boxes);
        m_view.set_rings({10, 20, 30, 40, 50}, -1.84);
    }

    void measure() {
        const double some = orbited(true);
        const std::size_t some_faces = m_view.faces();
        const double all = orbited(false);
        const std::string how = "orbit of 360 degrees at 1000 x 700, " + m_view.driver().toStdString() + ", best of 3; " + std::to_string(m_count) + " of 160000 voxels, " + std::to_string(some_faces) + " faces";
        print("bev.orbit_fps", some, "frames/s", Bar::at_least, 20, how + "; with all 160000 voxels, " + std::to_string(m_view.faces()) + " faces: " + number_text(std::round(all * 10) / 10) + " (bar 8)");
        if (all < 8) give_up("The scene of all voxels is drawn too slowly: " + number_text(all) + " frames/s, bar 8.");
        std::vector<double> ms;
        for (int i = 0; i < 15; ++i) {
            std::vector<QRgb> colours(m_grid.count());
            for (std::size_t v = 0; v < colours.size(); ++v) colours[v] = qRgb(int(v * 7 + unsigned(i) * 40) & 255, int(v / 800) & 255, 120);
            const double since = monotonic_seconds();
            m_view.set_voxel_colours(colours);
            m_view.repaint();
            ms.push_back((monotonic_seconds() - since) * 1000);
        }
        print("bev.recolour_ms", median(ms), "ms", Bar::at_most, 50, "new colours of all 160000 voxels (" + std::to_string(m_view.faces()) + " faces) to the end of the next paint, median of 15");
    }

private:
    /// Frames a second, the best of three turns: `some` shows about 20 000 voxels in hills, else all.
    double orbited(bool some) {
        std::vector<std::uint8_t> shown(m_grid.count(), 1);
        std::vector<QRgb> colours(m_grid.count());
        for (int x = 0; x < 200; ++x)
            for (int y = 0; y < 200; ++y)
                for (int z = 0; z < 4; ++z) {
                    const double dx = x - 100, dy = y - 100, ring = (std::hypot(dx, dy) - 60) / 12;
                    if (some) shown[m_grid.at(x, y, z)] = std::exp(-ring * ring) * (0.6 + 0.4 * std::cos(6 * std::atan2(dy, dx))) * (1 - z * 0.2) > 0.25;
                    colours[m_grid.at(x, y, z)] = qRgb(x, y, 80 + 40 * z);
                }
        m_count = some ? std::ranges::count(shown, 1) : m_count;
        m_view.set_voxels(m_grid, std::move(shown), colours);
        double best = 0;
        for (int turn = 0; turn < 3; ++turn) {
            constexpr int kFrames = 72;
            m_view.look_around(50);
            m_view.repaint();
            const SceneEye start = m_view.eye();
            const double since = monotonic_seconds();
            for (int i = 0; i < kFrames; ++i) {
                const double c = std::cos(i * 0.0873), s = std::sin(i * 0.0873);
                SceneEye eye = start;
                eye.eye = {c * start.eye[0] - s * start.eye[1], s * start.eye[0] + c * start.eye[1], start.eye[2]};
                m_view.look(eye);
                m_view.repaint();
                QCoreApplication::processEvents();
            }
            best = std::max(best, kFrames / (monotonic_seconds() - since));
        }
        return best;
    }
    SceneView m_view;
    VoxelGridShape m_grid;
    std::ptrdiff_t m_count = 0;
};

/// A workspace of the real window, in a new project.
class LiveBench {
protected:
    LiveBench(WatchingApplication& app, const QString& workspace) : m_app(app), m_window(options()) {
        m_window.show();
        settle();
        m_window.projects().create(m_folder.filePath(QStringLiteral("live.lathe")));
        settle();
        m_window.show_workspace(workspace);
        m_workspace = m_window.workspace(workspace);
        m_form = m_workspace ? m_workspace->findChild<ParameterForm*>() : nullptr;
        if (!m_form) give_up("The " + ss(workspace) + " workspace is not there.");
    }
    void watch(QWidget* viewer, QWidget* bearer) {
        m_viewer = viewer;
        m_bearer = bearer;
    }
    /// Nothing runs and nothing is about to.
    void settle() {
        int calm = 0;
        if (!QTest::qWaitFor([&] {
                calm = m_window.is_settled() ? calm + 1 : 0;
                return calm > 20;
            }, kLong)) give_up("The window did not settle.");
    }
    void begin() {
        settle();
        m_app.watch(m_viewer, m_bearer);
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
    double drag_a_slider(const QString& name, int by) {
        Slider* slider = lathe::gui_test::named<Slider>(*m_form, name);
        if (!slider) give_up("There is no slider " + ss(name) + ".");
        m_form->ensureWidgetVisible(slider);
        begin();
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
    static std::string rounded(double ms) { return number_text(std::round(ms)); }

    WatchingApplication& m_app;
    QTemporaryDir m_folder;
    MainWindow m_window;
    Workspace* m_workspace = nullptr;
    ParameterForm* m_form = nullptr;
    QWidget *m_viewer = nullptr, *m_bearer = nullptr;

private:
    static StartOptions options() {
        StartOptions options;
        options.size = QSize(1600, 1000);
        return options;
    }
};

/// delta_cache with the demo model, after its first image.
class CacheBench : LiveBench {
public:
    explicit CacheBench(WatchingApplication& app) : LiveBench(app, QStringLiteral("delta_cache")), m_map(m_workspace->findChild<CacheMap*>()) {
        auto* images = m_workspace->findChild<ImageCompareViewer*>();
        if (!images || !m_map) give_up("The views of delta_cache are not there.");
        watch(images, images);
        if (!QTest::qWaitFor([images] { return !images->images().empty(); }, kLong)) give_up("No first image came.");
        m_form->set_values({{"policy", "painted"}, {"steps", 20}}, "bench");
        settle();
    }

    void measure() {
        std::vector<double> map, slider, all;
        for (int i = 0; i < 12; ++i) {
            map.push_back(paint_a_cell(2 + i, 1 + i % 10));
            slider.push_back(drag_a_slider(QStringLiteral("Guidance"), i % 2 ? 24 : -24));
        }
        all = map;
        all.insert(all.end(), slider.begin(), slider.end());
        print("live.first_preview_ms", median(all), "ms", Bar::at_most, 150, "mouse event to the first preview of its run on the screen, demo model, 20 steps, debounce included; median of " + std::to_string(all.size()) +
            "; press on the map " + rounded(median(map)) + ", last move of a drag of Guidance " + rounded(median(slider)) + ", p95 " + rounded(percentile(all, 0.95)));
    }

private:
    double paint_a_cell(int step, int block) {
        begin();
        const QPoint cell = m_map->cell_rect(step, block).center().toPoint();
        const double since = monotonic_seconds();
        mouse(m_map, QEvent::MouseButtonPress, cell);
        const double took = wait_for_preview(since);
        mouse(m_map, QEvent::MouseButtonRelease, cell);
        return took;
    }
    CacheMap* m_map;
};

/// bev with the model that comes with the program, on a data set, after its first key frame.
class CalibrationBench : LiveBench {
public:
    CalibrationBench(WatchingApplication& app, const QString& data) : LiveBench(app, QStringLiteral("bev")) {
        auto* scene = m_workspace->findChild<SceneView*>();
        if (!scene) give_up("The scene of bev is not there.");
        watch(scene, scene->parentWidget());
        m_window.open_files({data});
        if (!QTest::qWaitFor([this] { return !m_bearer->property("lathe_run").toString().isEmpty(); }, kLong)) give_up("No first key frame came.");
        settle();
    }

    void measure() {
        std::vector<double> ms;
        for (int i = 0; i < 15; ++i) ms.push_back(drag_a_slider(QStringLiteral("Yaw"), i % 2 ? 24 : -24));
        print("bev.slider_ms", median(ms), "ms", Bar::at_most, 150, "last move of a drag of a camera's yaw to its voxels in new colours on the screen, shipped model, debounce included; median of " + std::to_string(ms.size()) + ", p95 " + rounded(percentile(ms, 0.95)));
    }
};

/// quantization with a model and a data set, after its first measurement and with sensitivities.
class QuantizeBench : LiveBench {
public:
    QuantizeBench(WatchingApplication& app, const QString& model, const QString& data) : LiveBench(app, QStringLiteral("quantization")) {
        for (QTableView* table : m_workspace->findChildren<QTableView*>())
            if (table->accessibleName() == u"Layers") m_table = table;
        const auto heads = m_workspace->findChildren<Headline*>();
        if (!m_table || heads.size() < 2) give_up("The views of quantization are not there.");
        m_measured = heads[0];
        m_estimated = heads[1];
        m_window.open_files({model});
        m_window.open_files({data});
        if (!QTest::qWaitFor([this] { return has_number(m_measured); }, kLong)) give_up("No accuracy was measured.");
        settle();
        for (QPushButton* button : m_workspace->findChildren<QPushButton*>())
            if (button->text() == u"Measure sensitivity") button->click();
        if (!QTest::qWaitFor([this] { return has_number(m_estimated); }, 3 * kLong)) give_up("No sensitivity was measured.");
        settle();
    }

    /// A layer in the middle of the network goes a bit down, or up again, by the keyboard: the same as a step of its slider.
    void measure() {
        constexpr int kRow = 9;
        std::vector<double> estimate_ms, measured_s;
        m_table->setFocus();
        m_table->setCurrentIndex(m_table->model()->index(kRow, 2));
        for (int i = 0; i < 8; ++i) {
            settle();
            const QString estimated = m_estimated->accessibleName();
            const double since = monotonic_seconds();
            QTest::keyClick(m_table, i % 2 ? Qt::Key_Plus : Qt::Key_Minus);
            if (!QTest::qWaitFor([&] { return m_estimated->accessibleName() != estimated; }, kLong)) give_up("No estimate came.");
            m_estimated->repaint();
            estimate_ms.push_back((monotonic_seconds() - since) * 1000);
            if (!QTest::qWaitFor([this] { return m_measured->accessibleName().contains(u"measured on"); }, kLong)) give_up("No accuracy was measured.");
            measured_s.push_back(monotonic_seconds() - since);
        }
        print("quant.estimate_ms", median(estimate_ms), "ms", Bar::at_most, 100, "a bit of one layer to its estimated accuracy on the screen; median of " + std::to_string(estimate_ms.size()));
        print("quant.measured_s", median(measured_s), "s", Bar::at_most, 3, "a bit of a layer in the middle to the accuracy measured on 1000 pictures, debounce included; median of " + std::to_string(measured_s.size()) + ", p95 " +
            number_text(std::round(100 * percentile(measured_s, 0.95)) / 100));
    }

private:
    static bool has_number(const QWidget* head) { return head->accessibleName().contains(u'%'); }
    QTableView* m_table = nullptr;
    Headline *m_measured = nullptr, *m_estimated = nullptr;
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
        if (argc > 1 && std::string(argv[1]) == "scene") {
            SceneBench().measure();
            return 0;
        }
        if (argc > 1 && std::string(argv[1]) == "graph") {
            GraphViewBench(argc > 2 ? QString::fromLocal8Bit(argv[2]) : QString()).measure();
            return 0;
        }
        if (argc > 2 && std::string(argv[1]) == "calibration") {
            CalibrationBench(app, QString::fromLocal8Bit(argv[2])).measure();
            return 0;
        }
        if (argc > 3 && std::string(argv[1]) == "quantize") {
            QuantizeBench(app, QString::fromLocal8Bit(argv[2]), QString::fromLocal8Bit(argv[3])).measure();
            return 0;
        }
        starts();
        stalls();
        CacheBench(app).measure();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gui_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
