// bev.ablation: the official metric under many experiments at once. Samples are the outer loop, so that what the image network makes of a sample is made
// once and never more than one sample is held; all rows of the table grow together.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/bev/engine/ablation.h"
#include "plugins/bev/engine/methods.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <algorithm>

namespace lathe::bev {
namespace {

class Ablation {
public:
    explicit Ablation(RunContext& run)
        : m_run(run), m_tables(open_tables(run)), m_model(open_detector(run, *m_tables)), m_net(detector_of(*m_model)), m_indexes(m_tables->samples_of(run.params().at("split").get<std::string>())),
          m_limit(number_from(run.params().at("limit"), "limit")) {
        const Json& p = run.params();
        const auto samples = p.at("samples").get<std::size_t>();
        if (samples > 0 && samples < m_indexes.size()) m_indexes.resize(samples);
        const Experiment base = experiment_from(p, m_net.detector_config(), m_tables->channels);
        for (Variant& variant : variants_of(base, m_net.detector_config(), m_tables->channels, axes(p.at("axes")), p.at("noise_seed").get<std::uint64_t>())) m_rows.push_back({std::move(variant), {}, {}});
        TapStack& taps = run.taps();
        taps.set_tick([this] { m_run.check_cancelled(); });
        taps.attach(m_net.layers());
    }

    void operator()() {
        const c10::InferenceMode guard;
        const double total = static_cast<double>(m_indexes.size() * m_rows.size());
        double shown = -1e9, cost = 0;   // the first sample is shown at once
        for (const int index : m_indexes) {
            const SampleInfo info = sample_info(*m_tables, index);
            m_truth.push_back(eval_sample(*m_tables, index));
            Result baseline;
            for (std::size_t i = 0; i < m_rows.size(); ++i) {
                m_run.check_cancelled();
                m_run.progress(static_cast<double>((m_truth.size() - 1) * m_rows.size() + i), total,
                    "sample " + std::to_string(m_truth.size()) + " of " + std::to_string(m_indexes.size()) + ", " + m_rows[i].variant.axis + " " + m_rows[i].variant.value);
                if (i == 0) baseline = decide(m_rows[0], info);
                else if (m_rows[i].variant.same_maps) suppress_again(m_rows[i], info, baseline);
                else decide(m_rows[i], info);
            }
            const double now = monotonic_seconds();
            if (m_truth.size() < m_indexes.size() && now - shown > std::max(1.0, 20 * cost)) {   // the metric takes at most a twentieth of the time
                show(true);
                shown = monotonic_seconds();
                cost = shown - now;
            }
        }
        show(false);
        m_run.progress(total, total, {});
        m_run.summary("samples", m_indexes.size());
        m_run.summary("variants", m_rows.size());
    }

private:
    struct Row { Variant variant; std::vector<std::vector<GlobalBox>> found; StageTimes seconds; };

    static std::vector<std::string> axes(const Json& names) {
        if (names.empty()) return {kAxes.begin(), kAxes.end()};
        std::vector<std::string> out;
        for (const Json& name : names) out.push_back(name.is_string() ? name.get<std::string>() : name.dump());
        return out;
    }

    Result decide(Row& row, const SampleInfo& info) {
        Result r = run_sample(m_net, info, row.variant.experiment, picture_source(m_run, *m_model, m_tables->root), &m_run.taps());
        m_shared.input += r.seconds.input;
        m_shared.images += r.seconds.images;
        keep(row, info, r.detections, r.seconds);
        return r;
    }
    void suppress_again(Row& row, const SampleInfo& info, const Result& baseline) {
        StageTimes seconds = baseline.seconds;
        const double start = monotonic_seconds();
        const Detections found = detect(baseline.maps.cls[0], baseline.maps.reg[0], baseline.maps.dir[0], m_net.detector_config().range, row.variant.experiment.post);
        seconds.boxes = monotonic_seconds() - start;
        keep(row, info, found, seconds);
    }
    static void keep(Row& row, const SampleInfo& info, const Detections& found, const StageTimes& seconds) {
        row.found.push_back(to_global(found.boxes, info.lidar2ego, info.ego2global));
        row.seconds += seconds;
    }

    /// All rows over the samples so far. What the image network and the pictures took is the same for all rows: each sample was asked for once.
    void show(bool preview) {
        std::vector<std::vector<Json>> cells;
        const double count = static_cast<double>(m_truth.size());
        for (const Row& row : m_rows) {
            std::vector<EvalSample> samples = m_truth;
            for (std::size_t i = 0; i < samples.size(); ++i) samples[i].predictions = row.found[i];
            const DetectionMetric m = measured(std::move(samples), m_limit, m_run);
            std::vector<Json> line{row.variant.axis, row.variant.value};
            for (const double v : {m.mean_average_precision, m.detection_score, m.errors[0], m.errors[1], m.errors[2], m.classes[0].average_precision[2]}) line.push_back(number_json(v));
            for (const double s : {m_shared.input, m_shared.images, row.seconds.tables, row.seconds.gather, row.seconds.encoder, row.seconds.head, row.seconds.boxes}) line.push_back(number_json(1000 * s / count));
            if (!preview && &row == &m_rows.front()) {
                m_run.summary("mAP", number_json(m.mean_average_precision));
                m_run.summary("NDS", number_json(m.detection_score));
            }
            cells.push_back(std::move(line));
        }
        m_run.table("ablation", {"axis", "value", "mAP", "NDS", "mATE m", "mASE", "mAOE rad", "car AP@2m", "input ms", "image network ms", "tables ms", "gather ms", "BEV encoder ms", "head ms", "boxes ms"}, cells,
            {{"samples", m_truth.size()}, {"of", m_indexes.size()}}, preview);
    }

    RunContext& m_run;
    std::shared_ptr<const NuscenesTables> m_tables;
    std::shared_ptr<CachedModel> m_model;
    Detector& m_net;
    std::vector<int> m_indexes;
    double m_limit;
    std::vector<Row> m_rows;
    std::vector<EvalSample> m_truth;
    StageTimes m_shared;
};

}

Method ablation_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "bev.ablation";
    info.title = "Compare experiments";
    info.help = "Measures a Fast-BEV detector over a split many times, each time with one thing changed: rules of the view, frames, alignment, calibration, missing cameras, suppression. The pictures go through the image network once.";
    info.source = "nuScenes detection metric (detection_cvpr_2019)";
    info.parameters = {
        Parameter::text("split", "val").with_label("Split").with_group("Data").with_help("A split of the data set, or the name of a scene."),
        Parameter::integer("samples", 0).range(0, 1'000'000).with_label("Samples").with_group("Data").with_help("The first of the split; 0: all."),
        Parameter::number("limit", 50).range(1, 200).with_label("Range at most").with_unit("m").with_group("Data").with_help("Classes are measured within the smaller of this and their official range (30 to 50 m). 50: official."),
        Parameter::list("axes", Json(kAxes)).with_label("Axes").with_group("Data").with_help("What is changed, one thing at a time; empty: everything. The other parameters make the baseline."),
    };
    for (Parameter& parameter : experiment_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", true}, {"model", "model", "Model", "A Fast-BEV checkpoint.", true}};
    info.outputs = {{"ablation", "table", "Ablation", "", ""}};
    info.families = {"fast_bev"};
    info.takes_taps = true;
    info.is_long = true;
    method.run = [](RunContext& run) { Ablation{run}(); };
    return method;
}

}
