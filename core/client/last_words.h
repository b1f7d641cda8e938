#pragma once
// What an engine wrote to its stderr, and which of it is the reason for its end. Not thread-safe.
#include <QProcess>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

class LastWords {
public:
    void clear();
    /// Takes bytes as they arrive; now: monotonic seconds. Returns the lines that are complete with them, cleaned and at most 300 bytes long.
    std::vector<std::string> add(std::string_view bytes, double now);
    /// What the process itself said of its end, in one line; empty: nothing. Only of its last moments, never a line of our log (it tells of other things), only a
    /// line that names a failure (of a launcher that found nothing to start: any), and nothing after it was killed or ended from outside: then it could not know.
    std::string reason(QProcess::ExitStatus status, int code, double now) const;
private:
    struct Line { double time = 0; std::string text; };
    void keep(std::string line, double now, std::vector<std::string>& out);
    std::deque<Line> m_lines;
    std::string m_rest;
    double m_rest_time = 0;
};

}
