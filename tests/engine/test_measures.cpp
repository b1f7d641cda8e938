// Measures against the reference file (float64 computations in Python of pytorch-fid and friends) and against values known by hand.
#include "core/base/error.h"
#include "core/nn/measures.h"
#include "core/nn/tensor_index.h"
#include "test_data.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <cmath>
#include <numbers>

using namespace lathe;

class TestMeasures : public QObject {
    Q_OBJECT
    std::shared_ptr<TensorIndex> m_file;

    at::Tensor in(const char* name) const { return m_file->get(std::string("in.") + name); }
    double out(const char* name, int i = 0) const { return m_file->get(std::string("out.") + name).flatten()[i].item<double>(); }
    static bool near(double value, double expected, double tolerance = 1e-5) {
        const bool ok = std::abs(value - expected) <= tolerance * std::max(std::abs(expected), 1e-12);
        if (!ok)
            qWarning() << value << "instead of" << expected;
        return ok;
    }

private Q_SLOTS:
    void initTestCase() { m_file = open_tensors(test_data("delta_cache_metrics.safetensors")); }

    void images_match_the_reference() {
        QVERIFY(near(psnr(in("img.a"), in("img.b")), out("psnr")));
        QVERIFY(near(ssim(in("img.a"), in("img.b")), out("ssim")));
    }
    void trajectories_match_the_reference() {
        for (int i = 0; i < 5; ++i) {
            const RelativeError error = relative_error(in("traj.test")[i], in("traj.ref")[i]);
            QVERIFY(near(error.l1, out("traj.rel_l1", i)));
            QVERIFY(near(error.l2, out("traj.rel_l2", i)));
            QVERIFY(error.cosine <= 1 + 1e-12 && error.cosine > 0.8);
        }
    }
    void spectrum_matches_the_reference() {
        const SpectrumBands bands = spectrum_bands(in("spec.x"));
        for (int i = 0; i < 3; ++i) {
            QVERIFY(near(bands.energy[std::size_t(i)], out("spec.bands", i)));
            QVERIFY(near(bands.fraction[std::size_t(i)], out("spec.fraction", i)));
        }
    }
    void sets_match_the_reference() {
        QVERIFY(near(frechet_distance(in("fid.f1"), in("fid.f2")), out("fid"), 1e-4));
        QVERIFY(near(frechet_distance(in("fid.f1").slice(0, 0, 8), in("fid.f2").slice(0, 0, 8)), out("fid_rank_deficient"), 1e-2));
        const InceptionScore one = inception_score(in("is.probs"), 1), five = inception_score(in("is.probs"), 5);
        QVERIFY(near(one.mean, out("is_1split")) && one.deviation < 1e-12);
        QVERIFY(near(five.mean, out("is_5splits")) && near(five.deviation, out("is_5splits", 1)));
    }
    void equal_images() {
        const at::Tensor image = in("img.a");
        QVERIFY(std::isinf(psnr(image, image)));
        QVERIFY(near(ssim(image, image), 1, 1e-12));
        QVERIFY(near(ssim(image.select(2, 0), image.select(2, 0)), 1, 1e-12));
        const RelativeError same = relative_error(image, image);
        QCOMPARE(same.l1, 0.0);
        QVERIFY(near(same.cosine, 1, 1e-12));
        QVERIFY(std::abs(frechet_distance(in("fid.f1"), in("fid.f1"))) < 1e-9);
    }
    void known_values() {
        const at::Tensor zero = at::zeros({4}), one = at::ones({4});
        QVERIFY(std::isinf(relative_error(one, zero).l2));
        QCOMPARE(relative_error(zero, zero).l1, 0.0);
        QCOMPARE(relative_error(one, zero).cosine, 0.0);
        QVERIFY(near(relative_error(-one, one).cosine, -1, 1e-12));
        QVERIFY(std::isnan(relative_error(at::full({4}, NAN), one).l1));
        QVERIFY(near(frechet_distance(at::zeros({2}), at::eye(2), at::ones({2}) * 3, at::eye(2) * 4), 18 + 2 + 8 - 2 * 2 * 2, 1e-12));
        QVERIFY(near(inception_score(at::eye(4), 1).mean, 4, 1e-12));
        QVERIFY(near(inception_score(at::full({6, 3}, 1.0 / 3), 4).mean, 1, 1e-6));
    }
    void a_wave_lies_in_its_band() {
        const auto wave = [](double cycles) { return (at::arange(32, at::kDouble) * (2 * std::numbers::pi * cycles / 32)).cos().unsqueeze(0).expand({32, 32}) + 5; };
        QVERIFY(near(spectrum_bands(wave(2)).fraction[0], 1, 1e-12));    // r = 2/32/0.5 = 0.125
        QVERIFY(near(spectrum_bands(wave(6)).fraction[1], 1, 1e-12));    // 0.375
        QVERIFY(near(spectrum_bands(wave(8)).fraction[2], 1, 1e-12));    // 0.5 is high
        const auto errors = band_errors(wave(2) * 1.1 + wave(6), wave(2) + wave(6));
        QVERIFY(near(errors[0], 0.1, 1e-9) && errors[1] < 1e-9);
        const RadialProfile profile = radial_profile(wave(6), 16);
        const auto top = std::max_element(profile.power.begin(), profile.power.end()) - profile.power.begin();
        QVERIFY(std::abs(profile.radius[std::size_t(top)] - 0.375) < std::numbers::sqrt2 / 16);
        QCOMPARE(spectrum_bands(at::ones({8, 8})).fraction[0], 0.0);
    }
    void wrong_shapes_are_refused() {
        const at::Tensor small = at::zeros({10, 10}), row = at::zeros({5});
        QVERIFY_THROWS_EXCEPTION(Error, ssim(small, small));
        QVERIFY_THROWS_EXCEPTION(Error, psnr(small, row));
        QVERIFY_THROWS_EXCEPTION(Error, relative_error(at::zeros({0}), at::zeros({0})));
        QVERIFY_THROWS_EXCEPTION(Error, spectrum_bands(row));
        QVERIFY_THROWS_EXCEPTION(Error, radial_profile(small, 0));
        QVERIFY_THROWS_EXCEPTION(Error, frechet_distance(at::zeros({5, 3}), at::zeros({5, 4})));
        QVERIFY_THROWS_EXCEPTION(Error, frechet_distance(at::full({5, 3}, NAN), at::zeros({5, 3})));
        QVERIFY_THROWS_EXCEPTION(Error, inception_score(at::zeros({3, 2}), 4));
        QVERIFY_THROWS_EXCEPTION(Error, inception_score(-at::ones({3, 2}), 1));
    }
};

QTEST_GUILESS_MAIN(TestMeasures)
#include "test_measures.moc"
