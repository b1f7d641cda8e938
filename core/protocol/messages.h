#pragma once
// Fields of every message (contracts.md, wire). Header key "op" names the message; unknown keys are ignored.
#include "core/method/method_info.h"
#include "core/protocol/frame.h"

namespace lathe {

/// How an engine ends when it can say why no other way.
inline constexpr int kExitFileChanged = 74;   ///< a mapped file was truncated while it was read (SIGBUS)
inline constexpr int kExitBadFrame = 76;      ///< the client sent what is no frame

/// Frames carry artifact bytes over this size through shared memory where both sides have it.
inline constexpr std::size_t kShmThreshold = 4u << 20;

struct Outgoing { Json fields; Bytes payload; };     ///< ready for frame_head

struct ShmOffer { std::int64_t pid = 0; int fd = -1; std::string nonce; };   ///< nonce: 16 bytes as 32 hex digits, stored at the start of the memfd
struct ClientHello { int proto_min = 1, proto_max = 1; std::string client; std::optional<ShmOffer> shm; };
struct DeviceInfo { std::string id, name; std::int64_t bytes = 0; };
struct PluginStatus { std::string id, version, file, reason; bool ok = false; };
struct EngineHello { int proto = 1; std::string engine, abi, torch; std::int64_t pid = 0; bool shm = false; std::vector<DeviceInfo> devices; std::vector<PluginStatus> plugins; };
/// Measured on this machine: GFLOPS, GOPS, bytes/s; 0: not measured.
struct Rates { std::string device; double gemm_f32 = 0, gemm_bf16 = 0, int8 = 0, bytes_per_s = 0; std::string blas, warn; int threads = 0; };
struct Pong { std::int64_t n = 0; std::string run; std::int64_t ms_since_progress = 0; std::int64_t rss = 0; };

Outgoing encode(const ClientHello& m);
Outgoing encode(const EngineHello& m);
Outgoing encode(const RunRequest& m);        ///< parameters and taps over 32 KiB travel as the payload
Outgoing encode(const RunEvent& m, int shm_slot = -1, std::uint64_t shm_bytes = 0);   ///< an artifact's bytes are the payload, or lie in the slot
Outgoing encode(const Rates& m);
Outgoing encode(const Pong& m);
Outgoing encode_methods(const Catalogue& catalogue);
Outgoing encode_error(const std::string& re, const Error& error);
Outgoing simple(const char* op, Json fields = Json::object());   ///< describe, cancel{run}, pause{run}, asset_path{sha256,path}, shm_free{slot}, ping{n}, cache{action}, shutdown

ClientHello client_hello_from(const Message& m);
EngineHello engine_hello_from(const Message& m);
RunRequest run_request_from_message(const Message& m);
/// `slot` and `slot_bytes` are set when the bytes lie in shared memory; the caller then fills in the payload.
RunEvent run_event_from(const Message& m, int* slot = nullptr, std::uint64_t* slot_bytes = nullptr);
Rates rates_from(const Message& m);
Pong pong_from(const Message& m);
Catalogue catalogue_from_message(const Message& m);
Error error_from(const Message& m);
/// An image artifact must hold exactly the pixels that its shape and dtype promise. Throws Error(wrong_format). run_event_from() has done it where the
/// bytes came with the message.
void check_artifact(const Artifact& artifact);

}
