// vit_merge.sweep: accuracy against one setting of a merge, or along a path or a plane between models.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/evaluation.h"
#include "plugins/vit_merge/engine/methods.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr double kPathBegin = -0.5, kPathEnd = 1.5, kPlaneBegin = -0.25, kPlaneEnd = 1.25;
constexpr std::int64_t kSweepBatch = 128;
constexpr const char* kSweepState = "lathe.vit_merge.sweep";
constexpr double kSweepSaved = 30;                         // seconds from one checkpoint to the next

class MergeSweep {
public:
    explicit MergeSweep(RunContext& run) : m_run(run), m_params(run.params()), m_setup(open_setup(run)), m_settings(merge_settings_from(m_params)), m_axis(m_params.at("axis").get<std::string>()) {
        m_points = m_params.at("points").get<std::int64_t>();
        m_images = m_params.at("images").get<std::int64_t>();
        m_setup.set->require_mergeable(needs_base(m_settings.method));
    }

    void operator()() {
        if (m_axis == "path") along_path();
        else if (m_axis == "plane") over_plane();
        else along_setting();
    }

private:
    // --- one point after the other; those of a checkpoint are not done again
    std::vector<std::vector<Json>> each_point(std::size_t count, const std::vector<std::string>& columns, const std::function<std::vector<Json>(std::size_t)>& row) {
        std::vector<std::vector<Json>> rows;
        if (const Bytes checkpoint = m_run.resume_checkpoint()) rows = resumed(checkpoint, columns.size());
        double saved = monotonic_seconds();
        while (rows.size() < count) {
            m_run.check_cancelled();
            rows.push_back(row(rows.size()));
            m_run.progress(static_cast<double>(rows.size()), static_cast<double>(count), "point " + std::to_string(rows.size()) + " of " + std::to_string(count));
            m_run.table("sweep", columns, rows, Json::object(), true);
            const bool pause = m_run.pause_asked() && rows.size() < count;
            if (pause || monotonic_seconds() - saved > kSweepSaved) {
                m_run.checkpoint(std::make_shared<const std::string>(safetensors_bytes({{"points", at::full({1}, static_cast<std::int64_t>(rows.size()), at::kLong)}}, {{kSweepState, Json{{"identity", identity()}, {"rows", rows}}.dump()}})));
                saved = monotonic_seconds();
            }
            if (pause) throw Paused{};
        }
        return rows;
    }

    std::vector<std::vector<Json>> resumed(const Bytes& checkpoint, std::size_t columns) const {
        const auto file = open_safetensors_bytes(checkpoint, "checkpoint");
        const auto found = file->metadata().find(kSweepState);
        if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The saved state is not that of a sweep.", "checkpoint", "Start it anew.");
        const Json state = parse_json(found->second, "checkpoint", {32, 1'000'000, 64u << 20});
        if (member(state, "identity", "checkpoint") != identity()) throw Error(ErrorCode::invalid_value, "The saved state is that of another sweep.", "checkpoint", "Resume with what it was made with, or start anew.");
        std::vector<std::vector<Json>> rows;
        for (const Json& row : member(state, "rows", "checkpoint")) {
            rows.emplace_back(row.begin(), row.end());
            if (rows.back().size() != columns) throw Error(ErrorCode::wrong_format, "The saved state of a sweep is damaged.", "checkpoint", "Start it anew.");
        }
        return rows;
    }

    Json identity() const { return {{"set", m_setup.key}, {"params", m_params}}; }

    // --- a setting
    /// The setting that the axis is for this method: every method has its own scale.
    std::string setting() const {
        if (m_axis != "lambda") return m_axis;
        const MergeMethod method = m_settings.method == MergeMethod::gated ? m_settings.static_part : m_settings.method;
        switch (method) {
        case MergeMethod::task_arithmetic:
        case MergeMethod::ties:
        case MergeMethod::dare_task_arithmetic:
        case MergeMethod::dare_ties:
        case MergeMethod::we_moe:
        case MergeMethod::twin: return "lambda";
        case MergeMethod::iso_c: return "iso_alpha";
        case MergeMethod::tsv_m: return "tsv_alpha";
        case MergeMethod::slerp: return "slerp_t";
        default:
            throw Error(ErrorCode::invalid_value, "This method has no scale to be varied.", std::string(title(method)), "Choose task arithmetic, TIES, DARE, ISO-C, TSV-M, SLERP or Twin-Merging.");
        }
    }

    std::vector<double> values(const std::string& id) const {
        if (id == "m") {                                   // every whole number, or as many as are asked for
            int depth = 0;
            for (const SharedKey& key : m_setup.set->keys) depth = std::max(depth, key.role.block + 1);
            std::vector<double> out;
            const std::int64_t count = std::clamp<std::int64_t>(m_points, 2, depth + 1);
            for (std::int64_t i = 0; i < count; ++i) out.push_back(std::round(static_cast<double>(i * depth) / static_cast<double>(count - 1)));
            out.erase(std::unique(out.begin(), out.end()), out.end());
            return out;
        }
        double begin = 0, end = 1;
        if (id == "tau") {                                 // where blocks change sides
            const BlockSimilarity similarity = block_similarity(*m_setup.set, m_settings.similarity, m_settings.task_vectors);
            std::vector<double> all = similarity.attention;
            all.insert(all.end(), similarity.mlp.begin(), similarity.mlp.end());
            std::ranges::sort(all);
            begin = all.empty() ? 0 : all.front();
            end = all.empty() ? 1 : all.back() + 1e-6;
        } else if (id == "iso_alpha" || id == "tsv_alpha") end = 2;
        else if (id == "temperature") {
            begin = -1;                                    // of the logarithm: 0.1 to 10
            end = 1;
        }
        std::vector<double> out;
        for (std::int64_t i = 0; i < m_points; ++i) {
            const double at = m_points < 2 ? begin : begin + (end - begin) * static_cast<double>(i) / static_cast<double>(m_points - 1);
            out.push_back(id == "temperature" ? std::pow(10.0, at) : at);
        }
        return out;
    }

    void along_setting() {
        const std::string id = setting();
        if ((id == "m" || id == "tau" || id == "temperature") && m_settings.method != MergeMethod::gated)
            throw Error(ErrorCode::invalid_value, "Only gated merging has this setting.", "axis " + m_axis + ", method " + std::string(to_text(m_settings.method)), "Choose gated merging, or the axis lambda.");
        const std::vector<double> all = values(id);
        std::vector<std::string> columns{"value", "joint", "oracle", "gate", "bytes"};
        for (const ModelSource& model : m_setup.set->models) columns.push_back("task " + model.name);
        EvaluationOptions options;
        options.images = m_images;
        const auto rows = each_point(all.size(), columns, [&](std::size_t i) {
            const double begin = static_cast<double>(i) / static_cast<double>(all.size()), end = static_cast<double>(i + 1) / static_cast<double>(all.size());
            Json params = to_json(m_settings);
            params[id] = id == "m" ? Json(static_cast<std::int64_t>(all[i])) : Json(all[i]);
            if (id == "m") params["tau"] = -1;
            const MergeSettings settings = merge_settings_from(params);
            const std::shared_ptr<MergedModel> merged = kept_merged(m_run, m_setup, settings, begin, begin + (end - begin) / 2);
            const MethodScores scores = score(m_run, m_setup, *merged, settings, options, [&](std::int64_t done, std::int64_t total) {
                m_run.check_cancelled();
                m_run.progress(begin + (end - begin) * (0.5 + 0.5 * static_cast<double>(done) / static_cast<double>(total)), 1, id + " " + number_text(all[i]));
            });
            std::vector<Json> row{all[i], known(scores.joint()), scores.oracle(), known(scores.gate()), scores.bytes};
            for (const TaskScores& task : scores.tasks) row.push_back(m_setup.gate ? task.joint : task.oracle);
            if (m_setup.gate) m_run.metric("joint", static_cast<std::int64_t>(i), scores.joint());
            m_run.metric("oracle", static_cast<std::int64_t>(i), scores.oracle());
            return row;
        });
        m_run.table("sweep", columns, rows);
        m_run.summary("axis", m_axis);
        m_run.summary("setting", id);
        m_run.summary("tasks_are", m_setup.gate ? "joint" : "oracle");
    }

    // --- between models
    struct Measured { double loss = 0, accuracy = 0; };

    /// The trunk sum_i weights[i] * models[i] (-1: the base) with the head of each of the tasks.
    std::vector<Measured> measure(const std::vector<int>& models, const std::vector<double>& weights, const std::vector<int>& tasks) {
        const c10::NoGradGuard no_gradients;
        TensorMap trunk;
        for (const auto& [key, tensor] : m_setup.set->rest()) trunk.emplace(key, tensor);
        for (const SharedKey& shared : m_setup.set->keys) {
            std::vector<at::Tensor> sources;
            for (const int model : models) sources.push_back(m_setup.set->tensor(model, shared).contiguous());
            at::Tensor out = at::empty(shared.shape, at::kFloat);
            weighted_sum(sources, weights, out);
            trunk[shared.key] = out;
        }
        if (!m_setup.set->mixed_layouts) {
            VitConfig config = m_setup.set->reference();
            config.classes = 0;
            trunk = canonical_tensors(trunk, config);
        }
        std::vector<Measured> out;
        for (const int task : tasks) {
            const std::unique_ptr<Vit> vit = vit_of(m_setup, trunk, task);
            const auto set = kept_task(m_run, m_setup, task, false, m_images);
            Measured one;
            for (std::int64_t begin = 0; begin < set->size(); begin += kSweepBatch) {
                m_run.check_cancelled();
                const std::int64_t end = std::min(set->size(), begin + kSweepBatch);
                const at::Tensor logits = vit->forward({for_models(m_setup, set->images.slice(0, begin, end))}, nullptr), labels = set->labels.slice(0, begin, end);
                one.loss += at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
                one.accuracy += (logits.argmax(1) == labels).to(at::kDouble).sum().item<double>();
            }
            one.loss /= static_cast<double>(set->size());
            one.accuracy /= static_cast<double>(set->size());
            out.push_back(one);
        }
        return out;
    }

    int chosen(const char* id, int otherwise) const {
        const std::string name = m_params.at(id).get<std::string>();
        if (name == "base") return m_setup.index_of("");
        return name.empty() ? std::min(otherwise, m_setup.models() - 1) : m_setup.index_of(name);
    }

    /// The tasks of the models that have one.
    std::vector<int> tasks_of(const std::vector<int>& models) const {
        std::vector<int> tasks;
        for (const int model : models)
            if (model >= 0 && !m_setup.model(model).data.empty() && m_setup.model(model).config.classes > 0 && std::ranges::find(tasks, model) == tasks.end()) tasks.push_back(model);
        if (tasks.empty()) throw Error(ErrorCode::invalid_value, "It is not known which pictures the models are for.", m_setup.set->name_list(), "Name them in the column \"data\" of the table of models, or in set.json.");
        return tasks;
    }

    std::vector<std::string> columns_of(const std::vector<int>& tasks, bool plane) const {
        std::vector<std::string> columns{"value"};
        if (plane) columns.emplace_back("y");
        for (const char* name : {"joint", "oracle", "gate", "bytes", "loss"}) columns.emplace_back(name);
        for (const int task : tasks) columns.push_back("task " + m_setup.model(task).name);
        for (const int task : tasks) columns.push_back("loss " + m_setup.model(task).name);
        return columns;
    }

    std::vector<Json> row_of(std::vector<Json> row, const std::vector<Measured>& measured) const {
        double loss = 0, accuracy = 0;
        for (const Measured& one : measured) {
            loss += one.loss / static_cast<double>(measured.size());
            accuracy += one.accuracy / static_cast<double>(measured.size());
        }
        row.insert(row.end(), {Json(), accuracy, Json(), Json(), number_json(loss)});
        for (const Measured& one : measured) row.push_back(one.accuracy);
        for (const Measured& one : measured) row.push_back(number_json(one.loss));
        return row;
    }

    void along_path() {
        const std::vector<int> models{chosen("first", 0), chosen("second", 1)}, tasks = tasks_of(models);
        if (models[0] == models[1]) throw Error(ErrorCode::invalid_value, "A path needs two models.", m_setup.set->name_list(), "Choose two different ones.");
        const auto rows = each_point(static_cast<std::size_t>(m_points), columns_of(tasks, false), [&](std::size_t i) {
            const double a = kPathBegin + (kPathEnd - kPathBegin) * static_cast<double>(i) / static_cast<double>(m_points - 1);
            return row_of({a}, measure(models, {1 - a, a}, tasks));
        });
        finish(columns_of(tasks, false), rows, models);
    }

    void over_plane() {
        const std::vector<int> models{chosen("first", 0), chosen("second", 1), chosen("third", 2)}, tasks = tasks_of(models);
        if (models[0] == models[1] || models[1] == models[2] || models[0] == models[2])
            throw Error(ErrorCode::invalid_value, "A plane needs three models.", m_setup.set->name_list(), "Choose three different ones; \"base\" is the base.");
        const auto side = static_cast<std::size_t>(m_points);
        const auto at = [&](std::size_t i) { return kPlaneBegin + (kPlaneEnd - kPlaneBegin) * static_cast<double>(i) / static_cast<double>(side - 1); };
        const auto rows = each_point(side * side, columns_of(tasks, true), [&](std::size_t i) {
            const double x = at(i % side), y = at(i / side);
            return row_of({x, y}, measure(models, {1 - x - y, x, y}, tasks));
        });
        finish(columns_of(tasks, true), rows, models);
    }

    void finish(const std::vector<std::string>& columns, const std::vector<std::vector<Json>>& rows, const std::vector<int>& models) {
        m_run.table("sweep", columns, rows);
        std::vector<std::string> names;
        for (const int model : models) names.push_back(model < 0 ? "base" : m_setup.model(model).name);
        m_run.summary("axis", m_axis);
        m_run.summary("models", names);
        m_run.summary("tasks_are", "oracle");
    }

    static Json known(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

    RunContext& m_run;
    const Json& m_params;
    TaskSetup m_setup;
    MergeSettings m_settings;
    std::string m_axis;
    std::int64_t m_points = 0, m_images = 0;
};

}

Method sweep_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.sweep";
    info.title = "Vary one setting";
    info.help = "Accuracy against m, λ, τ or the gate's temperature; along the straight path between two models, from half before to half behind; over the plane through three.";
    info.source = "MoW-Merging; Izmailov et al., arXiv 1803.05407 (paths and planes)";
    info.parameters = {
        Parameter::choice("axis", "m", {{"m", "Gated blocks m", ""}, {"lambda", "Scale λ", "of task vectors; α of ISO-C and TSV-M; t of SLERP"}, {"tau", "Threshold τ", ""}, {"temperature", "Temperature of the gate", ""}, {"path", "Path between two models", "(1 - a) A + a B"},
            {"plane", "Plane of three models", "A + x (B - A) + y (C - A)"}}).with_label("Along").with_group("Sweep"),
        Parameter::integer("points", 11).range(2, 201).with_label("Points").with_group("Sweep").with_help("Of a plane: along each side."), Parameter::integer("images", 200).range(1, 1'000'000).with_label("Pictures").with_group("Sweep").with_help("Test pictures of each task."),
        Parameter::text("first", "").with_label("Model A").with_group("Sweep").with_help("Of a path or plane; \"base\" is the base; empty: the first.").when("axis", {"path", "plane"}),
        Parameter::text("second", "").with_label("Model B").with_group("Sweep").with_help("Empty: the second.").when("axis", {"path", "plane"}), Parameter::text("third", "").with_label("Model C").with_group("Sweep").with_help("Empty: the third.").when("axis", {"plane"})};
    for (Parameter& parameter : merge_parameters()) {
        parameter.live = false;
        info.parameters.push_back(std::move(parameter));
    }
    for (Parameter& parameter : set_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = setup_slots();
    info.outputs = {{"sweep", "table", "Sweep", "", ""}, {"joint", "metric", "Joint accuracy", "", "higher"}, {"oracle", "metric", "Oracle-head accuracy", "", "higher"}};
    info.is_long = true;
    method.run = [](RunContext& run) { MergeSweep{run}(); };
    return method;
}

}
