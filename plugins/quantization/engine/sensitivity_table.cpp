#include "plugins/quantization/engine/sensitivity_table.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/layer_table.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <cmath>
#include <limits>

namespace lathe::quantization {
namespace {

constexpr int kMostStarts = 24;
constexpr std::int64_t kMostValueBytes = std::int64_t{1} << 30;   // of all values of a batch, in float

/// One thing that is quantised alone.
struct Target {
    std::string place, node;
    bool is_weight = true;
    int position = 0;                      // of the traced node that it changes first
    int output = 0;                        // traced node whose value is compared
    std::size_t row = 0;                   // its first
};

class Measurement {
public:
    Measurement(const PartRunner& runner, const TapsByBits& taps, const at::Tensor& pictures, bool values, const std::function<void()>& tick)
        : m_runner(runner), m_taps(taps), m_pictures(pictures), m_tick(tick), m_starts(runner.cuts(kMostStarts)) {
        const QuantPlan& plan = taps.front().second->plan();
        for (const Placed& placed : plan.weights) add(plan, placed, true);
        if (values)
            for (const Placed& placed : plan.activations) add(plan, placed, false);
        for (const Target& target : m_targets)
            for (const auto& [bits, tap] : taps) {
                SensitivityRow row;
                row.node = target.node;
                row.is_weight = target.is_weight;
                row.bits = bits;
                m_rows.push_back(std::move(row));
            }
        m_logits.resize(m_rows.size());
    }

    SensitivityTable operator()(const at::Tensor& labels, const std::function<void(const SensitivityRow&, std::int64_t, std::int64_t)>& done) {
        const std::int64_t n = m_pictures.size(0), batch = std::clamp<std::int64_t>(kMostValueBytes / std::max<std::int64_t>(1, bytes_of_values()), 1, n);
        const std::int64_t batches = (n + batch - 1) / batch, total = batches * static_cast<std::int64_t>(m_rows.size());
        std::int64_t count = 0;
        for (std::int64_t first = 0; first < n; first += batch) {
            run_float(m_pictures.slice(0, first, std::min(first + batch, n)));
            for (const Target& target : m_targets)
                for (std::size_t b = 0; b < m_taps.size(); ++b) {
                    measure(target, b, first == 0);
                    done(m_rows[target.row + b], ++count, total);
                }
        }
        return finish(labels);
    }

private:
    void add(const QuantPlan& plan, const Placed& placed, bool is_weight) {
        const GraphNode& node = plan.graph.nodes[static_cast<std::size_t>(placed.node)];
        const int output = traced_node(node, m_runner);
        m_targets.push_back({placed.name, node.name, is_weight, is_weight ? m_runner.position(node.layer) : output, output, m_targets.size() * m_taps.size()});
    }

    /// Of one picture.
    std::int64_t bytes_of_values() const {
        std::int64_t values = 0;
        for (const Target& target : m_targets) {
            const std::vector<std::int64_t>& shape = m_runner.graph().nodes[static_cast<std::size_t>(target.output)].shape;
            std::int64_t own = 1;
            for (std::size_t i = 1; i < shape.size(); ++i) own *= shape[i];
            values += own;
        }
        return values * static_cast<std::int64_t>(sizeof(float));
    }

    void run_float(const at::Tensor& pictures) {
        PartRunner::Asked asked;
        asked.given = {{0, pictures}};
        asked.tick = m_tick;
        for (const int start : m_starts) asked.kept.insert(m_runner.live(start).front());
        for (const Target& target : m_targets) asked.kept.insert(target.output);
        PartRunner::Result whole = m_runner.run(asked);
        m_values = std::move(whole.kept);
        m_values[0] = pictures;
        m_float.push_back(whole.output);
    }

    void measure(const Target& target, std::size_t b, bool is_first) {
        QuantTap& tap = *m_taps[b].second;
        SensitivityRow& row = m_rows[target.row + b];
        tap.focus(target.place);
        PartRunner::Asked asked;
        const auto start = std::ranges::upper_bound(m_starts, target.position);
        if (start != m_starts.begin()) asked.begin = *std::prev(start);
        asked.given = m_values;
        asked.kept = {target.output};
        asked.taps = {m_taps[b].second};
        asked.tick = m_tick;
        PartRunner::Result part = m_runner.run(asked);
        m_logits[target.row + b].push_back(part.output);
        const at::Tensor& exact = m_values.at(target.output);
        Quantizer& quantizer = *tap.find(target.place);
        const QuantSpec& spec = quantizer.spec();
        const bool is_even = spec.has_even_steps();
        if (target.is_weight) {
            row.output.add(exact, part.kept.at(target.output));
            if (!is_first) return;
            const at::Tensor weight = tap.folded(*std::ranges::find(tap.plan().graph.nodes, target.node, &GraphNode::name)).weight.detach(), on_grid = quantizer.deployed(weight);
            row.own.add(weight, on_grid);
            if (is_even) row.use = range_use(weight, quantizer.params(), spec);
            row.rmse_over_scale = is_even ? rmse_over_scale(weight, on_grid, quantizer.params(), spec) : std::numeric_limits<double>::quiet_NaN();
        } else {
            const at::Tensor quantized = part.kept.contains(target.output) ? part.kept.at(target.output) : quantizer.deployed(exact);   // a picture comes from no layer
            row.own.add(exact, quantized);
            row.output = row.own;
            if (is_first && is_even) row.use = range_use(exact, quantizer.params(), spec);
            row.rmse_over_scale = is_even ? std::sqrt(row.own.mean_squared_error()) / quantizer.params().scale.item<double>() : std::numeric_limits<double>::quiet_NaN();
        }
    }

    SensitivityTable finish(const at::Tensor& labels) {
        SensitivityTable table;
        table.logits = at::cat(m_float).contiguous();
        const ClassificationResult exact = scored(table.logits, labels);
        table.loss = exact.loss;
        table.top1 = exact.top1;
        std::vector<at::Tensor> changes;
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            const at::Tensor logits = at::cat(m_logits[i]);
            const ClassificationResult result = scored(logits, labels);
            m_rows[i].loss_delta = result.loss - exact.loss;
            m_rows[i].top1_delta = result.top1 - exact.top1;
            m_rows[i].kl = softmax_kl(table.logits, logits);
            changes.push_back(logits - table.logits);
        }
        if (!changes.empty()) table.perturbations = at::stack(changes);
        table.rows = std::move(m_rows);
        for (const auto& [bits, tap] : m_taps) tap->set_mode(QuantMode::quantize);
        return table;
    }

    const PartRunner& m_runner;
    const TapsByBits& m_taps;
    const at::Tensor m_pictures;
    const std::function<void()>& m_tick;
    const std::vector<int> m_starts;
    std::vector<Target> m_targets;
    std::vector<SensitivityRow> m_rows;
    std::vector<std::vector<at::Tensor>> m_logits;       // by row, of each batch
    std::vector<at::Tensor> m_float;
    NodeValues m_values;                                 // of the batch, in float
};

}

SensitivityTable measure_sensitivity(const PartRunner& runner, const TapsByBits& taps, const at::Tensor& pictures, const at::Tensor& labels, bool values, const std::function<void()>& tick,
    const std::function<void(const SensitivityRow&, std::int64_t, std::int64_t)>& done) {
    const c10::NoGradGuard no_gradients;
    return Measurement(runner, taps, pictures, values, tick)(labels, done);
}

}
