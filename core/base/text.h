#pragma once
// Small questions about texts.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {
bool is_utf8(std::string_view text);                                       ///< no overlong forms, no surrogates, nothing above U+10FFFF
/// The text with U+FFFD for every byte that is no UTF-8, and "…" where it was cut at `limit` bytes: fit for messages and Json.
std::string valid_text(std::string_view text, std::size_t limit = 65'536);
std::size_t edit_distance(std::string_view a, std::string_view b);         ///< insertions, deletions, replacements, swaps of neighbours
/// The name nearest to a mistyped one, for hints; empty if none is near (distance over a third of the length, at least 2).
std::string nearest_name(std::string_view typed, const std::vector<std::string>& known);
std::vector<std::string_view> split(std::string_view text, char separator);   ///< "a,,b" gives three; "" gives none
std::string_view trimmed(std::string_view text);                           ///< without ASCII white space at both ends
std::string one_sentence(std::string_view words);                          ///< what a foreign library says, in one line with a full stop: fit for messages
}
