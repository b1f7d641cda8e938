#include "plugins/delta_cache/engine/dit.h"
#include "core/base/error.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>

namespace lathe::delta_cache {
namespace {

constexpr int kTimeFeatures = 256;

std::string shape_text(const at::Tensor& t) {
    std::string text = "[";
    for (std::int64_t i = 0; i < t.dim(); ++i) text += (i ? ", " : "") + std::to_string(t.size(i));
    return text + "]";
}

std::vector<std::unique_ptr<DitBlock>> make_blocks(const DitConfig& config, const AddLayer& add_layer) {
    std::vector<std::unique_ptr<DitBlock>> blocks;
    for (int i = 0; i < config.depth; ++i) blocks.push_back(std::make_unique<DitBlock>(config, add_layer, i));
    return blocks;
}

void need(bool ok, const char* what, const at::Tensor& t, const std::string& hint) {
    if (!ok) throw Error(ErrorCode::invalid_value, what, shape_text(t), hint);
}

}

at::Tensor sincos_positions(int grid, int hidden) {
    const at::Tensor place = at::arange(grid, at::kDouble), k = at::arange(hidden / 4, at::kDouble);
    const at::Tensor angle = at::outer(place, at::pow(10000.0, -k / (hidden / 4.0)));
    const at::Tensor line = at::cat({angle.sin(), angle.cos()}, 1);                                         // [grid, D / 2]
    const at::Tensor by_col = line.unsqueeze(0).expand({grid, grid, -1}), by_row = line.unsqueeze(1).expand({grid, grid, -1});
    return at::cat({by_col, by_row}, 2).reshape({1, std::int64_t{grid} * grid, -1}).to(at::kFloat);          // column first, then row
}

at::Tensor guide(const at::Tensor& output, double scale, int guided_channels) {
    need(output.size(0) % 2 == 0, "Guidance needs an even batch: conditional half, then unconditional half.", output, "Give every sample twice.");
    const std::int64_t half = output.size(0) / 2, channels = std::min<std::int64_t>(guided_channels, output.size(1));
    const at::Tensor conditional = output.narrow(0, 0, half).narrow(1, 0, channels), unconditional = output.narrow(0, half, half).narrow(1, 0, channels);
    const at::Tensor guided = unconditional + scale * (conditional - unconditional);
    at::Tensor result = output.clone();
    result.narrow(0, 0, half).narrow(1, 0, channels).copy_(guided);
    result.narrow(0, half, half).narrow(1, 0, channels).copy_(guided);
    return result;
}

Dit::Dit(const DitConfig& c)
    : m_dit(c), m_proj(c.in_channels, c.hidden, c.patch, layer_adder(), "x_embedder.proj"), m_t0(kTimeFeatures, c.hidden, layer_adder(), "t_embedder.mlp.0"),
      m_t2(c.hidden, c.hidden, layer_adder(), "t_embedder.mlp.2"), m_label_table(at::empty({c.label_rows(), c.hidden})),
      m_label_id(add_layer("y_embedder.embedding_table", "Embedding", "linear")), m_blocks(make_blocks(c, layer_adder())),
      m_final_norm_id(add_layer("final_layer.norm_final", "LayerNorm", "norm")),
      m_final_linear(c.hidden, c.patch * c.patch * c.out_channels(), layer_adder(), "final_layer.linear"),
      m_final_modulation(c.hidden, 2 * c.hidden, layer_adder(), "final_layer.adaLN_modulation.1") {
    m_config = to_json(c);
    pos_embed = sincos_positions(c.grid(), c.hidden);
    own("pos_embed", pos_embed);
    own("x_embedder.proj", m_proj);
    own("t_embedder.mlp.0", m_t0);
    own("t_embedder.mlp.2", m_t2);
    own("y_embedder.embedding_table.weight", m_label_table);
    for (int i = 0; i < c.depth; ++i) own("blocks." + std::to_string(i), *m_blocks[static_cast<std::size_t>(i)]);
    own("final_layer.linear", m_final_linear);
    own("final_layer.adaLN_modulation.1", m_final_modulation);
    const int half = kTimeFeatures / 2;
    m_frequencies = at::exp(-std::log(10000.0) * at::arange(half, at::kFloat) / double(half - c.freq_shift));
}

void Dit::set_training_type(at::ScalarType type) {
    for (auto& block : m_blocks) block->m_training_type = type;
}

void Dit::initialize(std::uint64_t seed) {
    const c10::NoGradGuard no_grad;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    visit("", [&](const std::string& key, at::Tensor& tensor) {
        const auto has = [&key](const char* part) { return key.find(part) != std::string::npos; };
        if (key == "pos_embed") return;
        if (has("bias") || has("adaLN_modulation") || has("final_layer.linear")) tensor.zero_();
        else if (has("t_embedder") || has("y_embedder")) tensor.normal_(0, 0.02, generator);
        else {
            const double fan = double(tensor.flatten(1).size(0) + tensor.flatten(1).size(1)), bound = std::sqrt(6 / fan);
            tensor.uniform_(-bound, bound, generator);
        }
    });
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor Dit::embed(const at::Tensor& x, TapStack* taps) {
    need(x.dim() == 4 && x.size(1) == m_dit.in_channels && x.size(2) == m_dit.input_size && x.size(3) == m_dit.input_size, "The picture does not fit this DiT.", x,
        "It takes [batch, " + std::to_string(m_dit.in_channels) + ", " + std::to_string(m_dit.input_size) + ", " + std::to_string(m_dit.input_size) + "].");
    return m_proj.forward(x, taps) + pos_embed;
}

at::Tensor Dit::time_features(const at::Tensor& t) const {
    const at::Tensor angle = t.to(at::kFloat).unsqueeze(1) * m_frequencies.to(t.device()).unsqueeze(0);
    return at::cat({angle.cos(), angle.sin()}, 1);
}

at::Tensor Dit::embed_time(const at::Tensor& t, TapStack* taps) { return m_t2.forward(at::silu(m_t0.forward(time_features(t), taps)), taps); }

at::Tensor Dit::embed_label(const at::Tensor& y, TapStack* taps) {
    need(y.dim() == 1 && y.scalar_type() == at::kLong && (y.numel() == 0 || (y.min().item<std::int64_t>() >= 0 && y.max().item<std::int64_t>() < m_dit.label_rows())),
        "The classes do not fit this DiT.", y, "They must be int64, 0 to " + std::to_string(m_dit.label_rows() - 1) + ".");
    return at_point(taps, m_label_id, y, [&](const at::Tensor& labels) { return at::embedding(m_label_table, labels); });
}

at::Tensor Dit::condition(const at::Tensor& t, const at::Tensor& y, TapStack* taps) { return embed_time(t, taps) + embed_label(y, taps); }

DitModulation Dit::modulate(const at::Tensor& c, TapStack* taps) {
    const at::Tensor active = at::silu(c);
    std::vector<at::Tensor> blocks;
    blocks.reserve(m_blocks.size());
    for (auto& block : m_blocks) blocks.push_back(block->m_modulation.forward(active, taps));
    return {at::stack(blocks), m_final_modulation.forward(active, taps)};
}

at::Tensor Dit::block(int index, const at::Tensor& h, const at::Tensor& modulation, TapStack* taps) {
    return m_blocks.at(static_cast<std::size_t>(index))->forward(h, modulation, taps);
}

at::Tensor Dit::final_tokens(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps) {
    const auto m = modulation.chunk(2, 1);
    const bool looked_at = taps && taps->wanted(m_final_norm_id);
    if (!looked_at && fused::usable(h) && !records_gradients(h) && !records_gradients(modulation)) {
        if (taps) taps->tick();
        return m_final_linear.forward(fused::modulated_norm(h, m[0], m[1], 1e-6), taps);
    }
    const at::Tensor n = at_point(taps, m_final_norm_id, h, [](const at::Tensor& x) { return at::layer_norm(x, {x.size(-1)}, {}, {}, 1e-6); });
    return m_final_linear.forward(n * (1 + m[1].unsqueeze(1)) + m[0].unsqueeze(1), taps);
}

at::Tensor Dit::unpatchify(const at::Tensor& tokens) const {
    const std::int64_t grid = m_dit.grid(), patch = m_dit.patch, channels = m_dit.out_channels();
    return tokens.view({tokens.size(0), grid, grid, patch, patch, channels}).permute({0, 5, 1, 3, 2, 4}).reshape({tokens.size(0), channels, grid * patch, grid * patch});
}

at::Tensor Dit::final_layer(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps) { return unpatchify(final_tokens(h, modulation, taps)); }

at::Tensor Dit::run(const at::Tensor& x, const DitModulation& modulation, TapStack* taps, CachePolicy* policy, int step, double t, const Cond& cond) {
    at::Tensor h = embed(x, taps);
    const auto modulations = modulation.blocks.unbind(0);
    const int depth = m_dit.depth;
    if (!policy) {
        for (int i = 0; i < depth; ++i) h = block(i, h, modulations[static_cast<std::size_t>(i)], taps);
        return final_layer(h, modulation.final_layer, taps);
    }
    const StepPlan plan = policy->plan(step, t, h, cond);
    std::vector<at::Tensor> firsts(plan.keeps.size());        // h_first of every keep, borrowed: no block writes into its input
    const auto note = [&](int at) {
        for (std::size_t k = 0; k < plan.keeps.size(); ++k)
            if (plan.keeps[k].first == at) firsts[k] = h;
        for (std::size_t k = 0; k < plan.keeps.size(); ++k)
            if (plan.keeps[k].end == at) policy->keep(step, plan.keeps[k], firsts[k], h);
    };
    std::size_t next = 0;
    note(0);
    for (int i = 0; i < depth;) {
        if (next < plan.skips.size() && plan.skips[next].first == plan.skips[next].end) {
            ++next;
            continue;
        }
        if (next < plan.skips.size() && plan.skips[next].first == i) {
            const BlockSkip& skip = plan.skips[next++];
            if (skip.end > depth || !skip.value.defined() || skip.value.sizes() != h.sizes())
                throw Error(ErrorCode::invalid_value, "A cached value does not fit the tokens of this step.", "blocks " + std::to_string(skip.first) + " to " + std::to_string(skip.end),
                    "The picture size or the batch has changed: reset the cache policy before a run.");
            h = skip.absolute ? skip.value : h + skip.value;
            i = skip.end;
        } else {
            h = block(i, h, modulations[static_cast<std::size_t>(i)], taps);
            ++i;
        }
        note(i);
    }
    return final_layer(h, modulation.final_layer, taps);
}

at::Tensor Dit::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    if (inputs.size() != 3) throw Error(ErrorCode::invalid_value, "A DiT needs three inputs: picture, time and class.", std::to_string(inputs.size()) + " given");
    return run(inputs[0], modulate(condition(inputs[1], inputs[2], taps), taps), taps);
}

at::Tensor Dit::forward_with_cfg(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, double scale, int guided_channels, TapStack* taps) {
    const at::Tensor half = x.narrow(0, 0, x.size(0) / 2);
    return guide(forward({at::cat({half, half}), t, y}, taps), scale, std::min(guided_channels, m_dit.in_channels));
}

DitSchedule::DitSchedule(Dit& dit, std::vector<double> timesteps, at::Tensor y) : m_dit(dit), m_timesteps(std::move(timesteps)), m_y(std::move(y)) {
    const std::int64_t step_bytes = std::max<std::int64_t>(1, m_y.size(0) * dit.dit_config().hidden * (6 * dit.dit_config().depth + 2) * 4);
    m_chunk = int(std::clamp<std::int64_t>((std::int64_t{64} << 20) / step_bytes, 1, std::max<std::int64_t>(1, std::int64_t(m_timesteps.size()))));
}

const DitModulation& DitSchedule::at(int step) {
    const std::int64_t items = m_y.size(0);
    if (step < m_first || step >= m_first + m_count) {
        m_first = step;
        m_count = std::min(m_chunk, int(m_timesteps.size()) - step);
        const at::Tensor t = at::tensor(std::vector<double>(m_timesteps.begin() + step, m_timesteps.begin() + step + m_count), at::kDouble).to(at::kFloat).to(m_y.device());
        // classes and times are embedded once each: c of every (step, item) is a sum of two rows
        const at::Tensor c = m_dit.embed_time(t).unsqueeze(1) + m_dit.embed_label(m_y).unsqueeze(0);
        m_made = m_dit.modulate(c.view({m_count * items, -1}));
        m_made.blocks = m_made.blocks.view({m_made.blocks.size(0), m_count, items, -1});
        m_made.final_layer = m_made.final_layer.view({m_count, items, -1});
    }
    const int at = step - m_first;
    m_current = {m_made.blocks.select(1, at), m_made.final_layer.select(0, at)};
    return m_current;
}

}
