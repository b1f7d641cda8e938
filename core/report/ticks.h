#pragma once
// Round numbers for the axes of charts: 4 to 7 of them, at 1, 2 or 5 times a power of ten, the first and last around the data (loose labels: P. Heckbert,
// Graphics Gems, 1990).
#include <cstdint>
#include <string>
#include <vector>

namespace lathe {

struct Ticks {
    double low = 0, high = 1;          ///< where the axis begins and ends: the first and the last tick
    std::vector<double> values;
    std::vector<std::string> labels;   ///< one number of decimals for all; C locale
};

/// For finite data from `low` to `high` in any order; equal ones get some room on both sides. `whole`: no ticks between whole numbers (steps, blocks), where
/// the range is large enough for that.
Ticks axis_ticks(double low, double high, bool whole = false);

/// For people: at most `digits` significant digits, exponents where they are shorter; nan, inf.
std::string short_number(double value, int digits = 5);
std::string bytes_text(std::int64_t bytes);   ///< for people: "147 kB", "1.43 MB"; decimal units

}
