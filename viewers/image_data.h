#pragma once
// Pixels as the viewers hold them: float values, rows of H x W x C (C = 1, 2: grey and alpha, 3, 4), with the range that is shown as black to white.
// Immutable and shared: copies are cheap. Any thread.
#include "core/method/run.h"
#include <QImage>
#include <memory>
#include <vector>

namespace lathe {

class ImageData {
public:
    ImageData() = default;
    ImageData(int width, int height, int channels, std::vector<float> values, double lowest = 0, double highest = 1);
    /// Raw bytes of an image artifact: dtype u8, u16 or f32, shape [H, W, C] or [H, W]. Throws Error(wrong_format) if bytes, shape and dtype do not fit.
    static ImageData from_raw(std::string_view bytes, const std::vector<std::int64_t>& shape, std::string_view dtype);
    /// An artifact with raw media; meta.range [lo, hi] sets the shown range of a float image.
    static ImageData from_artifact(const Artifact& artifact);
    static ImageData from_image(const QImage& image);

    bool is_null() const { return !m_values; }
    int width() const { return m_width; }
    int height() const { return m_height; }
    int channels() const { return m_channels; }
    int colour_channels() const { return m_channels == 2 || m_channels == 4 ? m_channels - 1 : m_channels; }
    bool has_alpha() const { return m_channels == 2 || m_channels == 4; }
    double lowest() const { return m_low; }
    double highest() const { return m_high; }
    bool is_integer() const { return m_integer; }         ///< made from u8 or u16: values are printed as they stood in the file
    ImageData with_range(double lowest, double highest) const;
    float at(int x, int y, int channel) const { return (*m_values)[(std::size_t(y) * m_width + x) * m_channels + channel]; }
    qint64 missing() const { return m_missing; }          ///< pixels that hold NaN
    bool shares(const ImageData& other) const { return m_values == other.m_values && m_low == other.m_low && m_high == other.m_high; }   ///< a copy of the same image
    const std::vector<float>& values() const { return *m_values; }
    QString value_text(int x, int y) const;               ///< "0.612" or "12, 80, 255"

    /// 8-bit picture (Format_RGBA8888, straight alpha), one pixel per value; NaN is #FF00FF.
    QImage to_image() const;

private:
    int m_width = 0, m_height = 0, m_channels = 0;
    double m_low = 0, m_high = 1;
    bool m_integer = false;
    qint64 m_missing = 0;
    std::shared_ptr<const std::vector<float>> m_values;
};

/// Peak signal to noise ratio in dB with the reference's range as peak; infinity for equal images; NaN where sizes or channels differ.
double psnr(const ImageData& reference, const ImageData& other, const QRect& part = {});
/// Structural similarity: 11 x 11 Gaussian window of sigma 1.5, valid region, K1 = .01, K2 = .03, mean over channels (Wang et al. 2004); the window shrinks to
/// the image where that is smaller. NaN where sizes or channels differ.
double ssim(const ImageData& reference, const ImageData& other, const QRect& part = {});

}
