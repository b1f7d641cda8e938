#pragma once
// Observers watch tensors and say with which scale they should be quantised (MQBench's observers; specification of MQBench, section 3). Not thread-safe.
#include "plugins/quantization/engine/quant_spec.h"
#include <memory>

namespace lathe::quantization {

struct ObserverOptions {
    double ema_ratio = 0.9;               ///< what an EMA observer keeps of the old value
    double quantile = 0.99999;            ///< EMAQuantile
    double clip_std = 2.6;                ///< ClipStd
    bool full_unsigned = false;           ///< see params_from_range
};

class Observer {
public:
    virtual ~Observer() = default;
    /// Takes note of a tensor; NaN and infinities throw Error(invalid_value). Gradients are never followed.
    virtual void observe(const at::Tensor& x) = 0;
    /// Scale and zero point of what was seen. Throws Error(invalid_value) before the first observe.
    virtual QuantParams params() const = 0;
    virtual at::Tensor min() const = 0;   ///< float32 [] per tensor, [C] per channel; undefined where nothing was seen
    virtual at::Tensor max() const = 0;
    bool seen() const { return min().defined(); }
    /// Goes on from the range of a checkpoint: what running ranges and moving averages need; the others look anew. Not finite (MQBench's "nothing seen"):
    /// forgets. Throws Error(wrong_format) for tensors that are no range.
    virtual void restore(const at::Tensor& min, const at::Tensor& max) = 0;
};

std::unique_ptr<Observer> make_observer(const QuantSpec& spec, const ObserverOptions& options = {});

}
