#pragma once
// A run: what is asked for (RunRequest), what comes back (RunEvent), and the states it goes through.
#include "core/base/error.h"
#include "core/base/json.h"
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lathe {

enum class RunState { queued, running, paused, finished, failed, cancelled, interrupted };
std::string_view name(RunState state);
RunState run_state(std::string_view name);                      ///< throws Error(unknown_name)
bool is_legal(RunState from, RunState to);                      ///< the one table of transitions
bool is_terminal(RunState state);

enum class Lane { live, batch };
std::string_view name(Lane lane);

struct AssetRef { std::string role, sha256; };
struct TapRequest { std::string id; Json params = Json::object(); };

struct RunRequest {
    std::string uuid;                       ///< made by the asker
    std::string method;
    int version = 1;
    Json params = Json::object();           ///< complete
    std::vector<AssetRef> assets;
    std::vector<TapRequest> taps;
    std::int64_t seed = 0;
    std::string device = "cpu";
    int threads = 0;                        ///< 0: the engine's choice
    Lane lane = Lane::batch;
    std::string resume;                     ///< uuid of the run whose checkpoint this one continues; its bytes travel as the asset of role "checkpoint"
};
Json to_json(const RunRequest& request);
RunRequest run_request_from(const Json& json);                  ///< throws Error(wrong_format)

using Bytes = std::shared_ptr<const std::string>;

/// Kinds and their media are listed in the contracts (image, tensor, table, series, graph, voxels, boxes, text, file, state).
struct Artifact {
    std::string key, kind, media;           ///< media on the wire: image "raw/u8", else the stored form
    std::int64_t step = 0;
    std::vector<std::int64_t> shape;        ///< image: [H, W, C]
    std::string dtype;                      ///< u8, u16, f32, …
    Json meta = Json::object();
    bool preview = false;                   ///< may be dropped, latest wins
    Bytes bytes;
};

namespace event {
struct Started { Json environment; };
struct Progress { double done = 0, total = 0; std::string note; };
struct MetricPoint { std::uint32_t key = 0; std::int64_t step = 0; double time = 0; double value = 0; };   ///< time: seconds since the start of the run
struct Metrics { std::vector<std::string> keys; std::vector<MetricPoint> points; };                         ///< key indexes `keys`
struct ArtifactMade { Artifact artifact; };
struct LogLine { std::string level, text; };
struct Checkpoint { Bytes bytes; };                                                                          ///< safetensors
struct Finished { double seconds = 0; Json summary; };
struct Failed { ErrorCode code = ErrorCode::internal; std::string what, where, hint; };
struct Cancelled { double seconds = 0; };
struct Paused { double seconds = 0; };
}
using RunEventBody = std::variant<event::Started, event::Progress, event::Metrics, event::ArtifactMade, event::LogLine, event::Checkpoint,
    event::Finished, event::Failed, event::Cancelled, event::Paused>;

struct RunEvent {
    std::string run;
    std::uint64_t seq = 0;
    RunEventBody body;
    bool is_terminal() const;
};

}
