#pragma once
// Measures of images, trajectories and sets, computed in float64. Pure functions, any thread. All throw Error(invalid_value) for shapes that do not fit.
#include <ATen/core/Tensor.h>
#include <array>
#include <cstdint>
#include <vector>

namespace lathe {

/// How far `test` is from `reference` (same shape): Σ|t−r| / Σ|r|, ‖t−r‖ / ‖r‖, and the cosine of the two as vectors.
/// Against zeros the errors are 0 where both are zero, else infinite.
struct RelativeError { double l1 = 0, l2 = 0, cosine = 1; };
RelativeError relative_error(const at::Tensor& test, const at::Tensor& reference);

/// Peak signal-to-noise ratio in dB over all values; infinite for equal images.
double psnr(const at::Tensor& a, const at::Tensor& b, double peak = 255);

/// Structural similarity (Wang et al. 2004) of two images [H,W] or [H,W,C], at least 11 x 11: Gaussian window 11 x 11 with σ = 1.5, windows that lie
/// inside only, K1 = 0.01, K2 = 0.03, population moments, mean over channels.
double ssim(const at::Tensor& a, const at::Tensor& b, double peak = 255);

/// Power of the orthonormal 2-D Fourier transform over the last two dimensions, without the constant term, summed over all others, by the normalised
/// radius r = √(fx²+fy²) / 0.5: low r < 0.25, middle < 0.5, high from 0.5 on.
struct SpectrumBands { std::array<double, 3> energy{}, fraction{}; };   ///< fractions are 0 where there is no energy
SpectrumBands spectrum_bands(const at::Tensor& images);
/// ‖test − reference‖ / ‖reference‖ within each band: low is the error of outlines, high that of details.
std::array<double, 3> band_errors(const at::Tensor& test, const at::Tensor& reference);

/// Mean power by radius: `bins` rings of equal width over [0, √2] of the normalised radius; empty rings are left out.
struct RadialProfile { std::vector<double> radius, power; };            ///< middle of the ring, mean power
RadialProfile radial_profile(const at::Tensor& images, int bins);

/// ‖μ1−μ2‖² + Tr(Σ1+Σ2−2(Σ1Σ2)^½), unbiased covariances, through the symmetric form with eigenvalues of Σ1^½ Σ2 Σ1^½, so that sets smaller than their
/// features (rank-deficient) need no special case. The features [n,d] decide what the distance means: name their network beside it.
double frechet_distance(const at::Tensor& features_a, const at::Tensor& features_b);
double frechet_distance(const at::Tensor& mean_a, const at::Tensor& covariance_a, const at::Tensor& mean_b, const at::Tensor& covariance_b);

/// exp(E KL(p(y|x) ‖ p(y))) of class probabilities [n,classes], over `splits` nearly equal parts in order: mean and population deviation.
struct InceptionScore { double mean = 0, deviation = 0; };
InceptionScore inception_score(const at::Tensor& probabilities, int splits);

}
