// The states of an engine process and the one table of their transitions.
#include "core/client/engine_process.h"
#include <array>

namespace lathe {
namespace {

using S = EngineState;
struct Row { S from; std::vector<S> to; };

const std::array<Row, 9>& table() {
    static const std::array<Row, 9> rows{{
        {S::stopped, {S::starting}},
        {S::starting, {S::idle, S::lost, S::failed, S::stopped, S::restarting}},
        {S::idle, {S::running, S::not_responding, S::lost, S::stopped, S::restarting}},
        {S::running, {S::idle, S::cancelling, S::not_responding, S::lost, S::stopped, S::restarting}},
        {S::cancelling, {S::idle, S::running, S::not_responding, S::lost, S::stopped, S::restarting}},
        {S::not_responding, {S::idle, S::running, S::cancelling, S::lost, S::stopped, S::restarting}},
        {S::lost, {S::restarting, S::failed, S::stopped}},
        {S::restarting, {S::starting, S::stopped}},
        {S::failed, {S::starting, S::stopped}},
    }};
    return rows;
}

}

std::string_view name(EngineState state) {
    static constexpr std::string_view names[] = {"stopped", "starting", "idle", "running", "cancelling", "not_responding", "lost", "restarting", "failed"};
    return names[static_cast<std::size_t>(state)];
}

bool is_legal(EngineState from, EngineState to) {
    const auto& next = table()[static_cast<std::size_t>(from)].to;
    return std::find(next.begin(), next.end(), to) != next.end();
}

}
