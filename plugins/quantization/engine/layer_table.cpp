#include "plugins/quantization/engine/layer_table.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr double kBytesOfKilobyte = 1000;
constexpr int kBitsOfFloat = 32;

struct Histogram { double low = 0, high = 0; at::Tensor counts; };

Histogram histogram_of(const at::Tensor& values) {
    const auto [low, high] = at::aminmax(values);
    Histogram out{low.item<double>(), high.item<double>(), {}};
    if (out.high <= out.low) out.high = out.low + 1e-6 * std::max(1.0, std::abs(out.low));   // a constant has one bin
    out.counts = at::histc(values.flatten(), kHistogramBins, out.low, out.high);
    return out;
}

/// Real range that a quantiser keeps; of several channels the widest.
std::pair<double, double> clip_of(const Quantizer& quantizer) {
    const QuantParams& params = quantizer.params();
    const at::Tensor scale = params.scale.detach().to(at::kDouble), zero = params.zero_point.detach().to(at::kDouble);
    const QuantSpec& spec = quantizer.spec();
    return {((static_cast<double>(spec.quant_min) - zero) * scale).min().item<double>(), ((static_cast<double>(spec.quant_max) - zero) * scale).max().item<double>()};
}

double levels_of(const QuantSpec& spec) { return static_cast<double>(spec.quant_max - spec.quant_min + 1); }

std::string shape_text(const at::Tensor& weight) {
    std::string out;
    for (const std::int64_t size : weight.sizes()) out += (out.empty() ? "" : "×") + std::to_string(size);
    return out;
}

std::string short_scheme(const QuantSpec& spec) { return std::string(spec.symmetric ? "symmetric" : "asymmetric") + (spec.per_channel ? ", per channel" : ", per tensor"); }

/// The node whose quantiser a node's input passes: seen through layers that keep the grid.
const Placed* input_place(const QuantPlan& plan, QuantTap& tap, const GraphNode& node) {
    if (node.inputs.empty()) return nullptr;
    const Quantizer* quantizer = tap.behind(node.inputs.front());
    const auto found = std::ranges::find_if(plan.activations, [&](const Placed& placed) { return tap.find(placed.name) == quantizer; });
    return quantizer && found != plan.activations.end() ? &*found : nullptr;
}

/// Cells in the order of the columns, filled by name.
class Row {
public:
    explicit Row(const std::vector<std::string>& columns) : m_columns(columns), cells(columns.size()) {}
    void set(std::string_view column, Json value) { cells[static_cast<std::size_t>(std::ranges::find(m_columns, column) - m_columns.begin())] = std::move(value); }
private:
    const std::vector<std::string>& m_columns;
public:
    std::vector<Json> cells;
};

const std::vector<std::string>& layer_columns() {
    static const std::vector<std::string> columns{"node", "layer", "type", "shape", "weight bits", "activation bits", "input", "weights", "kB", "macs", "SQNR dB", "RMSE / s", "clipped", "codes used", "input clipped", "input codes used",
        "w low", "w high", "clip low", "clip high", "in low", "in high", "in clip low", "in clip high", "weight scheme", "input scheme"};
    return columns;
}

}

int traced_node(const GraphNode& node, const PartRunner& runner) { return node.last_layer() >= 0 ? runner.position(node.last_layer()) : runner.graph().find(node.name); }

std::set<int> read_nodes(const QuantPlan& plan, const PartRunner& runner) {
    std::set<int> out;
    for (const GraphNode& node : plan.graph.nodes)
        if (node.has_weight() && !node.inputs.empty())
            if (const int from = traced_node(plan.graph.nodes[static_cast<std::size_t>(node.inputs.front())], runner); from >= 0) out.insert(from);
    return out;
}

void give_layers(RunContext& run, const CachedModel& model, QuantTap& tap, const PartRunner& runner, const NodeValues* values) {
    const QuantPlan& plan = tap.plan();
    std::vector<std::vector<Json>> rows;
    std::vector<at::Tensor> weight_counts, input_counts;
    std::set<int> seen;
    for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
        const GraphNode& node = plan.graph.nodes[i];
        const at::Tensor weight = node.has_weight() ? tap.folded(node).weight.detach() : at::Tensor();
        if (!weight.defined() || !seen.insert(node.layer).second) continue;
        const Placed* own = place_at(plan.weights, static_cast<int>(i));
        const Placed* input = input_place(plan, tap, node);
        const int bits = own ? own->spec.bits : kBitsOfFloat;
        Row row(layer_columns());
        row.set("node", node.name);
        row.set("layer", model.network->layers()[static_cast<std::size_t>(node.layer)].name);
        row.set("type", node.type);
        row.set("shape", shape_text(weight));
        if (own) row.set("weight bits", bits);
        if (input) row.set("activation bits", input->spec.bits);
        if (!node.inputs.empty()) row.set("input", plan.graph.nodes[static_cast<std::size_t>(input ? input->node : node.inputs.front())].name);
        row.set("weights", weight.numel());
        row.set("kB", static_cast<double>(weight.numel()) * bits / 8 / kBytesOfKilobyte);
        row.set("macs", node.macs);
        if (own) row.set("weight scheme", short_scheme(own->spec));
        if (input) row.set("input scheme", short_scheme(input->spec));
        const Histogram of_weight = histogram_of(weight);
        weight_counts.push_back(of_weight.counts);
        row.set("w low", of_weight.low);
        row.set("w high", of_weight.high);
        if (own && values) {
            Quantizer& quantizer = *tap.find(own->name);
            const at::Tensor on_grid = quantizer.deployed(weight);
            row.set("SQNR dB", number_json(sqnr_db(weight, on_grid)));
            if (own->spec.has_even_steps()) {
                const RangeUse use = range_use(weight, quantizer.params(), own->spec);
                const auto [low, high] = clip_of(quantizer);
                row.set("RMSE / s", rmse_over_scale(weight, on_grid, quantizer.params(), own->spec));
                row.set("clipped", use.clipped);
                row.set("codes used", use.codes * levels_of(own->spec));
                row.set("clip low", low);
                row.set("clip high", high);
            }
        }
        const int from = node.inputs.empty() ? -1 : traced_node(plan.graph.nodes[static_cast<std::size_t>(node.inputs.front())], runner);
        const bool is_seen = values && values->contains(from);
        at::Tensor counts = at::zeros({kHistogramBins});
        if (is_seen) {
            const at::Tensor& value = values->at(from);
            const Histogram of_input = histogram_of(value);
            counts = of_input.counts;
            row.set("in low", of_input.low);
            row.set("in high", of_input.high);
            if (input && input->spec.has_even_steps()) {
                const Quantizer& quantizer = *tap.find(input->name);
                const RangeUse use = range_use(value, quantizer.params(), input->spec);
                const auto [low, high] = clip_of(quantizer);
                row.set("input clipped", use.clipped);
                row.set("input codes used", use.codes * levels_of(input->spec));
                row.set("in clip low", low);
                row.set("in clip high", high);
            }
        }
        input_counts.push_back(counts);
        rows.push_back(std::move(row.cells));
    }
    run.table("layers", layer_columns(), rows);
    if (rows.empty()) return;
    run.tensor("weight_histograms", 0, at::stack(weight_counts).to(at::kFloat));
    if (values) run.tensor("input_histograms", 0, at::stack(input_counts).to(at::kFloat));
}

}
