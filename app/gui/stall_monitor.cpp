#include "app/gui/stall_monitor.h"
#include <algorithm>

namespace lathe {
namespace {
// GUI thread only.
int paint_depth = 0;
QElapsedTimer paint_clock;
qint64 painted_ns = 0;
}

void StallMonitor::paint_begins() {
    if (paint_depth++ == 0) paint_clock.start();
}

void StallMonitor::paint_ends() {
    if (--paint_depth == 0) painted_ns += paint_clock.nsecsElapsed();
}

StallMonitor::StallMonitor(QObject* parent) : QObject(parent) {
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(5);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        const double raw = double(m_gap.nsecsElapsed()) / 1e6, paint = double(painted_ns) / 1e6;
        m_gap.restart();
        painted_ns = 0;
        ++m_turns;
        m_longest_raw = std::max(m_longest_raw, raw);
        m_longest = std::max(m_longest, raw - paint);
    });
}

StallMonitor::~StallMonitor() = default;

void StallMonitor::start() {
    reset();
    m_timer.start();
}

void StallMonitor::reset() {
    m_longest = m_longest_raw = 0;
    m_turns = 0;
    painted_ns = 0;
    m_gap.start();
}

}
