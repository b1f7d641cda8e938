#pragma once
// Parameters as rows: one for every value, named by its path, so that they can be searched, sorted and compared by type.
#include "core/base/json.h"
#include <optional>
#include <string>
#include <vector>

namespace lathe {

struct FlatValue {
    std::string path;
    std::optional<double> number;        ///< numbers, bool as 0 and 1, "inf" and "-inf"
    std::optional<std::string> text;     ///< texts, bool as true and false, lists as JSON, grids as "grid 12 x 20"
};

/// Nested objects become dotted paths. Long texts are cut (the whole is in run.params); at most 10 000 rows.
std::vector<FlatValue> flatten(const Json& params);

}
