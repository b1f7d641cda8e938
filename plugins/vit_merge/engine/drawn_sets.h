#pragma once
// Sets of small grey pictures that are drawn here, so that a benchmark needs nothing but the program: digits, letters, shapes, textures. Every picture follows from
// its set, its split and its number alone; the arithmetic is on whole numbers where a rounding could tell machines apart. Any thread.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

inline constexpr int kDrawnSide = 28;

struct DrawnSet {
    std::string name, help;                                ///< "digits"
    std::vector<std::string> classes;
    /// The picture of a stream of random numbers, row by row; gives its label.
    std::int64_t (*draw)(std::uint64_t stream, std::int64_t classes, std::span<std::uint8_t, kDrawnSide * kDrawnSide> pixels);
};

const std::vector<DrawnSet>& drawn_sets();
const DrawnSet* find_drawn_set(std::string_view name);     ///< null: none
constexpr std::int64_t drawn_pictures(bool train) { return train ? 20'000 : 5'000; }

/// Picture `number` of a split (0 to drawn_pictures - 1); gives its label, which is drawn as well.
std::int64_t draw_picture(const DrawnSet& set, bool train, std::int64_t number, std::span<std::uint8_t, kDrawnSide * kDrawnSide> pixels);

/// The stream of random numbers that belongs to a text, a split and a number.
std::uint64_t stream_of(std::string_view text, bool train, std::int64_t number);
/// Whole number of mean 0 and deviation 65536, near to a normal one (sum of eight uniform ones; at most 4.9 deviations), the same everywhere.
std::int64_t normal_65536(std::uint64_t a, std::uint64_t b);

}
