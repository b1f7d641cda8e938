#pragma once
// The open project as the window sees it. Opening, every query and every write happen on worker threads; results arrive on the GUI thread and are dropped
// when the project has changed or the receiver is gone. Reading from other threads: with_reader().
#include "app/gui/reader_pool.h"
#include <QObject>
#include <QPointer>
#include <QStringList>
#include <QThreadPool>
#include <QTimer>
#include <functional>
#include <memory>
#include <mutex>

namespace lathe {

class ProjectHost : public QObject {
    Q_OBJECT
public:
    explicit ProjectHost(QObject* parent = nullptr);
    ~ProjectHost() override;

    void set_state_names(const QStringList& plugins) { m_state_names = plugins; }   ///< whose panel states are read at opening

    // --- open and close; each ends in opened() or failed()
    void create(const QString& file);
    void open(const QString& file, bool read_only = false);
    void open_copy(const QString& source, const QString& target);     ///< an example: copied beside the user's data, then opened
    void close();

    bool is_open() const { return m_project != nullptr; }
    bool is_busy() const { return m_pending > 0 || m_opening; }       ///< queries or writes are under way
    std::shared_ptr<Project> project() const { return m_project; }
    QString file() const;
    QString title() const;                                            ///< file name
    QString read_only_reason() const;                                 ///< empty: writable
    quint64 generation() const { return m_generation; }

    /// Runs `query` with a reader on a worker thread, then `done` with its result on the GUI thread, if `receiver` lives and the project is still the same.
    template <class R> void read(QObject* receiver, std::function<R(const ProjectReader&)> query, std::function<void(R)> done);
    /// Runs `task` in order with all other writes, then `done` on the GUI thread. Without a writable project nothing happens and false is returned.
    bool write(std::function<void(Project&)> task, std::function<void()> done = {});
    /// The same while no reader has the file open: compacting, reverting.
    bool write_alone(std::function<void(Project&)> task, std::function<void()> done = {});
    /// On the caller's thread, which may be any: for panels' own workers. False: no project is open.
    bool with_reader(const std::function<void(const ProjectReader&)>& use) const;
    void notice_foreign_writes();                                     ///< looks at data_version now

    // --- panel states are read at opening and kept here, so that reading them never waits
    Json panel_state(const QString& plugin) const;
    Json all_panel_states() const;                                    ///< plugin -> state, for snapshots
    void restore_panel_states(const Json& states);                    ///< of a snapshot; ends in states_restored()
    void set_panel_state(const QString& plugin, const Json& state);   ///< stored after 300 ms of rest

Q_SIGNALS:
    void opened();
    void closing();                                                   ///< still open: the last moment to keep something in it
    void closed();
    void contents_changed();                                          ///< runs, tags, artifacts …: at most four times a second
    void failed(QString what, QString where, QString hint);
    void saving(bool under_way);
    void states_restored();
private:
    struct OpenResult;
    void start_opening(std::function<std::unique_ptr<Project>()> make);
    void take(const std::shared_ptr<OpenResult>& result);
    void report(const Error& error);
    void run_query(QObject* receiver, std::function<std::function<void()>(const ProjectReader&)> query);
    void flush_states();

    std::shared_ptr<Project> m_project;
    mutable std::mutex m_pool_mutex;                                  ///< with_reader() may be called from any thread
    std::shared_ptr<ReaderPool> m_pool;
    QStringList m_state_names;
    quint64 m_generation = 0;
    int m_pending = 0;
    bool m_opening = false, m_polling = false;
    std::int64_t m_seen_version = -1;
    std::map<std::string, Json> m_states, m_unsaved_states;
    QThreadPool m_readers, m_writer, m_watcher;
    QTimer m_poll, m_state_timer, m_changed_timer;
};

template <class R> void ProjectHost::read(QObject* receiver, std::function<R(const ProjectReader&)> query, std::function<void(R)> done) {
    run_query(receiver, [query = std::move(query), done = std::move(done)](const ProjectReader& reader) -> std::function<void()> {
        auto result = std::make_shared<R>(query(reader));
        return [result, done] { done(std::move(*result)); };
    });
}

}
