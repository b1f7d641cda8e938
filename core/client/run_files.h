#pragma once
// The files that a run of a project used, for running it again.
#include "core/project/project.h"

namespace lathe {

struct RunFiles {
    std::vector<std::pair<std::string, std::string>> paths;   ///< role, path
    std::vector<std::string> missing;                         ///< names of what is not there any more
};

/// Looks beside the project, then where the file was, then among the embedded ones (written into the cache folder: seconds for large ones).
RunFiles files_of_run(const ProjectReader& reader, RunId run, const std::filesystem::path& project);

}
