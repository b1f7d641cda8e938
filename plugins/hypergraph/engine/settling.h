#pragma once
// How a layout runs within a method: it streams previews while it settles, stops by itself, and gives its last positions.
#include "core/engine/run_context.h"
#include "core/method/method_info.h"
#include "plugins/hypergraph/engine/layout_graph.h"

namespace lathe::hypergraph {

struct SettleOptions {
    std::int64_t most_steps = 1000;
    double settled = 1e-3;             ///< ends when less moved, as a share of the radius, smoothed over about ten steps; 0: never
    std::function<Positions(const Positions&)> shown;   ///< what is shown of the positions; empty: themselves
    std::vector<std::pair<std::size_t, std::pair<double, double>>> held;   ///< points that stay where they are put
    std::function<void(std::int64_t step)> after_step;   ///< tells more metrics
};

/// Metrics `movement`, `step_ms`; tensor `positions` f32 [nodes, 2] as previews and once at the end; summaries iterations, converged, movement, seconds. Throws Cancelled.
void settle(RunContext& run, Layout& layout, std::int64_t nodes, const SettleOptions& options);

/// The first `nodes` points as a tensor f32 [nodes, 2].
void give_positions(RunContext& run, std::string_view key, std::int64_t step, const Positions& positions, std::int64_t first, std::int64_t end, bool preview);

/// Positions of the optional input of role "start": a tensor [nodes, 2] as `value` or `positions`, x and y alternating; empty: not given. Throws Error where it does not fit.
std::vector<float> given_start(RunContext& run, std::int64_t nodes);
InputSlot start_input();

}
