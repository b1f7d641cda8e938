// Linear layers on packed weights against double arithmetic: odd sizes, several layers at once, and what must be refused.
#include "core/base/error.h"
#include "core/nn/fast_linear.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <QtTest>

using namespace lathe;

namespace {

double error_of(const at::Tensor& got, const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
    const at::Tensor want = at::matmul(x.to(at::kDouble), w.to(at::kDouble).t()) + (bias.defined() ? bias.to(at::kDouble) : at::zeros({1}, at::kDouble));
    return ((got.to(at::kDouble) - want).abs().max() / want.abs().max().clamp_min(1e-30)).item<double>();
}

}

class TestLinear : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { at::manual_seed(11); }

    void odd_sizes_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("in");
        QTest::addColumn<int>("out");
        for (const int rows : {1, 5, 9, 97, 200})
            for (const int in : {1, 17, 64, 1025, 2100})                 // two and three parts of the inner sum
                for (const int out : {1, 15, 64, 131}) QTest::addRow("%d x %d x %d", rows, in, out) << rows << in << out;
    }
    void odd_sizes() {
        QFETCH(int, rows);
        QFETCH(int, in);
        QFETCH(int, out);
        const at::Tensor x = at::randn({rows, in}), w = at::randn({out, in}), bias = at::randn({out});
        for (const at::Tensor& b : {bias, at::Tensor()}) {
            const at::Tensor y = at::full({rows, out}, std::nan(""));
            fused::linears({{x, w, b, y}});
            QVERIFY2(error_of(y, x, w, b) < 3e-6, qPrintable(QString::number(error_of(y, x, w, b))));
            QVERIFY(error_of(FastLinear()(x, w, b), x, w, b) < 3e-6);
        }
    }

    /// Large enough for all threads; outputs are rows of one tensor, as a mixed layer has them, and none touches what lies between.
    void several_at_once() {
        const at::Tensor y = at::full({700, 200}, -7.0);
        std::vector<fused::Linear> layers;
        for (const auto& [first, rows] : {std::pair(0, 300), std::pair(301, 64), std::pair(400, 0), std::pair(410, 290)})
            layers.push_back({at::randn({rows, 96}), at::randn({200, 96}), at::randn({200}), y.narrow(0, first, rows)});
        fused::linears(layers);
        for (const fused::Linear& one : layers)
            if (one.x.size(0)) QVERIFY(error_of(one.y, one.x, one.w, one.bias) < 3e-6);
        QVERIFY((y[300] == -7).all().item<bool>() && (y.narrow(0, 365, 45) == -7).all().item<bool>());
    }

    /// A product that was measured once gives the same bits again.
    void chosen_way_is_kept() {
        const at::Tensor x = at::randn({2, 150, 256}), w = at::randn({256, 256}), bias = at::randn({256});
        FastLinear linear;
        const at::Tensor y = linear(x, w, bias);
        QVERIFY(y.sizes() == x.sizes() && error_of(y.view({300, 256}), x.view({300, 256}), w, bias) < 3e-6);
        QVERIFY(linear(x, w, bias).equal(y));
        QVERIFY(error_of(linear(x.transpose(0, 1), w, bias).transpose(0, 1).reshape({300, 256}), x.view({300, 256}), w, bias) < 3e-6);
        QVERIFY(FastLinear()(x.to(at::kDouble), w.to(at::kDouble), {}).scalar_type() == at::kDouble);
    }

    void wrong_tensors_are_refused() {
        const at::Tensor x = at::zeros({4, 8}), w = at::zeros({3, 8}), y = at::zeros({4, 3});
        for (const fused::Linear& wrong : std::vector<fused::Linear>{{at::zeros({4, 7}), w, {}, y}, {x, w, at::zeros({4}), y}, {x, w, {}, at::zeros({4, 4})}, {x.to(at::kDouble), w, {}, y}, {x, at::zeros({8, 3}).t(), {}, y}})
            QVERIFY_THROWS_EXCEPTION(Error, fused::linears({wrong}));
        QVERIFY_THROWS_EXCEPTION(Error, fused::linears({{x, w, {}, y}, {x, at::zeros({5, 8}), {}, at::zeros({4, 5})}}));
        fused::linears({});
    }
};

QTEST_APPLESS_MAIN(TestLinear)
#include "test_linear.moc"
