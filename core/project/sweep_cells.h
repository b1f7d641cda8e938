#pragma once
// The cells of a sweep as they are in the project file.
#include "core/project/rows.h"
#include <filesystem>

namespace lathe {

/// state: queued, or the state of the last run of the cell; run 0: it has not been started, or its run was removed. tries: how many runs it has had.
struct SweepCellRow { std::int64_t number = 0, tries = 0; RunId run = 0; Json values; std::string state; };

/// In their order; empty for a sweep that is not there. Opens a connection of its own for the call. Throws Error(io, wrong_format).
std::vector<SweepCellRow> sweep_cells_of(const std::filesystem::path& project, SweepId sweep);

}
