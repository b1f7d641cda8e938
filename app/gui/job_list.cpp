#include "app/gui/job_list.h"
#include "app/gui/run_columns.h"
#include "app/gui/text.h"
#include "core/base/time.h"
#include <QTimer>

namespace lathe {

JobList::JobList(Session& session, QObject* parent) : QAbstractTableModel(parent), m_session(session), m_tick(new QTimer(this)) {
    m_tick->setSingleShot(true);
    m_tick->setInterval(33);
    connect(m_tick, &QTimer::timeout, this, [this] {
        const QStringList moved = std::exchange(m_moved, {});
        for (const QString& uuid : moved) {
            if (const int row = row_of(uuid); row >= 0) Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
            Q_EMIT progressed(uuid);
        }
    });
    connect(&session, &Session::run_added, this, [this](const QString& uuid) { at(uuid); });
    connect(&session, &Session::run_event, this, [this](const std::shared_ptr<RunEvent>& event) { take(*event); });
    connect(&session, &Session::run_ended, this, [this](const QString& uuid, RunState state) {
        Job& job = at(uuid);
        job.state = state;
        const double seconds = job.seconds > 0 ? job.seconds : double(job.clock.elapsed()) / 1000;
        job.seconds = seconds;
        const int row = row_of(uuid);
        Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
        Q_EMIT ended(uuid, state, seconds);
    });
}

int JobList::row_of(const QString& uuid) const {
    for (int i = 0; i < m_jobs.size(); ++i)
        if (m_jobs[i].uuid == uuid) return i;
    return -1;
}

Job& JobList::at(const QString& uuid) {
    if (const int row = row_of(uuid); row >= 0) return m_jobs[row];
    if (m_jobs.size() >= 200) {
        beginRemoveRows({}, int(m_jobs.size()) - 1, int(m_jobs.size()) - 1);
        m_jobs.removeLast();
        endRemoveRows();
    }
    beginInsertRows({}, 0, 0);
    Job job;
    job.uuid = uuid;
    job.clock.start();
    m_jobs.prepend(job);
    endInsertRows();
    return m_jobs.first();
}

void JobList::set_info(const QString& uuid, const QString& method, const QString& title, bool live) {
    Job& job = at(uuid);
    job.method = method;
    job.title = title;
    job.live = live;
}

void JobList::take(const RunEvent& event) {
    Job& job = at(qs(event.run));
    if (std::holds_alternative<event::Started>(event.body)) {
        job.state = RunState::running;
        job.clock.restart();
    } else if (const auto* progress = std::get_if<event::Progress>(&event.body)) {
        if (job.state == RunState::queued) job.state = RunState::running;   // its model is being loaded; Started comes after that
        job.done = progress->done;
        job.total = progress->total;
        job.note = qs(progress->note);
    } else if (const auto* finished = std::get_if<event::Finished>(&event.body)) {
        job.seconds = finished->seconds;
        job.done = job.total;
    } else if (const auto* failed = std::get_if<event::Failed>(&event.body)) {
        job.error = qs(failed->what);
        job.error_where = qs(failed->where);
        job.error_hint = qs(failed->hint);
    } else {
        job.has_checkpoint = job.has_checkpoint || std::holds_alternative<event::Checkpoint>(event.body);
        return;
    }
    if (!m_moved.contains(job.uuid)) m_moved << job.uuid;
    if (!m_tick->isActive()) m_tick->start();
}

const Job* JobList::find(const QString& uuid) const {
    const int row = row_of(uuid);
    return row < 0 ? nullptr : &m_jobs[row];
}

const Job* JobList::current() const {
    const Job* best = nullptr;
    for (const Job& job : m_jobs)
        if (job.state == RunState::running && (!best || (best->live && !job.live))) best = &job;
    return best;
}

int JobList::active_count() const { return int(m_session.active().size()); }

QVariant JobList::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    const QString heads[] = {tr("Run"), tr("Method"), tr("State"), tr("Progress"), tr("Time")};
    return heads[section];
}

QVariant JobList::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Job& job = m_jobs[index.row()];
    if (role == Qt::ToolTipRole && !job.error.isEmpty()) return job.error;
    if (role == Qt::TextAlignmentRole && index.column() == 4) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
    case 0: {
        if (!job.title.isEmpty()) return job.title;
        const RunId run = m_session.run_id(ss(job.uuid));
        return run > 0 ? run_number(run) : tr("not kept");
    }
    case 1: return job.method;
    case 2: return job.error.isEmpty() ? qs(name(job.state)) : QStringLiteral("%1: %2").arg(qs(name(job.state)), job.error);
    case 3:
        if (job.state == RunState::running && job.total > 0) return QStringLiteral("%1 of %2  %3").arg(job.done).arg(job.total).arg(job.note);
        return job.note;
    case 4: return job.seconds > 0 ? qs(duration_text(job.seconds)) : job.state == RunState::running ? qs(duration_text(double(job.clock.elapsed()) / 1000)) : QString();
    default: return {};
    }
}

}
