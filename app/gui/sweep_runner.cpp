#include "app/gui/sweep_runner.h"
#include "app/gui/job_list.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/uuid.h"
#include "core/client/sweep_rest.h"
#include <optional>

namespace lathe {

SweepRunner::SweepRunner(const Shell& shell, JobList& jobs, QObject* parent) : QObject(parent), m_shell(shell), m_jobs(jobs) {
    connect(shell.session, &Session::run_ended, this, [this](const QString& uuid, RunState state) {
        const auto found = m_cells.constFind(uuid);
        if (found == m_cells.cend()) return;
        const Cell cell = *found;
        m_cells.erase(found);
        const RunId run = m_shell.session->run_id(ss(uuid));
        m_shell.projects->write([cell, run, text = std::string(name(state))](Project& project) { project.set_sweep_cell(cell.sweep, cell.number, run, text); });
    });
    connect(shell.projects, &ProjectHost::closed, this, [this] { m_cells.clear(); });
}

QString SweepRunner::title_of(const QString& sweep, std::int64_t cell, std::size_t cells) { return tr("%1, %2 of %3").arg(sweep.isEmpty() ? tr("Sweep") : sweep).arg(cell + 1).arg(cells); }

bool SweepRunner::submit(const RunRequest& request, const Paths& assets, const QString& title, const Cell& cell) {
    try {
        const QString uuid = qs(m_shell.session->submit(request, assets, ss(title), {}, cell.sweep));
        m_jobs.set_info(uuid, qs(request.method), title, false);
        if (cell.number >= 0) m_cells.insert(uuid, cell);
        return true;
    } catch (...) {
        const Error error = current_error("starting the sweep");
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
        return false;
    }
}

void SweepRunner::start(const QString& title, const std::string& axes, const RunRequest& base, const std::vector<Json>& cells, const Paths& assets) {
    Json spec = sweep_base(base, assets);
    spec.update({{"title", ss(title)}, {"method", base.method}, {"axes", axes}});
    auto id = std::make_shared<SweepId>(0);
    m_shell.projects->write([id, spec, cells](Project& project) { *id = project.add_sweep(spec, cells); }, [this, id, base, assets, title, cells] {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            RunRequest request = base;
            request.uuid = make_uuid();
            request.params = cells[i];
            if (!submit(request, assets, title_of(title, std::int64_t(i), cells.size()), {*id, std::int64_t(i)})) return;
        }
    });
}

void SweepRunner::retry(SweepId sweep) {
    struct Found { SweepRest rest; std::optional<Error> problem; };
    auto found = std::make_shared<Found>();
    m_shell.projects->write([sweep, found](Project& project) {
        try {
            found->rest = rest_of_sweep(project, sweep);
        } catch (const Error& error) {
            found->problem = error;
        }
    }, [this, found] {
        const SweepRest& rest = found->rest;
        if (found->problem) return m_shell.say(QStringLiteral("err"), qs(found->problem->summary()), qs(found->problem->where()), qs(found->problem->hint()));
        if (!rest.files.missing.empty())
            return m_shell.say(QStringLiteral("err"), tr("The sweep was not run again."), tr("not found: %1").arg(qs(rest.files.missing.front())), tr("Put the file back, or beside the project."));
        for (const SweepRestCell& cell : rest.cells)
            if (!submit(cell.request, rest.files.paths, title_of(qs(rest.title), cell.number, rest.total), {rest.id, cell.number})) return;
    });
}

}
