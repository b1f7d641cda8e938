#pragma once
// A sweep: parameter -> values; its cells are the cross product in the order of the names' declaration.
#include "core/base/json.h"
#include <string>
#include <vector>

namespace lathe {
struct SweepAxis { std::string param; std::vector<Json> values; };
/// "n=2,3", "nc=4..10:2" (inclusive, step 2), "seed=0..9".
SweepAxis sweep_axis_from(std::string_view text);
std::vector<Json> sweep_cells(const std::vector<SweepAxis>& axes, std::size_t limit = 100'000);   ///< throws Error over the limit
}
