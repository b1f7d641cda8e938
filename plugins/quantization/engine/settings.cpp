#include "plugins/quantization/engine/settings.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include <cmath>
#include <limits>

namespace lathe::quantization {
namespace {

constexpr std::string_view kOwn = "backend";      // of a choice: what the backend has
constexpr std::int64_t kMostBits = 16, kFewestBits = 2;

std::vector<Choice> backend_choices() {
    std::vector<Choice> out;
    for (const Backend& backend : backends()) out.push_back({backend.id, backend.title, backend.help});
    return out;
}

std::vector<Choice> observer_choices() {
    return {{std::string(kOwn), "Backend's own", ""}, {"minmax", "Min–max", "smallest and largest value seen"}, {"ema_minmax", "EMA min–max", "moving average, 0.9 of the old"},
        {"ema_quantile", "EMA quantile", "0.001 % of the values are clipped"}, {"mse", "MSE", "the range with the smallest squared error"}, {"ema_mse", "EMA MSE", "the same, moving average"},
        {"clip_std", "2.6 σ", "as MQBench codes it, it never narrows the range"}, {"lsq", "LSQ", "2 mean|x| / √p"}, {"lsq_plus", "LSQ+", "mean and 3 σ"}};
}

std::vector<Choice> scheme_choices() { return {{std::string(kOwn), "Backend's own", ""}, {"symmetric", "Symmetric", "zero point 0"}, {"asymmetric", "Asymmetric", "with a zero point"}}; }

void apply_scheme(const std::string& value, Scheme& scheme) {
    if (value == kOwn) return;
    scheme.symmetric = value == "symmetric";
    if (!scheme.symmetric) scheme.narrow = false;
}

void apply_bits(std::int64_t bits, Scheme& scheme) {
    if (bits == 0 || bits == scheme.bits) return;
    scheme.bits = static_cast<int>(bits);
    scheme.narrow = false;                        // MQBench's narrow range is a property of the 8-bit presets
}

int bits_cell(const Json& cell, const std::string& node) {
    const std::int64_t bits = cell.is_number() ? cell.get<std::int64_t>() : 0;
    if (!cell.is_number() || bits < kFewestBits || bits > kMostBits)
        throw Error(ErrorCode::invalid_value, "A layer cannot have this number of bits.", "parameter layers, " + node + ": " + cell.dump(), "Give 2 to 16, or leave the cell empty.");
    return static_cast<int>(bits);
}

double number_cell(const Json& cell, const std::string& node, const char* column) {
    const double value = cell.is_number() ? cell.get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(value)) throw Error(ErrorCode::invalid_value, "A limit of a layer's range is no number.", "parameter layers, " + node + ", " + column + ": " + cell.dump(), "Give a finite number, or leave the cell empty.");
    return value;
}

bool is_given(const Json& cell) { return !cell.is_null() && !(cell.is_string() && cell.get<std::string>().empty()) && !(cell.is_number() && cell.get<double>() == 0); }

void apply_layers(const Json& table, PlacementOptions& placement) {
    std::map<std::string, std::size_t> columns;
    for (std::size_t i = 0; i < table.at("columns").size(); ++i) columns[table.at("columns")[i].get<std::string>()] = i;
    for (const Json& row : table.at("rows")) {
        if (!row.is_array()) throw Error(ErrorCode::invalid_value, "A row of the table of layers is no list of cells.", "parameter layers: " + row.dump());
        const auto cell = [&](const char* column) -> Json {
            const auto found = columns.find(column);
            return found == columns.end() || found->second >= row.size() ? Json() : row[found->second];
        };
        const std::string node = cell("node").is_string() ? cell("node").get<std::string>() : std::string();
        if (node.empty()) throw Error(ErrorCode::invalid_value, "A row of the table of layers names no node.", "parameter layers: " + row.dump());
        NodeChoice& choice = placement.nodes[node];
        if (is_given(cell("weight_bits"))) choice.weight_bits = bits_cell(cell("weight_bits"), node);
        if (is_given(cell("activation_bits"))) choice.activation_bits = bits_cell(cell("activation_bits"), node);
        if (is_given(cell("excluded"))) choice.excluded = true;
        const auto flag = [&](const char* column, std::optional<bool>& into) {   // 0 says no, an empty cell nothing
            if (const Json value = cell(column); value.is_boolean() || value.is_number()) into = value.is_boolean() ? value.get<bool>() : value.get<double>() != 0;
        };
        flag("weight_symmetric", choice.weight_symmetric);
        flag("weight_per_channel", choice.weight_per_channel);
        flag("activation_symmetric", choice.activation_symmetric);
        if (is_given(cell("weight_clip"))) {
            choice.weight_clip = number_cell(cell("weight_clip"), node, "weight_clip");
            if (*choice.weight_clip <= 0) throw Error(ErrorCode::invalid_value, "A weight cannot be clipped at this magnitude.", "parameter layers, " + node + ", weight_clip: " + cell("weight_clip").dump(), "Give a number above 0.");
        }
        const Json low = cell("activation_low"), high = cell("activation_high");
        if (low.is_number() || high.is_number()) {
            const std::pair range(low.is_number() ? number_cell(low, node, "activation_low") : 0.0, high.is_number() ? number_cell(high, node, "activation_high") : 0.0);
            if (range.first >= range.second)
                throw Error(ErrorCode::invalid_value, "A range of activations ends before it begins.", "parameter layers, " + node + ": " + number_text(range.first) + " to " + number_text(range.second), "Give a lower limit below the upper one.");
            choice.activation_range = range;
        }
    }
}

}

std::vector<Parameter> scheme_parameters() {
    return {
        Parameter::choice("backend", "tensorrt", backend_choices()).with_label("Backend").with_group("Scheme").with_help("Which engine the network is quantized for: it decides what is quantized, and how.").is_live(),
        Parameter::integer("weight_bits", 0).range(0, kMostBits).with_label("Weight bits").with_group("Scheme").with_help("0: those of the backend.").is_live(),
        Parameter::integer("activation_bits", 0).range(0, kMostBits).with_label("Activation bits").with_group("Scheme").with_help("0: those of the backend.").is_live(),
        Parameter::choice("weight_scheme", std::string(kOwn), scheme_choices()).with_label("Weights").with_group("Scheme").is_live(),
        Parameter::choice("weight_granularity", std::string(kOwn), {{std::string(kOwn), "Backend's own", ""}, {"channel", "Per channel", "a scale for each output channel"}, {"tensor", "Per tensor", ""}})
            .with_label("Weight scales").with_group("Scheme").is_live(),
        Parameter::choice("activation_scheme", std::string(kOwn), scheme_choices()).with_label("Activations").with_group("Scheme").is_live(),
        Parameter::choice("weight_observer", std::string(kOwn), observer_choices()).with_label("Weight range").with_group("Calibration").is_live(),
        Parameter::choice("activation_observer", std::string(kOwn), observer_choices()).with_label("Activation range").with_group("Calibration").is_live(),
        Parameter::boolean("fuse_residual_add", false).with_label("Add within a convolution").with_group("Scheme").with_help("TensorRT adds a residual inside the convolution: that input of the add is not quantized.").is_advanced().is_live(),
        Parameter::table("layers", {"node", "weight_bits", "activation_bits", "excluded", "weight_symmetric", "weight_per_channel", "activation_symmetric", "weight_clip", "activation_low", "activation_high"})
            .with_label("Layers").with_group("Layers").with_help("What single layers have instead; empty: as above. Bits; 1 where one is left in float; schemes (0 or 1); ranges in place of observed ones. Activations belong to the node that gives them.").is_advanced().is_live(),
    };
}

std::vector<Parameter> calibration_parameters() {
    return {
        Parameter::integer("calibration_images", 64).range(1, 50'000).with_label("Images").with_group("Calibration").with_help("The first of the training split; ranges are found on them.").is_log().is_live(),
        Parameter::integer("calibration_batch", 64).range(1, 4096).with_label("Batch").with_group("Calibration").with_help("Moving averages move once for each batch.").is_log().is_live(),
    };
}

std::vector<Parameter> evaluation_parameters() {
    return {
        Parameter::integer("images", 1000).range(0, 1'000'000).with_label("Images").with_group("Evaluate").with_help("The first of the test split; 0: all of it.").is_live(),
        Parameter::integer("batch", 250).range(1, 4096).with_label("Batch").with_group("Evaluate").is_advanced(),
    };
}

Settings settings_from(const Json& params) {
    Settings out;
    out.target = &backend(params.value("backend", "tensorrt"));
    out.placement = defaults_of(*out.target);
    PlacementOptions& placement = out.placement;
    apply_scheme(params.value("weight_scheme", std::string(kOwn)), placement.weights);
    apply_scheme(params.value("activation_scheme", std::string(kOwn)), placement.activations);
    apply_bits(params.value("weight_bits", std::int64_t{0}), placement.weights);
    apply_bits(params.value("activation_bits", std::int64_t{0}), placement.activations);
    if (const std::string granularity = params.value("weight_granularity", std::string(kOwn)); granularity != kOwn) placement.weights.per_channel = granularity == "channel";
    if (const std::string observer = params.value("weight_observer", std::string(kOwn)); observer != kOwn) placement.weight_observer = observer_from(observer);
    if (const std::string observer = params.value("activation_observer", std::string(kOwn)); observer != kOwn) placement.activation_observer = observer_from(observer);
    placement.fuse_residual_add = params.value("fuse_residual_add", false);
    if (const auto layers = params.find("layers"); layers != params.end() && layers->is_object()) apply_layers(*layers, placement);
    out.calibration_images = params.value("calibration_images", out.calibration_images);
    out.calibration_batch = params.value("calibration_batch", out.calibration_batch);
    out.images = params.value("images", out.images);
    out.batch = params.value("batch", out.batch);
    return out;
}

}
