#include "plugins/delta_cache/engine/cache_schedule.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::delta_cache {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& where, const std::string& hint) { throw Error(ErrorCode::invalid_value, what, where, hint); }

/// Gives every distinct range (and, for maps, source step) its slot.
class Slots {
public:
    explicit Slots(CacheSchedule& schedule) : m_schedule(schedule) {}
    int of(int first, int end, int source) {
        const auto [found, fresh] = m_known.try_emplace({first, end, source}, static_cast<int>(m_known.size()));
        if (fresh) m_schedule.last_use.push_back(-1);
        return found->second;
    }
    bool knows(int first, int end, int source) const { return m_known.contains({first, end, source}); }
private:
    CacheSchedule& m_schedule;
    std::map<std::tuple<int, int, int>, int> m_known;
};

void schedule_ranges(const CacheOptions& options, CacheSchedule& out) {
    const int steps = static_cast<int>(out.steps.size()), depth = out.depth;
    if (options.interval < 1) refuse("The interval N must be at least 1.", "N = " + std::to_string(options.interval), "N = 1 computes every step, N = 2 every other one.");
    const bool staged = options.mode == CacheMode::stage;
    if (staged && (options.count < 0 || options.count > depth))
        refuse("The number of cached blocks must lie between 0 and the depth of the model.", "Nc = " + std::to_string(options.count) + ", depth " + std::to_string(depth), "Choose a smaller Nc.");
    if (!staged && (options.first < 0 || options.end < options.first || options.end > depth))
        refuse("The cached range must lie inside the model.", "[" + std::to_string(options.first) + ", " + std::to_string(options.end) + "), depth " + std::to_string(depth), "Choose 0 <= first <= end <= depth.");
    const int b = options.switch_from_end ? std::max(0, steps - options.switch_step) : options.switch_step;
    using Range = std::pair<int, int>;
    const Range rear = staged ? Range{depth - options.count, depth} : Range{options.first, options.end};
    const Range front = staged ? Range{0, options.count} : rear;
    Slots slots(out);
    for (int s = 0; s < steps; ++s) {
        StepSchedule& step = out.steps[static_cast<std::size_t>(s)];
        const Range range = s < b ? rear : front;
        if (range.first == range.second) continue;   // nothing is cached: the step is like one without a cache
        const bool refresh = options.refresh_on_switch && staged && s == b && b > 0 && b < steps;
        const bool full = s % options.interval == 0 || refresh || !slots.knows(range.first, range.second, 0);
        if (!full) {
            const int slot = slots.of(range.first, range.second, 0);
            step.reuse.push_back({range.first, range.second, slot});
            out.last_use[static_cast<std::size_t>(slot)] = s;
            continue;
        }
        step.store.push_back({range.first, range.second, slots.of(range.first, range.second, 0)});
        const Range other = s < b ? front : rear;
        if (options.store_both && other != range) step.store.push_back({other.first, other.second, slots.of(other.first, other.second, 0)});
    }
}

void schedule_map(const CacheOptions& options, CacheSchedule& out) {
    const int steps = static_cast<int>(out.steps.size()), depth = out.depth;
    if (options.map.size() != static_cast<std::size_t>(steps) * static_cast<std::size_t>(depth))
        refuse("The painted map has another shape than the run.", std::to_string(options.map.size()) + " cells for " + std::to_string(depth) + " blocks x " + std::to_string(steps) + " steps",
            "Give one cell for each block and step, row by row.");
    Slots slots(out);
    std::vector<int> computed_at(static_cast<std::size_t>(depth), -1);   // the last step that computed each block
    for (int s = 0; s < steps; ++s) {
        const auto painted = [&](int k) { return options.map[static_cast<std::size_t>(k * steps + s)] != 0; };
        const auto source = [&](int k) { return computed_at[static_cast<std::size_t>(k)]; };
        std::vector<int> computed;
        for (int k = 0; k < depth;) {
            if (!painted(k) || source(k) < 0) {
                if (painted(k)) out.unmet.push_back(k * steps + s);
                computed.push_back(k++);
                continue;
            }
            int end = k + 1;
            while (end < depth && painted(end) && source(end) == source(k)) ++end;
            const bool known = slots.knows(k, end, source(k));
            const int slot = slots.of(k, end, source(k));
            if (!known) out.steps[static_cast<std::size_t>(source(k))].store.push_back({k, end, slot});
            out.steps[static_cast<std::size_t>(s)].reuse.push_back({k, end, slot});
            out.last_use[static_cast<std::size_t>(slot)] = s;
            k = end;
        }
        for (int k : computed) computed_at[static_cast<std::size_t>(k)] = s;
    }
}

}

int CacheSchedule::computed(int step) const {
    int blocks = depth;
    for (const RangeAt& range : steps[static_cast<std::size_t>(step)].reuse) blocks -= range.end - range.first;
    return blocks;
}

int CacheSchedule::computed_total() const {
    int blocks = 0;
    for (int s = 0; s < static_cast<int>(steps.size()); ++s) blocks += computed(s);
    return blocks;
}

double CacheSchedule::predicted_speedup() const {
    const int computed = computed_total();
    return computed > 0 ? static_cast<double>(depth) * static_cast<double>(steps.size()) / computed : 1.0;
}

CacheSchedule make_cache_schedule(const CacheOptions& options, int steps, int depth) {
    CacheSchedule out;
    out.depth = depth;
    out.absolute = options.kind == CacheKind::feature;
    out.steps.resize(static_cast<std::size_t>(steps));
    if (options.kind == CacheKind::delta || options.kind == CacheKind::feature) schedule_ranges(options, out);
    if (options.kind == CacheKind::painted) schedule_map(options, out);
    return out;
}

int blocks_for_speedup(double speedup, int interval, int steps, int depth) {
    if (interval < 1 || steps < 1 || !(speedup >= 1)) refuse("The speed-up and the interval must be at least 1.", "S = " + number_text(speedup) + ", N = " + std::to_string(interval), "Choose larger ones.");
    const double full = static_cast<double>((steps + interval - 1) / interval) / steps;   // share of full steps
    if (full >= 1) return speedup > 1 ? depth + 1 : 0;
    return static_cast<int>(std::lround(depth * (1 - 1 / speedup) / (1 - full)));
}

ScheduledPolicy::ScheduledPolicy(CacheSchedule schedule) : m_schedule(std::move(schedule)) { reset(); }

void ScheduledPolicy::reset() {
    m_slots.assign(m_schedule.last_use.size(), {});
    m_bytes = m_peak = 0;
}

StepPlan ScheduledPolicy::plan(int step, double, const at::Tensor& h0, const Cond&) {
    StepPlan plan;
    if (step < 0 || step >= static_cast<int>(m_schedule.steps.size())) return plan;   // beyond the schedule everything is computed
    const StepSchedule& scheduled = m_schedule.steps[static_cast<std::size_t>(step)];
    for (const RangeAt& range : scheduled.reuse) {
        at::Tensor& value = m_slots[static_cast<std::size_t>(range.slot)];
        if (!value.defined() || !value.sizes().equals(h0.sizes()) || value.scalar_type() != h0.scalar_type()) continue;
        plan.skips.push_back({range.first, range.end, value, m_schedule.absolute});
        if (m_schedule.last_use[static_cast<std::size_t>(range.slot)] != step) continue;
        m_bytes -= static_cast<std::int64_t>(value.nbytes());   // the plan holds it until the step is done
        value.reset();
    }
    for (const RangeAt& range : scheduled.store) plan.keeps.push_back({range.first, range.end});
    return plan;
}

void ScheduledPolicy::keep(int step, const BlockKeep& keep, const at::Tensor& h_first, const at::Tensor& h_end) {
    for (const RangeAt& range : m_schedule.steps[static_cast<std::size_t>(step)].store) {
        if (range.first != keep.first || range.end != keep.end) continue;
        at::Tensor& value = m_slots[static_cast<std::size_t>(range.slot)];
        if (value.defined()) m_bytes -= static_cast<std::int64_t>(value.nbytes());
        value = m_schedule.absolute ? h_end : h_end - h_first;
        m_bytes += static_cast<std::int64_t>(value.nbytes());
        m_peak = std::max(m_peak, m_bytes);
        return;
    }
}

}
