#pragma once
// Times are int64 milliseconds since 1970 UTC everywhere; durations in seconds (double).
#include <cstdint>
#include <string>

namespace lathe {
std::int64_t now_ms();
double monotonic_seconds();                       ///< for measuring durations
std::string iso_time(std::int64_t ms);            ///< 2026-03-01T12:34:56.789Z
std::string duration_text(double seconds);        ///< "0.9 s", "4 min 10 s", "2 h 5 min"
}
