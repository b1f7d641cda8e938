#pragma once
// Loops of a fixed length, which the compiler turns into vector instructions without being asked for more than -O2.
#include <cstdint>

namespace lathe::quantization {

inline constexpr std::int64_t kLanes = 16;

/// `work(i)` for each full group of kLanes numbers [i, i + kLanes) of [first, end), `rest(i)` for each number that is left over.
template <class Work, class Rest> void by_lanes(std::int64_t first, std::int64_t end, Work work, Rest rest) {
    for (; first + kLanes <= end; first += kLanes) work(first);
    for (; first < end; ++first) rest(first);
}

}
