// quantization.deploy: the network as ONNX and its clip ranges, run by ONNX Runtime and held against what Lathe computes, layer by layer.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/divergence.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/layer_table.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/onnx_runtime.h"
#include "plugins/quantization/engine/qdq_export.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
namespace {

constexpr double kExportShare = 0.15;                 // of the progress: calibrated, exported and checked
constexpr double kSameLogits = 1e-5;                  // of the largest logit
constexpr std::int64_t kMostCodeBytes = std::int64_t{192} << 20;   // of all layers, for the pictures of one run

std::string layout_of(const std::string& backend_id) {
    if (backend_id == "tensorrt" || backend_id == "qdq") return "tensorrt";
    if (backend_id == "snpe") return "snpe";
    if (backend_id == "vitis") return "vitis";
    return backend_id.starts_with("ppl") ? "ppl" : "general";
}

/// A folder that goes with the run.
class RunFolder {
public:
    RunFolder() : m_path(std::filesystem::temp_directory_path() / ("lathe-deploy-" + make_uuid())) { std::filesystem::create_directories(m_path); }
    ~RunFolder() {
        std::error_code error;
        std::filesystem::remove_all(m_path, error);
    }
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;
    std::filesystem::path file(const char* name) const { return m_path / name; }
private:
    std::filesystem::path m_path;
};

class Deployment {
public:
    explicit Deployment(RunContext& run) : m_run(run), m_settings(settings_from(run.params())), m_subject(open_subject(run)), m_set(open_data(run, false)) {}

    void operator()() {
        m_tap = calibrated_tap(m_run, *m_subject, m_settings, kExportShare / 2);
        m_export = std::make_unique<QdqExport>(export_qdq(m_subject->network(), *m_tap));
        m_export->model.save(m_folder.file("network.onnx"));
        m_warnings = m_export->warnings;
        give_files();
        check_classes(m_subject->traced.nodes.back().shape.back(), *m_set);
        try {
            m_integers = std::make_shared<IntegerTap>(*m_tap);
            std::set<std::string> nodes;
            for (const auto& [node, tensor] : m_export->codes) nodes.insert(node);
            m_integers->keep(nodes);
        } catch (const Error& error) {                // the export is as good without
            if (error.code() != ErrorCode::unsupported) throw;
            m_warnings.push_back(one_sentence(error.summary()) + " Only the simulation in float is compared.");
        }
        compare();
        finish();
    }

private:
    void give_files() {
        give_file(m_run, "onnx", "network.onnx", "application/onnx", m_export->model.bytes(), {{"backend", m_settings.target->id}, {"output", m_export->output}});
        std::vector<TensorRange> ranges = m_export->ranges;
        copy_back(ranges, m_export->views);
        std::string layout = layout_of(m_settings.target->id);
        Json written;
        try {
            written = clip_ranges(ranges, layout);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::unsupported) throw;
            m_warnings.push_back(one_sentence(error.summary()) + " The clip ranges are in the general layout.");
            layout = "general";
            written = clip_ranges(ranges, layout);
        }
        give_file(m_run, "clip_ranges", "clip_ranges.json", "application/json", json_text(written, 2), {{"layout", layout}});
    }

    std::int64_t code_bytes_of_picture() const {
        std::int64_t bytes = 1;
        for (const GraphNode& node : m_tap->plan().graph.nodes) {
            if (!m_export->codes.contains(node.name)) continue;
            std::int64_t own = 1;
            for (std::size_t i = 1; i < node.shape.size(); ++i) own *= node.shape[i];
            bytes += own;
        }
        return bytes;
    }

    void compare() {
        const c10::NoGradGuard no_gradients;
        const std::int64_t asked = m_run.params().value("images", std::int64_t{256}), n = asked > 0 ? std::min(asked, m_set->size()) : m_set->size();
        const std::int64_t batch = std::clamp<std::int64_t>(kMostCodeBytes / code_bytes_of_picture(), 1, n);
        std::vector<std::string> order;
        for (const GraphNode& node : m_tap->plan().graph.nodes)
            if (m_export->codes.contains(node.name)) order.push_back(node.name);
        m_exact = std::make_unique<Divergence>(order);
        m_simulated = std::make_unique<Divergence>(order);
        for (std::int64_t first = 0; first < n; first += batch) {
            const std::int64_t end = std::min(first + batch, n);
            m_run.progress(kExportShare + (1 - kExportShare) * static_cast<double>(first) / static_cast<double>(n), 1, "ONNX Runtime, picture " + std::to_string(first) + " of " + std::to_string(n));
            compare_batch(m_set->batch(first, end));
        }
        m_labels = m_set->labels.slice(0, 0, n);
    }

    void compare_batch(const at::Tensor& pictures) {
        const OnnxRun answer = by_runtime(pictures);
        m_runtime_logits.push_back(answer.outputs.at(m_export->output));
        const auto theirs = [&](const std::string& node) { return answer.outputs.at(m_export->codes.at(node)); };
        if (m_integers) {
            TapStack taps;
            taps.add(m_integers);
            taps.set_tick([this] { m_run.check_cancelled(); });
            taps.attach(m_subject->network().layers());
            m_integer_logits.push_back(m_subject->network().forward({pictures}, &taps));
            for (const auto& [node, codes] : m_integers->codes())
                if (m_export->codes.contains(node)) m_exact->add(node, codes, theirs(node));
        }
        PartRunner::Asked asked;
        asked.given = {{0, pictures}};
        asked.taps = {m_tap};
        asked.tick = [this] { m_run.check_cancelled(); };
        const QuantPlan& plan = m_tap->plan();
        if (m_subject->runner->is_possible())
            for (const Placed& placed : plan.activations)
                if (const int node = traced_node(plan.graph.nodes[static_cast<std::size_t>(placed.node)], *m_subject->runner); node >= 0) asked.kept.insert(node);
        const PartRunner::Result simulated = m_subject->runner->run(asked);
        m_float_logits.push_back(simulated.output);
        for (const Placed& placed : plan.activations) {
            const GraphNode& node = plan.graph.nodes[static_cast<std::size_t>(placed.node)];
            if (!m_export->codes.contains(node.name)) continue;
            Quantizer& quantizer = *m_tap->find(placed.name);
            const auto kept = simulated.kept.find(traced_node(node, *m_subject->runner));
            if (kept == simulated.kept.end() && node.type != "Input") continue;
            const at::Tensor value = kept != simulated.kept.end() ? kept->second : quantizer.deployed(pictures);
            m_simulated->add(node.name, at::round(value / quantizer.params().scale.detach()) + at::round(quantizer.params().zero_point.detach()), theirs(node.name));
        }
    }

    OnnxRun by_runtime(const at::Tensor& pictures) {
        OnnxRunSettings settings;
        settings.optimise = m_run.params().value("optimise", true);
        settings.precise = true;
        settings.threads = static_cast<int>(at::get_num_threads());
        for (const auto& [node, tensor] : m_export->codes) settings.tensors.push_back(tensor);
        settings.poll = [this] { m_run.check_cancelled(); };
        OnnxRun answer = run_onnx(m_folder.file("network.onnx"), {{"x", pictures.contiguous()}}, settings);
        if (m_report.is_null()) {                     // the network alone is timed: tensors that are looked at cost time
            OnnxRunSettings plain = settings;
            plain.tensors.clear();
            plain.precise = false;
            plain.repeat = 3;
            const std::int64_t few = std::min<std::int64_t>(64, pictures.size(0));
            m_report = run_onnx(m_folder.file("network.onnx"), {{"x", pictures.slice(0, 0, few).contiguous()}}, plain).report;
            m_timed = few;
            if (!exact_int8(m_report)) m_warnings.push_back("This processor has no VNNI: ONNX Runtime's sums of 16 bits clip here unless it is told to be precise, as it was for this comparison.");
        }
        return answer;
    }

    struct LogitsCompared { std::int64_t equal = 0; double largest = 0; };
    static LogitsCompared compared(const at::Tensor& a, const at::Tensor& b) {
        const at::Tensor differences = (a - b).abs().amax(1);
        return {(differences <= kSameLogits * std::max(1.0, b.abs().max().item<double>())).sum().item<std::int64_t>(), differences.max().item<double>()};
    }

    void finish() {
        const at::Tensor runtime = at::cat(m_runtime_logits), simulated = at::cat(m_float_logits);
        std::vector<at::Tensor> histograms{at::zeros({static_cast<std::int64_t>(m_exact->nodes().size()), Divergence::kBins}), m_simulated->histograms()};
        m_run.summary("images", runtime.size(0));
        if (m_integers) {
            const at::Tensor integers = at::cat(m_integer_logits);
            const LogitsCompared same = compared(integers, runtime);
            give_divergence("divergence", *m_exact);
            histograms[0] = m_exact->histograms();
            m_run.summary("equal_images", same.equal);
            m_run.summary("logits_max_difference", same.largest);
            m_run.summary("first_diverging", m_exact->first());
            m_run.summary("top1_integer", scored(integers, m_labels).top1);
        }
        const LogitsCompared near = compared(simulated, runtime);
        give_divergence("divergence_float", *m_simulated);
        m_run.tensor("step_histograms", 0, at::stack(histograms).to(at::kFloat));
        m_run.summary("float_equal_images", near.equal);
        m_run.summary("float_logits_max_difference", near.largest);
        m_run.summary("float_logits_sqnr_db", number_json(sqnr_db(runtime, simulated)));
        m_run.summary("first_diverging_float", m_simulated->first());
        m_run.summary("top1_runtime", scored(runtime, m_labels).top1);
        m_run.summary("top1_simulated", scored(simulated, m_labels).top1);
        m_run.summary("runtime", {{"version", m_report.value("onnx_runtime", std::string())}, {"exact", exact_int8(m_report)}});
        m_run.summary("ms_runtime", m_report.at("ms").at("median"));
        m_run.summary("timed_images", m_timed);
        for (const std::string& warning : m_warnings) m_run.log("warn", warning);
        m_run.summary("warnings", m_warnings);
    }

    void give_divergence(const char* key, const Divergence& divergence) {
        std::vector<std::vector<Json>> rows;
        for (const Divergence::Node& node : divergence.nodes())
            rows.push_back({node.name, rows.size(), node.values, node.differing, node.values > 0 ? Json(static_cast<double>(node.differing) / static_cast<double>(node.values)) : Json(), node.largest});
        m_run.table(key, {"node", "order", "values", "differing", "share", "largest step"}, rows);
    }

    RunContext& m_run;
    const Settings m_settings;
    const std::shared_ptr<const Subject> m_subject;
    const std::shared_ptr<const ClassificationSet> m_set;
    RunFolder m_folder;
    std::shared_ptr<QuantTap> m_tap;
    std::unique_ptr<QdqExport> m_export;
    std::shared_ptr<IntegerTap> m_integers;              // null: these settings have no integers
    std::unique_ptr<Divergence> m_exact, m_simulated;
    std::vector<at::Tensor> m_runtime_logits, m_integer_logits, m_float_logits;
    at::Tensor m_labels;
    std::vector<std::string> m_warnings;
    Json m_report;
    std::int64_t m_timed = 0;
};

}

Method deploy_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.deploy";
    info.title = "Export and check on an engine";
    info.help = "Writes the quantized network as ONNX with its clip ranges, runs it in ONNX Runtime, and finds the first layer whose integers are others than Lathe's.";
    info.source = "MQBench (arXiv 2111.03759), deployment";
    info.parameters = scheme_parameters();
    for (Parameter& parameter : info.parameters)
        if (parameter.id == "backend") parameter.default_value = "onnxruntime";
    for (Parameter& parameter : calibration_parameters()) info.parameters.push_back(std::move(parameter));
    info.parameters.push_back(Parameter::integer("images", 256).range(0, 1'000'000).with_label("Images").with_group("Check").with_help("The first of the test split; 0: all of it."));
    info.parameters.push_back(Parameter::boolean("optimise", true).with_label("Optimize the graph").with_group("Check").with_help("Let ONNX Runtime fuse operators, as it does in use."));
    info.inputs = {{"model", "model", "Model", "A classifier.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true},
        {"quantizers", "model", "Quantizers", "Learnt scales, of a reconstruction or training; they take the place of calibration.", false}};
    info.outputs = {{"onnx", "file", "Network", "", ""}, {"clip_ranges", "file", "Clip ranges", "", ""}, {"divergence", "table", "Integers against ONNX Runtime", "", ""}, {"divergence_float", "table", "Simulation in float against ONNX Runtime", "", ""},
        {"step_histograms", "tensor", "Histograms of step differences", "", ""}};
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { Deployment{run}(); };
    return method;
}

}
