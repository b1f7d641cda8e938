#pragma once
// Which layer gets how many bits: the smallest sum of sensitivities under a limit of size or of bit operations (MQBench's integer linear programme;
// specification of the module, section 3.2). Pure functions; any thread.
#include <cstdint>
#include <optional>
#include <vector>

namespace lathe::quantization {

/// [layer][choice]. Sensitivities are finite and may be negative; costs are whole numbers of at least 0. Every layer has at least one choice, at most 256.
struct BitProblem {
    std::vector<std::vector<double>> sensitivity;
    std::vector<std::vector<std::int64_t>> cost;
};

/// bits · weights of the layer, in bits. Throws Error(invalid_value) for values below 0.
std::vector<std::vector<std::int64_t>> size_costs(const std::vector<std::int64_t>& weights, const std::vector<int>& bits);
/// Bit operations: multiply-adds of the layer · bits of its weights · bits of its activations.
std::vector<std::vector<std::int64_t>> bit_operation_costs(const std::vector<std::int64_t>& multiply_adds, const std::vector<int>& weight_bits, const std::vector<int>& activation_bits_of_layer);
std::int64_t mebibytes_in_bits(double mebibytes);    ///< MQBench's unit of a limit; rounded down

struct BitAssignment {
    std::vector<int> choice;                         ///< for each layer, an index into its choices
    double sensitivity = 0;
    std::int64_t cost = 0;
    bool exact = true;                               ///< no assignment within the limit is better
};

/// Every assignment that some price of cost makes the best one (Lagrangian relaxation): the convex part of the Pareto front, from the cheapest to the one of
/// least sensitivity. Throws Error(invalid_value) for a problem that breaks the rules above.
std::vector<BitAssignment> convex_front(const BitProblem& problem);

/// The whole Pareto front up to `limit` (none: all of it), by dynamic programming over the assignments that no other one beats in both. Empty optional: more
/// than `most_states` would have to be kept, over all layers (5 bytes each) or as choices of the front (4 bytes each).
std::optional<std::vector<BitAssignment>> exact_front(const BitProblem& problem, std::optional<std::int64_t> limit = {}, std::int64_t most_states = 20'000'000);

/// The best assignment of at most `limit`: by the same programme, in which states that cannot lead to a better one than the convex front's are left out.
/// Where even that takes too many states, the best that the convex front and single steps from it give, with exact = false.
/// Throws Error(invalid_value) where the cheapest assignment is above the limit, with both numbers.
BitAssignment assign_bits(const BitProblem& problem, std::int64_t limit, std::int64_t most_states = 20'000'000);

}
