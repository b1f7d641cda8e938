#include "app/gui/reader_pool.h"

namespace lathe {

std::unique_ptr<ProjectReader> ReaderPool::take() {
    {
        std::unique_lock lock(m_mutex);
        m_returned.wait(lock, [this] { return !m_alone; });
        if (m_closed) throw Error(ErrorCode::not_found, "The project is closed", m_file.string(), "Open it again.");
        ++m_lent;
        if (!m_free.empty()) {
            auto reader = std::move(m_free.back());
            m_free.pop_back();
            return reader;
        }
    }
    try {
        return std::make_unique<ProjectReader>(m_file);
    } catch (...) {
        give_back(nullptr);
        throw;
    }
}

void ReaderPool::give_back(std::unique_ptr<ProjectReader> reader) {
    const std::lock_guard lock(m_mutex);
    if (reader && !m_closed) m_free.push_back(std::move(reader));
    reader.reset();
    --m_lent;
    m_returned.notify_all();
}

void ReaderPool::with_reader(const std::function<void(const ProjectReader&)>& use) {
    std::unique_ptr<ProjectReader> reader = take();
    try {
        use(*reader);
    } catch (...) {
        give_back(std::move(reader));
        throw;
    }
    give_back(std::move(reader));
}

void ReaderPool::close() {
    std::unique_lock lock(m_mutex);
    m_closed = true;
    m_free.clear();
    m_returned.wait(lock, [this] { return m_lent == 0; });
}

void ReaderPool::alone(const std::function<void()>& task) {
    {
        std::unique_lock lock(m_mutex);
        m_returned.wait(lock, [this] { return !m_alone; });
        m_alone = true;
        m_returned.wait(lock, [this] { return m_lent == 0; });
        m_free.clear();
    }
    struct End {
        ReaderPool& pool;
        ~End() {
            const std::lock_guard lock(pool.m_mutex);
            pool.m_alone = false;
            pool.m_returned.notify_all();
        }
    } end{*this};
    task();
}

}
