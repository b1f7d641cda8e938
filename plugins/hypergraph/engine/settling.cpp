#include "plugins/hypergraph/engine/settling.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr double kPreviewSeconds = 0.04;     // 25 pictures a second
constexpr double kSmoothing = 0.9;

}

void give_positions(RunContext& run, std::string_view key, std::int64_t step, const Positions& positions, std::int64_t first, std::int64_t end, bool preview) {
    at::Tensor value = at::empty({end - first, 2}, at::kFloat);
    float* places = value.mutable_data_ptr<float>();
    for (std::int64_t i = first; i < end; ++i) {
        places[2 * (i - first)] = static_cast<float>(positions.x[static_cast<std::size_t>(i)]);
        places[2 * (i - first) + 1] = static_cast<float>(positions.y[static_cast<std::size_t>(i)]);
    }
    run.tensor(key, step, value, Json::object(), preview);
}

void settle(RunContext& run, Layout& layout, std::int64_t nodes, const SettleOptions& options) {
    const double begin = monotonic_seconds();
    double movement = 1, shown_at = begin;
    std::int64_t step = 0;
    bool converged = false;
    const auto shown = [&] { return options.shown ? options.shown(layout.positions()) : layout.positions(); };
    while (step < options.most_steps && !layout.is_done() && !converged) {
        run.check_cancelled();
        const double started = monotonic_seconds();
        for (const auto& [point, place] : options.held) layout.put(point, place.first, place.second);
        layout.step();
        ++step;
        const double now = monotonic_seconds();
        movement = layout.may_settle() ? kSmoothing * movement + (1 - kSmoothing) * layout.moved() : 1;
        converged = movement < options.settled;
        run.metric("movement", step, layout.moved());
        run.metric("step_ms", step, 1e3 * (now - started));
        if (options.after_step) options.after_step(step);
        run.progress(static_cast<double>(step), static_cast<double>(options.most_steps), "moved " + std::to_string(std::lround(1e5 * layout.moved()) / 1e3).substr(0, 5) + " %");
        if (now - shown_at >= kPreviewSeconds) {
            give_positions(run, "positions", step, shown(), 0, nodes, true);
            shown_at = now;
        }
    }
    for (const auto& [point, place] : options.held) layout.put(point, place.first, place.second);
    give_positions(run, "positions", step, shown(), 0, nodes, false);
    run.summary("iterations", step);
    run.summary("converged", converged || layout.is_done());
    run.summary("movement", layout.moved());
    run.summary("seconds", monotonic_seconds() - begin);
}

InputSlot start_input() { return {"start", "data", "Start positions", "Positions of an earlier layout, or moved by hand: the layout goes on from there.", false}; }

std::vector<float> given_start(RunContext& run, std::int64_t nodes) {
    const InputAsset* asset = run.input("start");
    if (!asset) return {};
    const auto file = open_tensors(asset->path);
    const char* key = file->find("value") ? "value" : "positions";
    const at::Tensor given = file->get(key).to(at::kFloat).contiguous();
    if (given.dim() != 2 || given.size(1) != 2 || given.size(0) != nodes)
        throw Error(ErrorCode::invalid_value, "The start positions do not fit the graph.", asset->path + ": " + key + " has " + std::to_string(given.dim() ? given.size(0) : 0) + " rows for " + std::to_string(nodes) + " nodes",
            "Give positions of this graph, with the shape [nodes, 2].");
    return {given.const_data_ptr<float>(), given.const_data_ptr<float>() + given.numel()};
}

}
