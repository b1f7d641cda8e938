#include "plugins/delta_cache/panel/schedule.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::delta_cache {
namespace {

struct Range { int first, end; bool operator==(const Range&) const = default; };

void stage_rule(const Json& params, Schedule& out) {
    const bool staged = params.value("cache.mode", "stage") == "stage";
    const int interval = std::max(1, params.value("cache.interval", 1)), count = std::clamp(params.value("cache.count", 0), 0, out.depth);
    const int wanted = params.value("cache.switch", 0), b = params.value("cache.switch_from_end", false) ? std::max(0, out.steps - wanted) : wanted;
    Range rear{out.depth - count, out.depth}, front{0, count};
    if (staged) {
        out.switch_step = std::min(b, out.steps);
    } else if (const Json range = params.value("cache.range", Json::array()); range.is_array() && range.size() == 2) {
        rear = front = {std::clamp(range[0].get<int>(), 0, out.depth), std::clamp(range[1].get<int>(), 0, out.depth)};
    }
    const bool both = params.value("cache.store_both", true), refresh = params.value("cache.refresh", false);
    std::vector<Range> stored;
    const auto known = [&stored](const Range& range) { return std::find(stored.begin(), stored.end(), range) != stored.end(); };
    for (int s = 0; s < out.steps; ++s) {
        const Range range = s < b ? rear : front, other = s < b ? front : rear;
        if (range.first >= range.end) continue;
        const bool full = s % interval == 0 || (refresh && staged && s == b && b > 0) || !known(range);
        if (full) {
            stored.push_back(range);
            if (both) stored.push_back(other);
            continue;
        }
        for (int k = range.first; k < range.end; ++k) out.cells[std::size_t(k) * std::size_t(out.steps) + std::size_t(s)] = 1;
    }
}

}

int Schedule::reused() const { return int(std::count(cells.begin(), cells.end(), 1)); }

double Schedule::speedup() const {
    const int computed = depth * steps - reused();
    return computed > 0 ? double(depth) * steps / computed : std::numeric_limits<double>::infinity();
}

Schedule schedule_of(const Json& params, int steps, int depth) {
    Schedule out;
    out.steps = steps;
    out.depth = depth;
    out.cells.assign(std::size_t(steps) * std::size_t(depth), 0);
    const std::string policy = params.value("policy", "none");
    if (policy == "delta" || policy == "feature") stage_rule(params, out);
    if (policy != "painted") return out;
    // The stages of the rule stay as marks: a painted map is mostly made from one.
    if (params.value("cache.mode", "") == "stage") {
        const int wanted = params.value("cache.switch", 0);
        out.switch_step = std::min(steps, params.value("cache.switch_from_end", false) ? std::max(0, steps - wanted) : wanted);
    }
    const Json map = params.value("cache.map", Json());
    if (!map.is_object() || map.value("rows", 0) != depth || map.value("cols", 0) != steps || map["data"].size() != out.cells.size()) return out;
    for (std::size_t i = 0; i < out.cells.size(); ++i) out.cells[i] = map["data"][i].get<double>() != 0;
    return out;
}

int blocks_for_speedup(double speedup, int interval, int steps, int depth) {
    if (interval < 1 || steps < 1 || !(speedup >= 1)) return -1;
    const double full = double((steps + interval - 1) / interval) / steps;
    if (full >= 1) return speedup > 1 ? depth + 1 : 0;
    return int(std::lround(depth * (1 - 1 / speedup) / (1 - full)));
}

double most_speedup(int interval, int steps) { return interval < 1 ? 1 : double(steps) / ((steps + interval - 1) / interval); }

}
