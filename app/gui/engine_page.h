#pragma once
// The engine: state, device, measured rates, memory, launcher; restart, stop and empty the model cache; its plugins. Below it jobs and log.
#include <QWidget>

namespace lathe {

class EngineWatch;
class Headline;
class JobList;
class SimpleTable;
class StatRow;
class TextLabel;
class Workspace;
struct Shell;

class EnginePage : public QWidget {
    Q_OBJECT
public:
    EnginePage(const Shell& shell, EngineWatch& watch, QWidget* parent = nullptr);
private:
    void refresh();
    void refresh_plugins();
    const Shell& m_shell;
    EngineWatch& m_watch;
    TextLabel *m_state, *m_facts, *m_warn;
    StatRow *m_gemm, *m_bf16, *m_int8, *m_bandwidth, *m_memory;
    SimpleTable* m_plugins;
    QString m_shown_plugins;
};

/// The Engine workspace: this page in the centre, jobs and log as docks below.
void build_engine_workspace(Workspace& workspace, const Shell& shell, EngineWatch& watch, JobList& jobs);

}
