#pragma once
// Hyperedges as sets, and how exact a measure of a large graph is. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/construction.h"

namespace lathe::hypergraph {

struct HyperSets {
    Csr members;       ///< hyperedge -> nodes, ascending, each once
    Csr hyperedges;    ///< node -> hyperedges, ascending
};
HyperSets hyper_sets(const Csr& members, std::int64_t nodes);

/// What is counted at most before a measure is sampled: steps of the innermost loop, ten nanoseconds or less each.
struct Effort {
    double most = 1e8;
    std::uint64_t seed = 0;
    Tick tick;
};

/// A measure of each node or hyperedge. NaN: not defined, or not looked at in a sample.
struct Measure {
    std::vector<double> values;
    bool exact = true;
    double mean = 0, error = 0;    ///< of the defined values; the error of the mean (standard error), 0 where exact
};
/// Fills in mean and error. `sampled`: only some values were looked at.
Measure summarised(std::vector<double> values, bool sampled);

/// Which of [0, costs.size()) can be looked at for `most`: all of them, or a random share of what costs something. Ascending.
std::vector<std::int64_t> affordable(std::span<const double> costs, double most, std::uint64_t seed);

/// Groups that grow together.
class UnionFind {
public:
    explicit UnionFind(std::int64_t size);
    std::int32_t find(std::int32_t v);
    void join(std::int32_t a, std::int32_t b);
    /// Groups numbered by their smallest member; -1 where `counts` is false.
    std::vector<std::int32_t> numbered(const std::vector<bool>& counts);

private:
    std::vector<std::int32_t> m_parent;
};

}
