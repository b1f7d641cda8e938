#include "plugins/hypergraph/engine/shortest_paths.h"
#include "core/base/random_numbers.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kPathParts = 16;       // sums that do not depend on the threads; also what the error is estimated from
constexpr std::size_t kFewestSources = 32;

/// One search at a time.
struct PathSearch {
    std::vector<std::int32_t> distance, order;
    std::vector<double> paths, share;

    void run(const Csr& neighbours, std::int32_t source) {
        distance.assign(static_cast<std::size_t>(neighbours.rows()), -1);
        paths.assign(distance.size(), 0);
        share.assign(distance.size(), 0);
        order.assign(1, source);
        distance[static_cast<std::size_t>(source)] = 0;
        paths[static_cast<std::size_t>(source)] = 1;
        for (std::size_t k = 0; k < order.size(); ++k) {
            const auto v = static_cast<std::size_t>(order[k]);
            for (const std::int32_t u : neighbours[order[k]]) {
                const auto w = static_cast<std::size_t>(u);
                if (distance[w] < 0) distance[w] = distance[v] + 1, order.push_back(u);
                if (distance[w] == distance[v] + 1) paths[w] += paths[v];
            }
        }
        for (std::size_t k = order.size(); k-- > 1;) {
            const auto w = static_cast<std::size_t>(order[k]);
            for (const std::int32_t u : neighbours[order[k]]) {
                const auto v = static_cast<std::size_t>(u);
                if (distance[v] == distance[w] - 1) share[v] += paths[v] / paths[w] * (1 + share[w]);
            }
        }
    }
};

struct PathSums {
    std::vector<double> passed, distances, reached;
};

}

PathCentralities path_centralities(const Csr& neighbours, const std::vector<bool>& counts, const Effort& effort) {
    const auto n = static_cast<std::size_t>(neighbours.rows());
    std::vector<std::int32_t> sources;
    for (std::size_t v = 0; v < n; ++v)
        if (counts[v]) sources.push_back(static_cast<std::int32_t>(v));
    const double k = static_cast<double>(sources.size());
    const double cost = static_cast<double>(n) + 4 * static_cast<double>(neighbours.size());   // of one search
    const auto affordable_sources = static_cast<std::size_t>(std::max(static_cast<double>(kFewestSources), effort.most / std::max(1.0, cost)));
    const bool sampled = sources.size() > affordable_sources;
    if (sampled) {
        Random random(effort.seed);
        for (std::size_t i = 0; i < affordable_sources; ++i) std::swap(sources[i], sources[i + static_cast<std::size_t>(random.below(static_cast<std::int64_t>(sources.size() - i)))]);
        sources.resize(affordable_sources);
    }
    std::vector<PathSums> parts(std::min(kPathParts, std::max<std::size_t>(1, sources.size())));
    std::vector<double> closeness(n, std::numeric_limits<double>::quiet_NaN());
    parallel_each(
        static_cast<std::int64_t>(parts.size()),
        [&](int, std::int64_t part) {
            PathSums& sums = parts[static_cast<std::size_t>(part)];
            for (std::vector<double>* sum : {&sums.passed, &sums.distances, &sums.reached}) sum->assign(n, 0);
            PathSearch search;
            for (std::size_t i = static_cast<std::size_t>(part); i < sources.size(); i += parts.size()) {
                search.run(neighbours, sources[i]);
                double total = 0;
                for (const std::int32_t v : search.order) {
                    const auto w = static_cast<std::size_t>(v);
                    if (v != sources[i]) sums.passed[w] += search.share[w], ++sums.reached[w];
                    sums.distances[w] += search.distance[w];
                    total += search.distance[w];
                }
                if (!sampled) closeness[static_cast<std::size_t>(sources[i])] = total > 0 ? static_cast<double>(search.order.size() - 1) / total : 0;
            }
        },
        [&](std::int64_t done) {
            if (effort.tick) effort.tick(static_cast<double>(done), static_cast<double>(parts.size()));
        });
    const double scale = k > 2 ? 1 / ((k - 1) * (k - 2)) : 0, stretch = sources.empty() ? 0 : k / static_cast<double>(sources.size());
    std::vector<double> betweenness(n, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t v = 0; v < n; ++v) {
        if (!counts[v]) continue;
        double passed = 0, distances = 0, reached = 0;
        for (const PathSums& part : parts) passed += part.passed[v], distances += part.distances[v], reached += part.reached[v];
        betweenness[v] = passed * scale * stretch;
        if (sampled) closeness[v] = distances > 0 ? reached / distances : neighbours.length(static_cast<std::int64_t>(v)) == 0 ? 0 : std::numeric_limits<double>::quiet_NaN();
    }
    PathCentralities result{summarised(std::move(betweenness), false), summarised(std::move(closeness), sampled)};
    result.betweenness.exact = !sampled;
    if (sampled) {   // how much the means of the parts differ
        double square = 0, sum = 0;
        std::vector<double> means;
        for (std::size_t p = 0; p < parts.size(); ++p) {
            double passed = 0;
            for (const double value : parts[p].passed) passed += value;
            const double searched = std::ceil(static_cast<double>(sources.size() - p) / static_cast<double>(parts.size()));
            means.push_back(passed * scale * k / searched / k);
            sum += means.back();
        }
        for (const double mean : means) square += std::pow(mean - sum / static_cast<double>(means.size()), 2);
        result.betweenness.error = means.size() > 1 ? std::sqrt(square / static_cast<double>(means.size() - 1) / static_cast<double>(means.size())) : 0;
    }
    return result;
}

}
