#include "core/engine/server.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/process.h"
#include "core/engine/builtin_methods.h"
#include "core/engine/failure.h"
#include "core/engine/plugins.h"
#include "core/engine/rates.h"
#include "core/protocol/fields.h"
#include <ATen/Context.h>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace lathe {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::chrono::milliseconds kWorkerEnds{600}, kLastWords{200};   // the process ends within 1 s of the end of its input

std::vector<DeviceInfo> devices() {
    std::vector<DeviceInfo> out{{"cpu", cpu_name(), total_memory_bytes()}};
    if (at::hasCUDA())
        for (int i = 0; i < static_cast<int>(at::detail::getCUDAHooks().deviceCount()); ++i) out.push_back({"cuda:" + std::to_string(i), "CUDA device " + std::to_string(i), 0});
    return out;
}

}

Server::Server(int in, int out) : m_in(in), m_outbox(out) {}

int Server::serve() {
    register_builtin_methods(m_registry, [this](const Rates& rates) { m_outbox.send(encode(rates)); });
    m_plugins = load_plugins(plugin_folders(), m_registry);
    m_worker = std::make_unique<Worker>(m_registry, m_outbox);
    FrameReader reader([this](const Message& m) { handle(m); });
    std::vector<char> buffer(kReadBytes);
    int status = 0;
    while (!m_shutdown) {
        const ssize_t n = ::read(m_in, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            pollfd ready{m_in, POLLIN, 0};
            ::poll(&ready, 1, 1000);
            continue;
        }
        if (n <= 0) break;
        try {
            reader.feed(buffer.data(), static_cast<std::size_t>(n));
        } catch (const Error& error) {
            log(LogLevel::error, "engine", error.what());
            m_outbox.reply(encode_error("frame", error));
            status = kExitBadFrame;
            break;
        }
    }
    m_worker->stop(kWorkerEnds);
    m_outbox.flush(kLastWords);
    return status;
}

void Server::handle(const Message& message) {
    const std::string op = message.op;
    try {
        if (op == "hello") return hello(message);
        if (!m_greeted) throw Error(ErrorCode::wrong_format, "The first message must be hello.", op);
        if (op == "ping") m_outbox.reply(encode(m_worker->status(fields::integer(message.fields, "n"))));
        else if (op == "describe") m_outbox.reply(encode_methods(m_registry.catalogue()));
        else if (op == "run") run(message);
        else if (op == "cancel") m_worker->cancel(string_member(message.fields, "run", "cancel"));
        else if (op == "pause") {
            const std::string uuid = string_member(message.fields, "run", "pause");
            if (!m_worker->pause(uuid)) throw Error(ErrorCode::not_found, "The run is not under way.", uuid);
        } else if (op == "asset_path") {
            const std::string sha256 = string_member(message.fields, "sha256", "asset_path");
            m_assets[sha256] = AssetPath::look_at(string_member(message.fields, "path", "asset_path"), fields::flag(message.fields, "verify"));
            m_outbox.reply(simple("asset", {{"sha256", sha256}, {"state", m_assets[sha256].size >= 0 ? "have" : "need"}, {"received", 0}}));
        } else if (op == "shm_free") m_outbox.slot_freed(static_cast<int>(int_member(message.fields, "slot", "shm_free")));
        else if (op == "cache") cache(message);
        else if (op == "shutdown") m_shutdown = true;
        else throw Error(ErrorCode::unknown_name, "This engine does not know the message \"" + op + "\".", op, "The client may be newer than the engine.");
    } catch (...) {
        m_outbox.reply(encode_error(op, current_error("message " + op)));
    }
}

void Server::hello(const Message& message) {
    const ClientHello client = client_hello_from(message);
    if (client.proto_min > kProtocol || client.proto_max < kProtocol) {
        m_shutdown = true;
        throw Error(ErrorCode::version, "This engine speaks protocol " + std::to_string(kProtocol) + "; the client speaks " + std::to_string(client.proto_min) + " to " + std::to_string(client.proto_max) + ".",
            "hello", "Install the same version of Lathe on both sides.");
    }
    auto slots = client.shm ? SharedSlots::open(*client.shm) : nullptr;
    EngineHello answer{kProtocol, version(), lathe_abi(), TORCH_VERSION, ::getpid(), slots != nullptr, devices(), m_plugins};
    m_outbox.use_shared_memory(std::move(slots));
    m_greeted = true;
    m_outbox.reply(encode(answer));
    m_worker->measure_when_idle();
}

void Server::run(const Message& message) {
    RunRequest request;
    try {
        request = run_request_from_message(message);
    } catch (const Error& error) {
        // The asker waits for the end of its run: an error without the run's name would leave it waiting.
        const std::string uuid = message.fields.contains("run") && message.fields["run"].is_string() ? message.fields["run"].get<std::string>() : std::string();
        if (uuid.empty()) throw;
        m_outbox.reply(RunEvent{uuid, 0, to_failed(error)});
        return;
    }
    AssetPaths paths;
    for (const auto& asset : request.assets)
        if (const auto it = m_assets.find(asset.sha256); it != m_assets.end()) paths.insert(*it);
    m_worker->submit(std::move(request), std::move(paths));
}

void Server::cache(const Message& message) {
    const std::string action = string_member(message.fields, "action", "cache");
    if (action == "drop") m_worker->drop_cache();
    else if (action == "list") m_worker->list_cache();
    else throw Error(ErrorCode::unknown_name, "The cache cannot \"" + action + "\".", "cache, field action", "list or drop");
}

}
