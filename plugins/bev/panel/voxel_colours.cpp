#include "plugins/bev/panel/voxel_colours.h"
#include "plugins/bev/panel/selection.h"
#include "viewers/colour_table.h"
#include <QCoreApplication>
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

const QColor kDark(0x17, 0x19, 0x1D);                      // the canvas of scenes
QString text_of(const char* sentence) { return QCoreApplication::translate("lathe::bev::Voxels", sentence); }

/// With the canvas: far voxels of small value sink into the ground instead of shining.
QRgb mixed(const QColor& colour, double strength) {
    const auto part = [&](int a, int b) { return int(a * strength + b * (1 - strength)); };
    return qRgb(part(colour.red(), kDark.red()), part(colour.green(), kDark.green()), part(colour.blue(), kDark.blue()));
}

const std::vector<float>& values_for(const VoxelView& view, ColourBy by) { return by == ColourBy::channel ? view.channel : by == ColourBy::difference ? view.difference : view.magnitude; }

}

QString missing_for(const VoxelView& view, ColourBy by) {
    if (view.is_empty()) return text_of(QT_TRANSLATE_NOOP("lathe::bev::Voxels", "No voxels yet."));
    switch (by) {
    case ColourBy::magnitude: return view.magnitude.empty() ? text_of(QT_TRANSLATE_NOOP("lathe::bev::Voxels", "The features are still being computed.")) : QString();
    case ColourBy::channel: return view.channel.empty() ? text_of(QT_TRANSLATE_NOOP("lathe::bev::Voxels", "Choose a channel.")) : QString();
    case ColourBy::difference: return view.difference.empty() ? text_of(QT_TRANSLATE_NOOP("lathe::bev::Voxels", "Choose an earlier frame: its difference from the current one is shown.")) : QString();
    default: return {};
    }
}

Coverage coverage_of(const VoxelView& view) {
    if (view.is_empty()) return {};
    const auto n = double(view.camera.size());
    const auto none = std::count(view.camera.begin(), view.camera.end(), std::uint8_t{255});
    const auto twice = std::count_if(view.seen.begin(), view.seen.end(), [](std::uint8_t seen) { return seen >= 2; });
    return {1 - double(none) / n, double(twice) / n};
}

VoxelPaint paint_voxels(const VoxelView& view, ColourBy by, double threshold) {
    VoxelPaint out;
    const std::size_t n = view.camera.size();
    out.shown.assign(n, 0);
    out.colours.assign(n, qRgb(0, 0, 0));
    if (!missing_for(view, by).isEmpty()) return out;
    const std::vector<float>& values = values_for(view, by);
    const bool is_value = by == ColourBy::magnitude || by == ColourBy::channel || by == ColourBy::difference, is_signed = by == ColourBy::channel;
    float low = 0, high = 0;
    for (const float v : values)
        if (std::isfinite(v)) {
            low = std::min(low, v);
            high = std::max(high, v);
        }
    const float most = std::max(high, -low);
    const auto cut = float(threshold) * most;
    const ColourTable viridis(ColourMapId::viridis, kDark), cividis(ColourMapId::cividis, kDark), difference(ColourMapId::magma, kDark), channel(ColourMapId::diverging, kDark);
    std::vector<QColor> cameras;
    for (int c = 0; c < view.cameras.size(); ++c) cameras.push_back(camera_colour(view.cameras[c], c));
    for (std::size_t i = 0; i < n; ++i) {
        const bool covered = view.camera[i] < cameras.size();
        if (covered == (by == ColourBy::uncovered)) continue;
        const float value = values.empty() ? most : values[i];
        if (by != ColourBy::uncovered && !values.empty() && (!std::isfinite(value) || std::abs(value) < cut)) continue;
        const double strength = most > 0 ? std::abs(value) / most : 1;
        switch (by) {
        case ColourBy::camera: out.colours[i] = mixed(cameras[view.camera[i]], values.empty() ? 0.6 : 0.35 + 0.65 * strength); break;
        case ColourBy::overlap: out.colours[i] = cividis.at(view.seen.empty() ? 0 : std::min(1.0, (view.seen[i] - 1) / 3.0 + 0.15)); break;
        case ColourBy::uncovered: out.colours[i] = qRgb(0x6C, 0x74, 0x80); break;
        case ColourBy::channel: out.colours[i] = channel.at(most > 0 ? 0.5 + 0.5 * double(value) / double(most) : 0.5); break;
        case ColourBy::difference: out.colours[i] = difference.at(strength); break;
        case ColourBy::magnitude: out.colours[i] = viridis.at(strength); break;
        }
        out.shown[i] = 1;
        ++out.count;
    }
    if (is_value) {
        out.lowest = is_signed ? -double(most) : 0;
        out.highest = double(most);
    }
    return out;
}

}
