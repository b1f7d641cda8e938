// bev.evaluate: the official metric over a split, under any experiment; also true boxes fed through writer and metric.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/bev/engine/methods.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include <ATen/ATen.h>
#include <filesystem>

namespace lathe::bev {
namespace {

class Evaluation {
public:
    explicit Evaluation(RunContext& run) : m_run(run), m_tables(open_tables(run)), m_truth(run.params().at("source") == "truth") {}

    void operator()() {
        const Json& p = m_run.params();
        const std::vector<int> indexes = m_tables->samples_of(p.at("split").get<std::string>());
        std::shared_ptr<CachedModel> model = m_truth ? nullptr : open_detector(m_run, *m_tables);
        Experiment experiment;
        double limit = number_from(p.at("limit"), "limit");
        if (model) experiment = experiment_from(p, detector_of(*model).detector_config(), m_tables->channels);
        TapStack& taps = m_run.taps();
        taps.set_tick([this] { m_run.check_cancelled(); });
        if (model) taps.attach(model->network->layers());
        std::vector<EvalSample> samples;
        StageTimes sum;
        for (const int index : indexes) {
            m_run.check_cancelled();
            const SampleInfo info = sample_info(*m_tables, index);
            EvalSample sample = eval_sample(*m_tables, index);
            if (m_truth) sample.predictions = as_predictions(sample.truth);
            else {
                const Result result = run_sample(detector_of(*model), info, experiment, picture_source(m_run, *model, m_tables->root), &taps);
                sample.predictions = to_global(result.detections.boxes, info.lidar2ego, info.ego2global);
                sum += result.seconds;
            }
            samples.push_back(std::move(sample));
            m_run.progress(static_cast<double>(samples.size()), static_cast<double>(indexes.size()), "sample " + std::to_string(samples.size()) + " of " + std::to_string(indexes.size()));
        }
        write(samples);
        const DetectionMetric metric = measured(std::move(samples), limit, m_run);
        report_metric(m_run, metric, 0);
        curves(metric);
        if (model) report_stages(m_run, sum, static_cast<double>(indexes.size()));
        m_run.summary("samples", indexes.size());
    }

private:
    /// Through the real writer and reader: what is measured is what the file says.
    void write(std::vector<EvalSample>& samples) {
        const std::filesystem::path file = std::filesystem::temp_directory_path() / ("lathe-results-" + m_run.request().uuid + ".json");
        ResultWriter writer(file);
        for (const EvalSample& sample : samples) writer.add(sample.token, sample.predictions);
        writer.finish();
        Artifact out;
        out.key = "results";
        out.kind = "file";
        out.media = "application/json";
        out.meta = {{"name", "results_nusc.json"}};
        out.bytes = std::make_shared<const std::string>(read_file(file, std::size_t{1} << 30));
        for (EvalSample& sample : samples) sample.predictions.clear();
        attach(samples, read_results(file, [this] { m_run.check_cancelled(); }));
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
        m_run.artifact(std::move(out));
    }
    void curves(const DetectionMetric& metric) {
        std::vector<std::string> columns{"recall"};
        std::vector<std::vector<Json>> rows(kRecallBins);
        for (std::size_t i = 0; i < kRecallBins; ++i) rows[i].push_back(static_cast<double>(i) / 100);
        for (std::size_t k = 0; k < kClasses.size(); ++k) {
            const ClassMetric& c = metric.classes[k];
            if (c.truths == 0 || c.curves.size() < 3) continue;
            columns.push_back(std::string(kClasses[k]) + " at 2 m");
            for (std::size_t i = 0; i < kRecallBins; ++i) rows[i].push_back(number_json(c.curves[2].precision[i]));
        }
        m_run.table("precision", columns, rows, {{"x", "recall"}, {"y", "precision"}});
    }

    RunContext& m_run;
    std::shared_ptr<const NuscenesTables> m_tables;
    bool m_truth;
};

}

Method evaluate_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "bev.evaluate";
    info.title = "Measure a detector";
    info.help = "Runs a Fast-BEV detector over a split and measures it by the nuScenes detection metric; every rule of the view, the calibration and the suppression can be changed.";
    info.source = "nuScenes detection metric (detection_cvpr_2019)";
    info.parameters = {
        Parameter::text("split", "val").with_label("Split").with_group("Data").with_help("A split of the data set, or the name of a scene."),
        Parameter::choice("source", "detector", {{"detector", "Detector", ""}, {"truth", "True boxes", "fed through the result file and the metric: tests both"}}).with_label("Boxes from").with_group("Data"),
        Parameter::number("limit", 50).range(1, 200).with_label("Range at most").with_unit("m").with_group("Data").with_help("Classes are measured within the smaller of this and their official range (30 to 50 m). 50: official."),
    };
    for (Parameter& parameter : experiment_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", true}, {"model", "model", "Model", "A Fast-BEV checkpoint; not needed for true boxes.", false}};
    info.outputs = {{"mAP", "metric", "mAP", "", "higher"}, {"NDS", "metric", "NDS", "", "higher"}, {"classes", "table", "Classes", "", ""}, {"precision", "table", "Precision and recall", "", ""},
        {"stages", "table", "Time of each stage", "ms", ""}, {"results", "file", "Result file", "", ""}};
    info.families = {"fast_bev"};
    info.takes_taps = true;
    info.is_long = true;
    method.run = [](RunContext& run) { Evaluation{run}(); };
    return method;
}

}
