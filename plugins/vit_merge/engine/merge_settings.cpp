#include "plugins/vit_merge/engine/merge_settings.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <utility>

namespace lathe::vit_merge {
namespace {

constexpr unsigned kUsesBase = 1, kUsesData = 2, kUsesGate = 4, kOneModel = 8;

struct MergeMethodEntry {
    MergeMethod method;
    const char *id, *title, *help;
    unsigned traits;
};

constexpr std::array kMergeMethods{
    MergeMethodEntry{MergeMethod::average, "average", "Weight average", "Mean of the weights.", kOneModel},
    MergeMethodEntry{MergeMethod::weighted, "weighted", "Weighted average", "Mean with the weights of the table of models.", kOneModel},
    MergeMethodEntry{MergeMethod::soup_uniform, "soup_uniform", "Uniform soup", "Model soup of all models: the average.", kOneModel},
    MergeMethodEntry{MergeMethod::soup_greedy, "soup_greedy", "Greedy soup", "Adds a model to the average only where held-out accuracy does not drop.", kOneModel | kUsesData},
    MergeMethodEntry{MergeMethod::task_arithmetic, "task_arithmetic", "Task arithmetic", "Base and λ times the sum of the task vectors.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::ties, "ties", "TIES", "Trims task vectors, elects a sign for each weight, merges what agrees.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::dare_task_arithmetic, "dare_task_arithmetic", "DARE, task arithmetic", "Drops entries of the task vectors at random and scales the others up, then task arithmetic.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::dare_ties, "dare_ties", "DARE, TIES", "Drops entries of the task vectors at random and scales the others up, then TIES.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::slerp, "slerp", "SLERP", "Spherical interpolation of two models, tensor by tensor.", kOneModel},
    MergeMethodEntry{MergeMethod::fisher, "fisher", "Fisher", "Average weighted by how sensitive each model's answers are to each weight.", kOneModel | kUsesData},
    MergeMethodEntry{MergeMethod::regmean, "regmean", "RegMean", "The linear layers that fit what every model's layer gives on its own inputs.", kOneModel | kUsesData},
    MergeMethodEntry{MergeMethod::regmean_pp, "regmean_pp", "RegMean++", "RegMean with the inputs that the already merged layers give.", kOneModel | kUsesData},
    MergeMethodEntry{MergeMethod::adamerging_task, "adamerging_task", "AdaMerging, task-wise", "One λ a task, learned by making the answers on unlabelled pictures sure.", kOneModel | kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::adamerging_layer, "adamerging_layer", "AdaMerging, layer-wise", "One λ a task and tensor, learned by making the answers on unlabelled pictures sure.", kOneModel | kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::adamerging_task_pp, "adamerging_task_pp", "AdaMerging++, task-wise", "AdaMerging of task vectors that TIES has trimmed.", kOneModel | kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::adamerging_layer_pp, "adamerging_layer_pp", "AdaMerging++, layer-wise", "AdaMerging of task vectors that TIES has trimmed.", kOneModel | kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::emr, "emr", "EMR", "One task vector for all, a mask of one bit a weight and a scale for each task. Needs to know the task.", kUsesBase | kUsesGate},
    MergeMethodEntry{MergeMethod::iso_c, "iso_c", "ISO-C", "The sum of the task vectors with all singular values made equal.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::tsv_m, "tsv_m", "TSV-M", "The strongest singular directions of every task, made orthogonal to each other.", kOneModel | kUsesBase},
    MergeMethodEntry{MergeMethod::we_moe, "we_moe", "WEMoE", "Task arithmetic whose MLPs are mixed anew for every picture by small routers.", kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::twin, "twin", "Twin-Merging", "A shared model and, by a router, low-rank differences of the tasks.", kUsesBase | kUsesData},
    MergeMethodEntry{MergeMethod::ensemble, "ensemble", "Ensemble", "Mean of what all models answer: all of their storage and time. Same classes only.", 0},
    MergeMethodEntry{MergeMethod::hard_routing, "hard_routing", "Hard routing", "The gate sends each picture to one model: the baseline to beat, with the storage of all models.", kUsesGate},
    MergeMethodEntry{MergeMethod::gated, "gated", "Gated merging", "Weights mixed anew for every picture by the gate where models differ most, merged once elsewhere.", kUsesGate},
    MergeMethodEntry{MergeMethod::individual, "individual", "Individual models", "Every picture by the model of its own task: the bound that merging is measured by.", kUsesGate},
};

const MergeMethodEntry& merge_method_entry(MergeMethod method) {
    return *std::find_if(kMergeMethods.begin(), kMergeMethods.end(), [&](const MergeMethodEntry& entry) { return entry.method == method; });
}
bool merge_trait(MergeMethod method, unsigned trait) { return (merge_method_entry(method).traits & trait) != 0; }

std::vector<Choice> merge_method_choices(unsigned with) {
    std::vector<Choice> out;
    for (const MergeMethodEntry& entry : kMergeMethods)
        if ((entry.traits & with) == with) out.push_back({entry.id, entry.title, entry.help});
    return out;
}

template <class E> using MergeNames = std::vector<std::pair<E, const char*>>;

const MergeNames<GateScope>& scope_names() {
    static const MergeNames<GateScope> names{{GateScope::mow_official, "mow_official"}, {GateScope::all_embed_norm, "all_embed_norm"}};
    return names;
}
const MergeNames<Granularity>& granularity_names() {
    static const MergeNames<Granularity> names{{Granularity::per_sample, "per_sample"}, {Granularity::per_batch, "per_batch"}, {Granularity::per_group, "per_group"}};
    return names;
}
const MergeNames<Similarity>& similarity_names() {
    static const MergeNames<Similarity> names{{Similarity::cosine, "cosine"}, {Similarity::l1, "l1"}, {Similarity::l2, "l2"}};
    return names;
}
const MergeNames<TiesAggregate>& aggregate_names() {
    static const MergeNames<TiesAggregate> names{{TiesAggregate::sum, "sum"}, {TiesAggregate::mean, "mean"}, {TiesAggregate::max, "max"}};
    return names;
}
template <class E> const char* merge_name(const MergeNames<E>& names, E value) {
    return std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == value; })->second;
}
/// The texts were checked against the choices before.
template <class E> E merge_value(const MergeNames<E>& names, const std::string& text) {
    return std::find_if(names.begin(), names.end(), [&](const auto& entry) { return text == entry.second; })->first;
}

/// Calls field(id, member) for all settings but the enumerations and tau.
template <class S, class F> void for_each_number(S& s, F field) {
    field("m", s.m);
    field("task_vectors", s.task_vectors);
    field("temperature", s.temperature);
    field("quantum", s.quantum);
    field("drop_below", s.drop_below);
    field("average_heads", s.average_heads);
    field("lambda", s.lambda);
    field("normalise_weights", s.normalise_weights);
    field("keep", s.keep);
    field("drop", s.drop);
    field("slerp_t", s.slerp_t);
    field("iso_alpha", s.iso_alpha);
    field("tsv_alpha", s.tsv_alpha);
    field("rank", s.rank);
    field("emr_total_ratio", s.emr_total_ratio);
    field("examples", s.examples);
    field("batch", s.batch);
    field("steps", s.steps);
    field("learning_rate", s.learning_rate);
    field("lambda_start", s.lambda_start);
    field("clamp_lambda", s.clamp_lambda);
    field("fisher_normalise", s.fisher_normalise);
    field("regmean_scale", s.regmean_scale);
    field("seed", s.seed);
}

constexpr double kByM = -1;                       // tau: not used

void add_gate_parameters(std::vector<Parameter>& out) {
    const std::string group = "Gate";
    const std::vector<Json> gated{"gated"};
    const auto add = [&](Parameter p) { out.push_back(p.with_group(group).when("method", gated).is_live()); };
    add(Parameter::integer("m", 5).range(0, 64).with_label("Gated blocks m").with_unit("blocks").with_source("MoW-Merging")
            .with_help("So many attention and so many MLP blocks, those in which the models differ most, are mixed for every picture. More: better answers, more storage. Beyond the model's depth: all."));
    add(Parameter::number("tau", kByM).range(-1, 1).with_step(0.0001).with_label("Gated below τ").is_advanced()
            .with_help("Blocks with a similarity below are gated, instead of m of each kind. -1: by m."));
    add(Parameter::choice("scope", "all_embed_norm", {{"all_embed_norm", "All embeddings and norms", "patch projection, tokens, position embedding, every norm"}, {"mow_official", "As the official code", "names with embed, ln_1, ln_2"}})
            .with_label("Always gated").with_help("What is mixed for every picture whatever m is.").is_advanced());
    add(Parameter::choice("granularity", "per_sample", {{"per_sample", "Each picture", "right for a mixed stream"}, {"per_batch", "Each batch", "as the official code: wrong heads where a batch mixes tasks"}, {"per_group", "Each group", "pictures with the same rounded gate share one merge"}})
            .with_label("Merged for").with_help("What the gate's weights hold for. One merge a batch gives wrong heads where the batch mixes tasks."));
    add(Parameter::choice("similarity", "cosine", {{"cosine", "Cosine", "of all weights of a block"}, {"l1", "1 - mean |a - b|", ""}, {"l2", "1 - mean (a - b)²", ""}})
            .with_label("Similarity").with_help("How blocks of two models are compared; the mean over all pairs of models ranks the blocks."));
    add(Parameter::boolean("task_vectors", false).with_label("Of task vectors").with_help("Compares what fine-tuning changed instead of the weights themselves. Needs the base.").is_advanced());
    add(Parameter::choice("static_part", "average", merge_method_choices(kOneModel)).with_label("Merged once by").with_help("How the blocks that are not gated are merged."));
    add(Parameter::number("temperature", 1).range(0.05, 20).with_step(0.05).with_label("Temperature").is_log().with_help("Of the gate's softmax: below 1 surer, above 1 more mixed."));
    add(Parameter::number("quantum", 0.05).range(0, 0.5).with_step(0.01).with_label("Gate step").is_advanced().with_help("Gate weights are rounded to multiples of it, so that pictures can share a merge; 0: not rounded."));
    add(Parameter::number("drop_below", 0.01).range(0, 0.5).with_step(0.01).with_label("Drop below").is_advanced().with_help("Smaller gate weights are taken as 0 and the others scaled up."));
    add(Parameter::boolean("average_heads", false).with_label("Mix heads").is_advanced().with_help("For domains of the same classes: heads are mixed like the weights, instead of the likeliest one."));
}

void add_static_parameters(std::vector<Parameter>& out) {
    const std::string group = "Task vectors";
    // `gated` takes them for its static part.
    const auto add = [&](Parameter p, std::vector<Json> methods) {
        methods.emplace_back("gated");
        out.push_back(p.with_group(group).when("method", std::move(methods)).is_live());
    };
    const std::vector<Json> scaled{"task_arithmetic", "ties", "dare_task_arithmetic", "dare_ties", "we_moe", "twin"};
    add(Parameter::number("lambda", 0.3).range(-2, 3).with_step(0.01).with_label("λ").with_source("Ilharco et al., 2023")
            .with_help("Scale of the merged task vectors. Not comparable between TIES by sum (0.3) and by mean (about 1); below 0 the tasks are unlearned."), scaled);
    add(Parameter::boolean("normalise_weights", true).with_label("Weights sum to 1").with_help("Divides the weights of the table of models by their sum."), {"weighted"});
    const std::vector<Json> trimmed{"ties", "dare_ties", "adamerging_task_pp", "adamerging_layer_pp"};
    add(Parameter::number("keep", 0.2).range(0.001, 1).with_step(0.01).with_label("Kept share K").with_source("Yadav et al., 2023").with_help("Of each task vector, the largest entries."), trimmed);
    add(Parameter::choice("aggregate", "sum", {{"sum", "Sum", "fusion_bench's default, with λ 0.3"}, {"mean", "Mean", "of the entries that agree; the paper's, with λ about 1"}, {"max", "Largest", ""}})
            .with_label("Merged by").with_help("How TIES merges the entries that agree with the elected sign."), {"ties", "dare_ties"});
    add(Parameter::number("drop", 0.5).range(0, 0.99).with_step(0.01).with_label("Dropped share p").with_source("Yu et al., 2024").with_help("Of each task vector, at random."), {"dare_task_arithmetic", "dare_ties"});
    add(Parameter::number("slerp_t", 0.5).range(0, 1).with_step(0.01).with_label("Place t").with_help("0: the first model, 1: the second."), {"slerp"});
    add(Parameter::number("iso_alpha", 1.5).range(0, 5).with_step(0.05).with_label("Scale α (ISO-C)").with_help("Of the merged task vector."), {"iso_c"});
    add(Parameter::number("tsv_alpha", 1).range(0, 5).with_step(0.05).with_label("Scale α (TSV-M)").with_help("Of the merged task vector."), {"tsv_m"});
    out.push_back(Parameter::integer("rank", 8).range(1, 1024).with_label("Rank").with_group(group).with_help("Of each task's difference to the shared model.").when("method", {"twin"}));
    out.push_back(Parameter::boolean("emr_total_ratio", false).with_label("Scale as in the paper").with_group(group).is_advanced().is_live().when("method", {"emr"})
                      .with_help("Ratio of total sums over all weights; off: ratio of the sums of every tensor's mean, as fusion_bench has it."));
}

void add_data_parameters(std::vector<Parameter>& out) {
    const std::string group = "Data";
    const auto add = [&](Parameter p, std::vector<Json> methods) {
        methods.emplace_back("gated");
        out.push_back(p.with_group(group).when("method", std::move(methods)));
    };
    const std::vector<Json> trained{"adamerging_task", "adamerging_layer", "adamerging_task_pp", "adamerging_layer_pp", "we_moe", "twin"};
    std::vector<Json> looking = trained;
    for (const char* other : {"soup_greedy", "fisher", "regmean", "regmean_pp"}) looking.emplace_back(other);
    add(Parameter::integer("examples", 256).range(1, 50'000).with_label("Pictures").is_log().with_help("Of each task, that the method may look at."), looking);
    add(Parameter::integer("batch", 32).range(1, 1024).with_label("Batch").is_log().with_help("Pictures of a task at once. Fisher squares the gradient of a whole batch: only 1 gives the true diagonal."), looking);
    add(Parameter::integer("steps", 200).range(1, 100'000).with_label("Steps").is_log().with_help("Of the optimiser."), trained);
    add(Parameter::number("learning_rate", 1e-3).range(1e-6, 1).with_label("Learning rate").is_log().with_help("Of Adam."), trained);
    add(Parameter::number("lambda_start", 0.3).range(-2, 3).with_step(0.01).with_label("λ at the start").with_help("Of every task."), {"adamerging_task", "adamerging_layer", "adamerging_task_pp", "adamerging_layer_pp", "we_moe"});
    add(Parameter::boolean("clamp_lambda", false).with_label("λ from 0 to 1").is_advanced().with_help("Holds the learned λ in [0, 1]."), {"adamerging_task", "adamerging_layer", "adamerging_task_pp", "adamerging_layer_pp"});
    add(Parameter::boolean("fisher_normalise", true).with_label("Equal say").is_advanced().with_help("Scales every model's Fisher information to the same norm."), {"fisher"});
    add(Parameter::number("regmean_scale", 0.95).range(0, 1).with_step(0.01).with_label("Off-diagonal a").with_source("Jin et al., 2023").is_advanced().with_help("Scale of the Gram matrices beside the diagonal; 1: as measured."), {"regmean", "regmean_pp"});
    out.push_back(Parameter::seed("seed", 0).with_label("Seed").with_group(group).with_help("Of what is drawn: DARE's dropped entries, the order of pictures, new routers.").is_live());
}

}

std::string_view to_text(MergeMethod method) { return merge_method_entry(method).id; }

MergeMethod merge_method_from(std::string_view text) {
    std::vector<std::string> known;
    for (const MergeMethodEntry& entry : kMergeMethods) {
        if (text == entry.id) return entry.method;
        known.emplace_back(entry.id);
    }
    const std::string near = nearest_name(text, known);
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
    throw Error(ErrorCode::unknown_name, "There is no merging method of this name.", "method " + valid_text(text, 64), near.empty() ? "Known are " + all + "." : "Did you mean " + near + "?");
}

std::string_view title(MergeMethod method) { return merge_method_entry(method).title; }
bool needs_base(MergeMethod method) { return merge_trait(method, kUsesBase); }
bool needs_data(MergeMethod method) { return merge_trait(method, kUsesData); }
bool needs_gate(MergeMethod method) { return merge_trait(method, kUsesGate); }
bool gives_one_model(MergeMethod method) { return merge_trait(method, kOneModel); }

std::vector<Parameter> merge_parameters() {
    std::vector<Parameter> out;
    out.push_back(Parameter::choice("method", "gated", merge_method_choices(0)).with_label("Method").with_group("Method").with_help("How the models become one.").is_live());
    add_gate_parameters(out);
    add_static_parameters(out);
    add_data_parameters(out);
    return out;
}

MergeSettings merge_settings_from(const Json& params) {
    static const std::vector<Parameter> declared = merge_parameters();
    Json given = Json::object();
    for (const Parameter& parameter : declared)
        if (const auto found = params.find(parameter.id); found != params.end() && !found->is_null()) given[parameter.id] = *found;
    const Json values = complete_parameters(declared, given);
    MergeSettings out;
    for_each_number(out, [&](const char* id, auto& member) { member = values.at(id).get<std::decay_t<decltype(member)>>(); });
    const auto text = [&](const char* id) { return values.at(id).get<std::string>(); };
    out.method = merge_method_from(text("method"));
    out.static_part = merge_method_from(text("static_part"));
    out.scope = merge_value(scope_names(), text("scope"));
    out.granularity = merge_value(granularity_names(), text("granularity"));
    out.similarity = merge_value(similarity_names(), text("similarity"));
    out.aggregate = merge_value(aggregate_names(), text("aggregate"));
    if (const double tau = values.at("tau").get<double>(); tau != kByM) out.tau = tau;
    return out;
}

Json to_json(const MergeSettings& settings) {
    Json out = Json::object();
    for_each_number(settings, [&](const char* id, const auto& member) { out[id] = member; });
    out["method"] = to_text(settings.method);
    out["static_part"] = to_text(settings.static_part);
    out["scope"] = merge_name(scope_names(), settings.scope);
    out["granularity"] = merge_name(granularity_names(), settings.granularity);
    out["similarity"] = merge_name(similarity_names(), settings.similarity);
    out["aggregate"] = merge_name(aggregate_names(), settings.aggregate);
    out["tau"] = settings.tau.value_or(kByM);
    return out;
}

}
