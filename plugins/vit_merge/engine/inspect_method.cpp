// vit_merge.inspect: one picture through every model and the merged one; what the class token attends to.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/chosen_pictures.h"
#include "plugins/vit_merge/engine/heads.h"
#include "plugins/vit_merge/engine/methods.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kTopClasses = 5;

class PictureInspection {
public:
    explicit PictureInspection(RunContext& run) : m_run(run), m_params(run.params()), m_setup(open_setup(run)), m_settings(merge_settings_from(m_params)) {
        m_setup.set->require_mergeable(needs_base(m_settings.method));
        if (const std::string file = m_params.at("file").get<std::string>(); !file.empty()) m_picture = file_picture(m_setup, file);
        else {
            const std::string task = m_params.at("task").get<std::string>();
            m_picture = task_picture(run, m_setup, task.empty() ? 0 : m_setup.index_of(task), m_params.at("index").get<std::int64_t>());
        }
    }

    void operator()() {
        const c10::NoGradGuard no_gradients;
        m_run.image("picture", 0, shown(m_picture));
        const at::Tensor x = model_inputs(m_setup, {m_picture});
        for (int i = 0; i < m_setup.models(); ++i)
            if (m_setup.model(i).config.classes > 0) add_top(m_setup.model(i).name, i, kept_vit(m_setup, i)->forward({x}, nullptr)[0]);
        m_run.check_cancelled();
        answer_merged(x);
        m_run.table("top", {"model", "rank", "class", "probability"}, m_top);
        look_into(x);
        m_run.summary("task", m_picture.task < 0 ? "" : m_setup.model(m_picture.task).name);
        m_run.summary("label", m_picture.task < 0 ? "" : class_name(m_run, m_setup, m_picture.task, m_picture.label));
        m_run.summary("file", m_picture.file);
    }

private:
    void add_top(const std::string& model, int head, const at::Tensor& logits) {
        const at::Tensor probabilities = at::softmax(logits.to(at::kFloat), 0);
        const auto [values, classes] = probabilities.topk(std::min(kTopClasses, probabilities.size(0)));
        for (std::int64_t k = 0; k < values.size(0); ++k) m_top.push_back({model, k + 1, class_name(m_run, m_setup, head, classes[k].item<std::int64_t>()), values[k].item<double>()});
    }

    void answer_merged(const at::Tensor& x) {
        m_shares.assign(static_cast<std::size_t>(m_setup.models()), 1.0 / m_setup.models());
        if (!m_setup.gate && m_picture.task < 0) {
            m_head = 0;
            m_run.log("warning", "Without a gate it is not known which head answers a picture from a file: only the single models do.");
            return;
        }
        const std::shared_ptr<MergedModel> merged = kept_merged(m_run, m_setup, m_settings, 0, 0.7);
        const Answer answer = merged->answer(x, m_setup.gate ? at::Tensor() : at::full({1}, m_picture.task, at::kLong));
        m_head = static_cast<int>(answer.head[0].item<std::int64_t>());
        add_top("merged", m_head, answer.logits[0]);
        m_run.summary("head", m_setup.model(m_head).name);
        m_run.summary("path", answer.path);
        if (!answer.gate.defined()) return;
        std::vector<std::vector<Json>> rows;
        for (int i = 0; i < m_setup.models(); ++i) {
            m_shares[static_cast<std::size_t>(i)] = answer.gate[0][i].item<double>();
            rows.push_back({m_setup.model(i).name, m_shares[static_cast<std::size_t>(i)]});
        }
        m_run.table("gate", {"model", "probability"}, rows);
    }

    /// Attention of the model that was asked for, or of the weights that this picture meets in the merged one.
    void look_into(const at::Tensor& x) {
        const std::string name = m_params.at("model").get<std::string>();
        std::shared_ptr<Vit> vit;
        std::string looked = name;
        if (!name.empty()) vit = kept_vit(m_setup, m_setup.index_of(name));
        else if (m_settings.method == MergeMethod::gated || gives_one_model(m_settings.method)) {
            vit = vit_of(m_setup, merged_trunk(m_run, m_setup, m_settings, prepared_shares(m_shares, m_settings)), m_head);
            looked = "merged";
        } else {                                           // several sets of weights answer: the likeliest model stands for them
            vit = kept_vit(m_setup, m_head);
            looked = m_setup.model(m_head).name;
        }
        const VitTrace trace = vit->trace(x);
        const VitConfig& config = vit->vit();
        const std::int64_t prefix = config.prefix_tokens(), rows = config.grid_rows(), columns = config.grid_columns();
        // Without a class token the patches are averaged, and so is their attention.
        const auto to_patches = [&](const at::Tensor& maps) { return (config.class_token && !config.pool_average ? maps.select(-2, 0) : maps.mean(-2)).slice(-1, prefix, prefix + rows * columns); };
        std::vector<at::Tensor> layers, until;
        const std::int64_t block = m_params.at("block").get<std::int64_t>();
        for (std::size_t l = 0; l < trace.attention.size(); ++l) {
            layers.push_back(to_patches(trace.attention[l][0]).view({-1, rows, columns}));
            if (block < 0 || static_cast<std::int64_t>(l) <= block) until.push_back(trace.attention[l]);
        }
        m_run.tensor("attention", 0, at::stack(layers), {{"model", looked}});
        m_run.tensor("rollout", 0, to_patches(attention_rollout(until)[0]).reshape({rows, columns}), {{"model", looked}, {"block", block}});
        m_run.summary("looked_into", looked);
        m_run.summary("blocks", static_cast<std::int64_t>(trace.attention.size()));
    }

    RunContext& m_run;
    const Json& m_params;
    TaskSetup m_setup;
    MergeSettings m_settings;
    ChosenPicture m_picture;
    std::vector<double> m_shares;                          // of the models, as the gate says
    int m_head = 0;
    std::vector<std::vector<Json>> m_top;
};

}

Method inspect_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.inspect";
    info.title = "Look at one picture";
    info.help = "What every model and the merged one answer, what the gate says, and where the class token looks: attention of each head, and rollout.";
    info.source = "Attention rollout: Abnar and Zuidema, arXiv 2005.00928";
    info.parameters = {Parameter::text("task", "").with_label("Task").with_group("Picture").with_help("The model whose pictures are looked at; empty: the first.").is_live(),
        Parameter::integer("index", 0).range(0, 10'000'000).with_label("Number").with_group("Picture").with_help("Of the test split.").is_live(),
        Parameter::path("file").with_label("Picture file").with_group("Picture").with_help("A JPEG or PNG instead.").is_live(),
        Parameter::text("model", "").with_label("Look into").with_group("Picture").with_help("The model whose attention is shown; empty: the merged one.").is_live(),
        Parameter::integer("block", -1).range(-1, 1000).with_label("Rollout up to block").with_group("Picture").with_help("-1: all.").is_live()};
    for (Parameter& parameter : merge_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : set_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = setup_slots();
    info.outputs = {{"picture", "image", "Picture", "", ""}, {"top", "table", "Answers", "", ""}, {"attention", "tensor", "Attention of the class token", "", ""}, {"rollout", "tensor", "Attention rollout", "", ""}, {"gate", "table", "Gate", "", ""}};
    method.run = [](RunContext& run) { PictureInspection{run}(); };
    return method;
}

}
