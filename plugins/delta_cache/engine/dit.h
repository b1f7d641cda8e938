#pragma once
// DiT, the diffusion transformer of Peebles and Xie (facebookresearch/DiT, models.py). Parameters carry the keys of the official checkpoints.
#include "core/nn/attention.h"
#include "core/nn/layers.h"
#include "core/nn/network.h"
#include "plugins/delta_cache/engine/cache_policy.h"
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::delta_cache {

struct DitConfig {
    int input_size = 32, patch = 2, in_channels = 4;
    int hidden = 1152, depth = 28, heads = 16;
    double mlp_ratio = 4;
    int num_classes = 1000;            ///< the label table has one row more: the null class, where class_dropout > 0
    bool learn_sigma = true;
    double class_dropout = 0.1;
    int freq_shift = 0;                ///< time frequencies exp(-ln(1e4) i / (128 - shift)): 0 official, 1 diffusers
    double norm2_eps = 1e-6;           ///< of the second norm of a block: 1e-6 official, 1e-5 diffusers

    int grid() const { return input_size / patch; }
    int tokens() const { return grid() * grid(); }
    int head_size() const { return hidden / heads; }
    int mlp_hidden() const { return int(std::lround(hidden * mlp_ratio)); }
    int out_channels() const { return learn_sigma ? 2 * in_channels : in_channels; }
    int label_rows() const { return num_classes + (class_dropout > 0 ? 1 : 0); }
    int null_class() const { return num_classes; }
};
Json to_json(const DitConfig& config);
DitConfig dit_config_from(const Json& json);             ///< missing members keep their default; throws Error(invalid_value)
/// "S/2" … "XL/8" for latents of 32 x 32 with 1000 classes. Throws Error(unknown_name).
DitConfig dit_size(std::string_view name);

/// adaLN modulation of every block and of the final layer for one conditioning: it depends on (t, y) only, so it is made once, outside the block loop.
struct DitModulation {
    at::Tensor blocks;       ///< [L, B, 6D]: shift1, scale1, gate1, shift2, scale2, gate2
    at::Tensor final_layer;  ///< [B, 2D]: shift, scale
};

class DitBlock : public Module {
public:
    DitBlock(const DitConfig& config, const AddLayer& add_layer, int index);
    at::Tensor forward(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps);   ///< h [B, N, D] is not written; modulation [B, 6D]
private:
    at::Tensor compute(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps);
    at::Tensor mlp(const at::Tensor& x, TapStack* taps);
    at::Tensor normed(const at::Tensor& h, const at::Tensor& shift, const at::Tensor& scale, double eps, int layer, TapStack* taps);
    bool looked_into(const TapStack* taps) const;
    int m_id, m_norm1_id, m_attn_id;       // in the order of execution, as all ids below
    Linear m_qkv;
    AttentionCore m_core;
    Linear m_proj;
    int m_norm2_id, m_mlp_id;
    Linear m_fc1;
    int m_act_id;
    Linear m_fc2, m_modulation;
    int m_last_id, m_heads;
    double m_norm2_eps;
    at::ScalarType m_training_type = at::kFloat;
    friend class Dit;
};

class Dit : public Network {
public:
    explicit Dit(const DitConfig& config);               ///< parameters uninitialised, except pos_embed
    const DitConfig& dit_config() const { return m_dit; }
    /// The type of products and activations inside blocks in training: float, or bfloat16 (parameters, residual and gradients of parameters stay float).
    void set_training_type(at::ScalarType type);
    /// The official initialisation: xavier linears, normal(0.02) embedders, zero adaLN and zero final layer.
    void initialize(std::uint64_t seed);

    // --- the parts, in order
    at::Tensor embed(const at::Tensor& x, TapStack* taps = nullptr);                              ///< [B, C, S, S] -> h0 [B, N, D]
    at::Tensor time_features(const at::Tensor& t) const;                                          ///< [B] -> [B, 256], cosines first; t may be fractional
    at::Tensor embed_time(const at::Tensor& t, TapStack* taps = nullptr);                         ///< te [B, D]
    at::Tensor embed_label(const at::Tensor& y, TapStack* taps = nullptr);                        ///< ye [B, D]
    at::Tensor condition(const at::Tensor& t, const at::Tensor& y, TapStack* taps = nullptr);     ///< c = te + ye, [B, D]
    DitModulation modulate(const at::Tensor& c, TapStack* taps = nullptr);
    at::Tensor block(int index, const at::Tensor& h, const at::Tensor& modulation, TapStack* taps = nullptr);   ///< modulation: [B, 6D]
    at::Tensor final_tokens(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps = nullptr);       ///< -> [B, N, p p Cout]
    at::Tensor final_layer(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps = nullptr);        ///< -> [B, Cout, S, S]
    at::Tensor unpatchify(const at::Tensor& tokens) const;

    /// Patch embedding, block loop under `policy` (null: every block), final layer. `cond` may be empty without a policy.
    at::Tensor run(const at::Tensor& x, const DitModulation& modulation, TapStack* taps, CachePolicy* policy = nullptr, int step = 0, double t = 0, const Cond& cond = {});

    /// inputs {x, t, y}
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    /// The second half of x is ignored and replaced by the first (official behaviour); y = [classes, null classes].
    /// `guided_channels`: 3 official, 4 diffusers (at most in_channels are guided).
    at::Tensor forward_with_cfg(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, double scale, int guided_channels = 3, TapStack* taps = nullptr);


    at::Tensor pos_embed;                                ///< [1, N, D]
    std::vector<std::string> class_names;                ///< empty where the checkpoint names none
private:
    DitConfig m_dit;
    PatchEmbed m_proj;
    Linear m_t0, m_t2;
    at::Tensor m_label_table;                            // [classes and null, D]
    int m_label_id;
    std::vector<std::unique_ptr<DitBlock>> m_blocks;
    int m_final_norm_id;
    Linear m_final_linear, m_final_modulation;
    at::Tensor m_frequencies;
};

/// Modulations of a whole sampling run, a chunk of steps in one product each (at most 64 MiB of them at a time).
class DitSchedule {
public:
    DitSchedule(Dit& dit, std::vector<double> timesteps, at::Tensor y);
    const DitModulation& at(int step);                   ///< borrowed until the next call
    const at::Tensor& labels() const { return m_y; }
private:
    Dit& m_dit;
    std::vector<double> m_timesteps;
    at::Tensor m_y;
    int m_first = 0, m_count = 0, m_chunk = 1;
    DitModulation m_made, m_current;
};

/// e = u + s (c - u) on the first `guided_channels` channels, written into both halves; the other channels keep their own values.
at::Tensor guide(const at::Tensor& output, double scale, int guided_channels);

/// Fixed sine-cosine positions of a grid x grid square, [1, grid^2, hidden]: column first, then row.
at::Tensor sincos_positions(int grid, int hidden);

}
