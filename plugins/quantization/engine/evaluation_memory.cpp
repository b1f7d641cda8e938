#include "plugins/quantization/engine/evaluation_memory.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr int kMostCuts = 12;
constexpr std::int64_t kMostBytes = std::int64_t{512} << 20;

bool same_state(const std::map<std::string, at::Tensor>& a, const std::map<std::string, at::Tensor>& b) {
    return a.size() == b.size() && std::ranges::all_of(a, [&](const auto& one) {
        const auto other = b.find(one.first);
        return other != b.end() && one.second.sizes() == other->second.sizes() && at::equal(one.second, other->second);
    });
}

}

EvaluationMemory::Places EvaluationMemory::places_of(QuantTap& tap, const PartRunner& runner) {
    Places out;
    for (const auto* list : {&tap.plan().activations, &tap.plan().weights, &tap.plan().biases})
        for (const Placed& placed : *list) {
            const GraphNode& node = tap.plan().graph.nodes[static_cast<std::size_t>(placed.node)];
            const int position = runner.position(list == &tap.plan().activations ? node.last_layer() : node.layer);
            std::map<std::string, at::Tensor> state;
            for (const auto& [name, tensor] : tap.find(placed.name)->state()) state[name] = tensor.detach().clone();
            out[placed.name] = {placed.spec, std::max(0, position), std::move(state)};
        }
    return out;
}

int EvaluationMemory::first_change(const Places& before, const Places& now, int none) {
    int first = none;
    const auto look = [&](const Places& from, const Places& other) {
        for (const auto& [name, place] : from) {
            const auto found = other.find(name);
            if (found == other.end() || found->second.spec != place.spec || !same_state(found->second.state, place.state)) first = std::min(first, place.position);
        }
    };
    look(before, now);
    look(now, before);
    return first;
}

std::set<int> EvaluationMemory::kept_nodes(const PartRunner& runner, std::int64_t images) const {
    std::set<int> cuts;
    std::int64_t bytes = 0;
    const std::vector<int> all = runner.cuts(kMostCuts);
    for (auto cut = all.rbegin(); cut != all.rend(); ++cut) {   // the last ones save most, and are smallest
        const GraphNode& node = runner.graph().nodes[static_cast<std::size_t>(runner.live(*cut).front())];
        std::int64_t values = images;
        for (std::size_t i = 1; i < node.shape.size(); ++i) values *= node.shape[i];
        bytes += values * static_cast<std::int64_t>(sizeof(float));
        if (bytes > kMostBytes) break;
        cuts.insert(*cut);
    }
    return cuts;
}

EvaluationMemory::Answer EvaluationMemory::classify(const std::string& key, const PartRunner& runner, const std::shared_ptr<QuantTap>& tap, const ClassificationSet& set, std::int64_t images, std::int64_t batch,
    const std::function<void()>& tick, const std::function<void(std::int64_t, std::int64_t)>& done) {
    const std::string full_key = key + "\n" + tap->plan().backend + "\n" + std::to_string(images) + "\n" + std::to_string(batch);
    Places places = places_of(*tap, runner);
    Answer answer;
    int begin = 0;
    if (full_key == m_key) {
        const int change = first_change(m_places, places, runner.count());
        if (change >= runner.count() && m_result) {
            answer.result = *m_result;
            answer.is_whole = true;
            return answer;
        }
        const auto cut = m_cuts.upper_bound(change);     // the last place that no change comes before
        if (cut != m_cuts.begin()) begin = *std::prev(cut);
    }
    if (begin == 0) {
        m_values.clear();
        m_cuts = kept_nodes(runner, images > 0 ? std::min(images, set.size()) : set.size());
    } else {
        answer.from = runner.graph().nodes[static_cast<std::size_t>(begin)].name;
    }
    m_key = full_key;
    m_places = std::move(places);
    m_result.reset();
    PartRunner::Asked asked;
    asked.begin = begin;
    asked.taps = {tap};
    asked.tick = tick;
    for (const int cut : m_cuts)
        if (cut > begin) asked.kept.insert(runner.live(cut).front());
    std::size_t number = 0;
    try {
        m_result = answer.result = quantization::classify([&](std::int64_t first, std::int64_t end) {
            if (number == m_values.size()) m_values.emplace_back();
            NodeValues& own = m_values[number++];
            asked.given = own;
            if (begin == 0) asked.given = {{0, set.batch(first, end)}};
            PartRunner::Result part = runner.run(asked);
            for (auto& [node, value] : part.kept) own[node] = value;
            return part.output;
        }, set, images, batch, done);
    } catch (...) {
        // Cancelled: behind `begin` there are values of two kinds now; what stands before is as true as ever.
        std::erase_if(m_cuts, [&](int cut) { return cut > begin; });
        throw;
    }
    return answer;
}

}
