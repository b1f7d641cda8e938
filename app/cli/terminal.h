#pragma once
// What the program writes: lines on standard output, messages and a progress bar on standard error. Main thread.
#include "core/base/error.h"
#include "core/base/json.h"
#include <string>
#include <vector>

namespace lathe::cli {

/// One line (or several), flushed. A reader that has gone away ends the work like Ctrl+C.
void print(const std::string& line);
inline void print(const char* line) { print(std::string(line)); }
void print(const Json& object);
/// "What. Where. What to do." level: "error", "warning", "info".
void say(const std::string& level, const std::string& what, const std::string& where, const std::string& hint);
void say(const Error& error);

/// Columns side by side, numbers right-aligned.
std::string text_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

/// A bar with the time left, where standard error is a terminal; else nothing is drawn.
class ProgressBar {
public:
    ~ProgressBar() { clear(); }
    void update(double done, double total, const std::string& note);
    static void clear();             ///< before another line is written
private:
    static void show(const std::string& line);
    double m_start = -1, m_first = 0, m_drawn = 0;
};

}
