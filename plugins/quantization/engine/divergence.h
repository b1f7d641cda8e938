#pragma once
// Where two runs of a quantised network give other integers, layer by layer, and by how many steps. Pure; any one thread.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <vector>

namespace lathe::quantization {

class Divergence {
public:
    static constexpr std::int64_t kMostSteps = 16, kBins = 2 * kMostSteps + 1;   ///< differences beyond count as the largest
    struct Node {
        std::string name;
        std::int64_t values = 0, differing = 0, largest = 0;   ///< largest: |difference| in steps
        std::vector<std::int64_t> steps = std::vector<std::int64_t>(static_cast<std::size_t>(kBins));   ///< by difference, from -kMostSteps on
    };
    explicit Divergence(const std::vector<std::string>& order);   ///< names in order of running
    /// Whole numbers of any type, of one shape. Throws Error(unknown_name, invalid_value).
    void add(const std::string& node, const at::Tensor& codes, const at::Tensor& reference);
    const std::vector<Node>& nodes() const { return m_nodes; }
    std::string first() const;                           ///< the first node with a difference; empty: none
    at::Tensor histograms() const;                       ///< float32 [nodes, kBins]
private:
    std::vector<Node> m_nodes;
};

}
