#pragma once
// SplitMix64 (Steele, Lea, Flood 2014): random numbers and hashes that are the same on every machine and with every library. Any thread.
#include <cstdint>

namespace lathe {

inline constexpr std::uint64_t kSplitMixStep = 0x9e3779b97f4a7c15u;

/// Its finaliser: each bit of x changes about half of all bits.
constexpr std::uint64_t mixed_bits(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// The next number of a sequence; `state` is its seed before the first.
constexpr std::uint64_t next_split_mix(std::uint64_t& state) { return mixed_bits(state += kSplitMixStep); }

/// The seed of an independent stream for each (seed, purpose, number).
constexpr std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t purpose, std::int64_t number) {
    return mixed_bits(seed + kSplitMixStep * (purpose + 1) + 0xd1342543de82ef95u * static_cast<std::uint64_t>(number + 1));
}

}
