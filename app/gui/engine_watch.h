#pragma once
// Follows the engines and the jobs and says so in the status bar; keeps the computer awake during long runs and tells the desktop when they end.
#include "app/gui/desktop.h"
#include "core/client/engine_process.h"
#include <QObject>
#include <QTimer>

namespace lathe {

class JobList;
class StatusStrip;
struct Shell;

class EngineWatch : public QObject {
    Q_OBJECT
public:
    EngineWatch(const Shell& shell, JobList& jobs, StatusStrip& status, QObject* parent);
    bool is_settled() const;                     ///< idle or beyond help: nothing will change by itself
    static QString state_text(EngineState state);
    QString device_text() const;                 ///< "CPU, 2 threads"
    QString rate_text() const;                   ///< "268 GFLOPS"
    Desktop& desktop() { return m_desktop; }
Q_SIGNALS:
    void changed();                              ///< state, rates or memory
private:
    void refresh();
    void refresh_progress();
    void job_ended(const QString& uuid, RunState state, double seconds);
    const Shell& m_shell;
    JobList& m_jobs;
    StatusStrip& m_status;
    Desktop m_desktop;
    QTimer m_tick;
    QString m_shown_job;
    int m_crashes = 0;                           ///< in a row
};

}
