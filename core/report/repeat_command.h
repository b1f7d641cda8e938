#pragma once
// The command line that makes a run again: what the window copies, what reports show, what the command line prints.
#include "core/method/method_info.h"
#include "core/method/run.h"
#include <string>
#include <utility>
#include <vector>

namespace lathe {

/// "lathe-cli run METHOD --set k=v …", each word quoted for a POSIX shell. `inputs`: role and path. `method` (may be null): values that equal its defaults
/// are left out, and ranges are written as it declares them.
std::string repeat_command(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& inputs, const std::string& project_file, const MethodInfo* method);

}
