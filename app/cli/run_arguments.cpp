#include "app/cli/run_arguments.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/client/run_entry.h"
#include "core/client/run_files.h"
#include "core/method/parameter_defaults.h"
#include <algorithm>

namespace lathe::cli {
namespace fs = std::filesystem;
namespace {

constexpr ParseLimits kParamsLimits{.depth = 16, .elements = 2'000'000, .bytes = 64u << 20};

/// "a=b" in two; throws UsageError.
std::pair<std::string, std::string> pair_of(const std::string& text, const char* option, const char* form) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        throw UsageError(ErrorCode::invalid_value, "\"" + text + "\" is not of the form " + form, std::string("--") + option, std::string("Write --") + option + " " + form);
    return {text.substr(0, equals), text.substr(equals + 1)};
}

const Parameter* find(const std::vector<Parameter>& parameters, const std::string& id) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.id == id; });
    return found == parameters.end() ? nullptr : &*found;
}

Json json_argument(const std::string& text, const std::string& where) {
    const bool is_file = text.starts_with('@');
    const Json json = is_file ? parse_json(read_file(text.substr(1), kParamsLimits.bytes), text.substr(1), kParamsLimits) : parse_json(text, where, kParamsLimits);
    if (!json.is_object()) throw UsageError(ErrorCode::invalid_value, brief(json) + " is not an object of names and values", where, "Write {\"name\": value, …}, or @FILE.json");
    return json;
}

void take_settings(const Options& options, const MethodInfo& method, RunRequest& request) {
    for (const std::string& text : options.all("params")) request.params.update(json_argument(text, "--params"));
    for (const std::string& text : options.all("set")) {
        const auto [id, value] = pair_of(text, "set", "NAME=VALUE");
        const Parameter* declared = find(method.parameters, id);
        if (!declared) complete_parameters(method.parameters, {{id, value}});   // throws, with the nearest name
        request.params[id] = value_from_text(*declared, value);
    }
    if (options.has("seed")) {
        request.seed = options.integer("seed", 0, 0, kMaxSeed);
        if (find(method.parameters, "seed") && !request.params.contains("seed")) request.params["seed"] = request.seed;
    }
}

TapRequest tap_of(const std::string& text, const Catalogue& catalogue) {
    const std::size_t equals = text.find('=');
    TapRequest tap{text.substr(0, equals), Json::object()};
    const auto known = std::find_if(catalogue.taps.begin(), catalogue.taps.end(), [&](const TapInfo& t) { return t.id == tap.id; });
    if (known == catalogue.taps.end()) {
        std::vector<std::string> names;
        for (const TapInfo& t : catalogue.taps) names.push_back(t.id);
        const std::string near = nearest_name(tap.id, names);
        throw UsageError(ErrorCode::unknown_name, "There is no tap \"" + tap.id + "\"", "--tap", near.empty() ? "lathe-cli methods --json lists them" : "Did you mean " + near + "?");
    }
    if (equals != std::string::npos) tap.params = json_argument(text.substr(equals + 1), "--tap " + tap.id);
    tap.params = complete_without_model(known->parameters, tap.params);
    return tap;
}

/// Parameters and inputs of the run that is to go on, as a start for this one.
void take_over(const std::string& wanted, const Project* project, RunArguments& out) {
    if (!project) throw UsageError(ErrorCode::invalid_value, "There is no project with the run to go on from", "--resume " + wanted, "Add --project FILE");
    const auto reader = project->reader();
    const auto id = reader->find_run(wanted);
    if (!id) throw UsageError(ErrorCode::not_found, "The run to go on from is not in the project", "--resume " + wanted, "See lathe-cli project runs " + project->file().string());
    const RunRow row = reader->run(*id);
    if (row.method != out.request.method) throw UsageError(ErrorCode::invalid_value, "The run to go on from is of another method: " + row.method, "--resume " + wanted, "Name that method");
    const std::string uuid = out.request.uuid;
    const int version = out.request.version;
    out.request = row.request();
    out.request.uuid = uuid;
    out.request.version = std::max(version, row.version);
    out.request.resume = row.uuid;
    out.request.lane = Lane::batch;
    out.title = row.title;
    out.files = files_of_run(*reader, *id, project->file()).paths;   // what is missing is told when the request is checked, unless --input names it
    out.request.assets.clear();
}

}

void add_run_options(Options& options) {
    options.value("set", "NAME=VALUE", "A parameter, typed as the method declares it; may be given many times. Lists: a,b,c; ranges: [0,21); tables and grids: JSON or @FILE")
        .value("params", "JSON", "Many parameters: {\"name\": value, …} or @FILE.json")
        .value("input", "ROLE=PATH", "A model or data set that the method needs, e.g. model=dit.safetensors")
        .value("asset", "ROLE=PATH", "The same as --input")
        .value("tap", "ID[=JSON]", "Attach a tap, with its parameters")
        .value("project", "FILE", "Keep the run in this project; it is made if it is not there")
        .value("seed", "N", "Seed of the run")
        .value("device", "ID", "Where it runs: cpu (default), cuda:0, …")
        .value("threads", "N", "Threads of the engine; 0 (default): its choice")
        .value("title", "TEXT", "Name of the run in the project")
        .value("tag", "TEXT", "Tag of the run in the project; may be given many times");
}

RunArguments run_arguments(const Options& options, const EngineHost& host, const Project* project) {
    RunArguments out;
    const MethodInfo& method = host.method(options.positional().at(0));
    out.request.uuid = make_uuid();
    out.request.method = method.id;
    out.request.version = method.version;
    try {
        if (options.has("resume")) take_over(options.get("resume"), project, out);
        take_settings(options, method, out.request);
        for (const char* option : {"input", "asset"})
            for (const std::string& text : options.all(option)) {
                const auto given = pair_of(text, option, "ROLE=PATH");
                std::erase_if(out.files, [&](const auto& f) { return f.first == given.first; });
                out.files.push_back(given);
            }
        for (const std::string& text : options.all("tap")) out.request.taps.push_back(tap_of(text, host.catalogue()));
    } catch (const UsageError&) {
        throw;
    } catch (const Error& error) {
        throw UsageError(error);
    }
    out.request.device = options.get("device", "cpu");
    const auto& devices = host.session().engine().hello().devices;
    if (std::none_of(devices.begin(), devices.end(), [&](const DeviceInfo& d) { return d.id == out.request.device; })) {
        std::string known;
        for (const DeviceInfo& d : devices) known += (known.empty() ? "" : ", ") + d.id;
        throw UsageError(ErrorCode::unknown_name, "There is no device \"" + out.request.device + "\"", "--device", "Devices: " + known);
    }
    out.request.threads = int(options.integer("threads", out.request.threads, 0, 1024));
    out.title = options.get("title", out.title);
    return out;
}

RunRequest checked(const RunArguments& arguments, const MethodInfo& method) {
    try {
        return checked_request(arguments.request, method, arguments.files);
    } catch (const Error& error) {
        throw UsageError(error);
    }
}

std::shared_ptr<Project> existing_project(const std::string& file) {
    std::error_code error;
    if (file.empty() || !fs::exists(file, error)) return nullptr;
    std::shared_ptr<Project> project = Project::open(file);
    if (const std::string reason = project->read_only_reason(); !reason.empty())
        throw Error(ErrorCode::io, "The project can only be read", file + ": " + reason, "Save a copy elsewhere: lathe-cli project share " + file + " COPY.lathe");
    return project;
}

std::shared_ptr<Project> made_project(const std::string& file) { return Project::create(file); }

}
