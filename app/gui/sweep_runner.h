#pragma once
// Starts the runs of a sweep, keeps the state of its cells in the project while they end, and runs failed ones again.
#include "core/client/session.h"
#include <QHash>
#include <QObject>
#include <QString>
#include <vector>

namespace lathe {

class JobList;
struct Shell;

class SweepRunner : public QObject {
    Q_OBJECT
public:
    using Paths = std::vector<std::pair<std::string, std::string>>;   ///< role, path
    SweepRunner(const Shell& shell, JobList& jobs, QObject* parent);
    /// One run for each cell of complete parameters. base: method, version, threads.
    void start(const QString& title, const std::string& axes, const RunRequest& base, const std::vector<Json>& cells, const Paths& assets);
    void retry(SweepId sweep);                                        ///< what has not finished of it
private:
    struct Cell { SweepId sweep = 0; std::int64_t number = -1; };
    static QString title_of(const QString& sweep, std::int64_t cell, std::size_t cells);
    bool submit(const RunRequest& request, const Paths& assets, const QString& title, const Cell& cell);
    const Shell& m_shell;
    JobList& m_jobs;
    QHash<QString, Cell> m_cells;                                     ///< of the runs under way, by uuid
};

}
