#pragma once
// How long the event loop was held up: the longest gap between two turns of a 5 ms timer, minus what our own painting took in it.
#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace lathe {

class StallMonitor : public QObject {
    Q_OBJECT
public:
    explicit StallMonitor(QObject* parent = nullptr);
    ~StallMonitor() override;
    void start();
    void reset();
    double longest_ms() const { return m_longest; }
    double longest_with_paint_ms() const { return m_longest_raw; }
    qint64 turns() const { return m_turns; }
    /// Called by Application around the painting of a window; nested calls count once.
    static void paint_begins();
    static void paint_ends();
private:
    QTimer m_timer;
    QElapsedTimer m_gap;
    double m_longest = 0, m_longest_raw = 0;
    qint64 m_turns = 0;
};

}
