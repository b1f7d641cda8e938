#pragma once
// What can be done with runs: open what made one, run it again, change it first, tag, pin, name, move to the bin; and starting any method of the engine.
#include "app/gui/run_assets.h"
#include <QObject>
#include <functional>

namespace lathe {

class JobList;
class RunsPage;
class SweepRunner;
struct Shell;

class RunActions : public QObject {
    Q_OBJECT
public:
    RunActions(const Shell& shell, RunsPage& page, JobList& jobs, QObject* parent);
    /// "Run again" for a run that ended badly, by its uuid.
    void rerun(const QString& uuid);
    /// A new run that goes on from the last checkpoint of this one.
    void resume(const QString& uuid);
    void show_run_dialog(const QString& method, const Json& params, const AssetPaths& assets);
private:
    void add_actions();
    void refresh();
    void open();
    void rerun();
    void rerun(RunId run, bool from_checkpoint = false);
    void duplicate();
    void copy_command();
    void edit_tags();
    void edit_notes();
    void toggle_pin();
    void remove();
    void restore();
    void empty_bin();
    void import_runs();
    void with_assets(RunId run, std::function<void(const RunRow&, const RunAssets&)> use);
    const Shell& m_shell;
    RunsPage& m_page;
    JobList& m_jobs;
    SweepRunner* m_sweeps;
};

}
