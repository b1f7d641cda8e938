#include "plugins/quantization/engine/units.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr std::size_t kMostStacked = 3;

class UnitFinder {
public:
    explicit UnitFinder(const PartRunner& runner) : m_runner(runner) {
        if (!runner.is_possible())
            throw Error(ErrorCode::unsupported, "This network cannot be reconstructed in parts.", "quantization", "Every value has to come from a layer that reports, and each layer may run once.");
    }
    const GraphNode& node(int i) const { return m_runner.graph().nodes[static_cast<std::size_t>(i)]; }
    int count() const { return m_runner.count(); }

    /// Behind `last`: what only turns its value into another one.
    int end_of_chain(int last) const {
        while (node(last).users.size() == 1) {
            const int next = node(last).users.front();
            if (next != last + 1 || node(next).inputs.size() != 1 || node(next).has_weight()) break;
            last = next;
        }
        return last + 1;
    }

    Unit unit(int begin, int end) const {
        Unit out{"", begin, end, {}, {}};
        for (int i = begin; i < end; ++i) {
            if (node(i).has_weight()) out.weighted.push_back(i);
            for (const int from : node(i).inputs)
                if (from < begin && std::ranges::find(out.inputs, from) == out.inputs.end()) out.inputs.push_back(from);
        }
        out.name = node(out.weighted.front()).name;
        if (out.weighted.size() > 1) out.name += " … " + node(out.weighted.back()).name;
        return out;
    }

    int next_weighted(int from) const {
        while (from < count() && !node(from).has_weight()) ++from;
        return from;
    }

    /// The first place behind the weighted node `begin` at which only one value is alive that was made from there on.
    int end_of_block(int begin) const {
        for (int end = begin + 1; end < count(); ++end) {
            const std::vector<int> alive = m_runner.live(end);
            if (alive.size() == 1 && alive.front() >= begin) return end_of_chain(end - 1);
        }
        return count();
    }

private:
    const PartRunner& m_runner;
};

}

std::vector<Unit> layer_units(const PartRunner& runner) {
    const UnitFinder find(runner);
    std::vector<Unit> units;
    for (int i = find.next_weighted(0); i < find.count(); i = find.next_weighted(i + 1)) units.push_back(find.unit(i, find.end_of_chain(i)));
    return units;
}

std::vector<Unit> block_units(const PartRunner& runner) {
    const UnitFinder find(runner);
    std::vector<Unit> units;
    std::vector<bool> is_plain;            // no branch within: it may be stacked
    for (int begin = find.next_weighted(0); begin < find.count();) {
        const int end = find.end_of_block(begin);
        Unit unit = find.unit(begin, end);
        bool plain = unit.weighted.size() == 1;
        if (!units.empty() && plain && is_plain.back() && units.back().end == begin && units.back().weighted.size() < kMostStacked && find.node(units.back().end - 1).users.size() == 1) {
            units.back() = find.unit(units.back().begin, end);
        } else {
            units.push_back(std::move(unit));
            is_plain.push_back(plain);
        }
        begin = find.next_weighted(end);
    }
    return units;
}

}
