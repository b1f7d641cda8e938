// Observers and fake-quantisers: grids, ranges, gradients, bad input, states.
#include "core/base/error.h"
#include "errors.h"
#include "plugins/quantization/engine/levels.h"
#include "plugins/quantization/engine/oqa_quantize.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include "plugins/quantization/engine/tqt.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::quantization;

namespace {

constexpr Algorithm kAllAlgorithms[] = {Algorithm::lsq, Algorithm::dsq, Algorithm::dorefa, Algorithm::pact, Algorithm::qil, Algorithm::apot, Algorithm::tqt, Algorithm::fixed, Algorithm::nnie, Algorithm::qdrop, Algorithm::adaround};
constexpr ObserverKind kAllObservers[] = {ObserverKind::minmax, ObserverKind::ema_minmax, ObserverKind::ema_quantile, ObserverKind::clip_std, ObserverKind::lsq, ObserverKind::lsq_plus, ObserverKind::mse,
    ObserverKind::ema_mse, ObserverKind::minmax_floor, ObserverKind::pot_mode};

QuantSpec spec_with(Algorithm algorithm, ObserverKind observer, int bits, bool symmetric, bool per_channel = false) {
    QuantSpec spec = full_range(bits, symmetric, per_channel);
    spec.algorithm = algorithm;
    spec.observer = observer;
    return spec;
}

QuantSpec observed_by(ObserverKind observer, int bits = 8, bool symmetric = true, bool per_channel = false) { return spec_with(Algorithm::fixed, observer, bits, symmetric, per_channel); }

at::Tensor row(std::vector<float> values) { return at::tensor(values); }

double first(const at::Tensor& t) { return t.reshape({-1})[0].item<double>(); }

/// What the observer says after the batches.
QuantParams observed(const QuantSpec& spec, const std::vector<at::Tensor>& batches, const ObserverOptions& options = {}) {
    const auto observer = make_observer(spec, options);
    for (const at::Tensor& batch : batches) observer->observe(batch);
    return observer->params();
}

std::unique_ptr<Quantizer> calibrated(const QuantSpec& spec, const at::Tensor& x, const QuantizerOptions& options = {}) {
    auto quantizer = make_quantizer(spec, options);
    quantizer->observes = true;
    (*quantizer)(x);
    quantizer->observes = false;
    quantizer->quantizes = true;
    return quantizer;
}

std::unique_ptr<Quantizer> with_params(const QuantSpec& spec, std::vector<float> scale, std::vector<float> zero) {
    auto quantizer = make_quantizer(spec);
    quantizer->set_params({row(std::move(scale)), row(std::move(zero))});
    quantizer->quantizes = true;
    return quantizer;
}

}

class TestQuantizers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void names_are_read_in_both_forms() {
        for (const Algorithm algorithm : kAllAlgorithms) QVERIFY(algorithm_from(to_text(algorithm)) == algorithm);
        for (const ObserverKind observer : kAllObservers) QVERIFY(observer_from(to_text(observer)) == observer);
        QVERIFY(algorithm_from("LearnableFakeQuantize") == Algorithm::lsq && observer_from("EMAMinMaxObserver") == ObserverKind::ema_minmax);
        QVERIFY(has_all(error_of([] { observer_from("minmx"); }), {"minmx", "Did you mean minmax?"}));
        QVERIFY_THROWS_EXCEPTION(Error, algorithm_from(""));
        for (const int bits : {-1, 0, 1, 17}) QVERIFY(has_all(error_of([&] { full_range(bits, true, false); }), {QString::number(bits), "2 to 16"}));
    }

    void ranges_become_scales() {
        const at::Tensor low = row({-1}), high = row({3});
        QCOMPARE(static_cast<float>(first(params_from_range(low, high, full_range(8, true, false)).scale)), 3 / 127.5f);
        QuantSpec narrow = full_range(8, true, false);
        narrow.quant_min = -127;
        QCOMPARE(static_cast<float>(first(params_from_range(low, high, narrow).scale)), 3 / 127.f);
        const QuantParams affine = params_from_range(low, high, full_range(8, false, false));
        QCOMPARE(static_cast<float>(first(affine.scale)), 4 / 255.f);
        QCOMPARE(first(affine.zero_point), 64.0);
        QCOMPARE(first(params_from_range(row({2}), high, full_range(8, false, false)).zero_point), 0.0);       // zero is taken in
        QCOMPARE(first(params_from_range(row({-3}), row({-1}), full_range(8, false, false)).zero_point), 255.0);
        QuantSpec wasteful = full_range(8, false, false);
        wasteful.symmetric = true;
        QCOMPARE(static_cast<float>(first(params_from_range(low, high, wasteful, false).scale)), 3 / 127.5f);
        QCOMPARE(static_cast<float>(first(params_from_range(low, high, wasteful, true).scale)), 3 / 255.f);
        QuantSpec pot = full_range(8, true, false);
        pot.power_of_two = true;
        QCOMPARE(first(params_from_range(low, high, pot).scale), 1.0 / 32);
        const QuantParams nothing = params_from_range(row({0}), row({0}), full_range(4, false, false));
        QCOMPARE(static_cast<float>(first(nothing.scale)), std::numeric_limits<float>::epsilon());
        QCOMPARE(first(nothing.zero_point), 0.0);
    }

    void ties_are_rounded_before_the_zero_point_is_added() {
        const at::Tensor x = row({-1.125f, -0.875f, 0.125f, 0.375f});
        for (const Algorithm algorithm : {Algorithm::fixed, Algorithm::lsq, Algorithm::qdrop})
            QVERIFY((*with_params(spec_with(algorithm, ObserverKind::minmax, 4, false), {0.25f}, {7}))(x).equal(row({-1.0f, -1.0f, 0.0f, 0.5f})));
        QuantSpec vitis = spec_with(Algorithm::tqt, ObserverKind::minmax_floor, 8, true);
        vitis.role = Role::tensor;   // halves of negative numbers towards zero
        QVERIFY((*with_params(vitis, {0.25f}, {0}))(x).equal(row({-1.0f, -0.75f, 0.0f, 0.5f})));
        vitis.role = Role::param;
        QVERIFY((*with_params(vitis, {0.25f}, {0}))(x).equal(row({-1.0f, -1.0f, 0.0f, 0.5f})));
        QCOMPARE(first((*with_params(vitis, {0.3f}, {0}))(row({1.1f}))), 1.0);   // the scale counts as 1/2
    }

    void observers_look_over_several_batches() {
        const at::Tensor a = row({-1, 2, 0.5f}), b = row({-4, 1, 0}), c = row({0, 8, 1});
        const auto range = [&](ObserverKind kind, const ObserverOptions& options = {}) {
            const auto observer = make_observer(observed_by(kind), options);
            for (const at::Tensor& batch : {a, b, c}) observer->observe(batch);
            return std::pair(first(observer->min()), first(observer->max()));
        };
        QCOMPARE(range(ObserverKind::minmax), std::pair(-4.0, 8.0));
        const auto [low, high] = range(ObserverKind::ema_minmax, {.ema_ratio = 0.5});
        QVERIFY(std::abs(low - -1.25) < 1e-6 && std::abs(high - 4.75) < 1e-6);
        QCOMPARE(range(ObserverKind::lsq), std::pair(0.0, 8.0));                     // the last batch only
        const auto clip = range(ObserverKind::clip_std);
        QVERIFY(clip.first <= 0 && clip.second >= 8);                                // never narrower than what was seen
        QVERIFY(std::abs(first(observed(observed_by(ObserverKind::lsq), {a, c}).scale) - 2 * 3.0 / std::sqrt(127.0)) < 1e-6);
        QVERIFY(std::abs(first(observed(observed_by(ObserverKind::lsq_plus), {row({-1, 0, 1})}).scale) - 3.0 / 256) < 1e-6);
        const QuantParams channels = observed(observed_by(ObserverKind::minmax, 8, true, true), {at::stack({a, b}), at::stack({c, a})});
        QVERIFY(at::allclose(channels.scale, row({8 / 127.5f, 4 / 127.5f})));
        QuantSpec second_axis = observed_by(ObserverKind::minmax, 8, true, true);
        second_axis.channel_axis = 1;
        QVERIFY(at::allclose(observed(second_axis, {at::stack({a, b}, 1)}).scale, row({2 / 127.5f, 4 / 127.5f})));
    }
    void outliers_are_left_out() {
        at::manual_seed(1);
        at::Tensor x = at::randn({100, 1000});
        x[3][5] = 50;
        const auto error = [&](const QuantSpec& spec, const ObserverOptions& options = {}) { return (fake_quantize(x, observed(spec, {x}, options), spec) - x).square().mean().item<double>(); };
        const double all = error(observed_by(ObserverKind::minmax, 4)), best = error(observed_by(ObserverKind::mse, 4)), quantile = error(observed_by(ObserverKind::ema_quantile, 4), {.quantile = 0.999});
        QVERIFY2(best < 0.2 * all && quantile < 0.2 * all, qPrintable(QString("%1 %2 %3").arg(all).arg(best).arg(quantile)));
        const at::Tensor rows = at::stack({x[3], x[4]});
        const at::Tensor by_row = observed(observed_by(ObserverKind::mse, 4, true, true), {rows}).scale, alone = observed(observed_by(ObserverKind::mse, 4, true, true), {rows.slice(0, 1)}).scale;
        QCOMPARE(first(by_row[1]), first(alone));                                    // one channel does not touch the other
    }
    void powers_of_two_are_voted_for() {
        QuantSpec last = observed_by(ObserverKind::minmax_floor), mode = observed_by(ObserverKind::pot_mode);
        last.role = mode.role = Role::input;                                         // no search: floor(log2(127 / max))
        const at::Tensor one = row({1}), four = row({4});                            // 2^-6, 2^-4
        QCOMPARE(first(observed(last, {one, one, four}).scale), 1.0 / 16);
        QCOMPARE(first(observed(mode, {one, one, four}).scale), 1.0 / 64);
        QCOMPARE(first(observed(mode, {one, four}).scale), 1.0 / 16);                // the lowest exponent wins ties
        QCOMPARE(first(observed(last, {row({5e-3f})}).scale), 1.0 / 4096);           // not finer than 2^-12
        QCOMPARE(first(observed(last, {row({0})}).scale), 1.0);
        for (const Role role : {Role::param, Role::tensor}) {
            last.role = role;
            at::manual_seed(2);
            const double scale = first(observed(last, {at::randn({1000})}).scale);
            QCOMPARE(std::log2(scale), std::round(std::log2(scale)));
        }
    }

    void nothing_breaks_on_bad_tensors() {
        const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
        for (const ObserverKind kind : kAllObservers)
            for (const bool symmetric : {true, false}) {
                const QuantSpec spec = observed_by(kind, 4, symmetric);
                QVERIFY(has_all(error_of([&] { make_observer(spec)->params(); }), {"Calibrate first."}));
                QVERIFY(has_all(error_of([&] { make_observer(spec)->observe(row({1, nan})); }), {"NaN", to_text(kind).data()}));
                QVERIFY_THROWS_EXCEPTION(Error, make_observer(spec)->observe(row({-inf, 1})));
                QVERIFY_THROWS_EXCEPTION(Error, make_observer(spec)->observe(at::empty({0, 3})));
                for (const at::Tensor& x : {at::zeros({2, 3}), at::full({2, 3}, 5.0f), at::full({2, 3}, -5.0f), at::full({1}, 0.3f), at::full({2}, 1e-42f), at::full({2}, 3e38f)}) {
                    const QuantParams params = observed(spec, {x});
                    QVERIFY2((params.scale > 0).all().item<bool>() && !params.zero_point.isnan().any().item<bool>(), qPrintable(QString("%1 of %2: %3, %4").arg(to_text(kind).data()).arg(first(x)).arg(first(params.scale)).arg(first(params.zero_point))));
                    QVERIFY(fake_quantize(x, params, spec).sizes() == x.sizes());
                }
            }
        for (const Algorithm algorithm : kAllAlgorithms) {
            const QuantSpec spec = spec_with(algorithm, ObserverKind::minmax, 4, true);
            for (const at::Tensor& x : {at::zeros({2, 3}), at::full({2, 3}, 5.0f), at::full({1}, -0.3f)}) {
                const at::Tensor y = (*calibrated(spec, x, {.is_weight = true}))(x);
                QVERIFY2(y.sizes() == x.sizes() && at::isfinite(y).all().item<bool>(), to_text(algorithm).data());
                if (x.count_nonzero().item<std::int64_t>() == 0) QVERIFY2(y.count_nonzero().item<std::int64_t>() == 0, to_text(algorithm).data());
            }
            const auto quantizer = calibrated(spec, at::ones({3}));
            QCOMPARE((*quantizer)(at::empty({0, 4})).numel(), 0);
            (*quantizer)(row({nan, inf, -inf, 3e38f}));                              // anything but a crash
            quantizer->observes = true;
            QVERIFY_THROWS_EXCEPTION(Error, (*quantizer)(row({nan})));
            QVERIFY_THROWS_EXCEPTION(Error, (*quantizer)(at::empty({0, 4})));
        }
    }
    void channels_must_fit() {
        for (const Algorithm algorithm : {Algorithm::lsq, Algorithm::dsq, Algorithm::dorefa, Algorithm::fixed}) {
            const QuantSpec spec = spec_with(algorithm, ObserverKind::minmax, 4, true, true);
            const auto quantizer = calibrated(spec, at::ones({3, 2}));
            for (const at::Tensor& x : {at::ones({4, 2}), at::ones({1, 2})}) QVERIFY(has_all(error_of([&] { (*quantizer)(x); }), {"3 scales", QString("%1 channels").arg(x.size(0))}));
            QVERIFY_THROWS_EXCEPTION(Error, quantizer->deployed(at::ones({4, 2})));
            quantizer->observes = true;
            QVERIFY_THROWS_EXCEPTION(Error, (*quantizer)(at::ones({4, 2})));
            const auto fresh = make_quantizer(spec);
            fresh->quantizes = true;
            QVERIFY_THROWS_EXCEPTION(Error, (*fresh)(at::ones({3, 2})));              // not calibrated
        }
        QuantSpec deep = observed_by(ObserverKind::minmax, 8, true, true);
        deep.channel_axis = 1;
        QVERIFY_THROWS_EXCEPTION(Error, make_observer(deep)->observe(at::ones({3})));
        const auto single = make_quantizer(observed_by(ObserverKind::minmax));
        QVERIFY_THROWS_EXCEPTION(Error, single->set_params({at::ones({2}), at::zeros({2})}));
        QVERIFY_THROWS_EXCEPTION(Error, single->set_params({at::ones({1}), at::zeros({2})}));
        QVERIFY_THROWS_EXCEPTION(Error, single->set_params({at::ones({0}), at::zeros({0})}));
    }
    void impossible_wishes_are_refused() {
        for (const Algorithm algorithm : {Algorithm::qdrop, Algorithm::tqt, Algorithm::pact}) QVERIFY(has_all(error_of([&] { make_quantizer(spec_with(algorithm, ObserverKind::minmax, 8, true, true)); }), {to_text(algorithm).data()}));
        for (const ObserverKind kind : {ObserverKind::ema_quantile, ObserverKind::minmax_floor}) QVERIFY(has_all(error_of([&] { make_observer(observed_by(kind, 8, true, true)); }), {to_text(kind).data()}));
        QVERIFY(has_all(error_of([] { make_quantizer(spec_with(Algorithm::apot, ObserverKind::minmax, 8, true), {.is_weight = true}); }), {"7 bits"}));
        QuantSpec without_zero = full_range(8, true, false);
        without_zero.quant_min = 3;
        QVERIFY_THROWS_EXCEPTION(Error, make_quantizer(without_zero));
    }

    void lsq_learns_its_step() {
        const QuantSpec spec = spec_with(Algorithm::lsq, ObserverKind::lsq, 3, false);   // [0, 7]
        const auto quantizer = with_params(spec, {0.5f}, {2});
        const at::Tensor x = row({-3, -0.4f, 0.3f, 1.1f, 9}).set_requires_grad(true), g = row({1, -2, 0.5f, 3, 0.25f});
        (*quantizer)(x).backward(g);
        QVERIFY(x.grad().equal(row({0, -2, 0.5f, 3, 0})));
        const double factor = 1 / std::sqrt(5.0 * 7), inside = -2 * (-1 + 0.8) + 0.5 * (1 - 0.6) + 3 * (2 - 2.2);
        const at::Tensor scale = quantizer->learnt().at("scale"), zero = quantizer->learnt().at("zero_point");
        QVERIFY(std::abs(first(scale.grad()) - factor * (1 * (0 - 2) + inside + 0.25 * (7 - 2))) < 1e-5);
        QVERIFY(std::abs(first(zero.grad()) - factor * -0.5 * (1 + 0.25)) < 1e-6);
        // Where everything is clipped the output is differentiable in s, and the rule is its derivative.
        const at::Tensor far = row({-30, 40, 50}), weight = row({1, 2, -0.5f});
        const auto sum = [&](float s) { return (weight * (*with_params(spec, {s}, {2}))(far)).sum().item<double>(); };
        QuantizerOptions plain;
        plain.gradient_scaling = false;
        const auto clipped = make_quantizer(spec, plain);
        clipped->quantizes = true;
        clipped->set_params({row({0.5f}), row({2})});
        (*clipped)(far).backward(weight);
        QVERIFY(std::abs(first(clipped->learnt().at("scale").grad()) - (sum(0.51f) - sum(0.49f)) / 0.02) < 1e-3);
    }
    void a_learnt_step_stays_the_same_tensor() {
        const auto quantizer = calibrated(spec_with(Algorithm::lsq, ObserverKind::minmax, 4, true), row({1, -2}));
        const at::Tensor scale = quantizer->learnt().at("scale"), y = (*quantizer)(row({0.5f, 0.25f}));
        quantizer->observes = true;
        (*quantizer)(row({1, -4}));
        QVERIFY(scale.is_same(quantizer->learnt().at("scale")) && scale.requires_grad());
        QCOMPARE(static_cast<float>(first(scale)), 4 / 7.5f);
        y.sum().backward();                                                          // what was computed before stays valid
        QVERIFY(scale.grad().defined());
        quantizer->set_params({row({-0.25f}), row({0})});
        quantizer->observes = false;
        QCOMPARE(first((*quantizer)(row({0.3f}))), 0.25);                            // a step that training made negative counts by its size
        const auto channels = calibrated(spec_with(Algorithm::lsq, ObserverKind::minmax, 4, true, true), at::ones({3, 2}));
        QCOMPARE(channels->learnt().at("scale").numel(), 3);
        QVERIFY(channels->learnt().at("scale").is_leaf());
    }
    void dsq_has_the_slope_of_its_soft_steps() {
        const QuantSpec spec = spec_with(Algorithm::dsq, ObserverKind::minmax, 4, true);
        const auto quantizer = with_params(spec, {0.25f}, {0});
        const at::Tensor x = ((at::arange(1000, at::kFloat) + 0.5) / 1000 * 0.25).set_requires_grad(true);   // across one step
        const at::Tensor y = (*quantizer)(x);
        QVERIFY(at::allclose(y, at::round(x / 0.25) * 0.25));
        y.sum().backward();
        QVERIFY(std::abs(x.grad().mean().item<double>() - 1) < 1e-3);               // the soft step climbs by one step
        const double t = 1 / 0.6, k = std::log((t + 1) / (t - 1)), centre = 0.5 * t * k;
        QVERIFY(std::abs(x.grad().max().item<double>() - centre) < 1e-3 && std::abs(x.grad().min().item<double>() - centre * (1 - std::pow(std::tanh(k / 2), 2))) < 1e-2);
        const at::Tensor outside = row({-9, 9}).set_requires_grad(true);
        (*quantizer)(outside).sum().backward();
        QCOMPARE(outside.grad().abs().max().item<double>(), 0.0);
    }
    void pact_learns_where_it_clips() {
        QuantizerOptions options;
        options.pact_alpha = 2;
        const QuantSpec spec = spec_with(Algorithm::pact, ObserverKind::ema_minmax, 4, false);
        const at::Tensor x = row({0.3f, 1.9f, 2.5f, 7}), g = row({1, 2, 3, 4});
        const auto sum = [&](double alpha) {
            options.pact_alpha = alpha;
            const auto quantizer = make_quantizer(spec, options);
            quantizer->observes = quantizer->quantizes = true;
            return (row({0, 0, 3, 4}) * (*quantizer)(x)).sum().item<double>();      // those above alpha lie on the highest step, alpha
        };
        const double slope = (sum(2.01) - sum(1.99)) / 0.02;
        options.pact_alpha = 2;
        const auto quantizer = make_quantizer(spec, options);
        quantizer->observes = quantizer->quantizes = true;
        const at::Tensor seen = x.clone().set_requires_grad(true);
        (*quantizer)(seen).backward(g);
        QVERIFY(std::abs(first(quantizer->learnt().at("alpha").grad()) - slope) < 1e-2);
        QVERIFY(seen.grad().equal(row({1, 2, 0, 0})));
        QVERIFY(!quantizer->learnt().at("n_alpha").grad().defined());                // nothing negative was seen
        QCOMPARE(static_cast<float>(first(quantizer->params().scale)), 2 / 15.f);
        quantizer->observes = false;                                                 // the official rule: no clipping then
        quantizer->learnt().at("alpha").mutable_grad() = at::Tensor();
        (*quantizer)(seen).backward(g);
        QVERIFY(!quantizer->learnt().at("alpha").grad().defined());
    }
    void tqt_passes_gradients_within_its_range() {
        const auto quantizer = with_params(spec_with(Algorithm::tqt, ObserverKind::minmax_floor, 4, true), {0.25f}, {0});
        const at::Tensor x = row({-3, -2.1f, 0.1f, 1.85f, 2}).set_requires_grad(true);
        (*quantizer)(x).sum().backward();
        QVERIFY(x.grad().equal(row({0, 1, 1, 1, 0})));
        QVERIFY(quantizer->learnt().empty());
    }
    void qil_follows_its_interval() {
        at::manual_seed(3);
        const at::Tensor w = at::randn({200}), g = at::randn({200});
        const auto sum = [&](double c, double d) { return (g * interval_transform(w, at::full({}, c), at::full({}, d), true)).sum().item<double>(); };
        const at::Tensor centre = learnable(at::full({}, 0.9)), width = learnable(at::full({}, 0.7));
        interval_transform(w, centre, width, true).backward(g);
        QVERIFY(std::abs(first(centre.grad()) - (sum(0.901, 0.7) - sum(0.899, 0.7)) / 0.002) < 0.05 * std::abs(first(centre.grad())) + 0.05);
        QVERIFY(std::abs(first(width.grad()) - (sum(0.9, 0.701) - sum(0.9, 0.699)) / 0.002) < 0.05 * std::abs(first(width.grad())) + 0.05);
        QuantizerOptions weight;
        weight.is_weight = true;
        const auto quantizer = calibrated(spec_with(Algorithm::qil, ObserverKind::minmax, 3, true), w, weight);
        const at::Tensor y = (*quantizer)(w) * 3;                                    // 3 levels on each side
        QVERIFY(at::allclose(y, at::round(y)) && y.abs().max().item<float>() <= 3.0f);
    }

    void apot_has_its_levels() {
        QVERIFY(apot_levels(1).equal(row({0, 1})));
        QVERIFY(at::allclose(apot_levels(2), row({0, 0.25f, 0.5f, 1})));
        for (int bits = 1; bits <= 6; ++bits) {
            const at::Tensor levels = apot_levels(bits);
            QCOMPARE(levels.numel(), std::int64_t{1} << bits);
            QVERIFY((levels.slice(0, 1) > levels.slice(0, 0, levels.numel() - 1)).all().item<bool>());
            QCOMPARE(first(levels), 0.0);
            QCOMPARE(levels.max().item<float>(), 1.0f);
            at::manual_seed(bits);
            const at::Tensor x = at::randn({500}), alpha = at::full({}, 1.5);
            for (const bool is_signed : {true, false}) {
                const at::Tensor all = is_signed ? at::cat({-levels, levels}) : levels, inside = at::clamp(x / alpha, is_signed ? -1 : 0, 1);
                const at::Tensor nearest = std::get<0>((inside.unsqueeze(1) - all).abs().min(1));
                QVERIFY(at::allclose((apot_quantize(x, alpha, levels, is_signed) / alpha - inside).abs(), nearest, 1e-5, 1e-6));
            }
        }
        for (const int bits : {0, -3, 7, 8}) QVERIFY_THROWS_EXCEPTION(Error, apot_levels(bits));
    }
    void nnie_has_sixteen_values_an_octave() {
        at::manual_seed(4);
        const at::Tensor x = at::randn({2000});
        const auto quantizer = calibrated(spec_with(Algorithm::nnie, ObserverKind::ema_minmax, 8, true), x);
        const at::Tensor seen = x.clone().set_requires_grad(true), y = (*quantizer)(seen);
        const at::Tensor exponent = 16 * at::log2(y.detach().abs().to(at::kDouble)), large = x.abs() > 0.02;
        QVERIFY(at::allclose(exponent.masked_select(large), at::round(exponent).masked_select(large), 0, 1e-4));
        QVERIFY(((y - x).abs() <= x.abs() * (std::exp2(1 / 32.0) - 1) * 1.001).masked_select(large).all().item<bool>());
        y.backward(at::ones_like(y));
        QVERIFY(seen.grad().equal(at::ones_like(x)));
        quantizer->observes = true;                                                  // the largest value ever seen stays
        (*quantizer)(x * 0.1);
        quantizer->observes = false;
        QVERIFY((*quantizer)(x).equal(y.detach()));
    }
    void oqa_takes_any_step() {
        at::manual_seed(5);
        const at::Tensor x = at::randn({300});
        const at::Tensor a = oqa_quantize(x, row({0.3f}), 3, true), b = oqa_quantize(x, row({-0.3f}), 3, true);
        QVERIFY(a.equal(b) && a.min().item<float>() >= -4 * 0.3f - 1e-6f && a.max().item<float>() <= 3 * 0.3f + 1e-6f);
        QVERIFY(oqa_quantize(x, row({0.3f}), 3, false).min().item<float>() >= 0);
        QVERIFY(oqa_quantize(row({-2, 0, 3}), row({0.5f}), 1, true).equal(row({-0.5f, 0, 0.5f})));
        for (const int bits : {0, 17}) QVERIFY_THROWS_EXCEPTION(Error, oqa_quantize(x, row({1}), bits, true));
    }
    void qdrop_drops_while_it_is_asked_to() {
        at::manual_seed(6);
        const at::Tensor x = at::rand({10000});
        const auto quantizer = calibrated(spec_with(Algorithm::qdrop, ObserverKind::minmax, 2, false), x);
        const at::Tensor whole = (*quantizer)(x);
        quantizer->set_drop(0.5);
        const double kept = ((*quantizer)(x) == x).to(at::kDouble).mean().item<double>();
        QVERIFY2(std::abs(kept - 0.5) < 0.03, std::to_string(kept).c_str());
        QVERIFY(quantizer->deployed(x).equal(whole) && !quantizer->deployed(x).requires_grad());
        quantizer->set_drop(1);
        QVERIFY((*quantizer)(x).equal(whole));
    }

    void states_come_back() {
        at::manual_seed(7);
        for (const Algorithm algorithm : kAllAlgorithms)
            for (const bool per_channel : {false, true}) {
                const bool is_whole = algorithm == Algorithm::qdrop || algorithm == Algorithm::tqt || algorithm == Algorithm::pact;
                if (per_channel && is_whole) continue;
                const QuantSpec spec = spec_with(algorithm, ObserverKind::ema_minmax, 4, true, per_channel);
                const QuantizerOptions weight{.is_weight = true};
                const at::Tensor x = at::randn({3, 40}), later = at::randn({3, 40}) * 3;
                const auto made = calibrated(spec, x, weight), loaded = make_quantizer(spec, weight);
                std::map<std::string, at::Tensor> state;
                for (const auto& [name, tensor] : made->state()) state[name] = tensor.detach().clone();
                loaded->load(state);
                loaded->quantizes = true;
                QVERIFY2((*loaded)(x).equal((*made)(x)), to_text(algorithm).data());
                made->observes = loaded->observes = true;                            // moving averages go on
                QVERIFY2((*loaded)(later).equal((*made)(later)), to_text(algorithm).data());
                QVERIFY(loaded->params().scale.equal(made->params().scale));
            }
        const auto quantizer = make_quantizer(spec_with(Algorithm::pact, ObserverKind::minmax, 4, true));
        quantizer->load({});
        QVERIFY(has_all(error_of([&] { quantizer->load({{"alpha", at::ones({3})}}); }), {"alpha"}));
        QVERIFY_THROWS_EXCEPTION(Error, quantizer->load({{"scale", at::ones({3})}, {"zero_point", at::zeros({3})}}));
        QVERIFY_THROWS_EXCEPTION(Error, quantizer->load({{"activation_post_process.min_val", at::ones({3})}, {"activation_post_process.max_val", at::ones({3})}}));
        quantizer->load({{"activation_post_process.min_val", row({INFINITY})}, {"activation_post_process.max_val", row({-INFINITY})}});   // MQBench's "nothing seen"
        QVERIFY(!quantizer->observer()->seen());
    }
};

QTEST_GUILESS_MAIN(TestQuantizers)
#include "test_quantizers.moc"
