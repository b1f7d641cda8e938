#include "app/cli/terminal.h"
#include "app/cli/interrupt.h"
#include "core/base/time.h"
#include "core/report/ticks.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lathe::cli {
namespace {

constexpr double kRedraw = 0.1, kTimeLeftAfter = 2;
bool g_bar_shown = false;   // of the one terminal that a process has

bool is_terminal() {
    static const bool yes = ::isatty(STDERR_FILENO) == 1;
    return yes;
}

std::size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::size_t characters(const std::string& text) {
    return std::size_t(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(const std::string& text, std::size_t most) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && ++seen > most) return text.substr(0, i);
    return text;
}

/// Foreign texts must not move the cursor.
std::string without_controls(std::string text) {
    for (char& c : text)
        if ((static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') || c == 127) c = ' ';
    return text;
}

std::string sentence(std::string text) {
    if (text.empty()) return text;
    const std::size_t word = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz");   // a word, not the name of a file
    if (word != 0 && (word == std::string::npos || text[word] == ' ')) text[0] = char(text[0] - 'a' + 'A');
    if (std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
    return text;
}

bool is_figure(const std::string& text) { return !text.empty() && text.find_first_not_of("+-.0123456789eE%") == std::string::npos; }

}

void print(const std::string& line) {
    ProgressBar::clear();
    const std::string clean = without_controls(line) + "\n";
    if (std::fwrite(clean.data(), 1, clean.size(), stdout) != clean.size() || std::fflush(stdout) != 0) raise_interrupt();
}

void print(const Json& object) { print(json_text(object)); }

void say(const std::string& level, const std::string& what, const std::string& where, const std::string& hint) {
    ProgressBar::clear();
    std::string text = level == "error" ? "lathe-cli: " : "lathe-cli: " + level + ": ";
    for (const std::string& part : {what, where, hint})
        if (!part.empty()) text += sentence(part) + " ";
    text.back() = '\n';
    text = without_controls(text);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

void say(const Error& error) { say("error", error.summary(), error.where(), error.hint()); }

std::string text_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> width;
    std::vector<bool> right(head.size(), true);
    for (const std::string& name : head) width.push_back(characters(name));
    for (const auto& row : rows)
        for (std::size_t i = 0; i < head.size() && i < row.size(); ++i) {
            width[i] = std::max(width[i], characters(row[i]));
            right[i] = right[i] && (row[i].empty() || is_figure(row[i]));
        }
    const auto line_of = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t i = 0; i < head.size(); ++i) {
            const std::string cell = i < cells.size() ? cells[i] : std::string();
            const std::string room(width[i] - characters(cell), ' ');
            line += (i ? "  " : "") + (right[i] ? room + cell : cell + room);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        return line;
    };
    std::string text = line_of(head);
    for (const auto& row : rows) text += "\n" + line_of(row);
    return text;
}

void ProgressBar::show(const std::string& line) {
    std::fprintf(stderr, "\r%s\033[K", cut(line, terminal_width() - 1).c_str());
    std::fflush(stderr);
    g_bar_shown = true;
}

void ProgressBar::update(double done, double total, const std::string& note) {
    if (!is_terminal() || !std::isfinite(done)) return;
    if (!(total > 0)) {   // nobody knows how long it takes
        if (!note.empty()) show(without_controls(note) + " …");
        return;
    }
    const double now = monotonic_seconds();
    if (m_start < 0) {
        m_start = now;
        m_first = done;
    }
    if (now - m_drawn < kRedraw && done < total) return;
    m_drawn = now;
    constexpr int kCells = 24;
    const double share = std::clamp(done / total, 0.0, 1.0), elapsed = now - m_start;
    const int filled = int(std::lround(share * kCells));
    std::string line = "[" + std::string(std::size_t(filled), '#') + std::string(std::size_t(kCells - filled), '.') + "] " + std::to_string(int(share * 100)) + " %";
    if (elapsed > kTimeLeftAfter && done > m_first && done < total) line += "  " + duration_text(elapsed * (total - done) / (done - m_first)) + " left";
    if (!note.empty()) line += "  " + without_controls(note);
    show(line);
}

void ProgressBar::clear() {
    if (!g_bar_shown) return;
    std::fputs("\r\033[K", stderr);
    g_bar_shown = false;
}

}
