#pragma once
// lathe --measure-stream: a run of many steps, pictures and metrics streams into a new project while the Runs workspace shows it; prints how long the event
// loop was held up at most.
#include "app/gui/stall_monitor.h"
#include "core/method/run.h"
#include <QObject>
#include <QTemporaryDir>

namespace lathe {

class MainWindow;

class StreamMeasure : public QObject {
    Q_OBJECT
public:
    explicit StreamMeasure(MainWindow& window);
Q_SIGNALS:
    void done(bool ok);
private:
    void begin();
    void end(RunState state);
    MainWindow& m_window;
    StallMonitor m_monitor;
    QTemporaryDir m_folder;
    QString m_run;
};

}
