#pragma once
// Internal to core/method: a value of the right type, from JSON or from a text, before any limit is looked at.
#include "core/method/parameter.h"

namespace lathe {

inline constexpr std::int64_t kMaxGridSide = 65'536, kMaxGridCells = 1 << 20;

std::string where_of(const Parameter& parameter);                      ///< "parameter steps"
Json typed_value(const Parameter& parameter, const Json& value);       ///< throws Error(invalid_value)

}
