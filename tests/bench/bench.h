#pragma once
// What the programs of `./dev bench` share: one JSON object a line on standard output.
#include "core/base/json.h"
#include "core/base/text.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace lathe::bench {

inline double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

inline double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(std::ceil(share * double(values.size()))) - 1)];
}

inline std::string load() {
    double value = 0;
    std::ifstream("/proc/loadavg") >> value;
    return "load " + number_text(std::round(value * 10) / 10);
}

enum class Bar { at_least, at_most };

/// `bar`: what the value must reach or stay under.
inline void print(const char* id, double value, const char* unit, Bar kind, double bar, const std::string& how) {
    const Json line = {{"id", id}, {"value", value}, {"unit", unit}, {"bar", bar}, {"ok", kind == Bar::at_least ? value >= bar : value <= bar}, {"how", how + "; " + load()}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

}
