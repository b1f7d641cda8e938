#include "viewers/image_data.h"
#include "core/base/error.h"
#include "viewers/parallel_rows.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace lathe {
namespace {

constexpr std::int64_t kMaxSide = 65536, kMaxPixels = std::int64_t{64} << 20;

std::uint8_t to_byte(double t) { return std::uint8_t(std::lround(std::clamp(t, 0.0, 1.0) * 255)); }

}

ImageData::ImageData(int width, int height, int channels, std::vector<float> values, double lowest, double highest)
    : m_width(width), m_height(height), m_channels(channels), m_low(lowest), m_high(highest) {
    if (width < 1 || height < 1 || channels < 1 || channels > 4 || values.size() != std::size_t(width) * std::size_t(height) * std::size_t(channels))
        throw Error(ErrorCode::wrong_format, "The image does not have the size that it states.", std::to_string(values.size()) + " values for " + std::to_string(width) + " x " +
            std::to_string(height) + " x " + std::to_string(channels), "Report this: an image must have width x height x channels values.");
    for (std::size_t i = 0; i < values.size(); i += std::size_t(channels))
        m_missing += std::any_of(values.begin() + std::ptrdiff_t(i), values.begin() + std::ptrdiff_t(i) + channels, [](float v) { return std::isnan(v); });
    m_values = std::make_shared<const std::vector<float>>(std::move(values));
}

ImageData ImageData::from_raw(std::string_view bytes, const std::vector<std::int64_t>& shape, std::string_view dtype) {
    const auto refuse = [&](const std::string& why) {
        std::string text;
        for (const std::int64_t side : shape) text += (text.empty() ? "" : ", ") + std::to_string(side);
        throw Error(ErrorCode::wrong_format, "The image cannot be shown.", "shape [" + text + "], dtype " + std::string(dtype) + ": " + why,
            "Images are u8, u16 or f32 values of shape [height, width] or [height, width, 1 to 4].");
    };
    if (shape.size() != 2 && shape.size() != 3) refuse("not two or three sides");
    const std::int64_t height = shape[0], width = shape[1], channels = shape.size() == 3 ? shape[2] : 1;
    if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide || channels < 1 || channels > 4) refuse("a side is out of range");
    if (height * width > kMaxPixels) refuse("more than 64 million pixels");
    const std::int64_t count = height * width * channels;
    const std::size_t size = dtype == "u8" ? 1 : dtype == "u16" ? 2 : dtype == "f32" ? 4 : 0;
    if (size == 0) refuse("unknown dtype");
    if (bytes.size() != std::size_t(count) * size) refuse(std::to_string(bytes.size()) + " bytes");
    static_assert(std::endian::native == std::endian::little, "raw artifacts are little-endian");
    std::vector<float> values(static_cast<std::size_t>(count));
    if (size == 4) {
        std::memcpy(values.data(), bytes.data(), bytes.size());
    } else if (size == 2) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            std::uint16_t v;
            std::memcpy(&v, bytes.data() + 2 * i, 2);
            values[i] = v;
        }
    } else {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(std::uint8_t(bytes[i]));
    }
    ImageData image(int(width), int(height), int(channels), std::move(values), 0, size == 1 ? 255 : size == 2 ? 65535 : 1);
    image.m_integer = size != 4;
    return image;
}

ImageData ImageData::from_artifact(const Artifact& artifact) {
    if (!artifact.bytes || artifact.kind != "image")
        throw Error(ErrorCode::wrong_format, "The artifact holds no image.", artifact.key, "Show it with a viewer for its kind: " + artifact.kind + ".");
    ImageData image = from_raw(*artifact.bytes, artifact.shape, artifact.dtype);
    if (image.m_integer || !artifact.meta.is_object()) return image;
    const auto range = artifact.meta.find("range");
    if (range == artifact.meta.end() || !range->is_array() || range->size() != 2 || !(*range)[0].is_number() || !(*range)[1].is_number()) return image;
    return image.with_range((*range)[0].get<double>(), (*range)[1].get<double>());
}

ImageData ImageData::from_image(const QImage& image) {
    if (image.isNull()) return {};
    const bool grey = image.isGrayscale() && !image.hasAlphaChannel();
    const int channels = grey ? 1 : image.hasAlphaChannel() ? 4 : 3;
    const QImage source = image.convertToFormat(grey ? QImage::Format_Grayscale8 : channels == 4 ? QImage::Format_RGBA8888 : QImage::Format_RGB888);
    const std::size_t row = std::size_t(source.width()) * std::size_t(channels);
    std::vector<float> values(row * std::size_t(source.height()));
    for (int y = 0; y < source.height(); ++y) std::copy_n(source.constScanLine(y), row, values.begin() + std::ptrdiff_t(row) * y);
    ImageData data(source.width(), source.height(), channels, std::move(values), 0, 255);
    data.m_integer = true;
    return data;
}

ImageData ImageData::with_range(double lowest, double highest) const {
    ImageData other = *this;
    if (std::isfinite(lowest) && std::isfinite(highest) && lowest < highest) {
        other.m_low = lowest;
        other.m_high = highest;
    }
    return other;
}

QString ImageData::value_text(int x, int y) const {
    if (is_null() || x < 0 || y < 0 || x >= m_width || y >= m_height) return {};
    QStringList parts;
    for (int c = 0; c < m_channels; ++c) {
        const float value = at(x, y, c);
        if (std::isnan(value)) parts << QStringLiteral("NaN");
        else if (m_integer) parts << QString::number(qint64(value));
        else parts << (std::abs(value) != 0 && (std::abs(value) < 1e-3f || std::abs(value) >= 1e5f) ? QString::number(double(value), 'e', 2) : QString::number(double(value), 'f', 3));
    }
    return parts.join(QStringLiteral(", "));
}

QImage ImageData::to_image() const {
    if (is_null()) return {};
    QImage image(m_width, m_height, QImage::Format_RGBA8888);
    const double scale = m_high > m_low ? 1 / (m_high - m_low) : 1;
    const int colours = colour_channels();
    const float* const values = m_values->data();
    uchar* const bits = image.bits();
    const qsizetype stride = image.bytesPerLine();
    parallel_rows(m_height, m_width, [&](int from, int to) {
        for (int y = from; y < to; ++y) {
            uchar* out = bits + y * stride;
            const float* in = values + std::size_t(y) * std::size_t(m_width) * std::size_t(m_channels);
            for (int x = 0; x < m_width; ++x, out += 4, in += m_channels) {
                bool missing = false;
                for (int c = 0; c < m_channels; ++c) missing |= std::isnan(in[c]);
                if (missing) {
                    out[0] = out[2] = out[3] = 255;
                    out[1] = 0;
                    continue;
                }
                for (int c = 0; c < 3; ++c) out[c] = colours == 1 && c > 0 ? out[0] : to_byte((double(in[std::min(c, colours - 1)]) - m_low) * scale);
                out[3] = has_alpha() ? to_byte((double(in[colours]) - m_low) * scale) : 255;
            }
        }
    });
    return image;
}

}
