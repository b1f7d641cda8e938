#include "tests/bench/task_bench.h"
#include "plugins/vit_merge/engine/evaluation.h"
#include "plugins/vit_merge/engine/methods.h"
#include "tests/bench/tensor_bench.h"
#include "tests/engine/fake_run.h"
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

namespace lathe::bench {
namespace {

using namespace vit_merge;

constexpr std::int64_t kTaskPictures = 1000, kManyPictures = 300, kDraggedPictures = 32;
constexpr int kDrags = 15;

class SetRun : public FakeRun {
public:
    SetRun(const std::vector<Parameter>& parameters, const std::filesystem::path& set, const Json& given) {
        set_params(complete_parameters(parameters, given));
        inputs.push_back({"set", "data", "", set.string()});
    }
};

/// Methods on one of the shipped sets.
class Measured {
public:
    Measured(const std::filesystem::path& set, std::int64_t pictures) : m_run(set_parameters(), set, Json::object()), m_setup(open_setup(m_run)) { m_options.images = pictures; }
    MethodScores operator()(const std::string& label) {
        const MergeSettings settings = settings_of(label, MergeSettings{});
        return score(m_run, m_setup, *kept_merged(m_run, m_setup, settings, 0, 1), settings, m_options, {});
    }
    std::int64_t depth() const { return m_setup.set->reference().depth; }
    int models() const { return m_setup.models(); }

private:
    SetRun m_run;
    TaskSetup m_setup;
    EvaluationOptions m_options;
};

/// `bars`: those of the tasks; domains are reported beside them.
void measure_accuracy(const std::filesystem::path& file, bool bars) {
    Measured measured(file, kTaskPictures);
    const std::string how = file.stem().string() + ".json, " + std::to_string(kTaskPictures) + " test pictures of each task, shipped seed";
    const MethodScores individual = measured("individual"), gated = measured("gated m=" + std::to_string(measured.depth()));
    double lowest = 1, wanted = 0;
    for (std::size_t t = 0; t < gated.tasks.size(); ++t) {
        lowest = std::min(lowest, gated.tasks[t].gate);
        wanted += individual.tasks[t].oracle * gated.tasks[t].gate / static_cast<double>(gated.tasks.size());
    }
    double best = 0;
    std::string best_label;
    for (const char* label : {"average", "task_arithmetic", "ties", "dare_ties", "iso_c", "tsv_m", "regmean", "fisher"})
        if (const double oracle = measured(label).oracle(); oracle > best) {   // with the task told: more than a static merge has in use
            best = oracle;
            best_label = label;
        }
    const auto row = [&](const char* id, double value, const char* unit, Bar kind, double bar, const std::string& said) {
        if (bars) print(id, value, unit, kind, bar, said);
        else print((std::string(id) + ".domains").c_str(), value, unit, kind, kind == Bar::at_least ? -100 : 100, said + "; reported");
    };
    row("merge.individual", 100 * individual.oracle(), "%", Bar::at_least, 85, how);
    row("merge.gate", 100 * lowest, "%", Bar::at_least, 97, how + "; the lowest of the tasks");
    row("merge.gated_gap", 100 * (wanted - gated.joint()), "points", Bar::at_most, 2, how + "; individual x gate less the joint accuracy with all blocks gated");
    row("merge.static_gap", 100 * (gated.joint() - best), "points", Bar::at_least, 10, how + "; joint accuracy with all blocks gated less the best static merge with oracle heads, " + best_label);
}

/// Reported, without a bar: what twelve models lose against hard routing when half of the blocks are gated, and what that saves.
void report_many(const std::filesystem::path& file) {
    Measured measured(file, kManyPictures);
    const MethodScores routed = measured("hard_routing"), gated = measured("gated m=" + std::to_string(measured.depth() / 2));
    const double loss = 100 * (routed.joint() - gated.joint());
    char text[256];
    std::snprintf(text, sizeof text, "%d models, m = L/2: joint %.1f %%, hard routing %.1f %%; %.2f of %.2f MB in fp16; reported", measured.models(), 100 * gated.joint(), 100 * routed.joint(), static_cast<double>(gated.bytes_half) / 1e6,
        static_cast<double>(routed.bytes_half) / 1e6);
    print("merge.many", loss, "points", Bar::at_most, 100, text);
}

void measure_slider(const std::filesystem::path& file, int threads) {
    const Method method = strip_method();
    std::vector<double> seconds;
    for (int i = 0; i < kDrags + 2; ++i) {                 // another m and another lambda each time: nothing is remembered of the merge
        const bool lambda = i % 2 != 0;
        const Json given = lambda ? Json{{"method", "task_arithmetic"}, {"lambda", 0.2 + 0.01 * i}, {"pictures", kDraggedPictures}} : Json{{"m", i % 7}, {"temperature", 1 + 0.001 * i}, {"pictures", kDraggedPictures}};
        SetRun run(method.info.parameters, file, given);
        const double taken = seconds_of([&] { method.run(run); });
        if (i >= 2) seconds.push_back(taken);
    }
    print("merge.slider_ms", 1000 * percentile(seconds, 0.9), "ms", Bar::at_most, 150, std::to_string(kDraggedPictures) + " pictures of " + file.stem().string() + ".json, m and lambda in turn, " + std::to_string(threads) + " threads, 90th percentile");
}

}

void measure_shipped_merges(const std::filesystem::path& folder, int threads) {
    at::set_num_threads(threads);
    const c10::AutoGradMode off(false);
    measure_accuracy(folder / "tasks.json", true);
    measure_accuracy(folder / "domains.json", false);
    report_many(folder / "many.json");
    measure_slider(folder / "tasks.json", threads);
}

}
