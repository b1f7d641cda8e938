// quantization.reconstruct: the roundings of a network's weights are learnt, so that it gives in few bits what it gave in float.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/engine/training.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/reconstruct_parts.h"
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kPointSteps = 20;              // iterations from one point of the curves to the next
constexpr double kCheckpointSeconds = 60, kMeasuredShare = 0.95;

class ReconstructRun {
public:
    explicit ReconstructRun(RunContext& run)
        : m_run(run), m_params(run.params()), m_settings(reconstruction_settings(settings_from(m_params), reconstruction_kind_from(m_params.value("algorithm", "adaround")))), m_subject(open_subject(run)), m_set(open_data(run, false)),
          m_work(run, *m_subject, m_settings, reconstruction_kind_from(m_params.value("algorithm", "adaround")), reconstruction_options(m_params, static_cast<std::uint64_t>(run.request().seed))) {}

    void operator()() {
        const double begin = monotonic_seconds();
        check_classes(m_work.classes(), *m_set);
        const double exact = top1(nullptr), before = top1(m_work.tap());
        m_run.metric("top1", 0, before);
        NetworkReconstruction& reconstruction = m_work.reconstruction();
        if (const Bytes checkpoint = m_run.resume_checkpoint()) {
            const auto file = open_safetensors_bytes(checkpoint, "checkpoint");
            std::map<std::string, at::Tensor> state;
            for (const TensorEntry& entry : file->entries()) state[entry.name] = file->get(entry.name).clone();
            reconstruction.restore(state);
            m_run.log("info", "Resumed at unit " + std::to_string(reconstruction.units_done() + 1) + " of " + std::to_string(reconstruction.units().size()) + ".");
        }
        m_saved = monotonic_seconds();
        double last = before;
        while (reconstruction.units_done() < reconstruction.units().size()) {
            const UnitReport report = reconstruction.next([&](std::int64_t iteration, const ReconstructionLoss& loss) { step(iteration, loss); }, [this] { m_run.check_cancelled(); });
            m_rows.push_back({report.name, report.layers, report.error_before, report.error_after, report.seconds});
            give_units(true);
            last = top1(m_work.tap());
            m_run.metric("top1", static_cast<std::int64_t>(reconstruction.units_done()), last);
        }
        give_units(false);
        give_file(m_run, "model", "reconstructed.safetensors", "application/safetensors", m_work.model_file(m_params));   // in float32: halves would leave the grid
        give_quantizers(m_run, *m_work.tap());
        m_run.summary("top1", last);
        m_run.summary("top1_before", before);
        m_run.summary("top1_float", exact);
        m_run.summary("images", m_settings.images);
        m_run.summary("seconds", monotonic_seconds() - begin);
    }

private:
    void step(std::int64_t iteration, const ReconstructionLoss& loss) {
        m_run.check_cancelled();
        NetworkReconstruction& reconstruction = m_work.reconstruction();
        const std::int64_t iterations = m_params.value("iterations", std::int64_t{600}), units = static_cast<std::int64_t>(reconstruction.units().size()), done = static_cast<std::int64_t>(reconstruction.units_done());
        m_reconstruction += loss.reconstruction;
        m_rounding += loss.rounding;
        if (++m_count == kPointSteps || iteration == iterations) {
            const std::int64_t at = done * iterations + iteration;
            m_run.metric("reconstruction_loss", at, m_reconstruction / static_cast<double>(m_count));
            m_run.metric("rounding_loss", at, m_rounding / static_cast<double>(m_count));
            m_reconstruction = m_rounding = 0;
            m_count = 0;
        }
        m_run.progress(kMeasuredShare * static_cast<double>(done * iterations + iteration), static_cast<double>(units * iterations),
            reconstruction.units()[static_cast<std::size_t>(done)].name + ", unit " + std::to_string(done + 1) + " of " + std::to_string(units) + ", iteration " + std::to_string(iteration) + " of " + std::to_string(iterations));
        const bool pause = m_run.pause_asked();
        if (pause || monotonic_seconds() - m_saved > kCheckpointSeconds) {
            m_run.checkpoint(std::make_shared<const std::string>(safetensors_bytes(reconstruction.state())));
            m_saved = monotonic_seconds();
        }
        if (pause) throw Paused{};
    }

    /// null: in float, by the network as it was.
    double top1(const std::shared_ptr<QuantTap>& tap) {
        TapStack taps;
        if (tap) taps.add(tap);
        taps.set_tick([this] { m_run.check_cancelled(); });
        Network& network = tap ? m_work.network() : m_subject->network();
        taps.attach(network.layers());
        return classify(network, *m_set, m_settings.images, m_settings.batch, &taps, {}).top1;
    }

    void give_units(bool preview) {
        std::vector<std::vector<Json>> rows;
        for (const auto& row : m_rows) rows.push_back(row);
        m_run.table("units", {"unit", "layers", "error before", "error after", "seconds"}, rows, Json::object(), preview);
    }

    RunContext& m_run;
    const Json& m_params;
    const Settings m_settings;
    const std::shared_ptr<const Subject> m_subject;
    const std::shared_ptr<const ClassificationSet> m_set;
    ReconstructionWork m_work;
    std::vector<std::vector<Json>> m_rows;
    double m_reconstruction = 0, m_rounding = 0, m_saved = 0;
    std::int64_t m_count = 0;
};

}

Method reconstruct_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.reconstruct";
    info.title = "Reconstruct a quantized classifier";
    info.help = "Learns how the weights are rounded, layer by layer or block by block, so that the quantized network gives what the float one gives; needs pictures but no labels.";
    info.source = "AdaRound (arXiv 2004.10568), BRECQ (arXiv 2102.05426), QDrop (arXiv 2203.05740), as in MQBench";
    info.parameters = scheme_parameters();
    for (Parameter& parameter : calibration_parameters()) info.parameters.push_back(std::move(parameter));
    info.parameters.push_back(Parameter::choice("algorithm", "adaround", {{"adaround", "AdaRound", "layer by layer"}, {"brecq", "BRECQ", "block by block"}, {"qdrop", "QDrop", "block by block; activations are dropped to float by chance, and their scales are learnt"}})
                                  .with_label("Algorithm").with_group("Reconstruction"));
    for (Parameter& parameter : reconstruction_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : evaluation_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"model", "model", "Model", "A classifier.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true}};
    info.outputs = {{"top1", "metric", "Top-1 after each unit", "", "higher"}, {"reconstruction_loss", "metric", "Reconstruction loss", "", "lower"}, {"rounding_loss", "metric", "Rounding loss", "", "lower"},
        {"units", "table", "Units", "", ""}, {"model", "file", "Model", "", ""}, {"quantizers", "file", "Quantizers", "", ""}};
    info.is_long = true;
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { ReconstructRun{run}(); };
    return method;
}

}
