#include "core/base/log.h"

#include "core/base/error.h"
#include "core/base/time.h"

#include <cstdio>
#include <deque>
#include <mutex>

namespace lathe {
namespace {

struct LogState {
    std::mutex mutex;
    std::FILE* file = nullptr;
    std::filesystem::path path;
    std::size_t max_bytes = 0, bytes = 0;
    LogLevel to_stderr = LogLevel::warning;
    std::deque<std::string> recent;
};

LogState& state() {
    static LogState instance;
    return instance;
}

void open_file(LogState& log) {
    log.file = std::fopen(log.path.c_str(), "ae");
    std::error_code error;
    log.bytes = log.file ? std::filesystem::file_size(log.path, error) : 0;
}

}

std::string_view name(LogLevel level) {
    switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
    }
    return "info";
}

void log(LogLevel level, std::string_view area, std::string_view text) {
    std::string line = iso_time(now_ms()) + " " + std::string(name(level)) + " " + std::string(area) + ": " + std::string(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 32 || c == 127)   // one line, and no terminal control from foreign texts
            c = ' ';
    line += '\n';
    LogState& log = state();
    const std::lock_guard lock(log.mutex);
    if (level >= log.to_stderr) std::fputs(line.c_str(), stderr);
    if (log.file) {
        if (log.bytes + line.size() > log.max_bytes) {
            std::fclose(log.file);
            std::error_code error;
            std::filesystem::rename(log.path, log.path.string() + ".1", error);
            open_file(log);
        }
        if (log.file) {
            std::fputs(line.c_str(), log.file);
            std::fflush(log.file);
            log.bytes += line.size();
        }
    }
    log.recent.push_back(std::move(line));
    if (log.recent.size() > 1000) log.recent.pop_front();
}

void log_to_file(const std::filesystem::path& file, std::size_t max_bytes) {
    LogState& log = state();
    const std::lock_guard lock(log.mutex);
    if (log.file) std::fclose(log.file);
    log.path = file;
    log.max_bytes = max_bytes;
    open_file(log);
}

void log_to_stderr(LogLevel from) {
    const std::lock_guard lock(state().mutex);
    state().to_stderr = from;
}

std::string recent_log(std::size_t lines) {
    LogState& log = state();
    const std::lock_guard lock(log.mutex);
    std::string text;
    const std::size_t skip = log.recent.size() > lines ? log.recent.size() - lines : 0;
    for (std::size_t i = skip; i < log.recent.size(); ++i) text += log.recent[i];
    return text;
}

}
