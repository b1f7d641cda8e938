#pragma once
// Read connections of one project, lent to one thread at a time. close() lets the file go: it returns when the last reader has come back.
#include "core/project/project.h"
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace lathe {

class ReaderPool {
public:
    explicit ReaderPool(std::filesystem::path file) : m_file(std::move(file)) {}
    /// Throws what `use` throws, and Error(not_found) after close().
    void with_reader(const std::function<void(const ProjectReader&)>& use);
    void close();
    /// Runs `task` while no reader has the file open: what needs the file for itself. Readers that come meanwhile wait.
    void alone(const std::function<void()>& task);
private:
    std::unique_ptr<ProjectReader> take();
    void give_back(std::unique_ptr<ProjectReader> reader);
    const std::filesystem::path m_file;
    std::mutex m_mutex;
    std::condition_variable m_returned;
    std::vector<std::unique_ptr<ProjectReader>> m_free;
    int m_lent = 0;
    bool m_closed = false, m_alone = false;
};

}
