#include "viewers/graph_data.h"
#include "core/base/error.h"
#include <algorithm>
#include <string>

namespace lathe {
namespace {

/// Each row ascending, each item once.
GraphRows sorted_rows(std::int64_t rows, std::span<const std::int32_t> row, std::span<const std::int32_t> item) {
    GraphRows r;
    r.offsets.assign(std::size_t(rows) + 1, 0);
    for (const std::int32_t i : row) ++r.offsets[std::size_t(i) + 1];
    for (std::size_t i = 0; i < std::size_t(rows); ++i) r.offsets[i + 1] += r.offsets[i];
    r.items.resize(item.size());
    std::vector<std::int64_t> next(r.offsets.begin(), r.offsets.end() - 1);
    for (std::size_t k = 0; k < row.size(); ++k) r.items[std::size_t(next[std::size_t(row[k])]++)] = item[k];
    std::int64_t kept = 0;
    for (std::size_t i = 0; i < std::size_t(rows); ++i) {
        const auto begin = r.items.begin() + r.offsets[i], end = r.items.begin() + (i + 1 < r.offsets.size() ? r.offsets[i + 1] : 0);
        std::sort(begin, end);
        const auto last = std::unique(begin, end);
        const auto there = std::copy(begin, last, r.items.begin() + kept);
        r.offsets[i] = kept;
        kept = there - r.items.begin();
    }
    r.offsets.back() = kept;
    r.items.resize(std::size_t(kept));
    return r;
}

GraphRows turned(const GraphRows& rows, std::int64_t columns) {
    GraphRows r;
    r.offsets.assign(std::size_t(columns) + 1, 0);
    for (const std::int32_t i : rows.items) ++r.offsets[std::size_t(i) + 1];
    for (std::size_t i = 0; i < std::size_t(columns); ++i) r.offsets[i + 1] += r.offsets[i];
    r.items.resize(rows.items.size());
    std::vector<std::int64_t> next(r.offsets.begin(), r.offsets.end() - 1);
    for (std::int64_t i = 0; i < rows.rows(); ++i)
        for (const std::int32_t k : rows[i]) r.items[std::size_t(next[std::size_t(k)]++)] = std::int32_t(i);
    return r;
}

void check_ids(std::span<const std::int32_t> ids, std::int64_t count, const char* what) {
    for (const std::int32_t id : ids)
        if (id < 0 || id >= count)
            throw Error(ErrorCode::invalid_value, "The graph cannot be shown.", std::string(what) + " " + std::to_string(id) + " of " + std::to_string(count), "Give ids from 0 to one less than the count.");
}

}

GraphDataPtr GraphData::make(std::int64_t nodes, std::int64_t hyperedges, std::span<const std::int32_t> from, std::span<const std::int32_t> to, std::span<const std::int32_t> member,
    std::span<const std::int32_t> hyperedge) {
    if (from.size() != to.size() || member.size() != hyperedge.size())
        throw Error(ErrorCode::invalid_value, "The graph cannot be shown.", "two columns of different lengths", "Give as many first as second ends, and as many members as hyperedges.");
    if (nodes < 0 || hyperedges < 0 || nodes > INT32_MAX || hyperedges > INT32_MAX)
        throw Error(ErrorCode::invalid_value, "The graph cannot be shown.", std::to_string(nodes) + " nodes, " + std::to_string(hyperedges) + " hyperedges", "Show a part of it.");
    check_ids(from, nodes, "node");
    check_ids(to, nodes, "node");
    check_ids(member, nodes, "node");
    check_ids(hyperedge, hyperedges, "hyperedge");
    auto graph = std::make_shared<GraphData>();
    graph->nodes = nodes;
    graph->hyperedges = hyperedges;
    std::vector<std::int32_t> low, high;
    low.reserve(from.size());
    high.reserve(from.size());
    for (std::size_t k = 0; k < from.size(); ++k) {
        if (from[k] == to[k]) continue;
        low.push_back(std::min(from[k], to[k]));
        high.push_back(std::max(from[k], to[k]));
    }
    graph->edges = sorted_rows(nodes, low, high);
    low.insert(low.end(), high.begin(), high.end());
    high.insert(high.end(), low.begin(), low.begin() + std::int64_t(high.size()));
    graph->neighbours = sorted_rows(nodes, low, high);
    graph->members = sorted_rows(hyperedges, hyperedge, member);
    graph->memberships = turned(graph->members, nodes);
    return graph;
}

}
