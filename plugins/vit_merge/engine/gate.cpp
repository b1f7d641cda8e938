#include "plugins/vit_merge/engine/gate.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include "core/nn/layers.h"
#include "core/nn/model_family.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::vit_merge {
namespace {

/// Convolution, batch norm and ReLU6 or nothing. `same`: padded as TensorFlow does it, one more below and to the right where the sum is odd; else by kernel / 2.
class GateUnit : public Module {
public:
    struct Keys { const char *conv, *norm; };
    GateUnit(ConvShape shape, bool relu, bool same, double eps, Keys keys, const AddLayer& add, const std::string& name)
        : m_same(same), m_shape(shape), m_conv(without_padding(shape, same), add, name + "." + keys.conv), m_norm(shape.out, add, name + "." + keys.norm, -1, eps),
          m_act_id(relu ? add(name + ".act", "ReLU6", "act", -1) : -1) {
        own(keys.conv, m_conv);
        own(keys.norm, m_norm);
    }
    at::Tensor forward(const at::Tensor& x, TapStack* taps) {
        const at::Tensor y = m_norm.forward(m_conv.forward(m_same ? padded_as_tensorflow(x) : x, taps), taps);
        return m_act_id < 0 ? y : at_point(taps, m_act_id, y, [](const at::Tensor& in) { return at::clamp(in, 0, 6); });
    }
private:
    static ConvShape without_padding(ConvShape shape, bool same) {
        shape.padding = same ? 0 : shape.kernel / 2;
        return shape;
    }
    at::Tensor padded_as_tensorflow(const at::Tensor& x) const {
        const auto along = [&](std::int64_t size) { return std::max<std::int64_t>(0, m_shape.kernel - (size % m_shape.stride ? size % m_shape.stride : m_shape.stride)); };
        const std::int64_t down = along(x.size(2)), right = along(x.size(3));
        return down + right ? at::constant_pad_nd(x, {right / 2, right - right / 2, down / 2, down - down / 2}) : x;
    }
    bool m_same;
    ConvShape m_shape;
    Conv2d m_conv;
    BatchNorm2d m_norm;
    int m_act_id;
};

void need_gate_images(const at::Tensor& images, std::int64_t channels) {
    if (images.dim() != 4 || images.size(1) != channels || !images.is_floating_point() || images.size(2) < 1 || images.size(3) < 1)
        throw Error(ErrorCode::invalid_value, "The pictures do not fit this gate.", std::to_string(images.dim()) + " dimensions",
            "It takes [batch, " + std::to_string(channels) + ", height, width] of floating numbers.");
}

void initialize_gate(Network& gate, std::uint64_t seed) {
    const c10::NoGradGuard no_grad;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    gate.visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
        if (tensor.dim() == 4) tensor.normal_(0, std::sqrt(2.0 / double(tensor.size(0) * tensor.size(2) * tensor.size(3))), generator);   // He et al. 2015, by what goes out
        else if (tensor.dim() == 2) tensor.uniform_(-1 / std::sqrt(double(tensor.size(1))), 1 / std::sqrt(double(tensor.size(1))), generator);
        else tensor.fill_(key.ends_with("weight") ? 1 : 0);
    });
}

class AnyGate : public Gate {
public:
    std::int64_t models() const override { return m_models; }
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override {
        if (inputs.size() != 1) throw Error(ErrorCode::invalid_value, "A gate has one input: pictures.", std::to_string(inputs.size()) + " given");
        return m_classifier->forward(trunk(inputs.front(), taps).mean({2, 3}), taps);
    }
    at::Tensor features(const at::Tensor& images) override { return trunk(images, nullptr); }
protected:
    void keep_outputs(const std::vector<std::int64_t>& places) override {
        const c10::NoGradGuard no_grad;
        const at::Tensor rows = at::tensor(places, at::kLong);
        m_classifier->weight = m_classifier->weight.index_select(0, rows);
        m_classifier->bias = m_classifier->bias.index_select(0, rows);
        m_models = std::int64_t(places.size());
        m_config["models"] = m_models;
        prepare_inference();
    }
    AnyGate(std::int64_t models, std::int64_t channels, std::vector<std::string> names) : m_models(models), m_channels(channels) {
        if (models < 1 || models > 10'000 || channels < 1 || channels > 1024)
            throw Error(ErrorCode::invalid_value, "A gate tells 1 to 10000 models apart, from pictures of 1 to 1024 channels.", std::to_string(models) + " and " + std::to_string(channels));
        if (!names.empty() && names.size() != std::size_t(models))
            throw Error(ErrorCode::invalid_value, "A gate needs a name for each model.", std::to_string(names.size()) + " names for " + std::to_string(models));
        m_names = std::move(names);
    }
    virtual at::Tensor trunk(const at::Tensor& images, TapStack* taps) = 0;
    GateUnit& unit(const std::string& key, const ConvShape& shape, bool relu, bool same, double eps, GateUnit::Keys keys) {
        m_units.push_back(std::make_unique<GateUnit>(shape, relu, same, eps, keys, layer_adder(), key));
        own(key, *m_units.back());
        return *m_units.back();
    }
    void finish(std::int64_t width, const std::string& key) {
        m_classifier = std::make_unique<Linear>(width, m_models, layer_adder(), key);
        own(key, *m_classifier);
        m_config = Json::object();
        m_config["gate"] = kind();
        m_config["models"] = m_models;
        m_config["channels"] = m_channels;
        m_config["names"] = m_names;
    }
    std::int64_t m_models, m_channels;
    std::vector<std::unique_ptr<GateUnit>> m_units;
private:
    std::unique_ptr<Linear> m_classifier;
};

class SmallGate : public AnyGate {
public:
    SmallGate(std::int64_t models, std::int64_t channels, std::vector<std::string> names) : AnyGate(models, channels, std::move(names)) {
        std::int64_t in = channels;
        for (std::size_t i = 0; i < kWidths.size(); ++i) {
            unit("features." + std::to_string(i), {.in = in, .out = kWidths[i], .kernel = 3, .stride = 2}, true, false, 1e-5, {"conv", "norm"});
            in = kWidths[i];
        }
        finish(in, "classifier");
    }
    std::string kind() const override { return "small"; }
private:
    static constexpr std::array<std::int64_t, 3> kWidths{16, 32, 64};
    at::Tensor trunk(const at::Tensor& images, TapStack* taps) override {
        need_gate_images(images, m_channels);
        at::Tensor x = images;
        for (auto& part : m_units) x = part->forward(x, taps);
        return x;
    }
};

/// Widths of a MobileNetV2: what a file's shapes say, or those of a multiplier.
struct MobileWidths {
    std::int64_t first = 32, last = 1280;                  ///< of the first convolution and of the last one
    std::array<std::int64_t, 17> out{16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320};
    std::array<std::int64_t, 16> expanded{};
    MobileWidths() {
        for (std::size_t i = 0; i < expanded.size(); ++i) expanded[i] = 6 * out[i];
    }
};

class MobileGate : public AnyGate {
public:
    MobileGate(std::int64_t models, std::int64_t channels, std::vector<std::string> names, const MobileWidths& w, const std::string& classifier) : AnyGate(models, channels, std::move(names)) {
        const std::string root = "mobilenet_v2.";
        const auto add = [&](const std::string& key, std::int64_t in, std::int64_t out, int kernel, int stride, bool relu, bool each = false) {
            unit(root + key, {.in = in, .out = out, .kernel = kernel, .stride = stride, .groups = each ? int(in) : 1}, relu, true, 1e-3, {"convolution", "normalization"});
        };
        add("conv_stem.first_conv", channels, w.first, 3, 2, true);
        add("conv_stem.conv_3x3", w.first, w.first, 3, 1, true, true);
        add("conv_stem.reduce_1x1", w.first, w.out[0], 1, 1, false);
        for (std::size_t i = 0; i < kStrides.size(); ++i) {
            const std::string layer = "layer." + std::to_string(i) + ".";
            add(layer + "expand_1x1", w.out[i], w.expanded[i], 1, 1, true);
            add(layer + "conv_3x3", w.expanded[i], w.expanded[i], 3, kStrides[i], true, true);
            add(layer + "reduce_1x1", w.expanded[i], w.out[i + 1], 1, 1, false);
            m_adds[i] = kStrides[i] == 1 && w.out[i] == w.out[i + 1];
            m_add_ids[i] = m_adds[i] ? add_layer(root + layer + "add", "Add", "add") : -1;
        }
        add("conv_1x1", w.out[16], w.last, 1, 1, true);
        finish(w.last, classifier);
    }
    std::string kind() const override { return "mobilenet_v2"; }
private:
    static constexpr std::array<int, 16> kStrides{2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1};
    at::Tensor trunk(const at::Tensor& images, TapStack* taps) override {
        need_gate_images(images, m_channels);
        std::size_t next = 0;
        const auto through = [&](at::Tensor x, int units) {
            for (int i = 0; i < units; ++i) x = m_units[next++]->forward(x, taps);
            return x;
        };
        at::Tensor x = through(images, 3);
        for (std::size_t i = 0; i < kStrides.size(); ++i) {
            const at::Tensor y = through(x, 3);
            if (!m_adds[i]) {
                x = y;
                continue;
            }
            std::array<at::Tensor, 2> in{x, y};
            at::Tensor sum;
            if (!taps || !taps->wanted(m_add_ids[i])) sum = x + y;
            else {
                if (taps->enter(m_add_ids[i], in, sum) == Flow::run) sum = in[0] + in[1];
                taps->leave(m_add_ids[i], in, sum);
            }
            x = sum;
        }
        return through(x, 1);
    }
    std::array<bool, 16> m_adds{};
    std::array<int, 16> m_add_ids{};
};

std::int64_t gate_rows_of(const TensorIndex& file, const std::string& key) {
    const TensorEntry* entry = file.find(key);
    if (!entry || entry->shape.empty() || entry->shape[0] < 1 || entry->shape[0] > 65536)
        throw Error(ErrorCode::wrong_format, "This gate lacks a tensor, or it has an impossible size.", file.path().string() + ", " + key);
    return entry->shape[0];
}

std::int64_t gate_channels_of(const TensorIndex& file, const std::string& key) {
    const TensorEntry* entry = file.find(key);
    if (!entry || entry->shape.size() != 4 || entry->shape[1] < 1 || entry->shape[1] > 1024)
        throw Error(ErrorCode::wrong_format, "This gate's first convolution is missing, or has an impossible size.", file.path().string() + ", " + key);
    return entry->shape[1];
}

std::vector<std::string> gate_names_in(const TensorIndex& file, std::int64_t models) {
    std::vector<std::string> names;
    for (const char* key : {"lathe.config", "config"}) {
        const auto it = file.metadata().find(key);
        if (it == file.metadata().end()) continue;
        const Json json = parse_json(it->second, file.path().string() + ", metadata " + key);
        if (!json.is_object() || !json.contains("names") || !json.at("names").is_array() || json.at("names").size() != std::size_t(models)) continue;
        for (const Json& name : json.at("names")) names.push_back(name.is_string() ? name.get<std::string>() : name.dump());
        return names;
    }
    return names;
}

void load_gate(Network& gate, const TensorIndex& file, const std::string& prefix, bool with_classifier) {
    std::vector<std::string> available;
    for (const TensorEntry& entry : file.entries())
        if (entry.name.starts_with(prefix) && !entry.name.ends_with("num_batches_tracked") && !entry.name.starts_with("optimizer") &&
            (with_classifier || !entry.name.substr(prefix.size()).starts_with("classifier")))
            available.push_back(entry.name.substr(prefix.size()));
    auto own = gate.state();
    try {
        gate.load(
            [&](const std::string& key) {
                if (!with_classifier && key.starts_with("classifier")) return own.at(key).clone();   // as it was drawn
                return file.find(prefix + key) ? file.get(prefix + key) : at::Tensor();
            },
            available, true);
    } catch (const Error& error) {
        throw Error(error.code(), error.summary(), file.path().string() + ": " + error.where(), error.hint());
    }
    gate.prepare_inference();
}

std::unique_ptr<Gate> open_mobilenet(const TensorIndex& file, const std::string& prefix, std::int64_t models) {
    const std::string root = prefix + "mobilenet_v2.";
    MobileWidths w;
    w.first = gate_rows_of(file, root + "conv_stem.first_conv.convolution.weight");
    w.out[0] = gate_rows_of(file, root + "conv_stem.reduce_1x1.convolution.weight");
    for (std::size_t i = 0; i < w.expanded.size(); ++i) {
        w.expanded[i] = gate_rows_of(file, root + "layer." + std::to_string(i) + ".expand_1x1.convolution.weight");
        w.out[i + 1] = gate_rows_of(file, root + "layer." + std::to_string(i) + ".reduce_1x1.convolution.weight");
    }
    w.last = gate_rows_of(file, root + "conv_1x1.convolution.weight");
    std::string classifier;
    for (const char* key : {"classifier", "classifier.0", "classifier.1"})
        if (file.find(prefix + key + ".weight")) classifier = key;
    const std::int64_t known = classifier.empty() ? 0 : gate_rows_of(file, prefix + classifier + ".weight");
    if (known == 0 && models == 0) throw Error(ErrorCode::wrong_format, "This MobileNetV2 has no classifier, so it is no gate yet.", file.path().string(), "Train a gate from it.");
    const bool keeps = known > 0 && (models == 0 || models == known);
    const std::int64_t count = keeps ? known : models;
    auto gate =
        std::make_unique<MobileGate>(count, gate_channels_of(file, root + "conv_stem.first_conv.convolution.weight"), gate_names_in(file, count), w, classifier.empty() ? "classifier" : classifier);
    initialize_gate(*gate, 0);
    load_gate(*gate, file, prefix, keeps);
    return gate;
}

}

void Gate::set_batch_statistics(bool on) {
    visit_modules("", [on](const std::string&, Module& module) {
        if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) norm->batch_statistics = on;
    });
}

void Gate::keep_models(const std::vector<std::string>& names) {
    std::vector<std::int64_t> places;
    for (const std::string& name : names) {
        const auto found = std::ranges::find(m_names, name);
        if (found == m_names.end()) throw Error(ErrorCode::invalid_value, "The gate does not know a model.", name, "Train a gate for these models.");
        places.push_back(found - m_names.begin());
    }
    keep_outputs(places);
    m_names = names;
    m_config["names"] = m_names;
}

void Gate::keep_outputs(const std::vector<std::int64_t>&) { throw Error(ErrorCode::unsupported, "A gate of this kind serves all of its models or none.", kind()); }

std::unique_ptr<Gate> make_small_gate(std::int64_t models, std::int64_t channels, std::vector<std::string> names, std::uint64_t seed) {
    auto gate = std::make_unique<SmallGate>(models, channels, std::move(names));
    initialize_gate(*gate, seed);
    return gate;
}

std::unique_ptr<Gate> make_mobilenet_gate(std::int64_t models, std::vector<std::string> names, std::uint64_t seed) {
    auto gate = std::make_unique<MobileGate>(models, 3, std::move(names), MobileWidths(), "classifier");
    initialize_gate(*gate, seed);
    return gate;
}

std::unique_ptr<Gate> open_gate(const TensorIndex& file, std::int64_t models) {
    for (const std::string prefix : {"", "module.", "model.", "state_dict."}) {
        if (file.find(prefix + "mobilenet_v2.conv_stem.first_conv.convolution.weight")) return open_mobilenet(file, prefix, models);
        if (!file.find(prefix + "features.0.conv.weight") || !file.find(prefix + "features.2.norm.running_mean")) continue;
        const std::int64_t known = gate_rows_of(file, prefix + "classifier.weight");
        auto gate = std::make_unique<SmallGate>(known, gate_channels_of(file, prefix + "features.0.conv.weight"), gate_names_in(file, known));
        load_gate(*gate, file, prefix, true);
        return gate;
    }
    if (file.find("features.0.0.weight") || file.find("conv_stem.weight"))
        throw Error(ErrorCode::wrong_format, "This is a MobileNetV2 of torchvision or timm, whose padding and norms differ from the gate's.", file.path().string(),
            "Take google/mobilenet_v2_1.0_224 in the layout of Hugging Face.");
    throw Error(ErrorCode::wrong_format, "This is no gate: it has neither features.0.conv.weight (small) nor mobilenet_v2.conv_stem.first_conv.convolution.weight (MobileNetV2).", file.path().string(),
        "Choose a gate that was trained here, or train one.");
}

std::unique_ptr<Gate> open_gate(const std::filesystem::path& file, std::int64_t models) {
    auto gate = open_gate(*open_tensors(file), models);
    if (models > 0 && gate->models() != models)
        throw Error(ErrorCode::invalid_value, "This gate tells another number of models apart.", file.string() + ": " + std::to_string(gate->models()) + " instead of " + std::to_string(models),
            "Train a gate for these models.");
    return gate;
}

void fit_gate(Gate& gate, const std::vector<std::string>& names) {
    const auto is_known = [&](const std::string& name) { return std::ranges::find(gate.names(), name) != gate.names().end(); };
    if (gate.names() != names && !names.empty() && std::ranges::all_of(names, is_known)) gate.keep_models(names);
    require_gate_for(gate, names);
}

void require_gate_for(const Gate& gate, const std::vector<std::string>& names) {
    if (gate.models() != std::int64_t(names.size()))
        throw Error(ErrorCode::invalid_value, "The gate is for another number of models.", std::to_string(gate.models()) + " there, " + std::to_string(names.size()) + " here",
            "Train a gate for these models.");
    if (gate.names().empty()) return;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (gate.names()[i] != names[i])
            throw Error(ErrorCode::invalid_value, "The gate is for other models, or has them in another order.",
                "output " + std::to_string(i + 1) + " is " + gate.names()[i] + " there, " + names[i] + " here",
                "Name and order the models as they were when the gate was trained, or train a gate for these.");
}

at::Tensor gate_probabilities(const at::Tensor& logits, double temperature) {
    if (!(temperature > 0)) throw Error(ErrorCode::invalid_value, "The temperature of a gate must be above 0.", number_text(temperature));
    return at::softmax(logits / temperature, -1);
}

}
