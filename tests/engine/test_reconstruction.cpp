// Learnt rounding, folding of batch normalisation, sensitivity, curvature and the assignment of bits: against definitions worked out another way, and bad input.
#include "core/base/error.h"
#include "errors.h"
#include "plugins/quantization/engine/bit_assignment.h"
#include "plugins/quantization/engine/bn_fold.h"
#include "plugins/quantization/engine/hessian.h"
#include "plugins/quantization/engine/plain_convolution.h"
#include "plugins/quantization/engine/reconstruction.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>
#include <limits>
#include <QtTest>
#include <random>
#include <set>

using namespace lathe;
using namespace lathe::quantization;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

QuantParams params_of(const at::Tensor& w, const QuantSpec& spec) {
    const auto [low, high] = at::aminmax(by_channel(w, spec), 1);
    return params_from_range(low, high, spec);
}

/// One 3 x 3 convolution with ReLU, its rounding and an activation scale in front of it.
struct Layer {
    explicit Layer(std::int64_t iterations = 40) {
        at::manual_seed(3);
        w = at::randn({6, 4, 3, 3}) * 0.2;
        x = at::randn({20, 4, 7, 5});
        spec = full_range(3, true, true);
        rounding = std::make_unique<AdaRound>(w, params_of(w, spec), spec);
        scale = at::full({1}, 0.1).requires_grad_(true);
        options.iterations = iterations;
        options.batch = 8;
        options.learning_rate = 1e-2;
        options.keep = 0.5;
        options.seed = 11;
    }
    at::Tensor run(const at::Tensor& in, const at::Tensor& weight) const { return at::relu(at::conv2d(in, weight, {}, 1, 1)); }
    std::unique_ptr<Reconstruction> reconstruction() {
        const auto unit = [this](const std::vector<at::Tensor>& in, const std::vector<at::Tensor>& weights) {
            return run(at::_fake_quantize_learnable_per_tensor_affine(in[0], scale, at::zeros({1}), -64, 63, 1), weights[0]);
        };
        return std::make_unique<Reconstruction>(UnitSamples{{x + 0.05}, {x}, run(x, w)}, unit, std::vector<NamedRounding>{{"conv", rounding.get()}}, NamedTensors{{"in", scale}}, options);
    }
    at::Tensor w, x, scale;
    QuantSpec spec;
    std::unique_ptr<AdaRound> rounding;
    ReconstructionOptions options;
};

/// Every assignment of a small problem.
std::vector<BitAssignment> all_assignments(const BitProblem& problem) {
    std::vector<BitAssignment> all{{}};
    for (std::size_t l = 0; l < problem.cost.size(); ++l) {
        std::vector<BitAssignment> more;
        for (const BitAssignment& a : all)
            for (std::size_t b = 0; b < problem.cost[l].size(); ++b) {
                more.push_back(a);
                more.back().choice.push_back(static_cast<int>(b));
                more.back().sensitivity += problem.sensitivity[l][b];
                more.back().cost += problem.cost[l][b];
            }
        all = std::move(more);
    }
    return all;
}

BitProblem random_problem(std::mt19937& random, std::size_t layers) {
    const std::vector<int> bits{2, 3, 4, 8};
    std::vector<std::int64_t> weights;
    BitProblem problem;
    std::uniform_real_distribution<double> any(-0.2, 1);
    for (std::size_t l = 0; l < layers; ++l) {
        weights.push_back(std::uniform_int_distribution<std::int64_t>(1, 60)(random) * 16);
        problem.sensitivity.emplace_back();
        for (const int b : bits) problem.sensitivity.back().push_back(any(random) / b);
    }
    problem.cost = size_costs(weights, bits);
    return problem;
}

double best_within(const std::vector<BitAssignment>& all, std::int64_t limit) {
    double best = std::numeric_limits<double>::infinity();
    for (const BitAssignment& a : all)
        if (a.cost <= limit) best = std::min(best, a.sensitivity);
    return best;
}

}

class TestReconstruction : public QObject {
    Q_OBJECT
private Q_SLOTS:
    // --- rounding
    void rounding_starts_at_the_weight_and_ends_on_the_grid() {
        for (const bool symmetric : {true, false}) {
            at::manual_seed(1);
            const at::Tensor w = at::randn({5, 3, 3, 3});
            const QuantSpec spec = full_range(4, symmetric, true);
            const QuantParams params = params_of(w, spec);
            AdaRound rounding(w, params, spec);
            const at::Tensor soft = at::empty_like(w);
            rounding.soft_into(soft);
            const at::Tensor nearest = fake_quantize(w, params, spec), steps = w / along_channels(params.scale, w, spec) + along_channels(params.zero_point, w, spec);
            const at::Tensor clipped = at::logical_or(steps<spec.quant_min, steps> spec.quant_max);
            QVERIFY(at::where(clipped, 0.0, soft - w).abs().max().item<double>() < 1e-5);
            rounding.alpha.normal_();
            const at::Tensor hard = rounding.hard();
            QVERIFY(at::allclose(fake_quantize(hard, params, spec), hard, 1e-5, 1e-7));     // the deployed quantiser changes nothing any more
            QVERIFY(((hard - w).abs() <= along_channels(params.scale, w, spec) * 1.001 + (nearest - w).abs()).all().item<bool>());
        }
    }
    void gradients_equal_those_of_autograd() {
        at::manual_seed(2);
        const at::Tensor w = at::randn({4, 30}), upstream = at::randn({4, 30});
        const QuantSpec spec = full_range(3, false, true);
        QuantParams params = params_of(w, spec);
        params.scale = params.scale * 0.7;   // so that some weights are clipped
        AdaRound rounding(w, params, spec);
        rounding.alpha.normal_(0, 3);
        at::Tensor soft = at::empty_like(w);
        rounding.soft_into(soft);
        for (const double weight : {0.0, 0.3}) {
            const double loss = rounding.set_gradient(upstream, weight, 5);
            const at::Tensor alpha = rounding.alpha.clone().requires_grad_(true), scale = along_channels(params.scale, w, spec), zero = along_channels(params.zero_point, w, spec);
            const at::Tensor h = at::clamp(at::sigmoid(alpha) * 1.2 - 0.1, 0, 1);
            const at::Tensor made = (at::clamp(at::floor(w / scale) + h + zero, spec.quant_min, spec.quant_max) - zero) * scale;
            const at::Tensor regulariser = weight * (1 - ((h - 0.5).abs() * 2).pow(5)).sum();
            ((made * upstream).sum() + regulariser).backward();
            QVERIFY(at::allclose(soft, made, 1e-5, 1e-6));
            QVERIFY(at::allclose(rounding.alpha.grad(), alpha.grad(), 1e-4, 1e-6));
            QVERIFY(std::abs(loss - regulariser.item<double>()) < 1e-4);
        }
    }
    void rounding_refuses_what_cannot_be_rounded() {
        const QuantSpec spec = full_range(4, true, false);
        const QuantParams params{at::ones({1}), at::zeros({1})};
        QVERIFY(has_all(error_of([&] { AdaRound(at::full({2, 2}, kNan), params, spec); }), {"NaN", "checkpoint"}));
        QVERIFY(has_all(error_of([&] { AdaRound(at::ones({2, 2}), {at::zeros({1}), at::zeros({1})}, spec); }), {"scale", "positive"}));
        QVERIFY(has_all(error_of([&] { AdaRound(at::ones({2, 2}), {at::ones({3}), at::zeros({3})}, spec); }), {"3 scales"}));
        QVERIFY(AdaRound(at::zeros({3, 3}), params, spec).hard().abs().max().item<double>() <= 1);
        QCOMPARE(AdaRound(at::zeros({0, 3}), params, spec).hard().numel(), 0);
    }
    void schedule_is_that_of_the_paper() {
        const RoundingSchedule schedule;
        QCOMPARE(rounding_weight(schedule, 39, 200), 0.0);
        QCOMPARE(rounding_weight(schedule, 40, 200), 0.01);
        QCOMPARE(rounding_temperature(schedule, 40, 200), 20.0);
        QCOMPARE(rounding_temperature(schedule, 120, 200), 11.0);
        QCOMPARE(rounding_temperature(schedule, 200, 200), 2.0);
    }

    // --- the loop
    void reconstruction_lowers_the_error() {
        Layer layer(400);
        layer.options.keep = 1;
        const at::Tensor want = layer.run(layer.x, layer.w), before = layer.rounding->hard();
        const auto error = [&](const at::Tensor& w) { return mean_squared_error(want, layer.run(layer.x, w)); };
        layer.options.scale_learning_rate = 1e-3;
        layer.reconstruction()->run();
        QVERIFY(error(layer.rounding->hard()) < error(before));
        QVERIFY(layer.scale.item<double>() != 0.1);
    }
    void resuming_gives_the_same_bits() {
        Layer whole, parts;
        whole.reconstruction()->run();
        std::map<std::string, at::Tensor> saved;
        auto first = parts.reconstruction();
        QVERIFY_THROWS_EXCEPTION(Ended, first->run([&](std::int64_t iteration, const ReconstructionLoss&) {
            if (iteration == 17) throw Ended{};
        }));
        QCOMPARE(first->iteration(), std::int64_t{17});
        for (const auto& [key, tensor] : first->state()) saved.emplace(key, tensor.clone());
        Layer resumed;
        auto second = resumed.reconstruction();
        second->restore(saved);
        second->run();
        QVERIFY(at::equal(whole.rounding->alpha, resumed.rounding->alpha) && at::equal(whole.scale, resumed.scale));
        first->run();   // a cancelled one can also go on
        QVERIFY(at::equal(whole.rounding->alpha, parts.rounding->alpha));

        saved.erase("m.alpha.conv");
        const at::Tensor alpha = resumed.rounding->alpha.clone();
        QVERIFY(has_all(error_of([&] { second->restore(saved); }), {"m.alpha.conv"}));
        QVERIFY(at::equal(alpha, resumed.rounding->alpha));
    }
    void losses_are_told_and_follow_the_schedule() {
        Layer layer;
        layer.options.keep = 1;
        std::vector<ReconstructionLoss> losses;
        layer.reconstruction()->run([&](std::int64_t, const ReconstructionLoss& loss) { losses.push_back(loss); });
        QCOMPARE(losses.size(), std::size_t{40});
        QVERIFY(losses[6].rounding == 0 && losses[7].rounding > 0 && losses[7].total == losses[7].rounding + losses[7].reconstruction);
    }
    void reconstruction_refuses_bad_input() {
        Layer layer;
        const auto refused = [&](const UnitSamples& samples, const RunUnit& unit, const QStringList& parts) {
            return has_all(error_of([&] { Reconstruction(samples, unit, {{"conv", layer.rounding.get()}}, {}, layer.options).run(); }), parts);
        };
        const RunUnit unit = [&](const auto& in, const auto& weights) { return layer.run(in[0], weights[0]); };
        const at::Tensor y = layer.run(layer.x, layer.w);
        QVERIFY(refused({{layer.x}, {}, y}, unit, {"QDrop", "float"}));
        layer.options.keep = 1;
        QVERIFY(refused({{layer.x.slice(0, 0, 5)}, {}, y}, unit, {"5 and 20"}));
        QVERIFY(refused({{layer.x.slice(0, 0, 0)}, {}, y.slice(0, 0, 0)}, unit, {"at least one"}));
        QVERIFY(refused({{layer.x * kNan}, {}, y}, unit, {"NaN"}));
        QVERIFY(refused({{layer.x}, {}, y.slice(1, 0, 2)}, unit, {"another shape", "[8, 6, 7, 5]", "[8, 2, 7, 5]"}));
        QVERIFY(refused({{layer.x}, {}, y}, [&](const auto& in, const auto& weights) { return layer.run(in[0], weights[0]) * kNan; }, {"not finite", "iteration 1"}));
        layer.options.iterations = 0;
        QVERIFY(refused({{layer.x}, {}, y}, unit, {"iterations = 0"}));
    }
    void draws_depend_on_the_number_only() {
        const std::vector<std::int64_t> drawn = drawn_samples(100, 32, mixed_seed(5, 7));
        QCOMPARE(drawn, drawn_samples(100, 32, mixed_seed(5, 7)));
        QVERIFY(drawn != drawn_samples(100, 32, mixed_seed(5, 8)));
        QCOMPARE(std::set<std::int64_t>(drawn.begin(), drawn.end()).size(), std::size_t{32});
        QVERIFY(*std::ranges::max_element(drawn) < 100 && *std::ranges::min_element(drawn) >= 0);
        at::manual_seed(6);
        SampleCache ones(at::ones({4, 3, 9, 9})), zeros(at::zeros({4, 3, 9, 9}));
        QVERIFY(at::equal(ones.draw({2, 2, 0}), at::ones({3, 3, 9, 9})));
        const at::Tensor mixed = ones.draw_mixed({0, 1, 2, 3}, zeros, 0.25, 3).clone();
        QVERIFY(std::abs(mixed.mean().item<double>() - 0.25) < 0.05);
        QVERIFY(at::equal(mixed, ones.draw_mixed({0, 1, 2, 3}, zeros, 0.25, 3)));
        QVERIFY(at::equal(ones.draw_mixed({0}, zeros, 1, 3), at::ones({1, 3, 9, 9})) && at::equal(ones.draw_mixed({0}, zeros, 0, 3), at::zeros({1, 3, 9, 9})));
    }

    // --- folding
    void strategies_agree_where_nothing_is_quantised() {
        const PlainConvolution plain;
        at::manual_seed(4);
        const at::Tensor x = at::randn({5, 3, 6, 6}), w = at::randn({7, 3, 3, 3}), bias = at::randn({7});
        const Convolve convolve = [](const at::Tensor& in, const at::Tensor& weight) { return at::conv2d(in, weight, {}, 2, 1); };
        const QuantizeWeight nothing = [](const at::Tensor& weight) { return weight; };
        const auto norm = [] { return NormTensors{at::ones({7}) * 0.7, at::ones({7}) * 0.2, at::zeros({7}), at::ones({7}) * 1.5}; };
        NormTensors own = norm();
        const at::Tensor want = at::batch_norm(at::conv2d(x, w, bias, 2, 1), own.gamma, own.beta, own.running_mean, own.running_var, true, 0.1, 1e-5, false);
        for (const BnFold strategy : {BnFold::batch, BnFold::corrected, BnFold::rescaled}) {
            NormTensors n = norm();
            QVERIFY(at::allclose(folded_training(strategy, x, w, bias, n, convolve, nothing), want, 1e-4, 1e-4));
            QVERIFY(at::allclose(n.running_mean, own.running_mean, 1e-4, 1e-5) && at::allclose(n.running_var, own.running_var, 1e-4, 1e-5));
        }
        NormTensors n = norm();
        const at::Tensor fixed = at::batch_norm(at::conv2d(x, w, bias, 2, 1), n.gamma, n.beta, n.running_mean, n.running_var, false, 0.1, 1e-5, false);
        const FoldedConv folded = folded_conv(w, bias, n);
        QVERIFY(at::allclose(folded_training(BnFold::frozen, x, w, bias, n, convolve, nothing), fixed, 1e-4, 1e-4));
        QVERIFY(at::allclose(folded_training(BnFold::once, x, folded.weight, folded.bias, n, convolve, nothing), fixed, 1e-4, 1e-4));
    }
    void a_zero_gamma_gives_beta() {
        const PlainConvolution plain;
        at::manual_seed(5);
        NormTensors norm{at::tensor({0.0f, 1.0f, -1e-12f}).requires_grad_(true), at::tensor({0.5f, 0.0f, -0.5f}), at::zeros({3}), at::ones({3})};
        const at::Tensor x = at::randn({4, 2, 5, 5}), w = at::randn({3, 2, 3, 3}).requires_grad_(true);
        const QuantSpec spec = full_range(4, true, true);
        const QuantizeWeight quantize = [&](const at::Tensor& weight) { return fake_quantize(weight, params_of(weight.detach(), spec), spec); };
        const at::Tensor y = folded_training(BnFold::rescaled, x, w, {}, norm, [](const at::Tensor& in, const at::Tensor& weight) { return at::conv2d(in, weight); }, quantize);
        y.square().sum().backward();
        QVERIFY(at::allclose(y.select(1, 0), at::full({4, 3, 3}, 0.5)) && at::allclose(y.select(1, 2), at::full({4, 3, 3}, -0.5), 1e-4, 1e-4));
        for (const at::Tensor& t : {y.detach(), w.grad(), norm.gamma.grad(), norm.running_mean, norm.running_var}) QVERIFY(at::isfinite(t).all().item<bool>());
    }
    void folding_refuses_bad_input() {
        NormTensors norm{at::ones({2}), at::zeros({2}), at::zeros({2}), at::ones({2})};
        QVERIFY(has_all(error_of([&] { folded_conv(at::ones({3, 1, 1, 1}), {}, norm); }), {"2 values for 3 filters"}));
        QVERIFY(has_all(error_of([&] {
            folded_training(
                BnFold::batch, at::ones({1, 1, 1, 1}), at::ones({2, 1, 1, 1}), {}, norm, [](const at::Tensor& x, const at::Tensor& w) { return at::conv2d(x, w); },
                [](const at::Tensor& w) { return w; });
        }),
            {"variance", "1 x 1"}));
    }

    // --- sensitivity
    void sensitivities_have_known_values() {
        const at::Tensor x = at::tensor({3.0f, -4.0f}), y = at::tensor({3.0f, -3.5f});
        QCOMPARE(mean_squared_error(x, y), 0.125);
        QVERIFY(std::abs(sqnr_db(x, y) - 20) < 1e-9 && std::abs(noise_to_signal(x, y) - 0.01) < 1e-12);
        QVERIFY(std::abs(cosine(x, -x) - 1) < 1e-12);
        QCOMPARE(softmax_kl(at::ones({2, 5}), at::zeros({2, 5})), 0.0);
        QVERIFY(std::abs(softmax_kl(at::zeros({1, 2}), at::tensor({std::log(3.0f), 0.0f}).view({1, 2})) - std::log(2 / std::sqrt(3.0))) < 1e-6);
        QCOMPARE(hawq_score(6, at::zeros({3}), at::ones({3})), 2.0);
        QCOMPARE(hawq_v2_score(6, at::zeros({3}), at::ones({3})), 6.0);
        at::manual_seed(7);
        const at::Tensor w = at::rand({100000}) * 2 - 1;
        const QuantSpec spec = full_range(6, true, false);
        const QuantParams params = params_of(w, spec);
        const at::Tensor q = fake_quantize(w, params, spec);
        QVERIFY(std::abs(rmse_over_scale(w, q, params, spec) - 1 / std::sqrt(12.0)) < 0.005);
        QVERIFY(std::abs(sqnr_db(w, fake_quantize(w, params_of(w, full_range(7, true, false)), full_range(7, true, false))) - sqnr_db(w, q) - 6.02) < 0.3);
        QCOMPARE(range_use(w, params, spec).codes, 1.0);
    }
    void range_use_counts_codes_and_clipped_values() {
        QuantSpec spec = full_range(2, true, false);
        const RangeUse use = range_use(at::tensor({-5.0f, -1.0f, 1.0f, 1.2f}), {at::ones({1}), at::zeros({1})}, spec);
        QCOMPARE(use.clipped, 0.25);
        QCOMPARE(use.codes, 0.75);
    }
    void sensitivities_take_odd_tensors() {
        const at::Tensor empty = at::zeros({0}), zeros = at::zeros({4}), nan = at::full({4}, kNan);
        QCOMPARE(mean_squared_error(empty, empty), 0.0);
        QCOMPARE(sqnr_db(zeros, zeros), std::numeric_limits<double>::infinity());
        QCOMPARE(sqnr_db(zeros, zeros + 1), -std::numeric_limits<double>::infinity());
        QVERIFY(std::isnan(sqnr_db(nan, zeros)) && std::isnan(cosine(nan, zeros + 1)) && std::isnan(noise_to_signal(zeros, nan)));
        QCOMPARE(cosine(zeros, zeros), 1.0);
        QCOMPARE(noise_to_signal(zeros, zeros), 0.0);
        QCOMPARE(softmax_kl(at::zeros({0, 3}), at::zeros({0, 3})), 0.0);
        QCOMPARE(range_use(empty, {at::ones({1}), at::zeros({1})}, full_range(8, true, false)).codes, 0.0);
        QVERIFY(has_all(error_of([&] { range_use(nan, {at::ones({1}), at::zeros({1})}, full_range(8, true, false)); }), {"NaN"}));
        QVERIFY(has_all(error_of([&] { mean_squared_error(zeros, empty); }), {"[4]", "[0]"}));
        QVERIFY(has_all(error_of([&] { softmax_kl(zeros, zeros); }), {"[N, classes]"}));
    }
    void a_weight_is_put_back() {
        const at::Tensor w = at::ones({3}).requires_grad_(true);
        QCOMPARE(loss_with(w, at::zeros({3}), [&] { return w.sum().item<double>(); }), 0.0);
        QVERIFY_THROWS_EXCEPTION(Ended, loss_with(w, at::zeros({3}), []() -> double { throw Ended{}; }));
        QVERIFY(at::equal(w, at::ones({3})));
    }

    // --- curvature
    void curvature_of_a_quadratic_is_known() {
        at::manual_seed(8);
        const at::Tensor r = at::randn({6, 6}), a = r.mm(r.t()), w = at::randn({6}), other = at::randn({2, 2}), unused = at::ones({3});
        const auto loss = [&] { return 0.5 * w.dot(a.mv(w)) + (w.sum() * other).sum() + other.pow(3).sum(); };
        const std::vector<double> exact = exact_trace(loss, {w, other, unused});
        QVERIFY(std::abs(exact[0] - a.trace().item<double>()) < 1e-3 && std::abs(exact[1] - 6 * other.sum().item<double>()) < 1e-3 && exact[2] == 0);
        const std::vector<TraceEstimate> estimated = hutchinson_trace(loss, {w, other, unused}, {400, 0, 1});
        for (std::size_t i = 0; i < 3; ++i) QVERIFY(std::abs(estimated[i].trace - exact[i]) <= 4 * estimated[i].standard_error + 1e-3);
        QCOMPARE(estimated[0].probes, std::int64_t{400});
        const std::vector<EigenvalueEstimate> largest = largest_eigenvalues(loss, {w, unused}, {100, 1e-6, 1});
        QVERIFY(std::abs(largest[0].value / at::linalg_eigvalsh(a).max().item<double>() - 1) < 1e-2);
        QCOMPARE(largest[1].value, 0.0);
        QVERIFY(!w.requires_grad());   // as it was
    }
    void curvature_passes_through_convolutions() {
        at::manual_seed(9);
        const at::Tensor x = at::randn({3, 2, 6, 6}).to(at::kDouble), w = (at::randn({5, 2, 3, 3}) * 0.3).to(at::kDouble), v = (at::randn({4, 5}) * 0.3).to(at::kDouble),
                         labels = at::tensor({0, 1, 3}, at::kLong);
        const auto in = [&](at::ScalarType type) {
            return [&, type, wt = w.to(type), vt = v.to(type)](
                       const at::Tensor& weight) { return at::cross_entropy_loss(at::linear(at::tanh(at::conv2d(x.to(type), weight, {}, 2, 1)).mean(at::IntArrayRef{2, 3}), vt), labels); };
        };
        const at::Tensor single = w.to(at::kFloat).clone();
        const double got = exact_trace([&] { return in(at::kFloat)(single); }, {single})[0];
        double want = 0;   // by differences, in double
        constexpr double kStep = 1e-4;
        const auto loss = in(at::kDouble);
        const double middle = loss(w).item<double>();
        for (std::int64_t k = 0; k < w.numel(); ++k) {
            const auto moved = [&](double by) {
                at::Tensor t = w.clone();
                t.view(-1)[k] += by;
                return loss(t).item<double>();
            };
            want += (moved(kStep) - 2 * middle + moved(-kStep)) / kStep / kStep;
        }
        QVERIFY2(std::abs(got - want) < 1e-3 * std::abs(want) + 1e-5, qPrintable(QString("%1 instead of %2").arg(got).arg(want)));
    }
    void curvature_refuses_bad_input_and_can_be_cancelled() {
        const at::Tensor w = at::ones({3});
        QVERIFY(has_all(error_of([&] { exact_trace([&] { return w * 1; }, {w}); }), {"3 values"}));
        QVERIFY(has_all(error_of([&] { exact_trace([&] { return w.sum() * kNan; }, {w}); }), {"finite"}));
        QVERIFY(has_all(error_of([&] { exact_trace([&] { return at::ones({}); }, {w}); }), {"does not depend"}));
        QVERIFY(has_all(error_of([&] { exact_trace([&] { return at::ones({}); }, {at::ones({70000})}); }), {"70000", "Hutchinson"}));
        QVERIFY(has_all(error_of([&] { hutchinson_trace([&] { return w.sum(); }, {w}, {0}); }), {"0 probes"}));
        QVERIFY_THROWS_EXCEPTION(Ended, hutchinson_trace([&] { return w.pow(3).sum(); }, {w}, {}, [](std::int64_t, std::int64_t) { throw Ended{}; }));
        QCOMPARE(hutchinson_trace([&] { return w.sum(); }, {w})[0].trace, 0.0);   // linear
        QVERIFY(!w.requires_grad());
    }

    // --- bits
    void programme_agrees_with_brute_force() {
        std::mt19937 random(10);
        for (int round = 0; round < 40; ++round) {
            const BitProblem problem = random_problem(random, 1 + round % 6);
            const std::vector<BitAssignment> all = all_assignments(problem);
            const auto front = exact_front(problem);
            QVERIFY(front && !front->empty());
            for (std::size_t i = 1; i < front->size(); ++i) QVERIFY((*front)[i].cost > (*front)[i - 1].cost && (*front)[i].sensitivity < (*front)[i - 1].sensitivity);
            for (const BitAssignment& a : *front) {
                QVERIFY(std::abs(a.sensitivity - best_within(all, a.cost)) < 1e-12);
                const BitAssignment found = assign_bits(problem, a.cost);
                QVERIFY(found.exact && found.cost <= a.cost && std::abs(found.sensitivity - a.sensitivity) < 1e-12);
            }
            const std::int64_t middle = (front->front().cost + front->back().cost) / 2;
            const auto half = exact_front(problem, middle);
            QVERIFY(half && half->back().cost <= middle && std::abs(half->back().sensitivity - best_within(all, middle)) < 1e-12);
            QVERIFY(std::abs(assign_bits(problem, middle).sensitivity - best_within(all, middle)) < 1e-12);

            const std::vector<BitAssignment> convex = convex_front(problem);
            QVERIFY(convex.front().cost == front->front().cost && std::abs(convex.back().sensitivity - front->back().sensitivity) < 1e-12);
            for (std::size_t i = 0; i < convex.size(); ++i) {
                QVERIFY(i == 0 || (convex[i].cost > convex[i - 1].cost && convex[i].sensitivity < convex[i - 1].sensitivity));
                QVERIFY(std::abs(convex[i].sensitivity - best_within(all, convex[i].cost)) < 1e-12);
            }
        }
    }
    void large_networks_are_assigned_quickly() {
        std::mt19937 random(12);
        BitProblem problem = random_problem(random, 54);
        const std::vector<BitAssignment> convex = convex_front(problem);
        const std::int64_t limit = (convex.front().cost + convex.back().cost) / 2;
        const BitAssignment exact = assign_bits(problem, limit), quick = assign_bits(problem, limit, 1);
        QVERIFY(exact.exact && !quick.exact && quick.cost <= limit && exact.sensitivity <= quick.sensitivity);
        QVERIFY(!exact_front(problem, {}, 100));
    }
    void limits_and_units() {
        const BitProblem problem{{{1, 0}, {1, 0}}, size_costs({10, 20}, {2, 4})};
        QCOMPARE(problem.cost, (std::vector<std::vector<std::int64_t>>{{20, 40}, {40, 80}}));
        QCOMPARE(bit_operation_costs({10}, {4}, {8}), (std::vector<std::vector<std::int64_t>>{{320}}));
        QCOMPARE(mebibytes_in_bits(0.5), std::int64_t{4194304});
        QVERIFY(has_all(error_of([&] { assign_bits(problem, 59); }), {"60", "59", "limit"}));
        QCOMPARE(assign_bits(problem, 60).choice, (std::vector<int>{0, 0}));
        QCOMPARE(assign_bits(problem, 1000).choice, (std::vector<int>{1, 1}));
        QVERIFY(has_all(error_of([&] { convex_front({{{kNan}}, {{1}}}); }), {"layer 0", "finite"}));
        QVERIFY(has_all(error_of([&] { convex_front({{{1, 2}}, {{1}}}); }), {"layer 0"}));
        QVERIFY(has_all(error_of([&] { convex_front({{{1}}, {{-1}}}); }), {"cost"}));
        QVERIFY(has_all(error_of([&] { convex_front({}); }), {"0 layers"}));
        QCOMPARE(assign_bits({{{2, 1, 1}}, {{0, 0, 0}}}, 0).choice, (std::vector<int>{1}));   // free choices
    }
};

QTEST_GUILESS_MAIN(TestReconstruction)
#include "test_reconstruction.moc"
