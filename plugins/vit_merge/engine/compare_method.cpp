// vit_merge.compare: two models (and all of a set) compared in weights, singular values and representations.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/cka.h"
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/projection.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include "plugins/vit_merge/engine/task_store.h"
#include "plugins/vit_merge/engine/training_form.h"
#include "plugins/vit_merge/engine/weight_pairs.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <set>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kCkaBatch = 64;

/// What every block gives, and the tokens that the first one reads.
class StatesTap : public Tap {
public:
    bool wants(const LayerInfo& layer) override { return layer.point == "block"; }
    Flow enter(int, TensorRefs in, at::Tensor&) override {
        if (states.empty()) states.push_back(in[0].flatten(1));
        return Flow::run;
    }
    void leave(int, TensorRefs, at::Tensor& out) override { states.push_back(out.flatten(1)); }
    std::vector<at::Tensor> states;
};

std::string known_shape(const TensorEntry* entry) {
    if (!entry) return {};
    std::string out = "[";
    for (const std::int64_t size : entry->shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
    return out + "]";
}

class ModelComparison {
public:
    explicit ModelComparison(RunContext& run) : m_run(run), m_set(open_model_set(run)) {
        m_setup.set = m_set;
        m_setup.root = data_root(run);
        m_setup.form = picture_form(m_set->reference());
        m_set->require_mergeable(false);
        choose_pair();
        for (const Json& one : run.params().at("what"))
            if (one.is_string()) m_what.insert(one.get<std::string>());
        for (const std::string& one : m_what)
            if (!m_known.contains(one)) throw Error(ErrorCode::unknown_name, "This is nothing that is compared.", "parameter what: " + one, "Known are layers, cka, spectra, keys and embedding.");
    }

    void operator()() {
        const auto wants = [this](const char* what) { return m_what.contains(what); };
        const bool pictures = wants("cka") || wants("embedding");
        m_steps = wants("layers") + wants("spectra") + 2 * pictures;
        if (wants("keys")) compare_keys();
        if (wants("layers")) compare_layers();
        if (wants("spectra")) compare_spectra();
        if (pictures) compare_representations(wants("cka"), wants("embedding"));
        m_run.summary("first", name(m_first));
        m_run.summary("second", name(m_second));
        m_run.summary("has_base", m_set->base.has_value());
    }

private:
    std::string name(int model) const { return model < 0 ? "base" : m_set->models[static_cast<std::size_t>(model)].name; }
    const ModelSource& source(int model) const { return model < 0 ? *m_set->base : m_set->models[static_cast<std::size_t>(model)]; }

    /// "" is the base; where both are "", or there is no base, the first models take their place.
    void choose_pair() {
        const std::string first = m_run.params().at("first").get<std::string>(), second = m_run.params().at("second").get<std::string>();
        const int models = static_cast<int>(m_set->models.size()), after = m_set->base ? 0 : std::min(1, models - 1);
        m_first = first.empty() && !m_set->base ? 0 : m_set->index_of(first == "base" && m_set->base ? "" : first);
        m_second = second.empty() && (first.empty() || !m_set->base) ? after : m_set->index_of(second == "base" && m_set->base ? "" : second);
        if (m_first == m_second) throw Error(ErrorCode::invalid_value, "A model is compared with itself.", name(m_first), "Choose two models, or add one to the set.");
    }
    void tell(double share, const std::string& note) {
        m_run.check_cancelled();
        m_run.progress(m_done + share, std::max(m_steps, 1.0), note);
    }

    void compare_keys() {
        std::set<std::string> keys;
        for (const int model : {m_first, m_second})
            for (const TensorEntry& entry : source(model).file->entries()) keys.insert(entry.name);
        std::vector<std::vector<Json>> rows;
        for (const std::string& key : keys) {
            const TensorEntry *a = source(m_first).file->find(key), *b = source(m_second).file->find(key);
            std::string note;
            if (!a || !b) note = "only in " + name(a ? m_first : m_second);
            else if (a->shape != b->shape) note = "other shape";
            else if (a->dtype != b->dtype) note = std::string(dtype_name(a->dtype)) + ", " + std::string(dtype_name(b->dtype));
            rows.push_back({key, known_shape(a), known_shape(b), note});
        }
        m_run.table("keys", {"key", "first", "second", "note"}, rows, {{"first", name(m_first)}, {"second", name(m_second)}});
    }

    void compare_layers() {
        std::vector<int> models;
        for (int i = 0; i < static_cast<int>(m_set->models.size()); ++i) models.push_back(i);
        const auto place = [&](int model) { return static_cast<std::size_t>(std::find(models.begin(), models.end(), model) - models.begin()); };
        if (m_first < 0 || m_second < 0) models.insert(models.begin(), -1);
        const std::size_t i = std::min(place(m_first), place(m_second)), j = std::max(place(m_first), place(m_second));
        const bool swapped = place(m_first) > place(m_second);
        WeightComparison all;
        std::vector<std::vector<Json>> rows;
        for (const SharedKey& key : m_set->keys) {
            tell(static_cast<double>(rows.size()) / static_cast<double>(m_set->keys.size()), "Comparing weights");
            const WeightComparison one = compare_weights(*m_set, key, models);
            const double first = std::sqrt(one.squares[i]), second = std::sqrt(one.squares[j]);
            rows.push_back({key.key, to_text(key.role.group), key.role.block < 0 ? Json() : Json(key.role.block), number_json(one.cosine(i, j)), number_json(one.relative_l2(i, j)), number_json(one.task_cosine(i, j)),
                number_json(one.pair(i, j).sign_conflict()), swapped ? second : first, swapped ? first : second});
            all.add(one);
        }
        m_run.table("layers", {"key", "group", "block", "cosine", "relative_l2", "task_cosine", "sign_conflict", "norm_first", "norm_second"}, rows, {{"first", name(m_first)}, {"second", name(m_second)}});
        rows.clear();
        for (std::size_t a = 0; a < models.size(); ++a)
            for (std::size_t b = a + 1; b < models.size(); ++b)
                rows.push_back({name(models[a]), name(models[b]), number_json(all.cosine(a, b)), number_json(all.relative_l2(a, b)), number_json(all.task_cosine(a, b)), number_json(all.pair(a, b).sign_conflict())});
        m_run.table("pairs", {"first", "second", "cosine", "relative_l2", "task_cosine", "sign_conflict"}, rows);
        m_done += 1;
    }

    /// Singular values of every matrix: of task vectors where both are models with a base, else of weights.
    void compare_spectra() {
        const bool vectors = m_set->base && m_first >= 0 && m_second >= 0;
        const auto values = [&](int model, const SharedKey& key) {
            at::Tensor matrix = m_set->tensor(model, key).to(at::kFloat);
            if (vectors) matrix = matrix - m_set->tensor(-1, key).to(at::kFloat);
            return thin_svd(matrix).s.to(at::kDouble).contiguous();
        };
        std::vector<std::vector<Json>> rows;
        double done = 0;
        for (const SharedKey& key : m_set->keys) {
            tell(done++ / static_cast<double>(m_set->keys.size()), "Singular values");
            if (key.shape.size() != 2) continue;
            const at::Tensor a = values(m_first, key), b = values(m_second, key);
            for (std::int64_t k = 0; k < a.numel(); ++k) rows.push_back({key.key, k, number_json(a.const_data_ptr<double>()[k]), number_json(b.const_data_ptr<double>()[k])});
        }
        m_run.table("spectra", {"key", "index", "first", "second"}, rows, {{"of", vectors ? "task vectors" : "weights"}, {"first", name(m_first)}, {"second", name(m_second)}});
        m_done += 1;
    }

    struct LookedAt { at::Tensor images; std::vector<int> tasks; std::vector<std::int64_t> labels; };
    /// The first test pictures of every task of the set, in batches that mix the tasks.
    std::vector<LookedAt> pictures() {
        const std::int64_t wanted = m_run.params().at("images").get<std::int64_t>(), models = static_cast<std::int64_t>(m_set->models.size());
        std::vector<at::Tensor> images;
        std::vector<int> tasks;
        std::vector<std::int64_t> labels;
        const TaskPictures source = task_pictures(m_run, m_setup);
        const std::int64_t each = (wanted + models - 1) / models;
        for (int model = 0; model < models; ++model)
            for_each_batch(*m_set, source, model, each, each, false, [&](const at::Tensor& batch, const at::Tensor& classes) {
                images.push_back(batch);
                for (std::int64_t i = 0; i < batch.size(0); ++i) {
                    tasks.push_back(model);
                    labels.push_back(classes[i].item<std::int64_t>());
                }
            });
        const at::Tensor all = at::cat(images);
        std::vector<LookedAt> out;
        const std::int64_t count = all.size(0), batches = std::max<std::int64_t>(count / kCkaBatch, 1);
        for (std::int64_t batch = 0; batch < batches; ++batch) {
            LookedAt one;
            std::vector<std::int64_t> chosen;
            for (std::int64_t i = batch; i < count; i += batches) {
                chosen.push_back(i);
                one.tasks.push_back(tasks[static_cast<std::size_t>(i)]);
                one.labels.push_back(labels[static_cast<std::size_t>(i)]);
            }
            one.images = all.index_select(0, at::tensor(chosen, at::kLong));
            out.push_back(std::move(one));
        }
        return out;
    }

    void compare_representations(bool cka, bool embedding) {
        const c10::InferenceMode guard;
        const auto batches = pictures();
        FunctionalVit first(*m_set), second(*m_set);
        first.use(trunk_floats(*m_set, m_first, false));
        second.use(trunk_floats(*m_set, m_second, false));
        MinibatchCka sums;
        std::vector<at::Tensor> features_first, features_second;
        double done = 0;
        for (const LookedAt& batch : batches) {
            tell(2 * done++ / static_cast<double>(batches.size()), "Looking at pictures");
            const auto run_one = [&](FunctionalVit& vit, std::vector<at::Tensor>& features) {
                const auto states = std::make_shared<StatesTap>();
                TapStack taps;
                taps.add(states);
                taps.set_tick([this] { m_run.check_cancelled(); });
                taps.attach(vit.vit().layers());
                features.push_back(vit.features(batch.images, &taps).flatten(1));
                return states->states;
            };
            const auto a = run_one(first, features_first), b = run_one(second, features_second);
            if (cka) sums.add(a, b);
        }
        if (cka) {
            if (sums.empty()) throw Error(ErrorCode::invalid_value, "CKA needs at least four pictures.", "parameter images", "Give more pictures.");
            m_run.tensor("cka", 0, sums.result().to(at::kFloat), {{"first", name(m_first)}, {"second", name(m_second)}});
        }
        if (embedding) give_embedding(batches, at::cat(features_first), at::cat(features_second));
        m_done += 2;
    }

    void give_embedding(const std::vector<LookedAt>& batches, const at::Tensor& first, const at::Tensor& second) {
        std::vector<std::vector<Json>> rows;
        const bool tsne = m_run.params().at("projection") == "tsne";
        for (const auto& [model, features] : {std::pair(m_first, first), std::pair(m_second, second)}) {
            const auto tick = [&](double share) { tell(1 + 0.9 * share, "Laying out " + name(model)); };
            const at::Tensor places = tsne ? exact_tsne(features, tick) : principal_plane(features);
            std::int64_t at_row = 0;
            for (const LookedAt& batch : batches)
                for (std::size_t i = 0; i < batch.tasks.size(); ++i, ++at_row) {
                    const double* place = places.const_data_ptr<double>() + at_row * 2;
                    rows.push_back({name(model), name(batch.tasks[i]), batch.labels[i], place[0], place[1]});
                }
        }
        m_run.table("embedding", {"model", "task", "label", "x", "y"}, rows, {{"projection", tsne ? "tsne" : "pca"}});
    }

    RunContext& m_run;
    std::shared_ptr<const ModelSet> m_set;
    TaskSetup m_setup;
    int m_first = -1, m_second = -1;
    std::set<std::string> m_what;
    const std::set<std::string> m_known{"layers", "cka", "spectra", "keys", "embedding"};
    double m_done = 0, m_steps = 0;
};

}

Method compare_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.compare";
    info.title = "Compare models";
    info.help = "Two models side by side: tensors and shapes, cosine and distance of every weight, share of conflicting signs, singular values, likeness of what their layers make of pictures (CKA), pictures as points.";
    info.source = "Linear CKA: Kornblith et al., 2019; debiased, by batches: Nguyen et al., 2021";
    info.parameters = set_parameters();
    info.parameters.push_back(Parameter::text("first", "").with_label("First").with_group("Compare").with_help("A model of the set; empty: the base."));
    info.parameters.push_back(Parameter::text("second", "").with_label("Second").with_group("Compare").with_help("A model of the set; empty: the base, or the first model where the base is compared already."));
    info.parameters.push_back(Parameter::list("what", Json::array({"layers", "keys"})).with_label("What").with_group("Compare").with_help("layers, keys, spectra, cka, embedding. The last two look at test pictures."));
    info.parameters.push_back(Parameter::integer("images", 256).range(4, 20'000).with_label("Pictures").with_group("Compare").is_log().with_help("In all, spread evenly over the tasks."));
    info.parameters.push_back(Parameter::choice("projection", "pca", {{"pca", "Principal components", ""}, {"tsne", "t-SNE", "all pairs, at most 2000 pictures"}}).with_label("Points by").with_group("Compare").with_help("How the features of pictures become points."));
    info.inputs = {set_slot(), data_slot()};
    info.outputs = {{"layers", "table", "Weights", "", ""}, {"pairs", "table", "All pairs", "", ""}, {"keys", "table", "Tensors", "", ""}, {"spectra", "table", "Singular values", "", ""}, {"cka", "tensor", "CKA of layers", "", ""},
        {"embedding", "table", "Pictures as points", "", ""}};
    method.run = [](RunContext& run) { ModelComparison{run}(); };
    return method;
}

}
