#pragma once
// What is under way: progress, note and time of every run since the window opened. Feeds the status bar, the Jobs dock, the runs table and what long runs
// mean for the desktop (stay awake, notify).
#include "core/client/session.h"
#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QHash>
#include <QList>
#include <QStringList>

class QTimer;

namespace lathe {

struct Job {
    QString uuid, method, title, note;
    RunState state = RunState::queued;
    bool live = false, has_checkpoint = false;
    double done = 0, total = 0, seconds = 0;
    QElapsedTimer clock;                    ///< since it was queued
    QString error, error_where, error_hint;
};

class JobList : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit JobList(Session& session, QObject* parent = nullptr);
    void set_info(const QString& uuid, const QString& method, const QString& title, bool live);
    const Job* find(const QString& uuid) const;
    const Job* current() const;             ///< the running one, recorded before live; null: none
    int active_count() const;
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_jobs.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 5; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    const Job& job(int row) const { return m_jobs[row]; }
Q_SIGNALS:
    void progressed(QString uuid);          ///< at most 30 times a second for all together
    void ended(QString uuid, lathe::RunState state, double seconds);
private:
    int row_of(const QString& uuid) const;
    Job& at(const QString& uuid);
    void take(const RunEvent& event);
    QList<Job> m_jobs;                      ///< newest first; the last 200
    Session& m_session;
    QTimer* m_tick;
    QStringList m_moved;
};

}
