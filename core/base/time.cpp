#include "core/base/time.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace lathe {

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double monotonic_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string iso_time(std::int64_t ms) {
    std::int64_t seconds = ms / 1000, rest = ms % 1000;
    if (rest < 0) {
        rest += 1000;
        --seconds;
    }
    const std::time_t time = seconds;
    std::tm parts{};
    if (!gmtime_r(&time, &parts))   // a year that does not fit an int
        return "time unknown";
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, int(rest));
    return text;
}

std::string duration_text(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return "time unknown";
    if (seconds < 9.95) {
        const auto tenths = std::int64_t(std::llround(seconds * 10));   // not printf: its decimal sign follows the locale
        return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
    }
    if (seconds > 1e12)
        return "time unknown";
    const auto whole = std::int64_t(std::llround(seconds));
    if (whole < 60) return std::to_string(whole) + " s";
    if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

}
