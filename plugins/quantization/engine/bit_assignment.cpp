#include "plugins/quantization/engine/bit_assignment.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kLargestCost = std::int64_t{1} << 60;   // of all layers together

[[noreturn]] void refuse_problem(const std::string& what, std::size_t layer) {
    throw Error(ErrorCode::invalid_value, what, "layer " + std::to_string(layer), "Measure the sensitivity of every layer at every number of bits first.");
}

void check_problem(const BitProblem& problem) {
    const std::size_t layers = problem.sensitivity.size();
    if (layers == 0 || problem.cost.size() != layers)
        throw Error(ErrorCode::invalid_value, "Bits are assigned to layers that have sensitivities and costs.", std::to_string(layers) + " and " + std::to_string(problem.cost.size()) + " layers");
    for (std::size_t l = 0; l < layers; ++l) {
        const std::vector<double>& sensitivity = problem.sensitivity[l];
        if (sensitivity.empty() || sensitivity.size() > 256 || sensitivity.size() != problem.cost[l].size())
            refuse_problem("A layer needs 1 to 256 choices of bits, each with a sensitivity and a cost.", l);
        if (!std::ranges::all_of(sensitivity, [](double s) { return std::isfinite(s); })) refuse_problem("A sensitivity is not a finite number.", l);
        if (!std::ranges::all_of(problem.cost[l], [&](std::int64_t c) { return c >= 0 && c <= kLargestCost / static_cast<std::int64_t>(layers); }))
            refuse_problem("A cost is below 0 or too large.", l);
    }
}

/// One step along the lower convex hull of a layer's choices.
struct Segment {
    std::size_t layer;
    int to;
    double gain;
    std::int64_t cost;
};

double steepness(const Segment& s) { return s.gain / static_cast<double>(s.cost); }

/// The hull from the cheapest choice to the least sensitive one.
std::vector<int> lower_hull(const std::vector<double>& s, const std::vector<std::int64_t>& c) {
    std::vector<int> order(s.size()), hull;
    std::iota(order.begin(), order.end(), 0);
    const auto at = [](const auto& values, int i) { return values[static_cast<std::size_t>(i)]; };
    std::ranges::sort(order, [&](int a, int b) { return std::pair(at(c, a), at(s, a)) < std::pair(at(c, b), at(s, b)); });
    const auto slope = [&](int a, int b) { return (at(s, a) - at(s, b)) / static_cast<double>(at(c, b) - at(c, a)); };
    for (const int i : order) {
        if (!hull.empty() && at(s, i) >= at(s, hull.back())) continue;
        while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), i)) hull.pop_back();
        hull.push_back(i);
    }
    return hull;
}

/// Sums anew, so that the numbers do not depend on the way here.
void add_up(const BitProblem& problem, BitAssignment& a) {
    a.sensitivity = 0;
    a.cost = 0;
    for (std::size_t l = 0; l < a.choice.size(); ++l) {
        a.sensitivity += problem.sensitivity[l][static_cast<std::size_t>(a.choice[l])];
        a.cost += problem.cost[l][static_cast<std::size_t>(a.choice[l])];
    }
}

/// The cheapest assignment, and the steps from there in order of steepness.
std::vector<Segment> hull_steps(const BitProblem& problem, BitAssignment& cheapest) {
    std::vector<Segment> steps;
    cheapest.choice.clear();
    for (std::size_t l = 0; l < problem.cost.size(); ++l) {
        const std::vector<int> hull = lower_hull(problem.sensitivity[l], problem.cost[l]);
        cheapest.choice.push_back(hull.front());
        for (std::size_t k = 1; k < hull.size(); ++k) {
            const auto from = static_cast<std::size_t>(hull[k - 1]), to = static_cast<std::size_t>(hull[k]);
            steps.push_back({l, hull[k], problem.sensitivity[l][from] - problem.sensitivity[l][to], problem.cost[l][to] - problem.cost[l][from]});
        }
    }
    std::ranges::stable_sort(steps, [](const Segment& a, const Segment& b) { return steepness(a) > steepness(b); });
    add_up(problem, cheapest);
    return steps;
}

/// Takes the best single change that fits, until none is left.
void improve(const BitProblem& problem, std::int64_t limit, BitAssignment& a) {
    for (bool found = true; found;) {
        found = false;
        double best = 0;
        std::size_t layer = 0;
        int choice = 0;
        for (std::size_t l = 0; l < a.choice.size(); ++l) {
            const auto held = static_cast<std::size_t>(a.choice[l]);
            for (std::size_t b = 0; b < problem.cost[l].size(); ++b) {
                const double gain = problem.sensitivity[l][held] - problem.sensitivity[l][b];
                if (gain > best && a.cost - problem.cost[l][held] + problem.cost[l][b] <= limit) {
                    best = gain;
                    layer = l;
                    choice = static_cast<int>(b);
                    found = true;
                }
            }
        }
        if (found) a.choice[layer] = choice;
        add_up(problem, a);
    }
}

struct State {
    std::int64_t cost;
    double sensitivity;
};
/// How the states of one layer came about.
struct Links {
    std::vector<std::uint32_t> parent;
    std::vector<std::uint8_t> choice;
};

/// Whether a state of the first layers, how many being given, can be of use.
using KeepState = std::function<bool(std::size_t layers, const State& state)>;

/// The undominated states after one more layer, in order of cost. The choices' lists are each in that order already, so the least of their heads comes next.
bool extend(const std::vector<State>& before, const std::vector<double>& sensitivity, const std::vector<std::int64_t>& cost, std::size_t layers, const KeepState& keep, std::size_t most,
    std::vector<State>& after, Links& links) {
    std::vector<std::size_t> heads(cost.size(), 0);
    double least = std::numeric_limits<double>::infinity();
    for (;;) {
        std::size_t choice = heads.size();
        State next{};
        for (std::size_t b = 0; b < heads.size(); ++b) {
            if (heads[b] == before.size()) continue;
            const State& from = before[heads[b]];
            const State reached{from.cost + cost[b], from.sensitivity + sensitivity[b]};
            if (choice == heads.size() || std::pair(reached.cost, reached.sensitivity) < std::pair(next.cost, next.sensitivity)) {
                choice = b;
                next = reached;
            }
        }
        if (choice == heads.size()) return true;
        const std::size_t parent = heads[choice]++;
        if (next.sensitivity >= least || !keep(layers, next)) continue;
        if (after.size() == most) return false;
        least = next.sensitivity;
        after.push_back(next);
        links.parent.push_back(static_cast<std::uint32_t>(parent));
        links.choice.push_back(static_cast<std::uint8_t>(choice));
    }
}

BitAssignment traced_back(const BitProblem& problem, const std::vector<Links>& links, std::size_t last) {
    BitAssignment out;
    out.choice.resize(links.size());
    for (std::size_t l = links.size(); l-- > 0; last = links[l].parent[last]) out.choice[l] = links[l].choice[last];
    add_up(problem, out);
    return out;
}

/// All undominated assignments that pass `keep`; empty: too many states. `only_best`: the last of them alone.
std::optional<std::vector<BitAssignment>> programme(const BitProblem& problem, const KeepState& keep, std::int64_t most_states, bool only_best) {
    std::vector<State> states{{0, 0}};
    std::vector<Links> links(problem.cost.size());
    std::size_t left = static_cast<std::size_t>(std::clamp<std::int64_t>(most_states, 0, std::numeric_limits<std::uint32_t>::max()));
    const std::size_t most = left;
    for (std::size_t l = 0; l < problem.cost.size(); ++l) {
        std::vector<State> after;
        if (!extend(states, problem.sensitivity[l], problem.cost[l], l + 1, keep, left, after, links[l])) return {};
        left -= after.size();
        states = std::move(after);
    }
    if (!only_best && states.size() * links.size() > most) return {};
    std::vector<BitAssignment> front;
    for (std::size_t i = only_best && !states.empty() ? states.size() - 1 : 0; i < states.size(); ++i) front.push_back(traced_back(problem, links, i));
    return front;
}

/// After each number of layers, the least that `value` gives for all the others together.
template <class F> auto rest_of(const BitProblem& problem, F value) {
    std::vector<decltype(value(0, 0))> rest(problem.cost.size() + 1);
    for (std::size_t l = problem.cost.size(); l-- > 0;) {
        auto least = value(l, 0);
        for (std::size_t b = 1; b < problem.cost[l].size(); ++b) least = std::min(least, value(l, b));
        rest[l] = rest[l + 1] + least;
    }
    return rest;
}

}

std::vector<std::vector<std::int64_t>> size_costs(const std::vector<std::int64_t>& weights, const std::vector<int>& bits) {
    return bit_operation_costs(weights, bits, std::vector<int>(weights.size(), 1));
}

std::vector<std::vector<std::int64_t>> bit_operation_costs(const std::vector<std::int64_t>& multiply_adds, const std::vector<int>& weight_bits, const std::vector<int>& activation_bits) {
    if (activation_bits.size() != multiply_adds.size())
        throw Error(ErrorCode::invalid_value, "Every layer needs the bits of its activations.", std::to_string(activation_bits.size()) + " for " + std::to_string(multiply_adds.size()) + " layers");
    std::vector<std::vector<std::int64_t>> costs;
    for (std::size_t l = 0; l < multiply_adds.size(); ++l) {
        costs.emplace_back();
        for (const int bits : weight_bits) {
            if (multiply_adds[l] < 0 || multiply_adds[l] > kLargestCost / 4096 || bits < 0 || bits > 64 || activation_bits[l] < 0 || activation_bits[l] > 64)
                refuse_problem("A size or a number of bits is out of range.", l);
            costs.back().push_back(multiply_adds[l] * bits * activation_bits[l]);
        }
    }
    return costs;
}

std::int64_t mebibytes_in_bits(double mebibytes) {
    if (!(mebibytes >= 0 && mebibytes < 1e9)) throw Error(ErrorCode::invalid_value, "A limit of size is a number of MiB from 0 on.", std::to_string(mebibytes));
    return static_cast<std::int64_t>(mebibytes * 8 * 1024 * 1024);
}

std::vector<BitAssignment> convex_front(const BitProblem& problem) {
    check_problem(problem);
    BitAssignment at;
    const std::vector<Segment> steps = hull_steps(problem, at);
    std::vector<BitAssignment> front{at};
    for (const Segment& step : steps) {
        at.choice[step.layer] = step.to;
        add_up(problem, at);
        front.push_back(at);
    }
    return front;
}

std::optional<std::vector<BitAssignment>> exact_front(const BitProblem& problem, std::optional<std::int64_t> limit, std::int64_t most_states) {
    check_problem(problem);
    const auto rest = rest_of(problem, [&](std::size_t l, std::size_t b) { return problem.cost[l][b]; });
    return programme(problem, [&](std::size_t layers, const State& s) { return !limit || s.cost + rest[layers] <= *limit; }, most_states, false);
}

BitAssignment assign_bits(const BitProblem& problem, std::int64_t limit, std::int64_t most_states) {
    check_problem(problem);
    BitAssignment best;
    const std::vector<Segment> steps = hull_steps(problem, best);
    if (best.cost > limit)
        throw Error(ErrorCode::invalid_value, "Even with the fewest bits everywhere the network is above the limit.",
            std::to_string(best.cost) + " where at most " + std::to_string(limit) + " is allowed", "Raise the limit, or allow fewer bits.");
    std::size_t taken = 0;
    while (taken < steps.size() && best.cost + steps[taken].cost <= limit) {
        best.choice[steps[taken].layer] = steps[taken].to;
        best.cost += steps[taken++].cost;
    }
    add_up(problem, best);
    if (taken == steps.size()) return best;   // every layer has its least sensitive choice
    const double price = steepness(steps[taken]);
    improve(problem, limit, best);

    // What is left at this price of cost bounds every way on from a state (Lagrangian dual), so states above the best known assignment can be left out.
    const auto rest_cost = rest_of(problem, [&](std::size_t l, std::size_t b) { return problem.cost[l][b]; });
    const auto rest_priced = rest_of(problem, [&](std::size_t l, std::size_t b) { return problem.sensitivity[l][b] + price * static_cast<double>(problem.cost[l][b]); });
    const double bound = best.sensitivity + 1e-9 * (std::abs(best.sensitivity) + std::abs(rest_priced[0]) + price * static_cast<double>(limit));   // sums are rounded
    const auto keep = [&](std::size_t layers, const State& s) {
        return s.cost + rest_cost[layers] <= limit && s.sensitivity + price * static_cast<double>(s.cost - limit) + rest_priced[layers] <= bound;
    };
    const auto found = programme(problem, keep, most_states, true);
    if (!found) best.exact = false;
    else if (!found->empty() && found->back().sensitivity < best.sensitivity) best = found->back();
    return best;
}

}
