#pragma once
// What is left of a sweep that was stopped, killed, or of which some runs failed.
#include "core/client/run_files.h"

namespace lathe {

struct SweepRestCell { std::int64_t number = 0; Json values; RunRequest request; };   // a new uuid, no assets yet
struct SweepRest {
    SweepId id = 0;
    std::string title;                       ///< of the sweep; may be empty
    std::size_t total = 0;                   ///< cells of the whole sweep
    RunFiles files;
    std::vector<SweepRestCell> cells;        ///< not finished yet
};

/// What a sweep keeps of the runs it is made of, so that its rest can be started later: goes into the "spec" of Project::add_sweep().
Json sweep_base(const RunRequest& base, const std::vector<std::pair<std::string, std::string>>& files);

/// The cells without a finished run. One whose run has finished while the program that started it was killed is noted as finished.
/// Throws Error(not_found) for a sweep that is not there or does not say what it runs, Error(busy) while it is still under way, here or in another program.
SweepRest rest_of_sweep(Project& project, SweepId sweep);

}
