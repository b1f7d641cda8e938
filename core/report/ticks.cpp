#include "core/report/ticks.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace lathe {
namespace {

constexpr int kMost = 7;
constexpr double kHuge = 1e300;   // the length of an axis must be a number too

/// The n-th step of the row … 0.1, 0.2, 0.5, 1, 2, 5, 10 …; 0 is 1.
double step_at(int n) {
    constexpr double kMantissa[] = {1, 2, 5};
    const int exponent = n >= 0 ? n / 3 : -((2 - n) / 3);
    return kMantissa[n - 3 * exponent] * std::pow(10.0, exponent);
}

int count_at(double low, double high, double step) {
    const double count = std::ceil(high / step - 1e-9) - std::floor(low / step + 1e-9) + 1;
    return count > 1e6 ? 1'000'000 : int(count);
}

std::string text_of(double value, double step, double largest) {
    if (largest >= 1e6 || step < 1e-5) return short_number(value, std::clamp(int(std::ceil(std::log10(largest / step))) + 1, 5, 17));
    char buffer[64];
    const int decimals = std::max(0, int(-std::floor(std::log10(step) + 1e-9)));
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals);
    std::string text(buffer, error == std::errc() ? end : buffer);
    return text.find_first_not_of("-0.") == std::string::npos ? text.substr(text[0] == '-') : text;   // no "-0"
}

}

std::string short_number(double value, int digits) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (value == 0) return "0";
    if (value == std::floor(value) && std::abs(value) < 1e9) return std::to_string(static_cast<long long>(value));
    char buffer[64];
    const double size = std::abs(value);
    const auto format = size >= 1e-4 && size < 1e9 ? std::chars_format::fixed : std::chars_format::scientific;
    const int before = format == std::chars_format::fixed ? int(std::floor(std::log10(size))) + 1 : 1;
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, format, std::max(0, digits - before));
    std::string text(buffer, error == std::errc() ? end : buffer);
    const std::size_t exponent = std::min(text.find('e'), text.size()), dot = text.find('.');
    if (dot < exponent) {   // zeros at the end of the fraction say nothing
        std::size_t last = text.find_last_not_of('0', exponent - 1);
        if (last == dot) --last;
        text.erase(last + 1, exponent - last - 1);
    }
    return text;
}

Ticks axis_ticks(double low, double high, bool whole) {
    if (low > high) std::swap(low, high);
    low = std::clamp(low, -kHuge, kHuge);
    high = std::clamp(high, -kHuge, kHuge);
    if (!(high - low > std::abs(high) * 1e-12)) {
        const double room = whole ? 2.0 : low == 0 ? 1.0 : std::abs(low) * 0.1;
        low -= whole && low >= 0 ? std::min(low, room) : room;
        high += room;
    }
    int n = 3 * int(std::floor(std::log10(high - low))) - 6;
    if (whole) n = std::max(n, 0);
    while (count_at(low, high, step_at(n)) > kMost) ++n;
    // Whole ticks in a small range: room around it, so that there are four.
    const double step = step_at(n);
    double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
    while (last - first + 1 < 4) ++last;
    Ticks out;
    const double largest = std::max(std::abs(first), std::abs(last)) * step;
    const int count = int(last - first) + 1;
    for (int i = 0; i < count; ++i) {
        const double at = (first + i) * step;
        out.values.push_back(at);
        out.labels.push_back(text_of(at, step, largest));
    }
    out.low = out.values.front();
    out.high = out.values.back();
    return out;
}

std::string bytes_text(std::int64_t bytes) {
    constexpr const char* kUnits[] = {" bytes", " kB", " MB", " GB", " TB"};
    double size = double(bytes);
    std::size_t unit = 0;
    for (; size >= 999.5 && unit + 1 < std::size(kUnits); ++unit) size /= 1000;
    return short_number(size, 3) + kUnits[unit];
}

}
