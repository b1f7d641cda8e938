#include "app/gui/command_line.h"
#include "app/gui/text.h"
#include "core/report/repeat_command.h"

namespace lathe {

QString command_line_of(const RunRequest& request, const AssetPaths& assets, const QString& project_file, const MethodInfo* method) {
    std::vector<std::pair<std::string, std::string>> inputs;
    for (const auto& [role, path] : assets) inputs.emplace_back(ss(role), ss(path));
    return qs(repeat_command(request, inputs, ss(project_file), method));
}

}
