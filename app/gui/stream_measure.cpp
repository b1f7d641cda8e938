#include "app/gui/stream_measure.h"
#include "app/gui/main_window.h"
#include "app/gui/runs_page.h"
#include "app/gui/text.h"
#include "core/base/uuid.h"
#include <QTimer>
#include <cstdio>

namespace lathe {
namespace {
constexpr int kSettle = 1500;   // ms: the engine's start and the first layout are not what is measured
}

StreamMeasure::StreamMeasure(MainWindow& window) : QObject(&window), m_window(window) {
    connect(&window.projects(), &ProjectHost::opened, this, [this] {
        m_window.show_workspace(QStringLiteral("runs"));
        QTimer::singleShot(kSettle, this, &StreamMeasure::begin);
    });
    auto* ready = new QTimer(this);
    connect(ready, &QTimer::timeout, this, [this, ready] {
        if (!m_window.is_settled()) return;
        ready->stop();
        m_window.projects().create(m_folder.filePath(QStringLiteral("stream.lathe")));
    });
    ready->start(100);
    connect(&window.session(), &Session::run_ended, this, [this](const QString& uuid, RunState state) {
        if (uuid == m_run) end(state);
    });
}

void StreamMeasure::begin() {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = "engine.selftest";
    request.params = {{"steps", 400}, {"seconds", 6.0}, {"metrics", 20}, {"images", 100}, {"height", 256}, {"width", 256}};
    m_run = qs(request.uuid);
    try {
        m_window.session().submit(request, {}, "streaming");
    } catch (...) {
        std::fprintf(stderr, "lathe: %s\n", current_error("starting the run").what());
        Q_EMIT done(false);
        return;
    }
    m_monitor.start();
    auto* follow = new QTimer(this);   // as a user who watches it: the run is selected as soon as it has a row
    connect(follow, &QTimer::timeout, this, [this, follow] {
        const RunId run = m_window.session().run_id(ss(m_run));
        if (run <= 0) return;
        m_window.runs().select_run(run);
        follow->stop();
    });
    follow->start(200);
}

void StreamMeasure::end(RunState state) {
    std::printf("{\"id\":\"gui.longest_stall_ms\",\"value\":%.1f,\"unit\":\"ms\",\"how\":\"longest gap of a 5 ms timer less painting; with painting %.1f ms, %lld turns, run %s\"}\n", m_monitor.longest_ms(),
        m_monitor.longest_with_paint_ms(), static_cast<long long>(m_monitor.turns()), std::string(name(state)).c_str());
    std::fflush(stdout);
    Q_EMIT done(state == RunState::finished);
}

}
