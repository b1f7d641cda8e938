#include "plugins/bev/engine/street_people.h"
#include "plugins/bev/engine/street_colours.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace lathe::bev {
namespace {

using B = MeshBuilder;
constexpr SceneColour kCycleTyre = B::rgb(30, 30, 32), kMetal = B::rgb(120, 124, 130), kShoe = B::rgb(40, 36, 34);

struct Clothes { SceneColour skin, hair, top, trousers; };
Clothes clothes(Draws& draws) {
    static constexpr std::array<SceneColour, 5> kSkin{B::rgb(236, 196, 168), B::rgb(222, 174, 140), B::rgb(186, 134, 98), B::rgb(140, 94, 66), B::rgb(96, 64, 46)};
    static constexpr std::array<SceneColour, 5> kHair{B::rgb(34, 26, 22), B::rgb(70, 46, 30), B::rgb(142, 104, 58), B::rgb(160, 160, 158), B::rgb(26, 24, 26)};
    static constexpr std::array<SceneColour, 12> kTops{B::rgb(196, 42, 44), B::rgb(40, 74, 150), B::rgb(236, 236, 232), B::rgb(38, 40, 44), B::rgb(232, 186, 50), B::rgb(58, 128, 78), B::rgb(140, 70, 130),
        B::rgb(224, 120, 50), B::rgb(110, 150, 190), B::rgb(128, 128, 124), B::rgb(90, 62, 46), B::rgb(206, 132, 150)};
    static constexpr std::array<SceneColour, 6> kTrousers{B::rgb(38, 48, 78), B::rgb(56, 70, 104), B::rgb(34, 34, 38), B::rgb(110, 100, 86), B::rgb(70, 72, 74), B::rgb(150, 140, 118)};
    const SceneColour skin = pick(draws, kSkin), hair = pick(draws, kHair), top = pick(draws, kTops);
    return {skin, hair, top, pick(draws, kTrousers)};
}

void head(B& b, const ScenePoint& at, const Clothes& c, bool helmet, SceneColour helmet_colour) {
    b.ellipsoid(at, {0.105, 0.085, 0.13}, 7, 10, c.skin);
    const SceneColour colour = helmet ? helmet_colour : c.hair;
    const double grow = helmet ? 0.03 : 0.012;
    b.ellipsoid({at[0] - 0.02, at[1], at[2] + 0.035}, {0.105 + grow, 0.085 + grow, 0.105 + grow}, 6, 10, colour);
    b.box({at[0] + 0.06, at[1] - 0.06, at[2] - 0.07}, {at[0] + 0.125, at[1] + 0.06, at[2] + 0.045}, c.skin);   // the face shows where the front is
}

void torso(B& b, const ScenePoint& hip, const ScenePoint& shoulder, SceneColour colour) {
    const double d = 0.12;
    b.hexahedron({{{hip[0] - d, -0.155, hip[2]}, {hip[0] + d, -0.155, hip[2]}, {hip[0] + d, 0.155, hip[2]}, {hip[0] - d, 0.155, hip[2]}, {shoulder[0] - d, -0.22, shoulder[2]}, {shoulder[0] + d, -0.22, shoulder[2]},
                     {shoulder[0] + d, 0.22, shoulder[2]}, {shoulder[0] - d, 0.22, shoulder[2]}}},
        colour);
}

}

void build_pedestrian(B& b, Draws& draws, bool walks) {
    const Clothes c = clothes(draws);
    const double swing = walks ? draws.uniform(0.24, 0.34) : 0.03;
    const bool left_ahead = draws.chance(0.5), pack = !walks || draws.chance(0.35), skirt = draws.chance(0.2);
    for (const double side : {1.0, -1.0}) {
        const double ahead = (side > 0) == left_ahead ? swing : -swing, y = side * 0.095;
        b.cylinder({0, y, 0.90}, {0.55 * ahead + 0.03, y, 0.48}, 0.095, 0.075, 8, c.trousers, c.trousers);
        b.cylinder({0.55 * ahead + 0.03, y, 0.48}, {ahead, y, 0.09}, 0.072, 0.055, 8, skirt ? c.skin : c.trousers, c.trousers);
        b.box({ahead - 0.09, y - 0.05, 0}, {ahead + 0.17, y + 0.05, 0.10}, kShoe);
        const ScenePoint shoulder{0, side * 0.235, 1.42}, elbow{walks ? -0.5 * ahead - 0.03 : -0.02, side * 0.285, 1.15}, hand{walks ? -1.0 * ahead + 0.05 : 0.33, side * (walks ? 0.29 : 0.12), walks ? 0.90 : 1.20};
        b.cylinder(shoulder, elbow, 0.062, 0.05, 7, c.top, c.top);
        b.cylinder(elbow, hand, 0.048, 0.04, 7, c.top, c.skin);
        b.ellipsoid(hand, {0.05, 0.045, 0.06}, 5, 6, c.skin);
    }
    if (skirt) b.tapered_box({-0.2, -0.24, 0.5}, {0.2, 0.24, 0.92}, {-0.12, -0.16}, {0.12, 0.16}, c.trousers);
    torso(b, {0, 0, 0.86}, {0, 0, 1.46}, c.top);
    b.cylinder({0, 0, 1.44}, {0.01, 0, 1.56}, 0.055, 7, c.skin);
    head(b, {0.02, 0, 1.635}, c, false, c.hair);
    if (pack) b.tapered_box({-0.33, -0.15, 0.98}, {-0.11, 0.15, 1.42}, {-0.26, -0.13}, {-0.11, 0.13}, B::rgb(60, 66, 96));
    if (!walks) b.box({0.33, -0.05, 1.19}, {0.345, 0.05, 1.32}, B::rgb(24, 24, 26));          // looks at a telephone
}

void build_cycle(B& b, Draws& draws, bool motor, bool ridden) {
    static constexpr std::array<SceneColour, 6> kPaints{B::rgb(200, 36, 36), B::rgb(36, 90, 170), B::rgb(40, 40, 44), B::rgb(230, 230, 226), B::rgb(60, 140, 80), B::rgb(236, 150, 30)};
    const SceneColour paint = pick(draws, kPaints);
    const Clothes c = clothes(draws);
    const double r = motor ? 0.31 : 0.34, axle = motor ? 0.70 : 0.52, thick = motor ? 0.10 : 0.045, wide = motor ? 0.14 : 0.05;
    for (const double x : {axle, -axle}) {
        b.tyre({x, 0, r}, r, thick, wide, 18, kCycleTyre);
        b.cylinder({x, -wide / 2, r}, {x, wide / 2, r}, motor ? 0.13 : 0.05, 8, kMetal);
        if (motor) continue;
        for (int i = 0; i < 4; ++i) b.cylinder({x + r * std::cos(0.785 * i), 0, r + r * std::sin(0.785 * i)}, {x - r * std::cos(0.785 * i), 0, r - r * std::sin(0.785 * i)}, 0.008, 4, kMetal);
    }
    const double saddle = motor ? 0.82 : 0.95, bar = motor ? 1.02 : 1.05, bar_x = motor ? 0.42 : 0.36;
    if (motor) {
        b.tapered_box({-0.35, -0.16, 0.30}, {0.38, 0.16, 0.62}, {-0.3, -0.14}, {0.34, 0.14}, kMetal);             // engine
        b.tapered_box({-0.05, -0.16, 0.62}, {0.45, 0.16, 0.92}, {0.0, -0.10}, {0.36, 0.10}, paint);               // tank
        b.tapered_box({-0.85, -0.14, 0.62}, {-0.02, 0.14, 0.82}, {-0.95, -0.10}, {-0.05, 0.13}, B::rgb(30, 28, 28));
        b.box({-1.02, -0.09, 0.64}, {-0.93, 0.09, 0.76}, B::rgb(205, 16, 18));
        b.box({0.52, -0.10, 0.82}, {0.64, 0.10, 1.0}, B::rgb(255, 250, 230));
        b.cylinder({-0.8, -0.17, 0.32}, {0.1, -0.17, 0.32}, 0.05, 7, kMetal);                                      // exhaust
    } else {
        const ScenePoint seat{-0.18, 0, saddle - 0.1}, crank{-0.06, 0, 0.30}, head_tube{bar_x - 0.04, 0, 0.86}, rear{-axle, 0, r};
        for (const auto& [from, to] : {std::pair{seat, crank}, std::pair{crank, head_tube}, std::pair{seat, head_tube}, std::pair{seat, rear}, std::pair{crank, rear}}) b.cylinder(from, to, 0.026, 6, paint);
        b.box({-0.30, -0.07, saddle - 0.06}, {-0.06, 0.07, saddle}, kCycleTyre);
        b.cylinder({-0.06, -0.12, 0.28}, {-0.06, 0.12, 0.28}, 0.09, 8, kMetal);
        b.box({-axle - 0.34, -0.04, 0.62}, {-axle - 0.30, 0.04, 0.70}, B::rgb(205, 16, 18));
    }
    b.cylinder({bar_x, 0, bar}, {axle, 0, r}, motor ? 0.05 : 0.026, 6, motor ? kMetal : paint);                    // fork
    b.cylinder({bar_x, -0.29, bar}, {bar_x, 0.29, bar}, 0.022, 6, kCycleTyre);
    if (!ridden) return;
    const double hip = saddle + 0.08;
    const ScenePoint hips{-0.22, 0, hip}, shoulders{motor ? 0.02 : 0.06, 0, hip + 0.52};
    for (const double side : {1.0, -1.0}) {
        const double y = side * 0.12, foot = motor ? 0.32 : (side > 0 ? 0.36 : 0.20);
        const ScenePoint knee{motor ? 0.20 : 0.16, side * (motor ? 0.22 : 0.13), hip - (motor ? 0.12 : side > 0 ? 0.30 : 0.22)};
        b.cylinder({hips[0], y, hip}, knee, 0.09, 0.07, 7, c.trousers, c.trousers);
        b.cylinder(knee, {motor ? 0.02 : -0.04, y, foot}, 0.068, 0.05, 7, c.trousers, c.trousers);
        b.box({motor ? -0.06 : -0.1, y - 0.05, foot - 0.09}, {motor ? 0.2 : 0.16, y + 0.05, foot}, kShoe);
        b.cylinder({shoulders[0], side * 0.22, shoulders[2] - 0.03}, {bar_x - 0.03, side * 0.25, bar + 0.04}, 0.055, 0.04, 7, c.top, c.skin);
    }
    torso(b, hips, shoulders, c.top);
    const bool helmet = motor || draws.chance(0.7);
    head(b, {shoulders[0] + 0.08, 0, shoulders[2] + 0.20}, c, helmet, pick(draws, kPaints));
}

}
