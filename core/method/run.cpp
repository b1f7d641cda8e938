#include "core/method/run.h"

#include <algorithm>
#include <array>
#include <limits>

namespace lathe {
namespace {

constexpr std::array<std::string_view, 7> kStates = {"queued", "running", "paused", "finished", "failed", "cancelled", "interrupted"};

}

std::string_view name(RunState state) { return kStates.at(static_cast<std::size_t>(state)); }

RunState run_state(std::string_view name) {
    const auto found = std::ranges::find(kStates, name);
    if (found == kStates.end())
        throw Error(ErrorCode::unknown_name, "\"" + std::string(name.substr(0, 80)) + "\" is not a state of a run.");
    return static_cast<RunState>(found - kStates.begin());
}

// A paused or interrupted run goes on as a new run with the old one as its parent.
bool is_legal(RunState from, RunState to) {
    switch (from) {
    case RunState::queued: return to == RunState::running || to == RunState::cancelled;
    case RunState::running: return is_terminal(to);
    default: return false;
    }
}

bool is_terminal(RunState state) { return state != RunState::queued && state != RunState::running; }

std::string_view name(Lane lane) { return lane == Lane::live ? "live" : "batch"; }

bool RunEvent::is_terminal() const {
    return std::holds_alternative<event::Finished>(body) || std::holds_alternative<event::Failed>(body) || std::holds_alternative<event::Cancelled>(body) ||
           std::holds_alternative<event::Paused>(body);
}

Json to_json(const RunRequest& request) {
    Json assets = Json::array(), taps = Json::array();
    for (const auto& asset : request.assets)
        assets.push_back({{"role", asset.role}, {"sha256", asset.sha256}});
    for (const auto& tap : request.taps)
        taps.push_back({{"id", tap.id}, {"params", tap.params}});
    return {{"run", request.uuid}, {"method", request.method}, {"version", request.version}, {"params", request.params}, {"assets", std::move(assets)}, {"taps", std::move(taps)},
        {"seed", request.seed}, {"device", request.device}, {"threads", request.threads}, {"lane", name(request.lane)}, {"resume", request.resume}};
}

RunRequest run_request_from(const Json& json) {
    constexpr const char* kWhere = "run";
    const auto small_int = [&](const char* key, std::int64_t least, std::int64_t most) {
        const auto value = int_member(json, key, kWhere);
        if (value < least || value > most)
            throw Error(ErrorCode::wrong_format, "field " + std::string(key) + " is out of range: " + std::to_string(value) + ".", kWhere);
        return value;
    };
    const auto list = [&](const char* key) -> Json {
        if (!json.contains(key))
            return Json::array();
        if (!json[key].is_array())
            throw Error(ErrorCode::wrong_format, "field " + std::string(key) + " is not a list.", kWhere);
        return json[key];
    };
    RunRequest request;
    request.uuid = string_member(json, "run", kWhere);
    request.method = string_member(json, "method", kWhere);
    request.version = static_cast<int>(small_int("version", 1, std::numeric_limits<int>::max()));
    request.params = member(json, "params", kWhere);
    if (!request.params.is_object())
        throw Error(ErrorCode::wrong_format, "field params is not an object.", kWhere);
    for (const auto& asset : list("assets"))
        request.assets.push_back({string_member(asset, "role", "run.assets"), string_member(asset, "sha256", "run.assets")});
    for (const auto& tap : list("taps")) {
        TapRequest entry{string_member(tap, "id", "run.taps"), tap.contains("params") ? tap["params"] : Json::object()};
        if (!entry.params.is_object())
            throw Error(ErrorCode::wrong_format, "field params is not an object.", "run.taps");
        request.taps.push_back(std::move(entry));
    }
    request.seed = small_int("seed", 0, (std::int64_t{1} << 53) - 1);
    request.device = json.contains("device") ? string_member(json, "device", kWhere) : request.device;
    request.threads = json.contains("threads") ? static_cast<int>(small_int("threads", 0, 4096)) : 0;
    const std::string lane = json.contains("lane") ? string_member(json, "lane", kWhere) : "batch";
    if (lane != "live" && lane != "batch")
        throw Error(ErrorCode::wrong_format, "field lane is neither live nor batch: " + lane.substr(0, 80) + ".", kWhere);
    request.lane = lane == "live" ? Lane::live : Lane::batch;
    request.resume = json.contains("resume") && !json["resume"].is_null() ? string_member(json, "resume", kWhere) : std::string();
    return request;
}

}
