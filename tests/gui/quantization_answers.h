#pragma once
// What the engine would answer for a ResNet-20: nodes, layers, histograms, sensitivities, made up but consistent, in the form of quantization.describe, .evaluate, …
#include "core/base/csv.h"
#include "core/method/method_info.h"
#include "tests/gui/made_artifacts.h"
#include <QString>
#include <QStringList>
#include <algorithm>
#include <cmath>

namespace lathe::gui_test {

inline constexpr int kBins = 96, kSensitivityImages = 64, kClasses = 10;

struct MadeLayer { std::string node, layer, shape, input; int weights, macs; double spread; };

/// The twenty layers, in the order they run.
inline const std::vector<MadeLayer>& made_layers() {
    static const std::vector<MadeLayer> layers = [] {
        std::vector<MadeLayer> out{{"conv1", "conv1", "16×3×3×3", "x", 432, 442'368, 0.4}};
        std::string before = "relu";
        for (int stage = 1; stage <= 3; ++stage)
            for (int block = 0; block < 3; ++block)
                for (int conv = 1; conv <= 2; ++conv) {
                    const int width = 8 << stage, in = stage > 1 && block == 0 && conv == 1 ? width / 2 : width, side = 64 >> stage;
                    const std::string at = std::to_string(stage) + "_" + std::to_string(block), node = "layer" + at + "_conv" + std::to_string(conv);
                    out.push_back({node, "layer" + std::to_string(stage) + "." + std::to_string(block) + ".conv" + std::to_string(conv), std::to_string(width) + "×" + std::to_string(in) + "×3×3", before, width * in * 9, width * in * 9 * side * side,
                        0.25 / stage});
                    before = conv == 1 ? "layer" + at + "_relu" : "layer" + at + "_relu_1";
                }
        out.push_back({"linear", "linear", "10×64", "flatten", 640, 640, 0.5});
        return out;
    }();
    return layers;
}

inline Json all_layer_columns() { return {"node", "weight_bits", "activation_bits", "excluded", "weight_symmetric", "weight_per_channel", "activation_symmetric", "weight_clip", "activation_low", "activation_high"}; }

inline std::vector<MethodInfo> quantization_methods() {
    const std::vector<std::string> columns = all_layer_columns().get<std::vector<std::string>>();
    const std::vector<Parameter> scheme{
        Parameter::choice("backend", "academic", {{"academic", "Academic", ""}, {"tensorrt", "TensorRT", ""}, {"vitis", "Vitis", ""}}).with_label("Backend").with_group("Scheme").is_live(),
        Parameter::integer("weight_bits", 0).range(0, 16).with_label("Weight bits").with_group("Scheme").is_live(), Parameter::integer("activation_bits", 0).range(0, 16).with_label("Activation bits").with_group("Scheme").is_live(),
        Parameter::choice("weight_observer", "backend", {{"backend", "Backend's own", ""}, {"mse", "MSE", ""}}).with_label("Weight range").with_group("Calibration").is_live(),
        Parameter::table("layers", columns).with_label("Layers").with_group("Layers").is_live()};
    const auto method = [&](const char* id, std::vector<Parameter> own, bool with_scheme = true) {
        MethodInfo info;
        info.id = id;
        if (with_scheme) info.parameters = scheme;
        for (Parameter& parameter : own) info.parameters.push_back(std::move(parameter));
        return info;
    };
    const Parameter calibration = Parameter::integer("calibration_images", 64).range(1, 50'000).with_label("Images").with_group("Calibration").is_log().is_live();
    MethodInfo evaluate = method("quantization.evaluate", {calibration, Parameter::integer("images", 1000).range(0, 10'000).with_label("Images").with_group("Evaluate").is_live(),
        Parameter::choice("arithmetic", "simulated", {{"simulated", "Simulated", ""}, {"integer", "Integers", ""}}).with_label("Arithmetic").with_group("Evaluate").is_live()});
    evaluate.families = {"cifar_resnet", "resnet"};
    return {method("quantization.describe", {}), evaluate, method("quantization.sensitivity", {calibration, Parameter::integer("images", 256).range(1, 10'000)}),
        method("quantization.compare", {calibration, Parameter::list("methods", {"plain", "adaround", "brecq", "qdrop"}).with_label("Methods").with_group("Compare"), Parameter::list("bits", {"8/8", "4/8", "3/8"}).with_label("Bits").with_group("Compare"),
            Parameter::integer("seeds", 3).range(1, 20).with_label("Seeds").with_group("Compare")}),
        method("quantization.deploy", {calibration, Parameter::integer("images", 256).range(1, 10'000)}),
        method("quantization.reconstruct", {calibration, Parameter::choice("algorithm", "brecq", {{"adaround", "AdaRound", ""}, {"brecq", "BRECQ", ""}, {"qdrop", "QDrop", ""}}).with_label("Algorithm").with_group("Reconstruction"),
            Parameter::integer("iterations", 600).range(1, 100'000).with_label("Iterations").with_group("Reconstruction").is_log(), Parameter::integer("images", 1000).range(0, 10'000)}),
        method("quantization.train", {Parameter::integer("epochs", 10).range(1, 1000).with_label("Epochs").with_group("Training"), Parameter::number("learning_rate", 0.01).range(1e-6, 1).with_label("Learning rate").with_group("Training").is_log()})};
}

struct Chosen { int weight = 8, activation = 8; double clip = 0; };

/// The bits that parameters ask for.
inline Chosen chosen_bits(const Json& params, const MadeLayer& layer) {
    Chosen out;
    if (const int bits = params.value("weight_bits", 0); bits > 0) out.weight = bits;
    if (const int bits = params.value("activation_bits", 0); bits > 0) out.activation = bits;
    if (!params.contains("layers") || !params["layers"].is_object()) return out;
    const Json& columns = params["layers"]["columns"];
    for (const Json& row : params["layers"]["rows"]) {
        const auto cell = [&](const char* name) {
            for (std::size_t i = 0; i < columns.size(); ++i)
                if (columns[i] == name && i < row.size()) return row[i];
            return Json();
        };
        if (cell("node") == layer.node) {
            if (cell("weight_bits").is_number()) out.weight = cell("weight_bits").get<int>();
            if (cell("weight_clip").is_number()) out.clip = cell("weight_clip").get<double>();
            if (cell("excluded") == 1) out.weight = 0;
        }
        if (cell("node") == layer.input && cell("activation_bits").is_number()) out.activation = cell("activation_bits").get<int>();
    }
    return out;
}

inline Json costs_of_params(const Json& params) {
    double bytes = 1'073'000, bitops = 0, in_float = 0, weights = 0;
    for (const MadeLayer& layer : made_layers()) {
        const Chosen bits = chosen_bits(params, layer);
        const int w = bits.weight > 0 ? bits.weight : 32;
        bytes += layer.weights * (w - 32) / 8.0;
        bitops += double(layer.macs) * w * bits.activation;
        in_float += double(layer.macs) * 1024;
        weights += layer.weights;
    }
    return {{"size_bytes", bytes}, {"float_bytes", 1'073'000.0}, {"bitops", bitops}, {"float_bitops", in_float}, {"weights", weights}};
}

inline Artifact nodes_table(const Json& params) {
    std::vector<std::vector<Json>> rows{{"x", "input", "", "[1,3,32,32]", "", "", "", "", 8, "[0, 255]", "asymmetric, per tensor", "Input of conv1."}};
    const auto add = [&](const std::string& node, const std::string& type, const std::string& inputs, bool quantized, const std::string& why) {
        rows.push_back({node, type, "", "[1,16,32,32]", inputs, "", "", "", quantized ? Json(8) : Json(""), quantized ? "[0, 255]" : "", quantized ? "asymmetric, per tensor" : "", why});
    };
    std::string skip = "relu";
    for (std::size_t i = 0; i < made_layers().size(); ++i) {
        const MadeLayer& layer = made_layers()[i];
        const Chosen bits = chosen_bits(params, layer);
        if (layer.node == "linear") {
            add("avg_pool2d", "avg_pool", rows.back()[0].get<std::string>(), false, "Average pooling keeps the grid of what it reads.");
            add("flatten", "flatten", "avg_pool2d", true, "Input of linear.");
        }
        rows.push_back({layer.node, layer.node == "linear" ? "linear" : "conv2d", layer.layer, "[1,16,32,32]", layer.input, bits.weight > 0 ? Json(bits.weight) : Json(""), "[-128, 127]", "symmetric, per channel", "", "", "", layer.node == "linear" ? "It is the output of the network." : "This backend computes it together with what follows."});
        if (layer.node == "conv1") {
            add("relu", "relu", "conv1", true, "Input of layer1.0.conv1 and of an add.");
        } else if (layer.node.ends_with("_conv1")) {
            add(layer.node.substr(0, layer.node.size() - 5) + "relu", "relu", layer.node, true, "Input of the next convolution.");
        } else if (layer.node.ends_with("_conv2")) {
            const std::string block = layer.node.substr(0, layer.node.size() - 5);
            add(block + "add", "add", layer.node + " " + skip, false, "This backend merges it into the next ReLU.");
            add(block + "relu_1", "relu", block + "add", true, "Input of the next block.");
            skip = block + "relu_1";
        }
    }
    std::vector<std::vector<Json>> sorted = rows;
    return table_artifact("nodes", {"node", "type", "layer", "shape", "inputs", "weight bits", "weight range", "weight scheme", "activation bits", "activation range", "activation scheme", "why"}, sorted);
}

inline Artifact layers_table(const Json& params, bool calibrated) {
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < made_layers().size(); ++i) {
        const MadeLayer& layer = made_layers()[i];
        const Chosen bits = chosen_bits(params, layer);
        const int w = bits.weight > 0 ? bits.weight : 32;
        const double low = -3.2 * layer.spread, high = 3.6 * layer.spread, clip = bits.clip > 0 ? bits.clip : layer.spread * (bits.weight < 5 ? 2.1 : 3.6);
        const auto known = [&](double value) { return calibrated ? Json(value) : Json(""); };
        rows.push_back({layer.node, layer.layer, layer.node == "linear" ? "linear" : "conv2d", layer.shape, bits.weight > 0 ? Json(bits.weight) : Json(""), bits.activation, layer.input, layer.weights, layer.weights * w / 8000.0, layer.macs,
            known(6.02 * w - 4 - 0.2 * double(i % 5)), known(0.26 + 0.02 * std::sin(double(i))), known(bits.weight < 5 ? 0.009 : 0), known(std::pow(2, w)), known(0.001), known(std::pow(2, bits.activation) - 3), low, high, bits.weight > 0 ? Json(-clip) : Json(""),
            bits.weight > 0 ? Json(clip) : Json(""), known(0), known(3.2), known(0), known(2.6), "symmetric, per channel", "asymmetric, per tensor"});
    }
    return table_artifact("layers", {"node", "layer", "type", "shape", "weight bits", "activation bits", "input", "weights", "kB", "macs", "SQNR dB", "RMSE / s", "clipped", "codes used", "input clipped", "input codes used", "w low", "w high", "clip low", "clip high",
                                        "in low", "in high", "in clip low", "in clip high", "weight scheme", "input scheme"}, rows);
}

inline Artifact histograms(const std::string& key, bool of_inputs) {
    std::vector<float> values;
    for (const MadeLayer& layer : made_layers())
        for (int i = 0; i < kBins; ++i) {
            const double x = of_inputs ? 3.2 * (i + 0.5) / kBins : -3.2 + 6.8 * (i + 0.5) / kBins;
            values.push_back(float(std::floor(of_inputs ? 6000 * std::exp(-2.4 * x) + (i == 0 ? 4000 : 0) : layer.weights * 0.06 * std::exp(-x * x / 1.1) + (i % 17 == 3 ? 1 : 0))));
        }
    return f32_artifact(key, {std::int64_t(made_layers().size()), kBins}, values);
}

inline QList<Artifact> description_of(const Json& params) { return {nodes_table(params), layers_table(params, false), histograms("weight_histograms", false)}; }

inline QList<Artifact> evaluation_of(const Json& params) {
    QList<Artifact> out{nodes_table(params), layers_table(params, true), histograms("weight_histograms", false), histograms("input_histograms", true)};
    const std::vector<std::string> classes{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
    std::vector<std::string> columns{"true class"};
    columns.insert(columns.end(), classes.begin(), classes.end());
    std::vector<std::vector<Json>> rows;
    for (int i = 0; i < kClasses; ++i) {
        std::vector<Json> row{classes[std::size_t(i)]};
        for (int j = 0; j < kClasses; ++j) row.emplace_back(i == j ? 90 : (i * 7 + j * 3) % 4);
        rows.push_back(row);
    }
    out << table_artifact("confusion", columns, rows);
    for (int k = 0; k < 24; ++k) {
        Artifact picture;
        picture.key = "worst";
        picture.kind = "image";
        picture.media = "raw/u8";
        picture.dtype = "u8";
        picture.step = k;
        picture.shape = {32, 32, 3};
        std::string bytes;
        for (int y = 0; y < 32; ++y)
            for (int x = 0; x < 32; ++x)
                for (int c = 0; c < 3; ++c) bytes += char(int(128 + 100 * std::sin(0.2 * x * (1 + k % 3) + c) * std::cos(0.17 * y + k)));
        picture.bytes = std::make_shared<const std::string>(bytes);
        picture.meta = {{"index", 17 * k}, {"true", classes[std::size_t(k % 10)]}, {"predicted", classes[std::size_t((k * 3 + 1) % 10)]}, {"loss", 6.2 - 0.2 * k}};
        out << picture;
    }
    return out;
}

inline QList<Artifact> sensitivity_of() {
    std::vector<std::vector<Json>> rows;
    std::vector<float> changes, logits;
    std::vector<std::int64_t> labels;
    for (int i = 0; i < kSensitivityImages; ++i) {
        labels.push_back(i % kClasses);
        for (int c = 0; c < kClasses; ++c) logits.push_back(float((c == (i % 12 == 0 ? (i + 1) % kClasses : i % kClasses) ? 5.5 - 0.05 * (i % 40) : 0.3 * std::sin(double(i * c)))));
    }
    QStringList values;
    const auto add = [&](const std::string& node, const char* kind, double size, int salt) {
        for (const int bits : {2, 3, 4, 5, 6, 8, 16}) {
            const double amount = size * std::pow(0.5, bits - 2);
            rows.push_back({node, kind, bits, 6.02 * bits - 4, 6.02 * bits - 2, 0.01, 0.01, 0.99, amount * amount * 0.6, amount * amount * 0.5, -amount, 0.29, 0.001, std::pow(2, bits), "", ""});
            for (int i = 0; i < kSensitivityImages; ++i)
                for (int c = 0; c < kClasses; ++c) changes.push_back(float(amount * (c == i % kClasses ? -1.0 - 0.3 * std::sin(double(i)) : 0.6 * std::sin(double(i * 3 + c * 5 + salt)))));
        }
    };
    int salt = 0;
    for (const MadeLayer& layer : made_layers()) {
        add(layer.node, "weight", 0.35 + 0.05 * (salt % 7), salt);
        if (const QString value = QString::fromStdString(layer.input); !values.contains(value)) {
            values << value;
            add(layer.input, "activation", 0.25, salt + 50);
        }
        ++salt;
    }
    std::vector<std::string> columns{"size kB", "bitops", "estimated loss", "estimated top1"};
    for (const MadeLayer& layer : made_layers()) columns.push_back(layer.node);
    std::vector<std::vector<Json>> front;
    std::vector<int> bits(made_layers().size(), 8);
    for (int point = 0; point < 22; ++point) {
        double bytes = 1'073'000, bitops = 0;
        for (std::size_t i = 0; i < bits.size(); ++i) {
            bytes += made_layers()[i].weights * (bits[i] - 32) / 8.0;
            bitops += double(made_layers()[i].macs) * bits[i] * 8;
        }
        std::vector<Json> row{bytes / 1000, bitops, 0.29 + 0.4 * std::pow(point / 22.0, 4), 0.9173 - 0.12 * std::pow(point / 22.0, 4)};
        for (const int b : bits) row.emplace_back(b);
        front.push_back(row);
        const std::vector<int> steps{8, 6, 5, 4, 3, 2};
        for (std::size_t i = 0; i < bits.size(); ++i)
            if ((int(i) + point) % 4 == 0 && bits[i] > 3) bits[i] = *(std::ranges::find(steps, bits[i]) + 1);
    }
    return {table_artifact("sensitivity", {"node", "kind", "bits", "SQNR dB", "output SQNR dB", "MSE", "noise to signal", "cosine", "loss delta", "KL", "top1 delta", "RMSE / s", "clipped", "codes used", "curvature", "HAWQ"}, rows),
        f32_artifact("perturbations", {std::int64_t(rows.size()), kSensitivityImages, kClasses}, changes), f32_artifact("logits", {kSensitivityImages, kClasses}, logits), tensor_artifact("labels", "I64", {kSensitivityImages}, labels.data(), labels.size() * 8),
        table_artifact("front", columns, front)};
}

/// The parameter `layers` with bits as a search would give them.
inline Json mixed_layers(int bits) {
    Json rows = Json::array();
    int i = 0;
    for (const MadeLayer& layer : made_layers()) {
        const bool end = layer.node == "conv1" || layer.node == "linear", low = layer.node.starts_with("layer3_2");
        Json row = Json::array({layer.node, end ? 8 : low ? std::max(2, bits - 1) : bits + (i % 3 == 1 ? 1 : 0)});
        while (row.size() < all_layer_columns().size()) row.push_back("");
        rows.push_back(row);
        if (low) {
            Json input = Json::array({layer.input, "", 6});
            while (input.size() < all_layer_columns().size()) input.push_back("");
            rows.push_back(input);
        }
        ++i;
    }
    return {{"columns", all_layer_columns()}, {"rows", rows}};
}

inline Artifact comparison_table() {
    const auto row = [](const char* method, const char* bits, double mean, double deviation, int n) { return std::vector<Json>{"academic", method, bits, mean, deviation, n, ""}; };
    return table_artifact("comparison", {"backend", "method", "bits", "top1 mean", "top1 std", "n", "values"},
        {row("plain", "8/8", 0.916, 0.001, 3), row("plain", "4/8", 0.909, 0.001, 3), row("plain", "3/8", 0.631, 0.019, 3), row("adaround", "8/8", 0.917, 0.0004, 3), row("adaround", "4/8", 0.913, 0.001, 3), row("adaround", "3/8", 0.898, 0.003, 3),
            row("brecq", "8/8", 0.917, 0.0003, 3), row("brecq", "4/8", 0.914, 0.001, 3), row("brecq", "3/8", 0.900, 0.002, 3), row("qdrop", "8/8", 0.917, 0.001, 3), row("qdrop", "4/8", 0.914, 0.001, 3), row("qdrop", "3/8", 0.899, 0.003, 2)});
}

inline QList<Artifact> deployment_of() {
    std::vector<std::vector<Json>> same, other;
    std::vector<float> steps;
    int order = 0;
    for (const MadeLayer& layer : made_layers()) {
        const bool differs = order >= 7;
        same.push_back({layer.node, order, 4'200'000, 0, 0.0, 0});
        other.push_back({layer.node, order, 4'200'000, differs ? 17 * (order - 6) : 0, differs ? 17.0 * (order - 6) / 4.2e6 : 0.0, differs ? 1 : 0});
        ++order;
    }
    for (int which = 0; which < 2; ++which)
        for (int node = 0; node < order; ++node)
            for (int i = -16; i <= 16; ++i) steps.push_back(float(i == 0 ? 4'200'000 : which == 1 && node >= 7 && std::abs(i) == 1 ? 9 * (node - 6) : 0));
    const std::vector<std::string> columns{"node", "order", "values", "differing", "share", "largest step"};
    return {table_artifact("divergence", columns, same), table_artifact("divergence_float", columns, other), f32_artifact("step_histograms", {2, order, 33}, steps), text_artifact("onnx", "file", "an ONNX file"), text_artifact("clip_ranges", "file", "{}")};
}

}
