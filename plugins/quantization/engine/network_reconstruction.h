#pragma once
// Reconstruction of a whole network, unit after unit: AdaRound (layers), BRECQ (blocks), QDrop (blocks, with dropped quantisation and learnt scales of activations), after MQBench
// (specification of MQBench, section 6). On the engine's work thread.
#include "plugins/quantization/engine/reconstruction.h"
#include "plugins/quantization/engine/unit_tap.h"
#include <optional>

namespace lathe::quantization {

enum class ReconstructionKind { adaround, brecq, qdrop };
ReconstructionKind reconstruction_kind_from(std::string_view text);   ///< "adaround", "brecq", "qdrop"; throws Error(unknown_name)

struct UnitReport {
    std::string name;
    std::size_t layers = 0;
    double error_before = 0, error_after = 0;   ///< mean squared error of what the unit gives, against float: rounded to nearest, and reconstructed
    double seconds = 0;
};

class NetworkReconstruction {
public:
    /// `network` is changed: each unit's weights become the rounded ones. `tap` is calibrated on it, with activations that learn (QDrop) or are fixed. `pictures` [n, C, H, W]
    /// normalised; run in pieces of `piece`.
    NetworkReconstruction(Network& network, const PartRunner& runner, std::shared_ptr<QuantTap> tap, at::Tensor pictures, std::int64_t piece, ReconstructionKind kind, const ReconstructionOptions& options);

    ~NetworkReconstruction();

    const std::vector<Unit>& units() const { return m_units; }
    std::size_t units_done() const { return m_done; }
    /// Reconstructs the next unit. `step` hears after each iteration, and may throw; then the unit goes on from there at the next call, or from a saved state. `tick` is called at every
    /// point while samples are made, and may throw.
    UnitReport next(const std::function<void(std::int64_t iteration, const ReconstructionLoss& loss)>& step, const std::function<void()>& tick);

    /// What has been learnt so far: "done" (units), "weight.NAME" of those, quantisers under "quantizer.", and "unit.…" of the one that is begun.
    std::map<std::string, at::Tensor> state() const;
    /// Throws Error(wrong_format) for a state of another network or other options.
    void restore(const std::map<std::string, at::Tensor>& state);

private:
    struct Begun;                                        // the unit in work
    NodeValues advanced(const NodeValues& values, int from, int to, bool quantized, const std::function<void()>& tick, at::Tensor* output = nullptr) const;
    std::unique_ptr<Begun> begin_unit(const std::function<void()>& tick);
    void put_weights(const UnitTap& unit, const std::vector<at::Tensor>& hard);
    std::vector<std::string> places_of(const Unit& unit) const;   ///< of its quantised weights
    at::Tensor& own_weight(const std::string& place) const;

    Network& m_network;
    const PartRunner& m_runner;
    std::shared_ptr<QuantTap> m_tap;
    const std::int64_t m_piece;
    const ReconstructionKind m_kind;
    const ReconstructionOptions m_options;
    std::vector<Unit> m_units;
    std::size_t m_done = 0;
    int m_at = 0;                                        // node that the values below stand before
    NodeValues m_float, m_quantized;
    std::unique_ptr<Begun> m_begun;
    std::map<std::string, at::Tensor> m_saved_unit;      // of a restored state
};

}
