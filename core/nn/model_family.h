#pragma once
// A family recognises a checkpoint by its keys and shapes, builds the network, and says which layers exist.
#include "core/base/json.h"
#include "core/nn/network.h"
#include "core/nn/tensor_index.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

struct Recognition { double confidence = 0; std::string layout; Json config; std::string why; };   ///< layout: "official", "diffusers", …

/// Fills the network from the tensors of the file below `prefix`; all of them must be its own, but for counters of batches and an optimiser's state. Prepares it
/// for inference. Throws what Network::load throws, with the file's name.
void load_below(Network& network, const TensorIndex& file, const std::string& prefix);

class ModelFamily {
public:
    virtual ~ModelFamily() = default;
    virtual std::string id() const = 0;                                  ///< "dit"
    virtual std::string title() const = 0;
    virtual std::vector<std::string> key_layouts() const = 0;
    /// By keys and shapes only (no tensor is read). Confidence 0: not mine.
    virtual Recognition recognise(const TensorIndex& file) const = 0;
    /// Throws Error(wrong_format) naming tensor, shape and what was needed; all missing, unexpected and wrong-shape tensors together.
    virtual std::shared_ptr<Network> load(const TensorIndex& file, const Json& options) const = 0;
    /// Random weights of a named size ("B/2"), for benchmarks and tests.
    virtual std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const = 0;
    virtual Json facts(const Network& network) const = 0;                ///< what $model.* may refer to: depth, tokens, classes, parameters, …
    virtual std::vector<at::Tensor> example(const Network& network, std::int64_t batch, std::uint64_t seed) const = 0;   ///< inputs of one forward
};

}
