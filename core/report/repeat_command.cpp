#include "core/report/repeat_command.h"
#include "core/report/escape.h"
#include <algorithm>

namespace lathe {

std::string repeat_command(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& inputs, const std::string& project_file, const MethodInfo* method) {
    std::string line = "lathe-cli run";
    const auto add = [&](const std::string& word) { line += " " + shell_quoted(word); };
    add(request.method);
    for (const auto& [id, value] : request.params.items()) {
        if (value.is_null()) continue;   // a grid that nobody has filled
        const Parameter* declared = nullptr;
        if (method) {
            const auto found = std::find_if(method->parameters.begin(), method->parameters.end(), [&id = id](const Parameter& p) { return p.id == id; });
            declared = found == method->parameters.end() ? nullptr : &*found;
        }
        if (declared && declared->default_value == value) continue;
        add("--set");
        add(id + "=" + (declared ? value_text(*declared, value) : value_text(value)));
    }
    for (const auto& [role, path] : inputs) {
        add("--input");
        add(role + "=" + path);
    }
    for (const TapRequest& tap : request.taps) {
        add("--tap");
        add(tap.params.empty() ? tap.id : tap.id + "=" + json_text(tap.params));
    }
    const auto option = [&](const char* name, const std::string& value) {
        add(name);
        add(value);
    };
    if (request.seed != 0 && !request.params.contains("seed")) option("--seed", std::to_string(request.seed));
    if (!request.device.empty() && request.device != "cpu") option("--device", request.device);
    if (request.threads > 0) option("--threads", std::to_string(request.threads));
    if (!request.resume.empty()) option("--resume", request.resume);
    if (!project_file.empty()) option("--project", project_file);
    return line;
}

}
