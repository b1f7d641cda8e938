#include "plugins/hypergraph/engine/construction.h"
#include "core/base/error.h"
#include "plugins/hypergraph/engine/nearest.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

namespace lathe::hypergraph {
namespace {

constexpr double kMostWindowMemberships = 400e6, kMostWindows = 0x1p53;   // beyond, neighbouring windows have the same number

/// Without white space and quotes at both ends.
std::string_view bare_name(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n\"");
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t\r\n\"") - first + 1);
}

std::string_view without_version(std::string_view name, bool strip) { return strip ? name.substr(0, name.find('.')) : name; }

}

Csr table_hyperedges(const std::vector<std::vector<std::string>>& rows, const std::vector<std::string>& node_names, bool strip_version) {
    std::unordered_map<std::string_view, std::int32_t> node_of;
    for (std::size_t v = 0; v < node_names.size(); ++v) node_of.try_emplace(without_version(bare_name(node_names[v]), strip_version), static_cast<std::int32_t>(v));
    Csr members;
    std::vector<std::int64_t> row_met_last(node_names.size(), -1);
    for (const std::vector<std::string>& row : rows) {
        for (const std::string& cell : row) {
            const auto found = node_of.find(without_version(bare_name(cell), strip_version));
            if (found == node_of.end()) continue;
            if (std::exchange(row_met_last[static_cast<std::size_t>(found->second)], members.rows()) != members.rows()) members.items.push_back(found->second);   // a hyperedge is a set
        }
        members.offsets.push_back(members.size());
    }
    return members;
}

Csr window_hyperedges(std::span<const double> position, std::span<const std::string> group, double width, double step) {
    if (!(width > 0) || !(step > 0) || !std::isfinite(width) || !std::isfinite(step))
        throw Error(ErrorCode::invalid_value, "A window needs a width and a step above 0.", "width " + std::to_string(width) + ", step " + std::to_string(step), "Choose positive numbers.");
    if (!group.empty() && group.size() != position.size())
        throw Error(ErrorCode::invalid_value, "Positions and groups are not of the same nodes.", std::to_string(position.size()) + " positions, " + std::to_string(group.size()) + " groups", "Give one group for each node, or none.");
    if (static_cast<double>(position.size()) * std::ceil(width / step) > kMostWindowMemberships)
        throw Error(ErrorCode::invalid_value, "The windows overlap too much.", "width " + std::to_string(width) + ", step " + std::to_string(step), "Choose a larger step or a smaller width.");
    // Only windows with a node are made: positions may be far apart. The key sorts them by group, then by place.
    std::map<std::pair<std::string_view, double>, std::vector<std::int32_t>> windows;
    for (std::size_t v = 0; v < position.size(); ++v) {
        if (!std::isfinite(position[v])) continue;
        if (std::abs(position[v] / step) > kMostWindows)
            throw Error(ErrorCode::invalid_value, "A position is too large for windows of this step.", "node " + std::to_string(v) + ": " + std::to_string(position[v]) + ", step " + std::to_string(step), "Choose a larger step.");
        const std::string_view name = group.empty() ? std::string_view() : std::string_view(group[v]);
        for (double k = std::floor(position[v] / step); k * step + width > position[v]; --k) windows[{name, k}].push_back(static_cast<std::int32_t>(v));
    }
    Csr members;
    for (const auto& [key, nodes] : windows) {
        members.items.insert(members.items.end(), nodes.begin(), nodes.end());
        members.offsets.push_back(members.size());
    }
    return members;
}

Csr nearest_hyperedges(const Features& embedding, std::int64_t k, double percentile, const Tick& tick, double* threshold) {
    Csr members;
    if (threshold) *threshold = 0;
    if (embedding.rows == 0) return members;
    const Nearest nearest = nearest_neighbours(embedding, k, tick);
    const double cut = percentile_of(nearest.distance, percentile);
    if (threshold) *threshold = cut;
    for (std::int64_t centre = 0; centre < embedding.rows; ++centre) {
        for (std::int64_t p = centre * nearest.k; p < (centre + 1) * nearest.k; ++p)
            if (nearest.distance[static_cast<std::size_t>(p)] < cut) members.items.push_back(nearest.node[static_cast<std::size_t>(p)]);
        members.offsets.push_back(members.size());
    }
    return members;
}

}
