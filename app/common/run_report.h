#pragma once
// A report made from runs of a project: what the window and the command line both write. Reads the project; run it on a thread that may wait.
#include "core/method/method_info.h"
#include "core/project/project.h"
#include "core/report/report.h"
#include <string>
#include <vector>

namespace lathe {

struct RunReportOptions {
    std::string title;                        ///< empty: made from the runs
    std::string project_file;                 ///< for the repeat commands, and to find assets beside it
    const Catalogue* catalogue = nullptr;     ///< labels and defaults of parameters; null: names as they are stored
    std::size_t pictures_of_key = 24, picture_bytes = 24u << 20, table_rows = 200, curve_points = 600;   ///< what goes beyond is named, not shown
};

/// Throws Error(not_found) for a run that is not there. Damaged artifacts are named in the remarks of their run.
Report run_report(const ProjectReader& reader, const std::vector<RunId>& runs, const RunReportOptions& options);

/// Role and path of the inputs of a run, for the command that repeats it: the file beside the project, else where it was last, else its name.
std::vector<std::pair<std::string, std::string>> input_paths(const ProjectReader& reader, RunId run, const std::filesystem::path& project_file);

}
