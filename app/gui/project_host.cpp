#include "app/gui/project_host.h"
#include "app/gui/text.h"
#include "core/base/log.h"
#include <QFileInfo>
#include <QMetaObject>

namespace lathe {
struct ProjectHost::OpenResult {
    std::shared_ptr<Project> project;
    std::map<std::string, Json> states;
    std::unique_ptr<Error> error;
};

ProjectHost::ProjectHost(QObject* parent) : QObject(parent) {
    m_readers.setMaxThreadCount(2);
    m_writer.setMaxThreadCount(1);
    m_watcher.setMaxThreadCount(1);
    m_poll.setInterval(700);
    connect(&m_poll, &QTimer::timeout, this, &ProjectHost::notice_foreign_writes);
    m_state_timer.setSingleShot(true);
    m_state_timer.setInterval(300);
    connect(&m_state_timer, &QTimer::timeout, this, &ProjectHost::flush_states);
    m_changed_timer.setSingleShot(true);
    m_changed_timer.setInterval(250);
    connect(&m_changed_timer, &QTimer::timeout, this, &ProjectHost::contents_changed);
}

ProjectHost::~ProjectHost() {
    close();
    m_watcher.waitForDone();
    m_readers.waitForDone();
    m_writer.waitForDone();
}

QString ProjectHost::file() const { return m_project ? path_text(m_project->file()) : QString(); }
QString ProjectHost::title() const { return QFileInfo(file()).fileName(); }
QString ProjectHost::read_only_reason() const { return m_project ? qs(m_project->read_only_reason()) : QString(); }

void ProjectHost::start_opening(std::function<std::unique_ptr<Project>()> make) {
    if (m_opening) return;
    m_opening = true;
    m_writer.start([this, make = std::move(make), names = m_state_names] {
        auto result = std::make_shared<OpenResult>();
        try {
            result->project = make();
            const auto reader = result->project->reader();
            for (const QString& plugin : names)
                if (auto state = reader->panel_state(ss(plugin))) result->states[ss(plugin)] = state->second;
        } catch (...) {
            result->project.reset();
            result->error = std::make_unique<Error>(current_error("opening the project"));
        }
        QMetaObject::invokeMethod(this, [this, result] { take(result); }, Qt::QueuedConnection);
    });
}

void ProjectHost::take(const std::shared_ptr<OpenResult>& result) {
    m_opening = false;
    if (result->error) {
        report(*result->error);
        return;
    }
    close();
    m_project = std::move(result->project);
    m_states = std::move(result->states);
    {
        const std::lock_guard lock(m_pool_mutex);
        m_pool = std::make_shared<ReaderPool>(m_project->file());
    }
    ++m_generation;
    m_seen_version = -1;
    m_poll.start();
    Q_EMIT opened();
}

void ProjectHost::report(const Error& error) {
    log(LogLevel::warning, "project", error.what());
    Q_EMIT failed(qs(error.summary()), qs(error.where()), qs(error.hint()));
}

void ProjectHost::create(const QString& file) {
    start_opening([path = fs_path(file)] { return Project::create(path); });
}

void ProjectHost::open(const QString& file, bool read_only) {
    start_opening([path = fs_path(file), read_only] { return Project::open(path, read_only ? OpenMode::read_only : OpenMode::read_write); });
}

void ProjectHost::open_copy(const QString& source, const QString& target) {
    start_opening([from = fs_path(source), to = fs_path(target)] {
        std::error_code failure;
        std::filesystem::create_directories(to.parent_path(), failure);
        std::filesystem::copy_file(from, to, std::filesystem::copy_options::none, failure);
        if (failure) throw Error(ErrorCode::io, "The example could not be copied", to.string() + ": " + failure.message(), "Choose a folder you may write to.");
        std::filesystem::permissions(to, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, std::filesystem::perm_options::add, failure);
        return Project::open(to);
    });
}

void ProjectHost::close() {
    if (!m_project) return;
    Q_EMIT closing();
    flush_states();
    m_poll.stop();
    m_changed_timer.stop();
    ++m_generation;
    std::shared_ptr<Project> old = std::move(m_project);
    m_project.reset();
    m_states.clear();
    Q_EMIT closed();
    // Closing checkpoints the journal, which needs the file for itself and may take a while: the last reference goes on the writer's thread.
    std::shared_ptr<ReaderPool> pool;
    {
        const std::lock_guard lock(m_pool_mutex);
        pool = std::move(m_pool);
        m_pool.reset();
    }
    m_writer.start([project = std::move(old), pool = std::move(pool)]() mutable {
        pool->close();
        project.reset();
    });
}

void ProjectHost::run_query(QObject* receiver, std::function<std::function<void()>(const ProjectReader&)> query) {
    if (!m_project) return;
    ++m_pending;
    m_readers.start([this, guard = QPointer<QObject>(receiver), query = std::move(query), pool = m_pool, generation = m_generation] {
        std::function<void()> deliver;
        std::shared_ptr<Error> error;
        try {
            pool->with_reader([&](const ProjectReader& reader) { deliver = query(reader); });
        } catch (...) {
            error = std::make_shared<Error>(current_error("reading the project"));
        }
        QMetaObject::invokeMethod(this, [this, guard, deliver = std::move(deliver), error, generation] {
            --m_pending;
            if (generation != m_generation || !guard) return;
            if (error) report(*error);
            else deliver();
        }, Qt::QueuedConnection);
    });
}

bool ProjectHost::write(std::function<void(Project&)> task, std::function<void()> done) {
    if (!m_project || !m_project->read_only_reason().empty()) return false;
    ++m_pending;
    Q_EMIT saving(true);
    m_writer.start([this, task = std::move(task), done = std::move(done), project = m_project, generation = m_generation]() mutable {
        std::shared_ptr<Error> error;
        try {
            task(*project);
        } catch (...) {
            error = std::make_shared<Error>(current_error("writing the project"));
        }
        QMetaObject::invokeMethod(this, [this, error, done = std::move(done), generation] {
            --m_pending;
            Q_EMIT saving(false);
            if (error) report(*error);
            if (generation != m_generation) return;
            if (!m_changed_timer.isActive()) m_changed_timer.start();
            if (!error && done) done();
        }, Qt::QueuedConnection);
    });
    return true;
}

bool ProjectHost::write_alone(std::function<void(Project&)> task, std::function<void()> done) {
    return write([task = std::move(task), pool = m_pool](Project& project) { pool->alone([&] { task(project); }); }, std::move(done));
}

bool ProjectHost::with_reader(const std::function<void(const ProjectReader&)>& use) const {
    std::shared_ptr<ReaderPool> pool;
    {
        const std::lock_guard lock(m_pool_mutex);
        pool = m_pool;
    }
    if (pool) pool->with_reader(use);
    return pool != nullptr;
}

void ProjectHost::notice_foreign_writes() {
    if (!m_project || m_polling) return;
    m_polling = true;
    m_watcher.start([this, project = m_project, generation = m_generation] {
        std::int64_t version = -1;
        try {
            version = project->data_version();
        } catch (const std::exception& error) {
            log(LogLevel::warning, "project", error.what());
        }
        QMetaObject::invokeMethod(this, [this, version, generation] {
            m_polling = false;
            if (generation != m_generation || version == m_seen_version) return;
            const bool first = m_seen_version == -1;
            m_seen_version = version;
            if (!first && !m_changed_timer.isActive()) m_changed_timer.start();
        }, Qt::QueuedConnection);
    });
}

Json ProjectHost::panel_state(const QString& plugin) const {
    const auto found = m_states.find(ss(plugin));
    return found == m_states.end() ? Json() : found->second;
}

Json ProjectHost::all_panel_states() const {
    Json all = Json::object();
    for (const auto& [plugin, state] : m_states) all[plugin] = state;
    return all;
}

void ProjectHost::restore_panel_states(const Json& states) {
    if (!states.is_object()) return;
    for (const auto& [plugin, state] : states.items()) set_panel_state(qs(plugin), state);
    Q_EMIT states_restored();
}

void ProjectHost::set_panel_state(const QString& plugin, const Json& state) {
    if (!m_project) return;
    Json& kept = m_states[ss(plugin)];
    if (kept == state) return;
    kept = state;
    m_unsaved_states[ss(plugin)] = state;
    m_state_timer.start();
}

void ProjectHost::flush_states() {
    m_state_timer.stop();
    if (m_unsaved_states.empty() || !m_project || !m_project->read_only_reason().empty()) {
        m_unsaved_states.clear();
        return;
    }
    m_writer.start([this, states = std::move(m_unsaved_states), project = m_project] {
        try {
            for (const auto& [plugin, state] : states) project->set_panel_state(plugin, 1, state);
        } catch (...) {
            const auto error = std::make_shared<Error>(current_error("saving the layout"));
            QMetaObject::invokeMethod(this, [this, error] { report(*error); }, Qt::QueuedConnection);
        }
    });
    m_unsaved_states.clear();
}

}
