#pragma once
// Fake-quantisers (MQBench's *FakeQuantize; specification of MQBench, sections 1 and 2): each owns an observer, two switches, and what it learns.
// The result stays on the autograd graph, with the gradient rule of the algorithm. Not thread-safe.
#include "core/nn/kernels.h"
#include "plugins/quantization/engine/observer.h"
#include <functional>
#include <map>

namespace lathe::quantization {

class Quantizer {
public:
    virtual ~Quantizer() = default;
    Quantizer(const Quantizer&) = delete;
    Quantizer& operator=(const Quantizer&) = delete;

    /// First the observer sees x (detached) and sets scale and zero point, if it is on; then x is put on its grid, if that is on. Throws Error(invalid_value)
    /// where x has other channels than there are scales, and what Observer::observe throws. An empty x that is not observed comes back as it is.
    at::Tensor operator()(const at::Tensor& x);

    bool observes = false, quantizes = false;
    const QuantSpec& spec() const { return m_spec; }
    const QuantParams& params() const { return m_params; }
    /// Replaces scale and zero point, e.g. by those of a checkpoint. Throws Error(invalid_value) for sizes that are neither 1 nor that of the channels.
    void set_params(QuantParams params);
    Observer* observer() { return m_observer.get(); }

    /// What training may change, by name ("scale", "zero_point", "alpha", "n_alpha", …); tensors are shared, not copied, and are leaves that record gradients.
    /// Ask after calibration: the first scales of a quantiser per channel replace its single one.
    virtual std::map<std::string, at::Tensor> learnt() { return {}; }
    /// All of the state by MQBench's member names, for checkpoints: scale, zero point, what is learnt, and the observer's range
    /// ("activation_post_process.min_val", "….max_val"), which moving averages go on from.
    virtual std::map<std::string, at::Tensor> state();
    /// Sets what state() gives; members that are not there stay as they are. Throws Error(wrong_format) naming the member.
    virtual void load(const std::map<std::string, at::Tensor>& state);
    /// What a deployed network holds: x as this quantiser gives it, without gradients and without being watched.
    virtual at::Tensor deployed(const at::Tensor& x);
    /// The grid of one scale that values are put on as they are, where it is such a one: what a pass that does more than quantise can take over.
    virtual std::optional<fused::EvenGrid> even_grid() const { return {}; }
    /// QDrop: from now on each element is quantised with this probability, else left as it is; 1: all. Others do not drop.
    virtual void set_drop(double) {}

protected:
    Quantizer(const QuantSpec& spec, const ObserverOptions& options);
    virtual at::Tensor prepared(const at::Tensor& x) { return x; }        ///< what is observed and quantised in place of x
    virtual at::Tensor observe(const at::Tensor& x);           ///< default: the observer, then its params; gives what is quantised
    virtual at::Tensor quantize(const at::Tensor& x) = 0;
    virtual bool has_scales() const { return true; }           ///< it quantises with m_params
    QuantSpec m_spec;
    std::unique_ptr<Observer> m_observer;
    QuantParams m_params;
private:
    void check_channels(const at::Tensor& x) const;
};

struct QuantizerOptions {
    ObserverOptions observer;
    double dsq_alpha = 0.4;
    double pact_alpha = 6;
    bool gradient_scaling = true;                              ///< LSQ's 1 / sqrt(M p)
    double qdrop_keep = 1;                                     ///< share of the elements that QDrop quantises
    bool is_weight = false;                                    ///< APoT, QIL: signed, normalised
};

/// Throws Error(invalid_value) where the algorithm cannot do what the spec asks (APoT beyond 7 bits, QDrop per channel, …), naming both.
std::unique_ptr<Quantizer> make_quantizer(const QuantSpec& spec, const QuantizerOptions& options = {});

}
