#pragma once
// Runs a part of a network: what stands before it is skipped and given, what stands behind it is not run. Sensitivity starts at the layer that is quantised,
// reconstruction runs one unit, an evaluation starts at the first layer that has changed. On the engine's work thread; borrows network and graph.
#include "core/nn/network.h"
#include "core/nn/tap.h"
#include "plugins/quantization/engine/graph.h"
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace lathe::quantization {

/// What nodes of a traced graph gave, by index, for one batch.
using NodeValues = std::map<int, at::Tensor>;

class PartRunner {
public:
    /// `traced`: as trace() gives it, not fused. The nodes stand in the order of running.
    PartRunner(Network& network, const NetworkGraph& traced);

    /// Every value comes from a layer that reports and runs once; else only whole runs are possible.
    bool is_possible() const { return m_possible; }
    int count() const { return static_cast<int>(m_graph.nodes.size()); }
    const NetworkGraph& graph() const { return m_graph; }
    int position(int layer) const;                       ///< node that a layer is; -1: none
    std::vector<int> live(int begin) const;              ///< nodes before `begin` that nodes from `begin` on read
    /// Places to start from, rising, at each of which one value only is alive; about `most` of them, by equal shares of the work.
    std::vector<int> cuts(int most) const;

    struct Asked {
        int begin = 0, end = -1;                         ///< nodes [begin, end); -1: to the last
        NodeValues given;                                ///< of live(begin), inputs of the network among them
        std::set<int> kept;                              ///< nodes whose values are wanted too; shared, not copied
        std::vector<std::shared_ptr<Tap>> taps;
        std::function<void()> tick;                      ///< called at every point; may throw
    };
    struct Result { at::Tensor output; NodeValues kept; };   ///< output: of node end - 1, behind the taps
    /// Throws what the network throws, and Error(unsupported) where a part is asked for and is_possible() is false.
    Result run(const Asked& asked) const;

private:
    Network& m_network;
    const NetworkGraph& m_graph;
    std::map<int, int> m_positions;
    std::vector<int> m_inputs;                           // nodes of the network's inputs
    bool m_possible = true;
};

}
