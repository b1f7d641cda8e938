#include "core/client/last_words.h"
#include "core/protocol/fields.h"
#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <utility>

namespace lathe {
namespace {

constexpr double kLastMoments = 5;          // seconds; the kernel may write a core file between the words and the end
constexpr std::size_t kLines = 50, kLineBytes = 300, kRestBytes = 4096;
constexpr std::array<std::string_view, 15> kFailures{"terminate called", "what():", "out of memory", "not enough memory", "cannot allocate", "can't allocate", "bad_alloc", "assert", "abort",
    "fatal", "error", "failed", "corrupt", "double free", "smashing"};

std::string trimmed(std::string_view text) {
    const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= 32; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return std::string(text);
}

/// "2026-11-28T18:20:20.443Z error run: …"
bool is_log_line(const std::string& line) {
    return line.size() > 20 && std::isdigit(static_cast<unsigned char>(line[0])) && line[4] == '-' && line[7] == '-' && line[10] == 'T' && line.find("Z ") < 30;
}

bool names_failure(const std::string& line) {
    std::string lower = line;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return std::any_of(kFailures.begin(), kFailures.end(), [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string without_prefix(std::string text) {
    for (const std::string_view prefix : {"lathe-engine: ", "what():"})
        if (text.starts_with(prefix)) text = trimmed(std::string_view(text).substr(prefix.size()));
    return text;
}

}

void LastWords::clear() {
    m_lines.clear();
    m_rest.clear();
}

std::vector<std::string> LastWords::add(std::string_view bytes, double now) {
    std::vector<std::string> lines;
    m_rest += bytes;
    m_rest_time = now;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = m_rest.find('\n', begin)) != std::string::npos; begin = end + 1) keep(m_rest.substr(begin, end - begin), now, lines);
    m_rest.erase(0, begin);
    if (m_rest.size() > kRestBytes) keep(std::exchange(m_rest, {}), now, lines);
    return lines;
}

void LastWords::keep(std::string line, double now, std::vector<std::string>& out) {
    line = trimmed(fields::clean_text(line.substr(0, kLineBytes)));
    if (line.empty()) return;
    out.push_back(line);
    m_lines.push_back({now, std::move(line)});
    if (m_lines.size() > kLines) m_lines.pop_front();
}

std::string LastWords::reason(QProcess::ExitStatus status, int code, double now) const {
    const bool crashed = status == QProcess::CrashExit, by_launcher = !crashed && (code == 126 || code == 127 || code == 255);
    if (crashed && (code == SIGKILL || code == SIGTERM)) return {};
    std::deque<Line> lines = m_lines;
    if (const std::string rest = trimmed(fields::clean_text(m_rest.substr(0, kLineBytes))); !rest.empty()) lines.push_back({m_rest_time, rest});
    for (auto line = lines.rbegin(); line != lines.rend() && now - line->time <= kLastMoments; ++line)
        if (!is_log_line(line->text) && (by_launcher || names_failure(line->text))) return without_prefix(line->text);
    return {};
}

}
