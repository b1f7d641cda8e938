#pragma once
// The words of `run` and `sweep` made into a request, typed and checked by the declarations of the method.
#include "app/cli/engine_host.h"
#include "app/cli/options.h"
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lathe::cli {

struct RunArguments {
    RunRequest request;                                              ///< not yet completed
    std::vector<std::pair<std::string, std::string>> files;          ///< role, path
    std::string title;
};

void add_run_options(Options& options);
/// Throws UsageError naming field, value and remedy. `project`: where --resume looks; may be null.
RunArguments run_arguments(const Options& options, const EngineHost& host, const Project* project);
/// The request completed and checked against its method and files. Throws UsageError.
RunRequest checked(const RunArguments& arguments, const MethodInfo& method);

/// The project of --project: opened if it is there, else null, to be made once everything has been checked. Throws Error(io) if it may not be written.
std::shared_ptr<Project> existing_project(const std::string& file);
std::shared_ptr<Project> made_project(const std::string& file);

}
