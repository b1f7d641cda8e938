#include "core/nn/measures.h"
#include "plugins/delta_cache/engine/cases.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

at::Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

void sets(const VerifyInputs& inputs, TensorMap& out) {
    const at::Tensor a = case_input(inputs, "fid", "f1"), b = case_input(inputs, "fid", "f2");
    const at::Tensor wide = a.to(at::kDouble);
    out["mid.fid.mu1"] = wide.mean(0);
    out["mid.fid.sigma1"] = at::cov(wide.t());
    out["out.fid"] = numbers({frechet_distance(a, b)});
    // Fewer rows than features: the covariances have no full rank.
    const std::int64_t rows = inputs.config.value("rank_deficient_rows", 8);
    out["out.fid_rank_deficient"] = numbers({frechet_distance(a.slice(0, 0, rows), b.slice(0, 0, rows))});
}

TensorMap run_metrics(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    sets(inputs, out);
    for (const int splits : {1, 2, 4, 5, 10}) {
        const at::Tensor probabilities = case_input(inputs, "is", "probs");
        if (probabilities.size(0) < splits) continue;
        const InceptionScore score = inception_score(probabilities, splits);
        out["out.is_" + std::to_string(splits) + (splits == 1 ? "split" : "splits")] = numbers({score.mean, score.deviation});
    }
    const at::Tensor a = case_input(inputs, "img", "a"), b = case_input(inputs, "img", "b");
    out["out.psnr"] = numbers({psnr(a, b)});
    out["out.ssim"] = numbers({ssim(a, b)});
    const SpectrumBands bands = spectrum_bands(case_input(inputs, "spec", "x"));
    out["out.spec.bands"] = numbers({bands.energy.begin(), bands.energy.end()});
    out["out.spec.fraction"] = numbers({bands.fraction.begin(), bands.fraction.end()});
    const at::Tensor test = case_input(inputs, "traj", "test"), reference = case_input(inputs, "traj", "ref");
    std::vector<double> l1, l2, cosine;
    for (std::int64_t s = 0; s < test.size(0); ++s) {
        const RelativeError error = relative_error(test[s], reference[s]);
        l1.push_back(error.l1);
        l2.push_back(error.l2);
        cosine.push_back(error.cosine);
    }
    out["out.traj.rel_l1"] = numbers(l1);
    out["out.traj.rel_l2"] = numbers(l2);
    out["out.traj.cosine"] = numbers(cosine);
    return out;
}

}

VerifyCase metrics_case() {
    VerifyCase out;
    out.id = "delta_cache/metrics";
    out.tolerances = {{"out.fid_rank_deficient", "rel_l2", 1e-2}, {"out.fid", "rel_l2", 1e-4}, {"*", "rel_l2", 1e-5}};
    out.run = run_metrics;
    return out;
}

}
