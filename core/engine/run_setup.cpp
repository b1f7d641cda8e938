#include "core/engine/run_setup.h"
#include "core/base/hash.h"
#include "core/base/process.h"
#include "core/engine/rates.h"
#include "core/method/parameter_defaults.h"
#include <ATen/Parallel.h>
#include <algorithm>
#include <sys/stat.h>

namespace lathe {
namespace {

bool needs_facts(const std::vector<Parameter>& parameters) { return std::any_of(parameters.begin(), parameters.end(), depends_on_model); }

const InputSlot* slot_of(const MethodInfo& info, const std::string& role) {
    const auto it = std::find_if(info.inputs.begin(), info.inputs.end(), [&](const InputSlot& s) { return s.role == role; });
    return it == info.inputs.end() ? nullptr : &*it;
}

std::string roles(const MethodInfo& info) {
    std::string out;
    for (const auto& slot : info.inputs) out += (out.empty() ? "" : ", ") + slot.role;
    return out.empty() ? "none" : out;
}

Facts facts_of(EngineRun& run, const MethodInfo& info, bool wanted) {
    Facts facts;
    if (!wanted) return facts;
    for (const auto& slot : info.inputs) {
        const InputAsset* asset = slot.kind == "model" ? run.input(slot.role) : nullptr;
        if (!asset) continue;
        const auto model = run.models().open(asset->path, asset->sha256, {}, Json::object(), run);
        const std::string family = model->family->id();
        if (!info.families.empty() && std::find(info.families.begin(), info.families.end(), family) == info.families.end())
            throw Error(ErrorCode::invalid_value, info.title + " does not run models of the family " + model->family->title() + ".", asset->path, "Choose another model or another method.");
        facts.model = model->facts;
        break;
    }
    return facts;
}

}

AssetPath AssetPath::look_at(std::string path, bool verify) {
    AssetPath out{std::move(path), verify, -1, 0};
    struct stat info{};
    if (::stat(out.path.c_str(), &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) return out;
    out.size = info.st_size;
    out.changed_ns = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
    return out;
}

bool AssetPath::is_same_file() const {
    const AssetPath now = look_at(path, verify);
    return now.size == size && now.changed_ns == changed_ns;
}

Json run_environment(const RunRequest& request) {
    return {{"engine", version()}, {"abi", lathe_abi()}, {"torch", TORCH_VERSION}, {"device", request.device}, {"device_name", cpu_name()}, {"threads", at::get_num_threads()},
        {"blas", loaded_blas()}};
}

RunRequest at_current_version(RunRequest request, const Method& method) {
    const MethodInfo& info = method.info;
    if (request.version == info.version) return request;
    const std::string where = info.id + " version " + std::to_string(request.version);
    if (request.version > info.version)
        throw Error(ErrorCode::version, "The parameters were stored by a newer version of this method; this engine has version " + std::to_string(info.version) + ".", where, "Update Lathe or the plugin.");
    if (!method.upgrade)
        throw Error(ErrorCode::version, "The parameters were stored by an older version of this method, and it cannot upgrade them.", where, "Set the parameters again.");
    request.params = method.upgrade(request.params, request.version);
    request.version = info.version;
    return request;
}

std::vector<InputAsset> run_inputs(const RunRequest& request, const AssetPaths& paths, const MethodInfo& info, std::set<std::string>& verified, const std::function<bool()>& keep_going) {
    std::vector<InputAsset> inputs;
    for (const auto& asset : request.assets) {
        const InputSlot* slot = slot_of(info, asset.role);
        const bool is_checkpoint = asset.role == "checkpoint";
        if (!slot && !is_checkpoint)
            throw Error(ErrorCode::unknown_name, info.title + " has no input \"" + asset.role + "\".", "assets", "Its inputs: " + roles(info) + ".");
        const auto path = paths.find(asset.sha256);
        if (path == paths.end()) throw Error(ErrorCode::not_found, "The engine was not told where the file of the input \"" + asset.role + "\" is.", asset.sha256);
        if (path->second.size < 0)
            throw Error(ErrorCode::not_found, "The file of the input \"" + asset.role + "\" cannot be read where the engine runs.", path->second.path, "Copy it there under the same path.");
        if (!path->second.is_same_file())
            throw Error(ErrorCode::not_found, "The file of the input \"" + asset.role + "\" has changed since it was chosen.", path->second.path, "Run again to use it as it is now.");
        const std::string version = asset.sha256 + " " + std::to_string(path->second.changed_ns) + " " + path->second.path;
        const bool known = !path->second.verify || verified.contains(version);
        if (!known && sha256_path(path->second.path, keep_going) != asset.sha256)
            throw Error(ErrorCode::not_found, "The file of the input \"" + asset.role + "\" has another content where the engine runs.", path->second.path, "Copy it there again.");
        if (!known) verified.insert(version);
        inputs.push_back({asset.role, slot ? slot->kind : "state", asset.sha256, path->second.path});
    }
    for (const auto& slot : info.inputs) {
        const bool given = std::any_of(inputs.begin(), inputs.end(), [&](const InputAsset& a) { return a.role == slot.role; });
        if (slot.required && !given)
            throw Error(ErrorCode::invalid_value, info.title + " needs the input \"" + (slot.label.empty() ? slot.role : slot.label) + "\".", "assets, role " + slot.role, slot.help);
    }
    return inputs;
}

void prepare_run(EngineRun& run, const Method& method, const Registry& registry) {
    const MethodInfo& info = method.info;
    const RunRequest& request = run.request();
    if (request.device != "cpu" && !request.device.starts_with("cuda"))
        throw Error(ErrorCode::invalid_value, "There is no device \"" + request.device + "\".", "device", "Devices are listed in the engine panel: cpu, cuda:0, …");
    if (!request.taps.empty() && !info.takes_taps)
        throw Error(ErrorCode::invalid_value, info.title + " takes no taps.", "taps, " + request.taps.front().id, "Remove them from the run.");
    if (!request.resume.empty() && !run.input("checkpoint"))
        throw Error(ErrorCode::not_found, "The run to go on from has left no checkpoint.", "resume " + request.resume, "Start it again from the beginning.");
    bool wanted = needs_facts(info.parameters);
    for (const auto& tap : request.taps) wanted = wanted || needs_facts(registry.tap(tap.id).info.parameters);
    const Facts facts = facts_of(run, info, wanted);
    run.set_params(complete_parameters(info.parameters, request.params, facts));
    for (const auto& tap : request.taps) {
        const TapFactory& factory = registry.tap(tap.id);
        run.taps().add(factory.make(complete_parameters(factory.info.parameters, tap.params, facts), run));
    }
}

}
