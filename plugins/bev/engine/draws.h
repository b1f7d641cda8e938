#pragma once
// Random numbers for augmentation and noise: the same seed gives the same numbers everywhere.
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace lathe::bev {

class Draws {
public:
    explicit Draws(std::uint64_t seed) : m_engine(seed) {}
    double uniform() { return static_cast<double>(m_engine() >> 11) * 0x1p-53; }                                ///< [0, 1)
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    bool chance(double probability) { return uniform() < probability; }
    double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform()); }   ///< mean 0, deviation 1
private:
    std::mt19937_64 m_engine;
};

}
