#include "plugins/quantization/engine/observer.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/observer_search.h"
#include "plugins/quantization/engine/tqt.h"
#include <ATen/ATen.h>
#include <array>
#include <cmath>
#include <limits>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kQuantileBins = 2048;

/// Smallest and largest of the tensor or of each channel: [] or [C].
std::tuple<at::Tensor, at::Tensor> extremes(const at::Tensor& x, const QuantSpec& spec) {
    if (!spec.per_channel) return at::aminmax(x);
    return at::aminmax(by_channel(x, spec), 1);
}

/// Of each row; one value has none.
at::Tensor deviations(const at::Tensor& rows) { return rows.size(1) < 2 ? at::zeros({rows.size(0)}) : rows.std(1); }

class RangeObserver : public Observer {
public:
    RangeObserver(const QuantSpec& spec, const ObserverOptions& options) : m_spec(spec), m_options(options) {}

    void observe(const at::Tensor& given) final {
        const at::Tensor x = given.detach().to(at::kFloat);
        if (x.numel() == 0) throw Error(ErrorCode::invalid_value, "An empty tensor has no range.", "observer " + std::string(to_text(m_spec.observer)), "Give at least one calibration image.");
        if (!at::isfinite(x).all().item<bool>())
            throw Error(ErrorCode::invalid_value, "A tensor to be quantized holds NaN or infinite values.", "observer " + std::string(to_text(m_spec.observer)), "Check the checkpoint and the images: in float the network must give finite numbers.");
        if (m_spec.per_channel && x.dim() <= m_spec.channel_axis) throw Error(ErrorCode::invalid_value, "A tensor of this shape has no such channels.", "axis " + std::to_string(m_spec.channel_axis), "Choose one scale for the tensor.");
        if (m_spec.per_channel && m_min.defined() && m_min.numel() != x.size(m_spec.channel_axis))
            throw Error(ErrorCode::invalid_value, "This tensor has another number of channels than those seen before.", std::to_string(x.size(m_spec.channel_axis)) + " instead of " + std::to_string(m_min.numel()), "Give all tensors of one layer to one observer.");
        look(x);
    }
    QuantParams params() const override {
        need_seen();
        return params_from_range(m_min, m_max, m_spec, m_options.full_unsigned);
    }
    at::Tensor min() const override { return m_min; }
    at::Tensor max() const override { return m_max; }
    void restore(const at::Tensor& min, const at::Tensor& max) override {
        const bool fits = min.numel() == max.numel() && min.numel() > 0 && (m_spec.per_channel || min.numel() == 1);
        if (!fits) throw Error(ErrorCode::wrong_format, "The file's range does not fit this observer.", "min_val, max_val", "Choose the backend that the file was made for.");
        const auto value = [&](const at::Tensor& t) { return m_spec.per_channel ? t.detach().to(at::kFloat, false, true).reshape({-1}) : t.detach().to(at::kFloat, false, true).reshape({}); };
        m_min = value(min), m_max = value(max);
        if (!at::logical_and(m_min.isfinite(), m_max.isfinite()).all().item<bool>()) m_min = m_max = at::Tensor();
    }

protected:
    virtual void look(const at::Tensor& x) = 0;
    void need_seen() const {
        if (!m_min.defined()) throw Error(ErrorCode::invalid_value, "Nothing was observed yet.", "observer " + std::string(to_text(m_spec.observer)), "Calibrate first.");
    }
    void widen(const at::Tensor& low, const at::Tensor& high) {
        m_min = m_min.defined() ? at::minimum(m_min, low) : low;
        m_max = m_max.defined() ? at::maximum(m_max, high) : high;
    }
    void average(const at::Tensor& low, const at::Tensor& high) {
        const double keep = m_options.ema_ratio;
        m_min = m_min.defined() ? m_min * keep + low * (1.0 - keep) : low;
        m_max = m_max.defined() ? m_max * keep + high * (1.0 - keep) : high;
    }
    QuantSpec m_spec;
    ObserverOptions m_options;
    at::Tensor m_min, m_max;
};

class MinMax : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        const auto [low, high] = extremes(x, m_spec);
        widen(low, high);
    }
};

class EmaMinMax : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        const auto [low, high] = extremes(x, m_spec);
        average(low, high);
    }
};

class EmaQuantile : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        const auto [low, high] = at::aminmax(x);
        const float largest = std::max(-low.item<float>(), high.item<float>());
        if (largest <= 0) return average(low, high);
        const at::Tensor counts = at::histc(x.abs(), kQuantileBins, 0, largest);
        const at::Tensor sums = counts.cumsum(0, at::kDouble).contiguous();
        const double wanted = m_options.quantile * static_cast<double>(x.numel());
        const double* sum = sums.const_data_ptr<double>();
        std::int64_t bin = 0;
        while (bin + 1 < kQuantileBins && sum[bin] < wanted) ++bin;
        const float clip = (static_cast<float>(bin) + 0.5f) * (largest / static_cast<float>(kQuantileBins));
        average(at::clamp_min(low, -clip), at::clamp_max(high, clip));
    }
};

class ClipStd : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        const auto [low, high] = extremes(x, m_spec);
        const at::Tensor rows = by_channel(x, m_spec);
        const at::Tensor mean = rows.mean(1).reshape(low.sizes()), deviation = deviations(rows).reshape(low.sizes());
        m_min = at::fmin(mean - m_options.clip_std * deviation, low);   // they take the number where sums of huge values overflow
        m_max = at::fmax(mean + m_options.clip_std * deviation, high);
    }
};

/// LSQ's first step size, from the mean of |x|; LSQ+'s, from mean and deviation.
class StepObserver : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        std::tie(m_min, m_max) = extremes(x, m_spec);
        const at::Tensor rows = by_channel(x, m_spec);
        if (m_spec.observer == ObserverKind::lsq) {
            m_scale = rows.abs().mean(1) * 2 / std::sqrt(static_cast<double>(m_spec.quant_max));
        } else {
            const at::Tensor mean = rows.mean(1), deviation = deviations(rows);
            m_scale = at::maximum((mean - 3 * deviation).abs(), (mean + 3 * deviation).abs()) / static_cast<double>(m_spec.quant_max - m_spec.quant_min + 1);
        }
        using Limits = std::numeric_limits<float>;
        m_scale = at::clamp_min(m_scale.nan_to_num(Limits::max()), Limits::epsilon());   // sums of huge values overflow
    }
    QuantParams params() const override {
        need_seen();
        const at::Tensor low = m_min.reshape({-1}), scale = m_spec.power_of_two ? at::exp2(at::round(at::log2(m_scale))) : m_scale;
        at::Tensor zero = at::zeros_like(scale);
        if (!m_spec.symmetric) {
            const at::Tensor from_low = static_cast<double>(m_spec.quant_min) - at::round(low / scale);
            zero = m_spec.observer == ObserverKind::lsq ? from_low : at::where(low >= 0, from_low, zero);
        }
        return {scale, zero};
    }
    void restore(const at::Tensor&, const at::Tensor&) override {}   // a range does not tell the step
    at::Tensor m_scale;
};

class Mse : public RangeObserver {
    using RangeObserver::RangeObserver;
    void look(const at::Tensor& x) override {
        const auto [whole_low, whole_high] = extremes(x, m_spec);
        const auto [low, high] = smallest_error_range(x, whole_low, whole_high, m_spec, m_options);
        if (m_spec.observer == ObserverKind::mse) widen(low, high);
        else average(low, high);
    }
};

/// Vitis: a scale 2^-e, with the e of least squared error; PoTMode takes the e that won most often.
class PowerOfTwo : public RangeObserver {
    using RangeObserver::RangeObserver;
    static constexpr int kLowest = -7, kHighest = 12;

    void look(const at::Tensor& x) override {
        std::tie(m_min, m_max) = extremes(x, m_spec);
        const float low = m_min.item<float>(), high = m_max.item<float>();
        const float s0 = std::max(m_spec.quant_min < 0 ? low / static_cast<float>(m_spec.quant_min) : 0, high / static_cast<float>(m_spec.quant_max));
        const int first = static_cast<int>(vitis_exponent(s0)), tries = m_spec.role == Role::input ? 1 : 5;
        int best = first;   // stays where errors overflow
        float least = std::numeric_limits<float>::infinity();
        for (int e = first; e < first + tries; ++e) {
            const double scale = std::exp2(-e);
            const float error = (vitis_round(x / scale, m_spec) * scale - x).square().sum().item<float>();
            if (error < least) {
                least = error;
                best = e;
            }
        }
        m_exponent = std::min(best, kHighest);
        ++m_counts[static_cast<std::size_t>(std::max(m_exponent, kLowest) - kLowest)];
    }
    QuantParams params() const override {
        need_seen();
        const int chosen = m_spec.observer == ObserverKind::pot_mode ? static_cast<int>(std::ranges::max_element(m_counts) - m_counts.begin()) + kLowest : m_exponent;
        const at::Tensor scale = at::full({1}, std::exp2(-chosen), at::kFloat);
        return {scale, at::zeros_like(scale)};
    }
    void restore(const at::Tensor&, const at::Tensor&) override {}   // nor the exponent
    int m_exponent = 0;
    std::array<std::int64_t, kHighest - kLowest + 1> m_counts{};
};

}

std::unique_ptr<Observer> make_observer(const QuantSpec& spec, const ObserverOptions& options) {
    switch (spec.observer) {
    case ObserverKind::minmax: return std::make_unique<MinMax>(spec, options);
    case ObserverKind::ema_minmax: return std::make_unique<EmaMinMax>(spec, options);
    case ObserverKind::ema_quantile:
        if (spec.per_channel) throw Error(ErrorCode::invalid_value, "The quantile observer knows no channels.", "observer ema_quantile", "Choose MSE or min-max for weights per channel.");
        return std::make_unique<EmaQuantile>(spec, options);
    case ObserverKind::clip_std: return std::make_unique<ClipStd>(spec, options);
    case ObserverKind::lsq: case ObserverKind::lsq_plus: return std::make_unique<StepObserver>(spec, options);
    case ObserverKind::mse: case ObserverKind::ema_mse: return std::make_unique<Mse>(spec, options);
    case ObserverKind::minmax_floor: case ObserverKind::pot_mode:
        if (spec.per_channel) throw Error(ErrorCode::invalid_value, "Vitis' observers know no channels.", "observer " + std::string(to_text(spec.observer)), "Choose one scale for the tensor.");
        return std::make_unique<PowerOfTwo>(spec, options);
    }
    throw Error(ErrorCode::internal, "An observer without a rule.", std::string(to_text(spec.observer)));
}

}
