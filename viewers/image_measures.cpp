// PSNR and SSIM of two images or of the same part of them.
#include "viewers/image_data.h"
#include <array>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool comparable(const ImageData& a, const ImageData& b) {
    return !a.is_null() && !b.is_null() && a.width() == b.width() && a.height() == b.height() && a.channels() == b.channels();
}

QRect clipped(const ImageData& image, const QRect& part) {
    const QRect whole(0, 0, image.width(), image.height());
    return part.isNull() ? whole : part.intersected(whole);
}

/// Weights of the Gaussian window; shorter where the image is.
std::vector<double> window(int length) {
    std::vector<double> weights(static_cast<std::size_t>(length));
    double sum = 0;
    for (int i = 0; i < length; ++i) sum += weights[std::size_t(i)] = std::exp(-std::pow(i - (length - 1) / 2.0, 2) / (2 * 1.5 * 1.5));
    for (double& w : weights) w /= sum;
    return weights;
}

/// One of the five moments (mean a, mean b, a², b², ab) filtered along the rows, for the columns where the window fits.
struct Moments { std::array<std::vector<double>, 5> of; };

void filter_row(const ImageData& a, const ImageData& b, int y, int x0, int channel, const std::vector<double>& weights, int out_width, Moments& out, std::size_t row) {
    for (int x = 0; x < out_width; ++x) {
        double sums[5] = {};
        for (std::size_t k = 0; k < weights.size(); ++k) {
            const double va = double(a.at(x0 + x + int(k), y, channel)), vb = double(b.at(x0 + x + int(k), y, channel)), w = weights[k];
            sums[0] += w * va;
            sums[1] += w * vb;
            sums[2] += w * va * va;
            sums[3] += w * vb * vb;
            sums[4] += w * va * vb;
        }
        for (std::size_t m = 0; m < 5; ++m) out.of[m][row * std::size_t(out_width) + std::size_t(x)] = sums[m];
    }
}

double ssim_of_channel(const ImageData& a, const ImageData& b, const QRect& part, int channel) {
    const std::vector<double> across = window(std::min(11, part.width())), down = window(std::min(11, part.height()));
    const int out_width = part.width() - int(across.size()) + 1, out_height = part.height() - int(down.size()) + 1;
    const double peak = a.highest() - a.lowest(), c1 = std::pow(0.01 * peak, 2), c2 = std::pow(0.03 * peak, 2);
    // A ring of filtered rows as high as the window: memory stays small for any image.
    const std::size_t ring = down.size();
    Moments rows;
    for (auto& moment : rows.of) moment.resize(ring * std::size_t(out_width));
    double total = 0;
    for (int y = 0; y < part.height(); ++y) {
        filter_row(a, b, part.top() + y, part.left(), channel, across, out_width, rows, std::size_t(y) % ring);
        if (y + 1 < int(ring)) continue;
        for (int x = 0; x < out_width; ++x) {
            double sums[5] = {};
            for (std::size_t k = 0; k < ring; ++k) {
                const std::size_t row = (std::size_t(y) + 1 + k) % ring;
                for (std::size_t m = 0; m < 5; ++m) sums[m] += down[k] * rows.of[m][row * std::size_t(out_width) + std::size_t(x)];
            }
            const double ma = sums[0], mb = sums[1], va = sums[2] - ma * ma, vb = sums[3] - mb * mb, cov = sums[4] - ma * mb;
            total += ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
        }
    }
    return total / (double(out_width) * out_height);
}

}

double psnr(const ImageData& reference, const ImageData& other, const QRect& part) {
    if (!comparable(reference, other)) return kNaN;
    const QRect area = clipped(reference, part);
    if (area.isEmpty()) return kNaN;
    double sum = 0;
    const int channels = reference.colour_channels();
    for (int y = area.top(); y <= area.bottom(); ++y)
        for (int x = area.left(); x <= area.right(); ++x)
            for (int c = 0; c < channels; ++c) {
                const double d = double(reference.at(x, y, c)) - double(other.at(x, y, c));
                sum += d * d;
            }
    const double mean = sum / (double(area.width()) * area.height() * channels), peak = reference.highest() - reference.lowest();
    return mean == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(peak * peak / mean);
}

double ssim(const ImageData& reference, const ImageData& other, const QRect& part) {
    if (!comparable(reference, other)) return kNaN;
    const QRect area = clipped(reference, part);
    if (area.isEmpty()) return kNaN;
    double sum = 0;
    for (int c = 0; c < reference.colour_channels(); ++c) sum += ssim_of_channel(reference, other, area, c);
    return sum / reference.colour_channels();
}

}
