#include "plugins/bev/engine/street_textures.h"
#include "plugins/bev/engine/draws.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

using Rgb = std::array<double, 3>;

/// Smooth random values on a grid that repeats after `period` cells.
class Noise {
public:
    Noise(std::uint64_t seed, int period) : m_period(period), m_values(static_cast<std::size_t>(period) * static_cast<std::size_t>(period)) {
        Draws draws(seed);
        for (float& v : m_values) v = static_cast<float>(draws.uniform());
    }
    double operator()(double x, double y) const {
        const double fx = std::floor(x), fy = std::floor(y), u = ease(x - fx), v = ease(y - fy);
        const int i = static_cast<int>(fx), j = static_cast<int>(fy);
        return (at(i, j) * (1 - u) + at(i + 1, j) * u) * (1 - v) + (at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u) * v;
    }
private:
    static double ease(double t) { return t * t * (3 - 2 * t); }
    double at(int i, int j) const {
        const auto wrap = [this](int k) { return static_cast<std::size_t>(((k % m_period) + m_period) % m_period); };
        return m_values[wrap(j) * static_cast<std::size_t>(m_period) + wrap(i)];
    }
    int m_period;
    std::vector<float> m_values;
};

/// Octaves of noise over the unit square, repeating; 0 to 1.
class Clouds {
public:
    Clouds(std::uint64_t seed, int coarse, int octaves) {
        for (int i = 0; i < octaves; ++i) m_octaves.emplace_back(seed * 31 + static_cast<std::uint64_t>(i), coarse << i);
        m_coarse = coarse;
    }
    double operator()(double u, double v) const {
        double sum = 0, weight = 1, all = 0;
        for (std::size_t i = 0; i < m_octaves.size(); ++i, weight *= 0.55) {
            const double scale = m_coarse << i;
            sum += weight * m_octaves[i](u * scale, v * scale);
            all += weight;
        }
        return sum / all;
    }
private:
    std::vector<Noise> m_octaves;
    int m_coarse = 1;
};

template <class Paint> SceneTexture painted(int width, int height, Paint paint) {
    SceneTexture out{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3)};
    std::size_t i = 0;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const Rgb colour = paint(x, y);
            for (const double c : colour) out.rgb[i++] = static_cast<std::uint8_t>(std::clamp(c, 0.0, 255.0));
        }
    return out;
}

void fill(SceneTexture& t, int x0, int y0, int x1, int y1, const Rgb& colour) {
    for (int y = std::max(y0, 0); y < std::min(y1, t.height); ++y)
        for (int x = std::max(x0, 0); x < std::min(x1, t.width); ++x)
            for (std::size_t c = 0; c < 3; ++c) t.rgb[(static_cast<std::size_t>(y) * static_cast<std::size_t>(t.width) + static_cast<std::size_t>(x)) * 3 + c] = static_cast<std::uint8_t>(std::clamp(colour[c], 0.0, 255.0));
}

Rgb mix(const Rgb& a, const Rgb& b, double share) { return {a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share}; }
Rgb times(const Rgb& a, double f) { return {a[0] * f, a[1] * f, a[2] * f}; }

}

SceneTexture asphalt_texture(std::uint64_t seed) {
    const Clouds stains(seed, 4, 5);
    Draws draws(seed + 1);
    return painted(256, 256, [&](int x, int y) {
        const double grain = draws.uniform(-1, 1), v = 88 + 46 * (stains(x / 256.0, y / 256.0) - 0.5) + 13 * grain;
        return Rgb{v, v, v * 1.02};
    });
}

SceneTexture paving_texture(std::uint64_t seed) {
    const Clouds stains(seed, 4, 4);
    Draws draws(seed + 1);
    std::array<double, 64> slabs{};
    for (double& s : slabs) s = draws.uniform(-12, 12);
    return painted(256, 256, [&](int x, int y) {
        const int row = y / 32, shifted = (x + row % 2 * 16) % 256;
        const bool joint = shifted % 32 < 2 || y % 32 < 2;
        const double v = 150 + slabs[static_cast<std::size_t>(row * 8 + shifted / 32)] + 36 * (stains(x / 256.0, y / 256.0) - 0.5) + 6 * draws.uniform(-1, 1) - (joint ? 34 : 0);
        return Rgb{v, v * 0.985, v * 0.955};
    });
}

SceneTexture grass_texture(std::uint64_t seed) {
    const Clouds patches(seed, 3, 6);
    Draws draws(seed + 1);
    const double dry = draws.uniform(0, 0.5);
    return painted(256, 256, [&](int x, int y) {
        const double p = patches(x / 256.0, y / 256.0), light = 0.75 + 0.55 * p + 0.13 * draws.uniform(-1, 1);
        return times(mix({86, 120, 58}, {150, 138, 84}, std::clamp(dry + 1.2 * (p - 0.5), 0.0, 1.0)), light);
    });
}

SceneTexture facade_texture(int style, std::uint64_t seed) {
    constexpr int kBay = 48;
    Draws draws(seed * 5 + static_cast<std::uint64_t>(style));
    const Clouds dirt(seed + 7, 4, 4);
    const bool bricks = style == 1;
    SceneTexture t = painted(8 * kBay, 8 * kBay, [&](int x, int y) {
        double v = 232 + 34 * (dirt(x / (8.0 * kBay), y / (8.0 * kBay)) - 0.5) + 5 * draws.uniform(-1, 1);
        if (bricks && (y % 6 == 0 || (x + (y / 6 % 2) * 6) % 12 == 0)) v -= 38;
        if (style == 3 && y % kBay < 5) v -= 40;   // bands between the floors
        return Rgb{v, v, v};
    });
    for (int row = 0; row < 8; ++row)
        for (int col = 0; col < 8; ++col) {
            const int x = col * kBay, y = row * kBay;
            const double shade = draws.uniform(0.7, 1.3);
            const Rgb glass = draws.chance(0.12) ? Rgb{224, 200, 140} : times({58, 72, 88}, shade), frame{238, 238, 234};
            const int left = style == 0 ? 12 : style == 1 ? 14 : style == 2 ? 4 : 9, low = style == 2 ? 14 : 11, high = style == 2 ? 42 : 40;
            fill(t, x + left - 2, y + low - 2, x + kBay - left + 2, y + high + 2, style == 2 ? Rgb{120, 124, 128} : frame);
            fill(t, x + left, y + low, x + kBay - left, y + high, glass);
            fill(t, x + left, y + (low + high) / 2, x + kBay - left, y + high, times(glass, 1.25));        // the sky in the upper half
            if (style != 2) fill(t, x + kBay / 2 - 1, y + low, x + kBay / 2 + 1, y + high, frame);
            if (style == 0) fill(t, x + left - 4, y + low - 5, x + kBay - left + 4, y + low - 2, {190, 188, 182});
            if (style == 3 && draws.chance(0.35)) fill(t, x + left, y + 26, x + kBay - left, y + high, {206, 190, 160});   // a blind
        }
    return t;
}

SceneTexture shop_texture(std::uint64_t seed) {
    constexpr int kWide = 128, kHigh = 128;
    static constexpr std::array<Rgb, 8> kSigns{{{190, 40, 40}, {36, 92, 150}, {48, 120, 74}, {224, 168, 40}, {60, 60, 66}, {150, 60, 120}, {226, 112, 44}, {230, 226, 214}}};
    Draws draws(seed);
    SceneTexture t = painted(4 * kWide, kHigh, [&](int, int) {
        const double v = 150 + 8 * draws.uniform(-1, 1);
        return Rgb{v, v * 0.97, v * 0.92};
    });
    for (int i = 0; i < 4; ++i) {
        const int x = i * kWide;
        const Rgb sign = kSigns[static_cast<std::size_t>(draws.uniform() * kSigns.size())];
        const bool lit = draws.chance(0.5);
        const Rgb glass = lit ? Rgb{196, 178, 138} : Rgb{66, 78, 88};
        fill(t, x + 8, 16, x + kWide - 8, 88, {70, 70, 72});
        fill(t, x + 11, 19, x + 82, 85, glass);
        for (int k = 0; k < 6; ++k) {   // goods behind the glass
            const int at = x + 14 + static_cast<int>(draws.uniform(0, 58)), tall = static_cast<int>(draws.uniform(10, 30));
            fill(t, at, 19, at + 8, 19 + tall, times(kSigns[static_cast<std::size_t>(draws.uniform() * kSigns.size())], 0.8));
        }
        fill(t, x + 90, 4, x + 116, 85, times(sign, 0.6));   // door
        fill(t, x + 94, 30, x + 112, 80, times(glass, 0.9));
        fill(t, x + 4, 92, x + kWide - 4, 116, sign);
        for (int k = 0; k < 7; ++k) fill(t, x + 22 + k * 12, 99, x + 30 + k * 12, 110, sign[0] > 200 && sign[1] > 200 ? Rgb{60, 60, 60} : Rgb{240, 236, 226});   // letters
    }
    return t;
}

// The lower fifth of the texture is the strip around the horizon.
double sky_row(double elevation) { return std::clamp((std::sqrt(std::max(0.0, elevation + 0.03)) / std::sqrt(std::numbers::pi / 2 + 0.03)) * 0.98 + 0.005, 0.0, 0.99); }

SceneTexture sky_texture(const StreetWorld& world) {
    constexpr int kWide = 2048, kHigh = 256;
    Draws draws(world.seed + 41);
    const Clouds clouds(world.seed + 43, 5, 6), hills(world.seed + 47, 8, 4), blocks(world.seed + 53, 64, 1);
    struct Palette { Rgb zenith, horizon, cloud, far; double cover, sun; };
    const Palette p = [&]() -> Palette {
        switch (world.weather) {
        case Weather::hazy: return {{150, 178, 206}, {220, 222, 220}, {240, 240, 238}, {176, 184, 190}, 0.5, 60};
        case Weather::overcast: return {{168, 174, 182}, {214, 216, 218}, {226, 228, 230}, {150, 156, 162}, 1.0, 0};
        case Weather::evening: return {{84, 112, 166}, {250, 196, 132}, {255, 206, 160}, {122, 98, 104}, 0.45, 120};
        default: return {{70, 128, 204}, {196, 220, 238}, {250, 250, 250}, {142, 164, 184}, 0.4, 90};
        }
    }();
    const double sun_azimuth = std::atan2(world.to_sun[1], world.to_sun[0]), sun_elevation = std::asin(world.to_sun[2]);
    return painted(kWide, kHigh, [&](int x, int y) {
        const double v = (y + 0.5) / kHigh, root = std::max(0.0, (v - 0.005) / 0.98) * std::sqrt(std::numbers::pi / 2 + 0.03), elevation = root * root - 0.03;
        const double u = (x + 0.5) / kWide, azimuth = 2 * std::numbers::pi * u;
        Rgb colour = mix(p.horizon, p.zenith, std::pow(std::clamp(elevation / 1.2, 0.0, 1.0), 0.55));
        // Clouds as on a flat ceiling: smaller towards the horizon.
        const double far = 0.35 / (std::max(elevation, 0.0) + 0.12), c = clouds(0.5 + 0.12 * far * std::cos(azimuth), 0.5 + 0.12 * far * std::sin(azimuth));
        const double dense = std::clamp((c - 0.62 + 0.28 * p.cover) * 4.5, 0.0, 1.0) * std::clamp(elevation * 9, 0.0, 1.0);
        colour = mix(colour, times(p.cloud, 0.86 + 0.28 * (c - 0.4)), dense * 0.85);
        const double away = std::acos(std::clamp(std::sin(elevation) * std::sin(sun_elevation) + std::cos(elevation) * std::cos(sun_elevation) * std::cos(azimuth - sun_azimuth), -1.0, 1.0));
        const double glow = p.sun * (std::exp(-away * away / 0.005) * 1.5 + 0.6 * std::exp(-away / 0.25));
        for (std::size_t k = 0; k < 3; ++k) colour[k] += glow * (k == 2 ? 0.75 : 1);
        // Hills and the blocks of the town behind the street.
        const double hill = 0.012 + 0.05 * (hills(u, 0.3) - 0.25), block = blocks(u, 0.1) > 0.45 ? 0.02 + 0.035 * blocks(u, 0.7) : 0;
        if (elevation < hill) colour = mix(p.far, {96, 112, 92}, 0.35);
        else if (elevation < block) colour = mix(p.far, p.horizon, 0.25);
        const double grain = draws.uniform(-0.8, 0.8);
        for (double& k : colour) k += grain;
        return colour;
    });
}

}
