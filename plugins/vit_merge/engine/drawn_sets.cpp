#include "plugins/vit_merge/engine/drawn_sets.h"
#include "core/base/random_numbers.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace lathe::vit_merge {
namespace {

constexpr int kCanvas = 128;                               // what is sampled down to 28 x 28
constexpr std::int64_t kOne = 65536;
constexpr int kSamples = 4;                                // of a pixel, along each side
using Pixels = std::span<std::uint8_t, kDrawnSide * kDrawnSide>;

std::int64_t fixed(double value) { return std::llround(value * kOne); }

struct Placement {
    double degrees = 0, shear = 0, scale_x = 1, scale_y = 1, shift_x = 0, shift_y = 0;   ///< of the canvas on the picture; shifts in pixels
    double wobble = 0;                                     ///< of strokes, in pixels of the canvas
};

/// Coverage 0 to 255 of each pixel by the white of the canvas.
void sample_canvas(const cv::Mat& canvas, const Placement& place, Random& random, Pixels out) {
    const double angle = place.degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle), unit = static_cast<double>(kCanvas) / kDrawnSide;
    // From picture to canvas, both from their middles: turned back, sheared back, scaled back.
    const std::int64_t xx = fixed(unit * (c + place.shear * s) / place.scale_x), xy = fixed(unit * (s - place.shear * c) / place.scale_x), yx = fixed(unit * -s / place.scale_y), yy = fixed(unit * c / place.scale_y);
    const std::int64_t shift_x = fixed(place.shift_x), shift_y = fixed(place.shift_y);
    constexpr int kKnots = 5;                              // strokes are bent by a smooth field of 5 x 5 knots
    std::array<std::array<std::int64_t, 2>, kKnots * kKnots> bend{};
    if (place.wobble > 0)
        for (auto& knot : bend)
            for (std::int64_t& value : knot) value = fixed(random.uniform(-place.wobble, place.wobble));
    constexpr std::int64_t kStep = kOne / kSamples, kMiddle = kOne * kDrawnSide / 2;
    for (int row = 0; row < kDrawnSide; ++row)
        for (int column = 0; column < kDrawnSide; ++column) {
            int white = 0;
            for (int i = 0; i < kSamples; ++i)
                for (int k = 0; k < kSamples; ++k) {
                    const std::int64_t x = column * kOne + k * kStep + kStep / 2 - kMiddle - shift_x, y = row * kOne + i * kStep + kStep / 2 - kMiddle - shift_y;
                    std::int64_t u = ((xx * x + xy * y) >> 16) + kOne * kCanvas / 2, v = ((yx * x + yy * y) >> 16) + kOne * kCanvas / 2;
                    if (place.wobble > 0) {
                        constexpr std::int64_t kCell = kOne * kCanvas / (kKnots - 1);
                        const std::int64_t at_u = std::clamp<std::int64_t>(u, 0, kOne * kCanvas - 1), at_v = std::clamp<std::int64_t>(v, 0, kOne * kCanvas - 1);
                        const std::int64_t ku = at_u / kCell, kv = at_v / kCell, fu = (at_u % kCell) * kOne / kCell, fv = (at_v % kCell) * kOne / kCell;
                        for (std::size_t axis = 0; axis < 2; ++axis) {
                            const auto knot = [&](std::int64_t a, std::int64_t b) { return bend[static_cast<std::size_t>(b * kKnots + a)][axis]; };
                            const std::int64_t upper = (knot(ku, kv) * (kOne - fu) + knot(ku + 1, kv) * fu) >> 16, lower = (knot(ku, kv + 1) * (kOne - fu) + knot(ku + 1, kv + 1) * fu) >> 16;
                            (axis == 0 ? u : v) += (upper * (kOne - fv) + lower * fv) >> 16;
                        }
                    }
                    const std::int64_t cu = u >> 16, cv_ = v >> 16;
                    if (cu >= 0 && cv_ >= 0 && cu < kCanvas && cv_ < kCanvas) white += canvas.at<std::uint8_t>(static_cast<int>(cv_), static_cast<int>(cu)) > 127;
                }
            out[static_cast<std::size_t>(row * kDrawnSide + column)] = static_cast<std::uint8_t>(white * 255 / (kSamples * kSamples));
        }
}

void add_noise(Random& random, double deviation, Pixels pixels) {
    const std::int64_t scale = fixed(deviation);
    for (std::uint8_t& pixel : pixels) {
        const std::uint64_t a = random.next(), b = random.next();
        pixel = static_cast<std::uint8_t>(std::clamp<std::int64_t>(pixel + ((normal_65536(a, b) * scale) >> 32), 0, 255));
    }
}

/// A character in the middle of a canvas, as large as fits into `size` pixels.
cv::Mat character(char letter, int font, int thickness, int size) {
    cv::Mat canvas = cv::Mat::zeros(kCanvas, kCanvas, CV_8UC1);
    const std::string text(1, letter);
    int baseline = 0;
    const cv::Size plain = cv::getTextSize(text, font, 2.0, thickness, &baseline);
    const double scale = 2.0 * size / std::max(plain.width, plain.height + baseline / 2);
    const cv::Size fit = cv::getTextSize(text, font, scale, thickness, &baseline);
    cv::putText(canvas, text, {(kCanvas - fit.width) / 2, (kCanvas + fit.height) / 2}, font, scale, cv::Scalar(255), thickness, cv::LINE_8);
    return canvas;
}

constexpr std::array kFonts{cv::FONT_HERSHEY_SIMPLEX, cv::FONT_HERSHEY_DUPLEX, cv::FONT_HERSHEY_COMPLEX, cv::FONT_HERSHEY_TRIPLEX, cv::FONT_HERSHEY_SCRIPT_SIMPLEX, cv::FONT_HERSHEY_SCRIPT_COMPLEX};

int any_font(Random& random, std::int64_t first, std::int64_t count, double italic) {
    const int font = kFonts[static_cast<std::size_t>(first + random.below(count))];
    return random.chance(italic) ? font | cv::FONT_ITALIC : font;
}

/// A white digit on black, its strokes bent as by a hand.
std::int64_t draw_digit(std::uint64_t stream, std::int64_t classes, Pixels out) {
    Random random(stream);
    const std::int64_t label = random.below(classes);
    const cv::Mat canvas = character(static_cast<char>('0' + label), any_font(random, 0, 4, 0.3), static_cast<int>(6 + random.below(9)), 94);
    Placement place;
    place.degrees = random.uniform(-12, 12);
    place.shear = random.uniform(-0.2, 0.2);
    place.scale_x = random.uniform(0.8, 1.15);
    place.scale_y = random.uniform(0.85, 1.15);
    place.shift_x = random.uniform(-1.5, 1.5);
    place.shift_y = random.uniform(-1.5, 1.5);
    place.wobble = 8;
    sample_canvas(canvas, place, random, out);
    const std::int64_t ink = 150 + random.below(106);
    for (std::uint8_t& pixel : out) pixel = static_cast<std::uint8_t>(pixel * ink / 255);
    add_noise(random, random.uniform(4, 28), out);
    return label;
}

/// A dark letter on a light plate, lit from one side.
std::int64_t draw_letter(std::uint64_t stream, std::int64_t classes, Pixels out) {
    Random random(stream);
    const std::int64_t label = random.below(classes);
    const cv::Mat letter = character(static_cast<char>('A' + label), any_font(random, 0, 4, 0.3), static_cast<int>(4 + random.below(9)), 84);
    cv::Mat plate = cv::Mat::zeros(kCanvas, kCanvas, CV_8UC1);
    if (random.chance(0.5)) cv::circle(plate, {kCanvas / 2, kCanvas / 2}, 60, cv::Scalar(255), cv::FILLED);
    else cv::rectangle(plate, {8, 8}, {kCanvas - 8, kCanvas - 8}, cv::Scalar(255), cv::FILLED);
    Placement place;
    place.degrees = random.uniform(-10, 10);
    place.shear = random.uniform(-0.12, 0.12);
    place.scale_x = random.uniform(0.88, 1.1);
    place.scale_y = random.uniform(0.88, 1.1);
    place.shift_x = random.uniform(-1, 1);
    place.shift_y = random.uniform(-1, 1);
    std::array<std::uint8_t, kDrawnSide * kDrawnSide> ink{};
    sample_canvas(letter, place, random, ink);
    sample_canvas(plate, place, random, out);
    const std::int64_t light = 140 + random.below(90), around = random.below(70), dark = random.below(light - 90), slope_x = random.below(7) - 3, slope_y = random.below(7) - 3;
    for (int row = 0; row < kDrawnSide; ++row)
        for (int column = 0; column < kDrawnSide; ++column) {
            const auto i = static_cast<std::size_t>(row * kDrawnSide + column);
            const std::int64_t ground = (out[i] * light + (255 - out[i]) * around) / 255, value = (ink[i] * dark + (255 - ink[i]) * ground) / 255;
            out[i] = static_cast<std::uint8_t>(std::clamp<std::int64_t>(value + (slope_x * (column - kDrawnSide / 2) + slope_y * (row - kDrawnSide / 2)) / 2, 0, 255));
        }
    add_noise(random, random.uniform(2, 16), out);
    return label;
}

cv::Point on_canvas(double radius, double degrees) {
    const double angle = degrees * std::numbers::pi / 180;
    return {kCanvas / 2 + static_cast<int>(std::lround(radius * std::cos(angle))), kCanvas / 2 + static_cast<int>(std::lround(radius * std::sin(angle)))};
}

/// The corners of a shape; a round one has many.
std::vector<cv::Point> outline(std::int64_t label) {
    constexpr double kRadius = 54;
    std::vector<cv::Point> corners;
    const auto regular = [&](int count, double first = -90) {
        for (int i = 0; i < count; ++i) corners.push_back(on_canvas(kRadius, first + 360.0 * i / count));
    };
    switch (label) {
    case 0: regular(72); break;
    case 1: regular(3); break;
    case 2: regular(4, 45); break;
    case 3: regular(5); break;
    case 4:
        for (int i = 0; i < 10; ++i) corners.push_back(on_canvas(i % 2 ? kRadius * 0.42 : kRadius, -90 + 36.0 * i));
        break;
    case 5: corners = {{46, 10}, {82, 10}, {82, 46}, {118, 46}, {118, 82}, {82, 82}, {82, 118}, {46, 118}, {46, 82}, {10, 82}, {10, 46}, {46, 46}}; break;
    case 6:                                                // crescent: an arc out, a flatter arc back
        for (int i = -11; i <= 11; ++i) corners.push_back(on_canvas(kRadius, 180 + 11.0 * i));
        for (int i = 8; i >= -8; --i) {
            const cv::Point p = on_canvas(kRadius * 0.72, 180 + 16.0 * i);
            corners.push_back({p.x + 26, p.y});
        }
        break;
    case 7: corners = {{10, 50}, {66, 50}, {66, 22}, {118, 64}, {66, 106}, {66, 78}, {10, 78}}; break;
    case 8:
        for (int i = 0; i <= 36; ++i) {
            const cv::Point p = on_canvas(kRadius, 180 + 5.0 * i);
            corners.push_back({p.x, p.y + 26});
        }
        break;
    default: corners = {{64, 8}, {96, 64}, {64, 120}, {32, 64}}; break;
    }
    return corners;
}

/// A shape, full or as an outline, somewhat turned, on a ground with a few stray lines.
std::int64_t draw_shape(std::uint64_t stream, std::int64_t classes, Pixels out) {
    Random random(stream);
    const std::int64_t label = random.below(classes);
    cv::Mat canvas = cv::Mat::zeros(kCanvas, kCanvas, CV_8UC1);
    const std::vector<std::vector<cv::Point>> corners{outline(label)};
    if (random.chance(0.5)) cv::fillPoly(canvas, corners, cv::Scalar(255));
    else cv::polylines(canvas, corners, true, cv::Scalar(255), static_cast<int>(9 + random.below(8)));
    Placement place;
    place.degrees = random.uniform(-25, 25);
    place.scale_x = random.uniform(0.7, 1);
    place.scale_y = place.scale_x * random.uniform(0.85, 1.18);
    place.shift_x = random.uniform(-2, 2);
    place.shift_y = random.uniform(-2, 2);
    sample_canvas(canvas, place, random, out);
    cv::Mat lines = cv::Mat::zeros(kCanvas, kCanvas, CV_8UC1);
    const auto anywhere = [&] { return cv::Point(static_cast<int>(random.below(kCanvas)), static_cast<int>(random.below(kCanvas))); };
    for (std::int64_t i = random.below(3); i > 0; --i) {
        const cv::Point from = anywhere(), to = anywhere();
        cv::line(lines, from, to, cv::Scalar(255), 3);
    }
    std::array<std::uint8_t, kDrawnSide * kDrawnSide> stray{};
    sample_canvas(lines, {}, random, stray);
    const std::int64_t ground = 70 + random.below(60), ink = ground + 60 + random.below(66), stray_ink = random.chance(0.5) ? 20 : 200;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::int64_t under = (stray[i] * stray_ink + (255 - stray[i]) * ground) / 255;
        out[i] = static_cast<std::uint8_t>((out[i] * ink + (255 - out[i]) * under) / 255);
    }
    add_noise(random, random.uniform(4, 18), out);
    return label;
}

/// 0 to 255: a triangle wave of period `period` (in 1/65536 pixels) at `x`.
std::int64_t wave(std::int64_t x, std::int64_t period) {
    const std::int64_t rest = ((x % period) + period) % period, half = period / 2;
    return 255 * (rest < half ? rest : period - rest) / half;
}

/// A pattern that fills the picture, weak under strong noise.
std::int64_t draw_texture(std::uint64_t stream, std::int64_t classes, Pixels out) {
    Random random(stream);
    const std::int64_t label = random.below(classes), period = fixed(random.uniform(5, 9)), phase_x = random.below(period), phase_y = random.below(period);
    const double angle = random.uniform(-16, 16) * std::numbers::pi / 180;
    const std::int64_t c = fixed(std::cos(angle)), s = fixed(std::sin(angle)), middle_x = kOne * (6 + random.below(16)), middle_y = kOne * (6 + random.below(16));
    const std::int64_t ground = 60 + random.below(80), height = 45 + random.below(75);
    for (int row = 0; row < kDrawnSide; ++row)
        for (int column = 0; column < kDrawnSide; ++column) {
            const std::int64_t x = (c * column - s * row) + phase_x, y = (s * column + c * row) + phase_y;
            const std::int64_t across = wave(x, period), along = wave(y, period);
            std::int64_t value = 0;
            switch (label) {
            case 0: value = along; break;                                                            // level stripes
            case 1: value = across; break;                                                           // upright stripes
            case 2: value = wave((x + y) * 3 / 4, period); break;                                    // aslant
            case 3: value = wave((x - y) * 3 / 4, period); break;                                    // the other way
            case 4: value = (across > 127) == (along > 127) ? 255 : 0; break;                        // checks
            case 5: value = across + along > 340 ? 255 : 0; break;                                   // dots
            case 6: value = across > 190 || along > 190 ? 255 : 0; break;                            // grid
            case 7: {                                                                                // rings
                const double dx = static_cast<double>(column * kOne - middle_x), dy = static_cast<double>(row * kOne - middle_y);
                value = wave(std::llround(std::sqrt(dx * dx + dy * dy)) + phase_x, period);
                break;
            }
            case 8: value = wave(y + wave(x, 2 * period) * period / 320, period); break;             // zigzag
            default: value = ((x / period + 2 * (y / period)) % 3 + 3) % 3 == 0 ? 255 : 0; break;     // bricks
            }
            out[static_cast<std::size_t>(row * kDrawnSide + column)] = static_cast<std::uint8_t>(std::clamp<std::int64_t>(ground + height * value / 255, 0, 255));
        }
    add_noise(random, random.uniform(10, 42), out);
    return label;
}

std::vector<std::string> single_characters(char first, char last) {
    std::vector<std::string> all;
    for (char c = first; c <= last; ++c) all.emplace_back(1, c);
    return all;
}

}

const std::vector<DrawnSet>& drawn_sets() {
    static const std::vector<DrawnSet> sets{
        {"digits", "Digits of four fonts, white on black, their strokes bent as by a hand.", single_characters('0', '9'), draw_digit},
        {"letters", "Letters A to P, dark on light plates.", single_characters('A', 'P'), draw_letter},
        {"shapes", "Ten shapes, full or as outlines, somewhat turned, among stray lines.", {"circle", "triangle", "square", "pentagon", "star", "cross", "crescent", "arrow", "half disc", "rhombus"}, draw_shape},
        {"textures", "Ten patterns under strong noise.", {"level stripes", "upright stripes", "slanted stripes", "backslanted stripes", "checks", "dots", "grid", "rings", "zigzag", "bricks"}, draw_texture}};
    return sets;
}

const DrawnSet* find_drawn_set(std::string_view name) {
    for (const DrawnSet& set : drawn_sets())
        if (set.name == name) return &set;
    return nullptr;
}

std::int64_t draw_picture(const DrawnSet& set, bool train, std::int64_t number, Pixels pixels) { return set.draw(stream_of(set.name, train, number), static_cast<std::int64_t>(set.classes.size()), pixels); }

std::uint64_t stream_of(std::string_view text, bool train, std::int64_t number) {
    std::uint64_t hash = 0xcbf29ce484222325u;              // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    Random mixed(hash + (train ? 1 : 0));
    return Random(mixed.next() + static_cast<std::uint64_t>(number) * 0xd1342543de82ef95u).next();
}

std::int64_t normal_65536(std::uint64_t a, std::uint64_t b) {
    std::int64_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<std::int64_t>((a >> (16 * i)) & 0xffff) + static_cast<std::int64_t>((b >> (16 * i)) & 0xffff);
    // Deviation of the sum: 65536 sqrt(8 / 12); scaled by its inverse in 1/65536.
    return ((sum - 4 * 65535) * 80265) >> 16;
}

}
