#pragma once
// What the user asks of a merge: the one declaration that the methods merge, strip, evaluate, inspect and sweep share. Any thread.
#include "core/method/parameter.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

/// Specification, section 3; `gated` is the method of the paper (section 2), `hard_routing` the baseline that it must beat on storage.
enum class MergeMethod { average, weighted, soup_uniform, soup_greedy, task_arithmetic, ties, dare_task_arithmetic, dare_ties, slerp, fisher, regmean, regmean_pp,
    adamerging_task, adamerging_layer, adamerging_task_pp, adamerging_layer_pp, emr, iso_c, tsv_m, we_moe, twin, ensemble, hard_routing, gated, individual };
std::string_view to_text(MergeMethod method);              ///< "average", …, "adamerging_layer_pp", "gated"
MergeMethod merge_method_from(std::string_view text);      ///< throws Error(unknown_name)
std::string_view title(MergeMethod method);                ///< "Task arithmetic"

enum class GateScope { mow_official, all_embed_norm };     ///< which keys are gated whatever m is (2.4)
enum class Granularity { per_sample, per_batch, per_group };
enum class Similarity { cosine, l1, l2 };
enum class TiesAggregate { sum, mean, max };

struct MergeSettings {   // NOLINT(clang-analyzer-optin.performance.Padding): in the order of the form
    MergeMethod method = MergeMethod::gated;
    // gated
    std::int64_t m = 5;                                    ///< blocks of each kind (attention, MLP) that are gated: those of the lowest similarity
    std::optional<double> tau;                             ///< instead of m: gated where the similarity is below
    GateScope scope = GateScope::all_embed_norm;
    Granularity granularity = Granularity::per_sample;
    Similarity similarity = Similarity::cosine;
    bool task_vectors = false;                             ///< similarity of W_i - W_0 instead of W_i
    MergeMethod static_part = MergeMethod::average;        ///< any static method
    double temperature = 1;                                ///< of the gate's softmax
    double quantum = 0.05;                                 ///< gate vectors are rounded to multiples of it before grouping; 0: not
    double drop_below = 0.01;                              ///< gate probabilities below are dropped, the others scaled up
    bool average_heads = false;                            ///< domains: sum p_i C_i instead of the likeliest head
    // static
    double lambda = 0.3;                                   ///< scale of task vectors
    bool normalise_weights = true;
    double keep = 0.2;                                     ///< TIES: kept share
    TiesAggregate aggregate = TiesAggregate::sum;
    double drop = 0.5;                                     ///< DARE
    double slerp_t = 0.5;
    double iso_alpha = 1.5, tsv_alpha = 1;
    std::int64_t rank = 8;                                 ///< Twin-Merging: of the kept differences
    bool emr_total_ratio = false;                          ///< EMR's rescaling as in the paper; false: as fusion_bench sums it
    // methods that look at pictures
    std::int64_t examples = 256, batch = 32, steps = 200;
    double learning_rate = 1e-3;
    double lambda_start = 0.3;
    bool clamp_lambda = false;
    bool fisher_normalise = true;
    double regmean_scale = 0.95;                           ///< of the Gram matrices' other entries than the diagonal
    std::int64_t seed = 0;
};

bool needs_base(MergeMethod method);                       ///< works on task vectors
bool needs_data(MergeMethod method);                       ///< looks at pictures of every task
bool needs_gate(MergeMethod method);                       ///< its answer depends on the gate, beyond the choice of a head
bool gives_one_model(MergeMethod method);                  ///< a single set of trunk weights, which can be saved as one file

/// Declared once, grouped (Method, Gate, Task vectors, Data), `live` where they are cheap.
std::vector<Parameter> merge_parameters();
/// Throws Error(invalid_value) naming parameter, value and limit.
MergeSettings merge_settings_from(const Json& params);
Json to_json(const MergeSettings& settings);

}
