#include "plugins/quantization/engine/reconstruct_parts.h"
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/calibration.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
std::vector<Parameter> reconstruction_parameters() {
    return {
        Parameter::integer("reconstruction_images", 512).range(1, 50'000).with_label("Images").with_group("Reconstruction").with_help("The first of the training split.").is_log(),
        Parameter::integer("iterations", 600).range(1, 100'000).with_label("Iterations").with_group("Reconstruction").with_help("For each unit; MQBench takes 10 000 (AdaRound) and 20 000 (BRECQ, QDrop).").is_log(),
        Parameter::integer("learning_batch", 32).range(1, 4096).with_label("Batch").with_group("Reconstruction").is_log(),
        Parameter::number("learning_rate", 1e-3).range(1e-6, 1).with_label("Learning rate").with_group("Reconstruction").with_help("Of the roundings, by Adam.").is_log().is_advanced(),
        Parameter::number("scale_learning_rate", 4e-5).range(0, 1).with_label("Rate of scales").with_group("Reconstruction").with_help("QDrop learns the scales of activations; 0: it does not.").is_advanced(),
        Parameter::number("keep", 0.5).range(0, 1).with_label("Quantized share").with_group("Reconstruction").with_help("QDrop: how much of the activations is quantized while it learns.").is_advanced(),
    };
}

ReconstructionOptions reconstruction_options(const Json& params, std::uint64_t seed) {
    ReconstructionOptions out;
    out.iterations = params.value("iterations", std::int64_t{600});
    out.batch = params.value("learning_batch", std::int64_t{32});
    out.learning_rate = params.value("learning_rate", 1e-3);
    out.scale_learning_rate = params.value("scale_learning_rate", 4e-5);
    out.keep = params.value("keep", 0.5);
    out.seed = seed;
    return out;
}

Settings reconstruction_settings(Settings settings, ReconstructionKind kind) {
    settings.placement.weight_algorithm = Algorithm::fixed;
    settings.placement.activation_algorithm = kind == ReconstructionKind::qdrop ? Algorithm::qdrop : Algorithm::fixed;
    return settings;
}

ReconstructionWork::ReconstructionWork(RunContext& run, const Subject& subject, const Settings& settings, ReconstructionKind kind, const ReconstructionOptions& given)
    : m_network(copy_of(*subject.model)), m_traced(subject.traced), m_runner(std::make_unique<PartRunner>(*m_network, m_traced)) {
    ReconstructionOptions options = given;
    if (kind != ReconstructionKind::qdrop) options.keep = 1;
    m_tap = std::make_shared<QuantTap>(*m_network, plan_of(subject, settings));
    calibrate(*m_network, m_tap, calibration_batches(run, settings), [&](std::int64_t) { run.check_cancelled(); });
    Settings samples = settings;
    samples.calibration_images = run.params().value("reconstruction_images", std::int64_t{512});
    samples.calibration_batch = samples.calibration_images;
    m_reconstruction = std::make_unique<NetworkReconstruction>(*m_network, *m_runner, m_tap, calibration_batches(run, samples).front(), std::max<std::int64_t>(1, std::min(settings.batch, settings.calibration_batch)), kind, options);
}

std::int64_t ReconstructionWork::classes() const { return m_traced.nodes.empty() ? 0 : m_traced.nodes.back().shape.back(); }

std::string ReconstructionWork::model_file(const Json& params) const {
    std::map<std::string, at::Tensor> state;
    for (const auto& [key, tensor] : m_network->state()) state[key] = tensor.detach().contiguous();
    return safetensors_bytes(state, {{"lathe.config", m_network->config().dump()}, {"lathe.quantization", params.dump()}});
}

}
