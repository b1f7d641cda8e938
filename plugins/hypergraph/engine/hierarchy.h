#pragma once
// Nodes grouped into clusters, as the Hybrid Graph Benchmark does it (greedy, spectral), and communities by Louvain's method. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/construction.h"

namespace lathe::hypergraph {

/// Each undirected edge once as a neighbour of both ends, in the order in which the edges come; without loops and duplicates. As a networkx graph built from the columns has it.
Csr neighbours_in_order(std::span<const std::int32_t> source, std::span<const std::int32_t> target, std::int64_t nodes);

struct Clustering {
    std::vector<std::int32_t> cluster;       ///< of each node, from 0
    std::int64_t clusters = 0;
    std::vector<std::int32_t> visit_order;   ///< greedy: nodes as they were taken
};

/// HGB's greedy constructor: from the lowest free node on, the node of the frontier with most neighbours within the frontier joins (the first on ties), up to `most` nodes a cluster.
Clustering greedy_clusters(const Csr& neighbours, std::int64_t most, const Tick& tick = {});

/// HGB's spectral constructor: k-means on the rows of the normalised Laplacian's first eigenvectors, each row brought to length 1. Seeded.
Clustering spectral_clusters(const Csr& neighbours, std::int64_t clusters, std::uint64_t seed, const Tick& tick = {});

/// Communities of high modularity (Blondel et al. 2008), numbered from the largest on. Seeded.
Clustering louvain_communities(const Csr& neighbours, double resolution, std::uint64_t seed, const Tick& tick = {});

/// Newman's modularity of a clustering.
double modularity(const Csr& neighbours, std::span<const std::int32_t> cluster, double resolution = 1);

/// Simple edges between two clusters, for pairs a < b that have one, sorted.
struct ClusterTie { std::int32_t a = 0, b = 0; std::int64_t edges = 0; };
std::vector<ClusterTie> cluster_ties(const Csr& neighbours, std::span<const std::int32_t> cluster);

}
