#include "plugins/quantization/engine/train_settings.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr const char* kOfBackend = "backend";
constexpr double kFloatRate = 0.1, kQuantizedRate = 0.01;   // He et al. 2015; MQBench

std::vector<Choice> weight_algorithms() {
    return {{kOfBackend, "Backend's own", ""}, {"lsq", "LSQ", "learnt step size, from 2 mean|w| / √p"}, {"lsq_plus", "LSQ+", "learnt step size, from mean and 3 σ"}, {"dsq", "DSQ", "soft steps"},
        {"dorefa", "DoReFa", "tanh(w) / max |tanh(w)|: needs a normalization behind the layer"}, {"qil", "QIL", "learnt interval; Academic only"}, {"apot", "APoT", "sums of powers of two; Academic only, up to 7 bits"},
        {"tqt", "TQT", "powers of two, one scale for each tensor"}};
}

std::vector<Choice> activation_algorithms() {
    return {{kOfBackend, "Backend's own", ""}, {"lsq", "LSQ", "learnt step size"}, {"lsq_plus", "LSQ+", "learnt step size and zero point, from mean and 3 σ"}, {"dsq", "DSQ", "soft steps"}, {"pact", "PACT", "learnt clipping level"},
        {"qil", "QIL", "learnt interval; Academic only"}, {"apot", "APoT", "sums of powers of two; Academic only, up to 6 bits"}, {"tqt", "TQT", "powers of two"}};
}

bool is_uneven(Algorithm algorithm) { return algorithm == Algorithm::qil || algorithm == Algorithm::apot; }

/// An algorithm brings the observer that its first scale comes from, unless the user chose one.
void apply_algorithm(const Json& params, const char* key, const char* observer_key, bool is_weight, Scheme& scheme, Algorithm& algorithm, ObserverKind& observer) {
    const std::string wanted = params.value(key, std::string(kOfBackend));
    if (wanted == kOfBackend) return;
    const bool own_observer = params.value(observer_key, std::string(kOfBackend)) == kOfBackend;
    algorithm = wanted == "lsq_plus" ? Algorithm::lsq : algorithm_from(wanted);
    const auto start_from = [&](ObserverKind kind) {
        if (own_observer) observer = kind;
    };
    if (wanted == "lsq_plus") start_from(ObserverKind::lsq_plus);
    else if (algorithm == Algorithm::lsq) start_from(ObserverKind::lsq);
    else if (algorithm == Algorithm::dsq) start_from(is_weight ? ObserverKind::clip_std : ObserverKind::ema_minmax);
    else if (algorithm == Algorithm::dorefa) start_from(ObserverKind::minmax);
    if (algorithm == Algorithm::tqt) {
        start_from(is_weight ? ObserverKind::minmax_floor : ObserverKind::pot_mode);
        scheme.symmetric = scheme.power_of_two = true;
        scheme.per_channel = false;
    }
}

void check_engine_runs(const PlacementOptions& placement, const Backend& target) {
    if (!target.folds_norm || (!is_uneven(placement.weight_algorithm) && !is_uneven(placement.activation_algorithm))) return;
    const Algorithm uneven = is_uneven(placement.weight_algorithm) ? placement.weight_algorithm : placement.activation_algorithm;
    throw Error(ErrorCode::unsupported, "The levels of this algorithm are not even, or not those of the tensor: " + target.title + " cannot compute with them.", std::string("algorithm ") + std::string(to_text(uneven)),
        "Choose backend Academic, or LSQ.");
}

}

std::vector<Parameter> train_parameters() {
    const ClassifierTraining t;
    const TrainSettings s;
    std::vector<Parameter> out{
        Parameter::choice("mode", "float", {{"float", "Float", "from scratch, or on from the given model"}, {"quantized", "Quantized", "quantization-aware, from the given model"}}).with_label("Train").with_group("Training"),
        Parameter::choice("depth", "8", {{"8", "8", ""}, {"14", "14", ""}, {"20", "20", ""}}).with_label("Depth").with_group("Network").with_help("Of a ResNet from scratch; a given model has its own.").when("mode", {"float"}),
        Parameter::integer("width", s.width).range(2, 256).with_label("Width").with_unit("channels").with_group("Network").with_help("Channels of the first stage. Multiples of 16 train fastest.").when("mode", {"float"}),
        Parameter::choice("weight_algorithm", kOfBackend, weight_algorithms()).with_label("Weights learn").with_group("Algorithm").when("mode", {"quantized"}),
        Parameter::choice("activation_algorithm", kOfBackend, activation_algorithms()).with_label("Activations learn").with_group("Algorithm").when("mode", {"quantized"}),
        Parameter::choice("bn_fold", "4", {{"0", "0: once, before", "the normalization becomes a bias"}, {"1", "1: frozen", "statistics stay"}, {"2", "2: of the batch", "two convolutions; weights folded with the batch's statistics"},
            {"3", "3: corrected", "two convolutions; weights folded with running statistics"}, {"4", "4: divided out", "one convolution; a normalization of its own behind it"}})
            .with_label("BN folding").with_group("Algorithm").with_help("How a convolution and the normalization that the backend folds into it are trained together. Backends that fold nothing (Academic) train it as it is.")
            .with_source("MQBench (arXiv 2111.03759), BN folding strategies 0 to 4").when("mode", {"quantized"}),
        Parameter::number("epochs", t.epochs).range(0.001, 1000).with_label("Epochs").with_group("Training"),
        Parameter::number("learning_rate", 0).range(0, 10).with_label("Learning rate").with_group("Training").with_help("The highest; it falls as a cosine. 0: 0.1 in float, 0.01 quantized."),
        Parameter::number("weight_decay", t.weight_decay).range(0, 1).with_label("Weight decay").with_group("Training").with_help("On weights and PACT's clipping levels."),
        Parameter::number("momentum", t.momentum).range(0, 0.999).with_label("Momentum").with_group("Training").is_advanced(),
        Parameter::number("clip", t.clip).range(0, 1e6).with_label("Gradient limit").with_group("Training").with_help("Longest gradient; 0: none.").is_advanced(),
        Parameter::integer("train_batch", s.batches.batch).range(2, 4096).with_label("Batch").with_group("Training"),
        Parameter::integer("train_images", 0).range(0, 100'000'000).with_label("Pictures").with_group("Training").with_help("The first of the training split; 0: all of it."),
        Parameter::boolean("augment", true).with_label("Augmentation").with_group("Training").with_help("Flips from left to right, and crops with an edge of an eighth of the side."),
        Parameter::number("distillation", t.distillation).range(0, 1).with_label("Distillation").with_group("Training").with_help("Share of the float model's outputs in the loss; the rest are the labels.").with_source("Hinton et al. 2015").when("mode", {"quantized"}),
        Parameter::number("temperature", t.temperature).range(0.1, 100).with_label("Temperature").with_group("Training").with_help("Of the outputs that are distilled.").when("mode", {"quantized"}).is_advanced(),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Training"),
        Parameter::number("checkpoint_minutes", s.checkpoint_minutes).range(0.01, 60).with_label("Checkpoint every").with_unit("min").with_group("Training").is_advanced(),
    };
    for (auto parameters : {scheme_parameters(), calibration_parameters()})
        for (Parameter& parameter : parameters) {
            parameter.live = false;
            out.push_back(std::move(parameter.when("mode", {"quantized"})));
        }
    for (Parameter& parameter : evaluation_parameters()) {
        parameter.live = false;
        if (parameter.id == "images") parameter.default_value = 0;
        out.push_back(std::move(parameter));
    }
    return out;
}

TrainSettings train_settings_from(const Json& p) {
    TrainSettings s;
    s.is_quantized = p.at("mode") == "quantized";
    s.depth = std::stoi(p.at("depth").get<std::string>());
    s.width = p.at("width").get<int>();
    s.fold = static_cast<BnFold>(std::stoi(p.at("bn_fold").get<std::string>()));
    ClassifierTraining& t = s.training;
    t.epochs = number_from(p.at("epochs"), "epochs");
    t.learning_rate = number_from(p.at("learning_rate"), "learning_rate");
    if (t.learning_rate == 0) t.learning_rate = s.is_quantized ? kQuantizedRate : kFloatRate;
    t.weight_decay = number_from(p.at("weight_decay"), "weight_decay");
    t.momentum = number_from(p.at("momentum"), "momentum");
    t.clip = number_from(p.at("clip"), "clip");
    t.distillation = s.is_quantized ? number_from(p.at("distillation"), "distillation") : 0;
    t.temperature = number_from(p.at("temperature"), "temperature");
    s.batches = {p.at("train_images").get<std::int64_t>(), p.at("train_batch").get<std::int64_t>(), p.at("augment").get<bool>(), p.at("seed").get<std::uint64_t>()};
    s.checkpoint_minutes = number_from(p.at("checkpoint_minutes"), "checkpoint_minutes");
    s.scheme = settings_from(p);
    if (!s.is_quantized) return s;
    PlacementOptions& placement = s.scheme.placement;
    apply_algorithm(p, "weight_algorithm", "weight_observer", true, placement.weights, placement.weight_algorithm, placement.weight_observer);
    apply_algorithm(p, "activation_algorithm", "activation_observer", false, placement.activations, placement.activation_algorithm, placement.activation_observer);
    check_engine_runs(placement, *s.scheme.target);
    return s;
}

void use_lsq_at_ends(QuantPlan& plan, const PlacementOptions& options) {
    constexpr int kEndBits = 8;
    const auto replace = [](std::vector<Placed>& places, int asked) {
        for (Placed& placed : places)
            if (is_uneven(placed.spec.algorithm) && placed.spec.bits == kEndBits && asked != kEndBits) {
                placed.spec.algorithm = Algorithm::lsq;
                placed.spec.observer = ObserverKind::lsq;
            }
    };
    replace(plan.weights, options.weights.bits);
    replace(plan.activations, options.activations.bits);
}

}
