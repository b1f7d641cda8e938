#include "plugins/delta_cache/engine/dit_family.h"
#include "core/base/error.h"
#include "plugins/delta_cache/engine/dit.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <array>
#include <cmath>

namespace lathe::delta_cache {
namespace {

/// Where the weights lie in the file: the official train script keeps the moving average under "ema", and that is the model to use.
constexpr std::array<std::string_view, 7> kPrefixes{"", "ema.", "model.", "ema.module.", "model.module.", "module.", "state_dict."};

enum class Layout { none, official, diffusers };

struct Found {
    Layout layout = Layout::none;
    std::string prefix, why;
    DitConfig config;
    std::vector<std::string> class_names;
};

std::string shape_text(const TensorEntry& entry) {
    std::string text = entry.name + " [";
    for (std::size_t i = 0; i < entry.shape.size(); ++i) text += (i ? ", " : "") + std::to_string(entry.shape[i]);
    return text + "]";
}

/// Of `rank` dimensions, else null.
const TensorEntry* entry_of(const TensorIndex& file, const std::string& name, std::size_t rank) {
    const TensorEntry* entry = file.find(name);
    return entry && entry->shape.size() == rank ? entry : nullptr;
}

int count_blocks(const TensorIndex& file, const std::string& before, const std::string& after) {
    int count = 0;
    while (count < 4096 && file.find(before + std::to_string(count) + after)) ++count;
    return count;
}

Json described(const TensorIndex& file) {
    for (const char* key : {"lathe.config", "config"})
        if (const auto it = file.metadata().find(key); it != file.metadata().end()) {
            Json json = parse_json(it->second, file.path().string() + ", metadata " + key);
            if (json.is_object()) return json;
        }
    return Json::object();
}

/// What neither shapes nor metadata tell: the head count of the published sizes, else 64 values a head.
int usual_heads(int hidden) {
    constexpr std::array<std::pair<int, int>, 4> published{{{384, 6}, {768, 12}, {1024, 16}, {1152, 16}}};
    for (const auto& [width, heads] : published)
        if (width == hidden) return heads;
    return hidden % 64 == 0 ? hidden / 64 : 1;
}

/// The sizes that the shapes give; the rest from the options, the metadata and the published networks, in this order.
DitConfig config_of(const TensorIndex& file, const Found& found, const Json& options) {
    const bool official = found.layout == Layout::official;
    const std::string& p = found.prefix;
    const TensorEntry* patch = entry_of(file, p + (official ? "x_embedder.proj.weight" : "pos_embed.proj.weight"), 4);
    const TensorEntry* labels = entry_of(file, p + (official ? "y_embedder.embedding_table.weight" : "transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight"), 2);
    const TensorEntry* fc1 = entry_of(file, p + (official ? "blocks.0.mlp.fc1.weight" : "transformer_blocks.0.ff.net.0.proj.weight"), 2);
    const TensorEntry* last = entry_of(file, p + (official ? "final_layer.linear.weight" : "proj_out_2.weight"), 2);
    const TensorEntry* position = entry_of(file, p + "pos_embed", 3);
    if (!patch || !labels || !fc1 || !last)
        throw Error(ErrorCode::wrong_format, "This DiT checkpoint lacks a tensor that tells the size of the network.", file.path().string(), "The patch embedding, the label table, the first mlp.fc1 and the final linear are needed.");
    const auto inside = [&](std::int64_t value) {
        if (value < 1 || value > 1'000'000) throw Error(ErrorCode::wrong_format, "A tensor of this checkpoint has an impossible size.", file.path().string() + ", " + std::to_string(value));
        return int(value);
    };
    Json json = described(file);
    for (const auto& [key, value] : options.items()) json[key] = value;
    json.erase("depth");
    DitConfig c;
    c.hidden = inside(patch->shape[0]);
    c.in_channels = inside(patch->shape[1]);
    c.patch = inside(patch->shape[2]);
    c.depth = count_blocks(file, p + (official ? "blocks." : "transformer_blocks."), official ? ".adaLN_modulation.1.weight" : ".norm1.linear.weight");
    c.mlp_ratio = double(inside(fc1->shape[0])) / c.hidden;
    c.heads = json.contains("num_heads") ? dit_config_from({{"hidden_size", c.hidden}, {"num_heads", json.at("num_heads")}}).heads : usual_heads(c.hidden);
    c.learn_sigma = last->shape[0] == 2 * c.patch * c.patch * c.in_channels;
    if (!official) {
        c.freq_shift = 1;
        c.norm2_eps = 1e-5;
    }
    Json sizes = to_json(c);
    for (const char* key : {"class_dropout_prob", "freq_shift", "norm2_eps"})
        if (json.contains(key)) sizes[key] = json.at(key);
    sizes["input_size"] = position ? Json(std::int64_t(std::llround(std::sqrt(double(position->shape[1])))) * c.patch) : json.value("input_size", Json(c.patch * 16));
    sizes["num_classes"] = inside(labels->shape[0]) - (dit_config_from({{"class_dropout_prob", sizes.at("class_dropout_prob")}}).class_dropout > 0 ? 1 : 0);
    return dit_config_from(sizes);
}

std::vector<std::string> class_names(const TensorIndex& file, const Json& options, int count) {
    const Json json = options.contains("classes") ? options.at("classes") : described(file).value("classes", Json::array());
    std::vector<std::string> names;
    if (json.is_array() && json.size() == std::size_t(count))
        for (const auto& name : json) names.push_back(name.is_string() ? name.get<std::string>() : name.dump());
    return names;
}

Found find(const TensorIndex& file) {
    Found found;
    for (const auto prefix : kPrefixes) {
        const std::string p(prefix);
        const TensorEntry* patch = entry_of(file, p + "x_embedder.proj.weight", 4);
        const TensorEntry* other = entry_of(file, p + "pos_embed.proj.weight", 4);
        if (patch && entry_of(file, p + "y_embedder.embedding_table.weight", 2)) {
            const TensorEntry* modulation = entry_of(file, p + "blocks.0.adaLN_modulation.1.weight", 2);
            if (modulation && modulation->shape[0] == 6 * patch->shape[0]) found.layout = Layout::official;
            else found.why = modulation ? "adaLN of another width: " + shape_text(*modulation) + "." : "it has no blocks.0.adaLN_modulation.1.weight.";
        } else if (other && entry_of(file, p + "transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight", 2) && entry_of(file, p + "proj_out_2.weight", 2)) {
            found.layout = Layout::diffusers;
        }
        if (found.layout != Layout::none) {
            found.prefix = p;
            return found;
        }
    }
    if (found.why.empty()) found.why = "it has no x_embedder.proj.weight with y_embedder.embedding_table.weight (official) and no pos_embed.proj.weight with a class embedder in its blocks (diffusers).";
    return found;
}

/// The tensor of `key` (official) in a file of the diffusers layout; undefined where it is missing.
at::Tensor from_diffusers(const TensorIndex& file, const std::string& prefix, const std::string& key) {
    const auto get = [&](const std::string& name) { return file.find(prefix + name) ? file.get(prefix + name) : at::Tensor(); };
    const auto last = key.rfind('.');
    const std::string kind = key.substr(last);   // ".weight" or ".bias"
    if (key.starts_with("x_embedder.proj")) return get("pos_embed.proj" + kind);
    if (key.starts_with("t_embedder.mlp.")) return get("transformer_blocks.0.norm1.emb.timestep_embedder.linear_" + std::string(key[15] == '0' ? "1" : "2") + kind);
    if (key.starts_with("y_embedder")) return get("transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight");
    if (key.starts_with("final_layer.linear")) return get("proj_out_2" + kind);
    if (key.starts_with("final_layer.adaLN")) return get("proj_out_1" + kind);
    const auto dot = key.find('.', 7);           // blocks.N.
    const std::string block = "transformer_blocks." + key.substr(7, dot - 7) + ".", part = key.substr(dot + 1, last - dot - 1);
    if (part == "attn.qkv") {
        std::vector<at::Tensor> three;
        for (const char* name : {"attn1.to_q", "attn1.to_k", "attn1.to_v"}) {
            three.push_back(get(block + name + kind));
            if (!three.back().defined()) return {};
        }
        return at::cat(three);
    }
    if (part == "attn.proj") return get(block + "attn1.to_out.0" + kind);
    if (part == "mlp.fc1") return get(block + "ff.net.0.proj" + kind);
    if (part == "mlp.fc2") return get(block + "ff.net.2" + kind);
    return get(block + "norm1.linear" + kind);
}

class DitFamily : public ModelFamily {
public:
    std::string id() const override { return "dit"; }
    std::string title() const override { return "DiT"; }
    std::vector<std::string> key_layouts() const override { return {"official", "diffusers"}; }

    Recognition recognise(const TensorIndex& file) const override {
        Recognition r;
        const Found found = find(file);
        r.why = found.why;
        if (found.layout == Layout::none) return r;
        try {
            r.config = to_json(config_of(file, found, Json::object()));
        } catch (const Error& e) {
            r.why = e.what();
            return r;
        }
        r.confidence = 1;
        r.layout = found.layout == Layout::official ? "official" : "diffusers";
        return r;
    }

    std::shared_ptr<Network> load(const TensorIndex& file, const Json& options) const override {
        const Found found = find(file);
        if (found.layout == Layout::none) throw Error(ErrorCode::wrong_format, "This is not a DiT checkpoint: " + found.why, file.path().string(), "Choose a file of the official DiT or of diffusers.");
        const DitConfig config = config_of(file, found, options);
        auto dit = std::make_shared<Dit>(config);
        dit->class_names = class_names(file, options, config.num_classes);
        const bool official = found.layout == Layout::official;
        std::vector<std::string> available;
        if (official)
            for (const auto& entry : file.entries())
                if (entry.name.starts_with(found.prefix)) available.push_back(entry.name.substr(found.prefix.size()));
        const at::Tensor positions = dit->pos_embed;
        try {
            dit->load(
                [&](const std::string& key) {
                    if (key == "pos_embed" && !file.find(found.prefix + key)) return positions;   // fixed, so it may be left out
                    if (!official) return key == "pos_embed" ? positions : from_diffusers(file, found.prefix, key);
                    return file.find(found.prefix + key) ? file.get(found.prefix + key) : at::Tensor();
                },
                available, official);
        } catch (const Error& e) {
            throw Error(e.code(), e.summary(), file.path().string() + ": " + e.where(), e.hint());
        }
        dit->prepare_inference();
        return dit;
    }

    std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const override {
        auto dit = std::make_shared<Dit>(config.is_string() ? dit_size(config.get<std::string>()) : dit_config_from(config));
        dit->initialize(seed);
        auto random = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
        // the official start makes every block a no-op; random gates make all of them count, as in a trained network
        dit->visit("", [&random](const std::string& key, at::Tensor& tensor) {
            if (key.find("adaLN") != key.npos || key.starts_with("final_layer")) tensor.normal_(0, 0.02, random);
        });
        dit->prepare_inference();
        return dit;
    }

    Json facts(const Network& network) const override {
        const auto& dit = dynamic_cast<const Dit&>(network);
        const DitConfig& c = dit.dit_config();
        Json classes = Json::array();
        for (int i = 0; i < c.num_classes && c.num_classes <= 10'000; ++i) classes.push_back(dit.class_names.empty() ? std::to_string(i) : dit.class_names[std::size_t(i)]);
        return {{"depth", c.depth}, {"tokens", c.tokens()}, {"grid", c.grid()}, {"hidden", c.hidden}, {"heads", c.heads}, {"patch", c.patch}, {"channels", c.in_channels},
            {"input_size", c.input_size}, {"num_classes", c.num_classes}, {"classes", classes}, {"learn_sigma", c.learn_sigma}, {"guidance", c.class_dropout > 0},
            {"parameters", const_cast<Dit&>(dit).parameter_count()}, {"config", to_json(c)}};
    }

    std::vector<at::Tensor> example(const Network& network, std::int64_t batch, std::uint64_t seed) const override {
        const DitConfig& c = dynamic_cast<const Dit&>(network).dit_config();
        auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
        return {at::randn({batch, c.in_channels, c.input_size, c.input_size}, random), at::rand({batch}, random) * 999, at::randint(0, c.num_classes, {batch}, random, at::kLong)};
    }
};

}

std::unique_ptr<ModelFamily> make_dit_family() { return std::make_unique<DitFamily>(); }

}
