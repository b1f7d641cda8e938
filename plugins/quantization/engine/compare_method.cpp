// quantization.compare: the accuracy of algorithms over backends, bits and seeds, as papers print it.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/reconstruct_parts.h"
#include <ATen/ATen.h>
#include <charconv>
#include <cmath>
#include <map>

namespace lathe::quantization {
namespace {

const std::string kPlain = "plain";

struct CompareBits { int weights = 8, activations = 8; std::string text; };

CompareBits compare_bits(const Json& given) {
    const std::string text = given.is_string() ? given.get<std::string>() : given.dump();
    CompareBits bits;
    bits.text = text;
    const char* end = text.data() + text.size();
    const auto [slash, first] = std::from_chars(text.data(), end, bits.weights);
    const auto last = first == std::errc() && slash != end && *slash == '/' ? std::from_chars(slash + 1, end, bits.activations) : std::from_chars_result{end, std::errc::invalid_argument};
    if (last.ec != std::errc() || last.ptr != end || std::min(bits.weights, bits.activations) < 2 || std::max(bits.weights, bits.activations) > 16)
        throw Error(ErrorCode::invalid_value, "Bits are not given as weights/activations.", "parameter bits: " + text, "For example 4/8; both from 2 to 16.");
    return bits;
}

std::vector<std::string> texts_of(const Json& list, const char* parameter) {
    std::vector<std::string> out;
    for (const Json& one : list) {
        if (!one.is_string()) throw Error(ErrorCode::invalid_value, "A list of names holds something else.", std::string("parameter ") + parameter + ": " + one.dump(), "Give names.");
        out.push_back(one.get<std::string>());
    }
    if (out.empty()) throw Error(ErrorCode::invalid_value, "A list is empty.", std::string("parameter ") + parameter, "Give at least one.");
    return out;
}

class Comparison {
public:
    explicit Comparison(RunContext& run) : m_run(run), m_params(run.params()), m_subject(open_subject(run)), m_set(open_data(run, false)), m_methods(texts_of(m_params.at("methods"), "methods")), m_backends(texts_of(m_params.at("backends"), "backends")), m_seeds(m_params.value("seeds", std::int64_t{3})) {
        for (const std::string& method : m_methods)
            if (method != kPlain) reconstruction_kind_from(method);
        for (const std::string& id : m_backends) backend(id);
        for (const Json& one : m_params.at("bits")) m_bits.push_back(compare_bits(one));
        if (m_bits.empty()) throw Error(ErrorCode::invalid_value, "A list is empty.", "parameter bits", "Give at least one, for example 4/8.");
    }

    void operator()() {
        if (const Bytes checkpoint = m_run.resume_checkpoint()) resume(checkpoint);
        const std::size_t total = m_backends.size() * m_bits.size() * m_methods.size() * static_cast<std::size_t>(m_seeds);
        std::size_t done = 0;
        for (const std::string& id : m_backends)
            for (const CompareBits& bits : m_bits)
                for (const std::string& method : m_methods)
                    for (std::int64_t seed = 0; seed < m_seeds; ++seed, ++done) {
                        const std::string cell = id + "\n" + method + "\n" + bits.text;
                        std::vector<double>& values = m_values[cell];
                        if (static_cast<std::int64_t>(values.size()) > seed) continue;
                        m_from = static_cast<double>(done) / static_cast<double>(total);
                        m_share = 1 / static_cast<double>(total);
                        m_note = backend(id).title + ", " + method + ", " + bits.text + ", seed " + std::to_string(seed);
                        values.push_back(top1(id, bits, method, seed));
                        give_table(true);
                        save();
                    }
        give_table(false);
    }

private:
    double top1(const std::string& id, const CompareBits& bits, const std::string& method, std::int64_t seed) {
        Json params = m_params;
        params["backend"] = id;
        params["weight_bits"] = bits.weights;
        params["activation_bits"] = bits.activations;
        Settings settings = settings_from(params);
        settings.calibration_first = seed * std::max(settings.calibration_images, m_params.value("reconstruction_images", std::int64_t{512}));   // every seed has pictures of its own
        Settings quantized = reconstruction_settings(settings, method == "qdrop" ? ReconstructionKind::qdrop : ReconstructionKind::adaround);
        if (method == kPlain) return measured(m_subject->network(), calibrated_tap(m_run, *m_subject, quantized, 0));
        const ReconstructionKind kind = reconstruction_kind_from(method);
        ReconstructionWork work(m_run, *m_subject, quantized, kind, reconstruction_options(m_params, static_cast<std::uint64_t>(m_run.request().seed + seed)));
        NetworkReconstruction& reconstruction = work.reconstruction();
        const auto units = static_cast<double>(reconstruction.units().size());
        const auto iterations = static_cast<double>(m_params.value("iterations", std::int64_t{600}));
        while (reconstruction.units_done() < reconstruction.units().size())
            reconstruction.next([&](std::int64_t iteration, const ReconstructionLoss&) {
                m_run.check_cancelled();
                m_run.progress(m_from + m_share * (static_cast<double>(reconstruction.units_done()) + static_cast<double>(iteration) / iterations) / units, 1, m_note);
            }, [this] { m_run.check_cancelled(); });
        return measured(work.network(), work.tap());
    }

    double measured(Network& network, const std::shared_ptr<QuantTap>& tap) {
        TapStack taps;
        taps.add(tap);
        taps.set_tick([this] { m_run.check_cancelled(); });
        taps.attach(network.layers());
        const Settings settings = settings_from(m_params);
        m_run.progress(m_from + m_share, 1, m_note);
        return classify(network, *m_set, settings.images, settings.batch, &taps, {}).top1;
    }

    void give_table(bool preview) {
        std::vector<std::vector<Json>> rows;
        Json best;
        double highest = -1;
        for (const std::string& id : m_backends)
            for (const CompareBits& bits : m_bits)
                for (const std::string& method : m_methods) {
                    const std::vector<double>& values = m_values[id + "\n" + method + "\n" + bits.text];
                    if (values.empty()) continue;
                    double mean = 0, square = 0;
                    for (const double value : values) mean += value / static_cast<double>(values.size());
                    for (const double value : values) square += (value - mean) * (value - mean);
                    const double deviation = values.size() > 1 ? std::sqrt(square / static_cast<double>(values.size() - 1)) : 0;
                    rows.push_back({id, method, bits.text, mean, values.size() > 1 ? Json(deviation) : Json(), values.size(), Json(values).dump()});
                    if (mean > highest) {
                        highest = mean;
                        best = {{"backend", id}, {"method", method}, {"bits", bits.text}, {"top1", mean}};
                    }
                }
        m_run.table("comparison", {"backend", "method", "bits", "top1 mean", "top1 std", "n", "values"}, rows, Json::object(), preview);
        if (!preview) m_run.summary("best", best);
    }

    void save() {
        Json values = Json::object();
        for (const auto& [cell, list] : m_values) values[cell] = list;
        m_run.checkpoint(std::make_shared<const std::string>(safetensors_bytes({{"seeds", at::full({1}, m_seeds, at::kLong)}}, {{"lathe.comparison", values.dump()}})));
        if (m_run.pause_asked()) throw Paused{};
    }

    void resume(const Bytes& checkpoint) {
        const auto file = open_safetensors_bytes(checkpoint, "checkpoint");
        const auto found = file->metadata().find("lathe.comparison");
        if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The saved state is not that of a comparison.", "checkpoint", "Start it anew.");
        const Json cells = parse_json(found->second, "checkpoint");
        for (const auto& [cell, list] : cells.items())
            for (const Json& value : list) m_values[cell].push_back(value.get<double>());
        m_run.log("info", "Resumed with " + std::to_string(m_values.size()) + " cells of the table.");
    }

    RunContext& m_run;
    const Json& m_params;
    const std::shared_ptr<const Subject> m_subject;
    const std::shared_ptr<const ClassificationSet> m_set;
    const std::vector<std::string> m_methods, m_backends;
    const std::int64_t m_seeds;
    std::vector<CompareBits> m_bits;
    std::map<std::string, std::vector<double>> m_values;   // by cell, in order of seeds
    double m_from = 0, m_share = 1;
    std::string m_note;
};

}

Method compare_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.compare";
    info.title = "Compare algorithms of quantization";
    info.help = "Accuracy of algorithms over backends and bits, with mean and standard deviation over seeds; each seed calibrates and learns with pictures of its own.";
    info.source = "MQBench (arXiv 2111.03759)";
    info.parameters = scheme_parameters();
    std::erase_if(info.parameters, [](const Parameter& parameter) { return parameter.id == "backend" || parameter.id == "weight_bits" || parameter.id == "activation_bits" || parameter.id == "layers"; });
    info.parameters.insert(info.parameters.begin(), {
        Parameter::list("methods", Json::array({"plain", "adaround", "brecq", "qdrop"})).with_label("Algorithms").with_group("Compare").with_help("plain, adaround, brecq, qdrop"),
        Parameter::list("bits", Json::array({"8/8", "4/8", "3/8"})).with_label("Bits").with_group("Compare").with_help("Weights/activations."),
        Parameter::list("backends", Json::array({"academic"})).with_label("Backends").with_group("Compare"),
        Parameter::integer("seeds", 3).range(1, 100).with_label("Seeds").with_group("Compare"),
    });
    for (Parameter& parameter : calibration_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : reconstruction_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : evaluation_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"model", "model", "Model", "A classifier.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true}};
    info.outputs = {{"comparison", "table", "Comparison", "", ""}};
    info.is_long = true;
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { Comparison{run}(); };
    return method;
}

}
