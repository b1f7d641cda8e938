#pragma once
// Random numbers that are the same on every machine and with every library (SplitMix64; Steele, Lea, Flood 2014). No LibTorch.
#include <cmath>
#include <cstdint>
#include <numbers>

namespace lathe {

class Random {
public:
    explicit Random(std::uint64_t seed) : m_state(seed) {}
    std::uint64_t next() {
        std::uint64_t z = m_state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        return z ^ z >> 31;
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }                                ///< [0, 1)
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(uniform() * static_cast<double>(n)); }   ///< [0, n)
    bool chance(double probability) { return uniform() < probability; }
    double normal() {
        const double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

private:
    std::uint64_t m_state;
};

}
