#pragma once
// What the methods that reconstruct share: parameters, and a network of its own that may be changed. On the engine's work thread.
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/network_reconstruction.h"

namespace lathe::quantization {

/// iterations, learning_batch, learning_rate, scale_learning_rate, keep, reconstruction_images.
std::vector<Parameter> reconstruction_parameters();
ReconstructionOptions reconstruction_options(const Json& params, std::uint64_t seed);
/// Quantisers as the algorithm needs them: fixed, or with activations that learn (QDrop).
Settings reconstruction_settings(Settings settings, ReconstructionKind kind);

class ReconstructionWork {
public:
    /// Calibrates a copy of the model. Throws what calibration and NetworkReconstruction throw.
    ReconstructionWork(RunContext& run, const Subject& subject, const Settings& settings, ReconstructionKind kind, const ReconstructionOptions& options);
    NetworkReconstruction& reconstruction() { return *m_reconstruction; }
    const std::shared_ptr<QuantTap>& tap() const { return m_tap; }
    Network& network() { return *m_network; }
    std::int64_t classes() const;                        ///< of the network
    std::string model_file(const Json& params) const;    ///< safetensors of the copy as it stands
private:
    std::shared_ptr<Network> m_network;
    NetworkGraph m_traced;
    std::unique_ptr<PartRunner> m_runner;
    std::shared_ptr<QuantTap> m_tap;
    std::unique_ptr<NetworkReconstruction> m_reconstruction;
};

}
