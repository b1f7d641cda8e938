#pragma once
// The engine's side of the connection. serve() is the reader: frames, pings and flags, never tensors; the worker does the work, the outbox writes.
#include "core/engine/worker.h"
#include <atomic>

namespace lathe {

class Server {
public:
    /// Reads frames from `in` and writes them to `out`.
    Server(int in, int out);
    /// Registers what is built in, opens the plugins, and serves until the other side closes. Returns the exit status of the process.
    int serve();

private:
    void handle(const Message& message);
    void hello(const Message& message);
    void run(const Message& message);
    void cache(const Message& message);

    const int m_in;
    Registry m_registry;
    std::vector<PluginStatus> m_plugins;
    Outbox m_outbox;
    std::unique_ptr<Worker> m_worker;
    AssetPaths m_assets;
    bool m_greeted = false, m_shutdown = false;
};

}
