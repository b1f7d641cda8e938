#include "plugins/bev/engine/street_vehicles.h"
#include "plugins/bev/engine/street_colours.h"
#include <algorithm>
#include <array>

namespace lathe::bev {
namespace {

using B = MeshBuilder;
constexpr SceneColour kTyre = B::rgb(28, 28, 30), kHub = B::rgb(150, 152, 156), kGlass = B::rgb(38, 48, 58), kDark = B::rgb(34, 34, 36), kHeadlight = B::rgb(255, 252, 232), kRearLight = B::rgb(205, 16, 18),
    kPlate = B::rgb(235, 235, 225), kAmber = B::rgb(255, 170, 40);

SceneColour car_paint(Draws& draws) {
    static constexpr std::array<SceneColour, 14> kPaints{B::rgb(236, 236, 238), B::rgb(228, 228, 230), B::rgb(24, 25, 28), B::rgb(38, 40, 44), B::rgb(120, 124, 130), B::rgb(168, 172, 176), B::rgb(196, 199, 202),
        B::rgb(168, 26, 28), B::rgb(132, 18, 26), B::rgb(30, 62, 132), B::rgb(52, 104, 170), B::rgb(40, 84, 60), B::rgb(186, 166, 128), B::rgb(222, 150, 36)};
    return pick(draws, kPaints);
}

SceneColour darker(SceneColour c, double share) {
    for (std::size_t i = 0; i < 3; ++i) c[i] = static_cast<std::uint8_t>(c[i] * share);
    return c;
}

/// A wheel with a hub; `out` is the side that is seen, +1 or -1 along y.
void wheel(B& b, double x, double y, double radius, double width, double out) {
    b.cylinder({x, y - width / 2, radius}, {x, y + width / 2, radius}, radius, 16, kTyre);
    b.cylinder({x, y, radius}, {x, y + out * (width / 2 + 0.015), radius}, radius * 0.58, 10, kHub);
}
void wheels(B& b, std::initializer_list<double> at, double half, double radius, double width) {
    for (const double x : at)
        for (const double side : {1.0, -1.0}) wheel(b, x, side * (half - width / 2), radius, width, side);
}

/// The outline of a cabin: from (rear, front) at its foot to (rear_top, front_top) at its roof, narrower above.
struct Cabin { double rear, front, rear_top, front_top, foot, roof, half, half_top; };

void cabin(B& b, const Cabin& c, SceneColour paint) {
    b.tapered_box({c.rear, -c.half, c.foot}, {c.front, c.half, c.roof}, {c.rear_top, -c.half_top}, {c.front_top, c.half_top}, kGlass);
    b.tapered_box({c.rear_top - 0.04, -c.half_top - 0.01, c.roof - 0.03}, {c.front_top + 0.04, c.half_top + 0.01, c.roof + 0.05}, {c.rear_top + 0.12, -c.half_top + 0.08}, {c.front_top - 0.12, c.half_top - 0.08}, paint);
    for (const double side : {1.0, -1.0}) {
        const auto post = [&](double foot, double top, double radius) { b.cylinder({foot, side * c.half, c.foot}, {top, side * c.half_top, c.roof}, radius, 4, paint); };
        post(c.rear, c.rear_top, 0.07);
        post(c.front, c.front_top, 0.05);
        const double middle = 0.5 * (c.rear + c.front) - 0.05, middle_top = 0.5 * (c.rear_top + c.front_top);
        post(middle, middle_top, 0.05);
    }
}

void lights(B& b, double front, double rear, double half, double z, double height, double width) {
    for (const double side : {1.0, -1.0}) {
        const double outer = side * half, inner = side * (half - width);
        const double low = std::min(outer, inner), high = std::max(outer, inner);
        b.box({front - 0.12, low, z - height / 2}, {front + 0.015, high, z + height / 2}, kHeadlight);
        b.box({rear - 0.015, low, z - height / 2 + 0.08}, {rear + 0.10, high, z + height / 2 + 0.1}, kRearLight);
    }
}

}

void build_car(B& b, Draws& draws) {
    const SceneColour paint = car_paint(draws);
    const int style = static_cast<int>(draws.uniform() * 4);                // saloon, hatchback, SUV, van
    const double nose = style == 3 ? 0.95 : style == 2 ? 0.98 : 0.88, tail = style == 0 ? 0.98 : 1.02;
    b.box({-2.20, -0.90, 0.22}, {2.18, 0.90, 0.40}, kDark);
    b.hexahedron({{{-2.27, -0.93, 0.32}, {2.25, -0.93, 0.32}, {2.25, 0.93, 0.32}, {-2.27, 0.93, 0.32}, {-2.30, -0.95, 0.66}, {2.28, -0.93, 0.66}, {2.28, 0.93, 0.66}, {-2.30, 0.95, 0.66}}}, paint);
    // The shoulder slopes down to the nose.
    b.hexahedron({{{-2.30, -0.95, 0.66}, {2.28, -0.93, 0.66}, {2.28, 0.93, 0.66}, {-2.30, 0.95, 0.66}, {-2.24, -0.88, tail}, {2.12, -0.80, nose - 0.1}, {2.12, 0.80, nose - 0.1}, {-2.24, 0.88, tail}}}, paint);
    static constexpr std::array<Cabin, 4> kCabins{{{-1.85, 1.05, -1.15, 0.28, 0.90, 1.40, 0.84, 0.66}, {-2.18, 1.00, -1.72, 0.25, 0.92, 1.45, 0.86, 0.68}, {-2.22, 1.00, -2.02, 0.35, 0.95, 1.68, 0.88, 0.74},
        {-2.24, 1.55, -2.16, 0.85, 0.95, 1.82, 0.90, 0.80}}};
    cabin(b, kCabins[static_cast<std::size_t>(style)], paint);
    lights(b, 2.27, -2.29, 0.88, 0.68, 0.17, 0.36);
    b.box({2.20, -0.48, 0.40}, {2.295, 0.48, 0.66}, kDark);                 // grille
    b.box({2.25, -0.26, 0.42}, {2.305, 0.26, 0.53}, kPlate);
    b.box({-2.315, -0.26, 0.62}, {-2.28, 0.26, 0.74}, kPlate);
    b.box({-2.30, -0.80, 0.32}, {-2.28, 0.80, 0.48}, kDark);                // rear bumper
    wheels(b, {1.38, -1.36}, 0.95, style == 2 ? 0.37 : 0.33, 0.22);
}

void build_truck(B& b, Draws& draws) {
    static constexpr std::array<SceneColour, 6> kCabs{B::rgb(232, 232, 230), B::rgb(186, 34, 30), B::rgb(36, 74, 150), B::rgb(238, 188, 40), B::rgb(50, 110, 70), B::rgb(90, 94, 100)};
    static constexpr std::array<SceneColour, 5> kLoads{B::rgb(240, 240, 238), B::rgb(220, 222, 224), B::rgb(64, 110, 176), B::rgb(206, 190, 150), B::rgb(196, 70, 50)};
    const SceneColour paint = pick(draws, kCabs), load = pick(draws, kLoads);
    const bool tipper = draws.chance(0.3);
    b.box({-3.30, -0.55, 0.55}, {3.30, 0.55, 0.90}, kDark);
    b.box({1.90, -1.15, 0.50}, {3.42, 1.15, 1.45}, paint);                  // cab, with a sloping windscreen above
    b.tapered_box({1.90, -1.15, 1.45}, {3.42, 1.15, 2.45}, {1.95, -1.08}, {3.15, 1.08}, paint);
    b.hexahedron({{{3.30, -1.0, 1.52}, {3.425, -1.0, 1.52}, {3.425, 1.0, 1.52}, {3.30, 1.0, 1.52}, {3.0, -0.95, 2.28}, {3.225, -0.95, 2.28}, {3.225, 0.95, 2.28}, {3.0, 0.95, 2.28}}}, kGlass);
    for (const double side : {1.0, -1.0}) {
        b.box({2.30, std::min(side * 1.10, side * 1.165), 1.50}, {3.05, std::max(side * 1.10, side * 1.165), 2.15}, kGlass);
        b.box({-3.40, std::min(side * 0.95, side * 1.15), 0.75}, {-3.30, std::max(side * 0.95, side * 1.15), 1.05}, kRearLight);
        b.box({3.38, std::min(side * 0.75, side * 1.05), 0.72}, {3.45, std::max(side * 0.75, side * 1.05), 0.95}, kHeadlight);
    }
    b.box({3.40, -0.65, 0.95}, {3.44, 0.65, 1.35}, kDark);
    b.box({-3.35, -1.2, 0.55}, {-3.28, 1.2, 0.68}, kDark);
    if (tipper) {
        b.hexahedron({{{-3.30, -1.05, 0.95}, {1.70, -1.05, 0.95}, {1.70, 1.05, 0.95}, {-3.30, 1.05, 0.95}, {-3.45, -1.25, 2.10}, {1.75, -1.25, 2.10}, {1.75, 1.25, 2.10}, {-3.45, 1.25, 2.10}}}, darker(paint, 0.8));
        b.ellipsoid({-0.85, 0, 2.0}, {2.2, 1.0, 0.55}, 6, 10, B::rgb(120, 98, 72));   // a heap of earth
        b.box({1.70, -1.2, 0.95}, {1.80, 1.2, 2.80}, darker(paint, 0.8));
    } else {
        b.box({-3.45, -1.25, 0.92}, {1.78, 1.25, 2.80}, load);
        for (const double side : {1.0, -1.0}) b.box({-3.0, std::min(side * 1.24, side * 1.255), 1.55}, {1.3, std::max(side * 1.24, side * 1.255), 2.0}, darker(paint, 0.9));
        b.box({-3.465, -0.03, 0.95}, {-3.45, 0.03, 2.75}, kDark);           // doors at the back
    }
    wheels(b, {2.55, -1.55, -2.55}, 1.2, 0.48, 0.30);
}

void build_bus(B& b, Draws& draws) {
    static constexpr std::array<SceneColour, 6> kPaints{B::rgb(206, 36, 34), B::rgb(240, 240, 236), B::rgb(40, 96, 168), B::rgb(244, 196, 46), B::rgb(60, 140, 84), B::rgb(236, 120, 40)};
    const SceneColour paint = pick(draws, kPaints), band = pick(draws, kPaints);
    b.box({-5.40, -1.40, 0.32}, {5.40, 1.40, 0.50}, kDark);
    b.box({-5.48, -1.44, 0.45}, {5.48, 1.44, 1.35}, paint);
    b.box({-5.46, -1.45, 1.00}, {5.46, 1.45, 1.15}, band);
    b.tapered_box({-5.48, -1.44, 1.35}, {5.48, 1.44, 3.15}, {-5.45, -1.38}, {5.32, 1.38}, paint);
    b.tapered_box({-5.45, -1.38, 3.15}, {5.32, 1.38, 3.25}, {-5.3, -1.2}, {5.1, 1.2}, B::rgb(235, 235, 235));
    b.box({-3.0, -0.9, 3.22}, {1.0, 0.9, 3.50}, B::rgb(205, 208, 210));     // air conditioning
    for (const double side : {1.0, -1.0})
        for (int i = 0; i < 7; ++i) {                                       // windows
            const double x = -5.2 + 1.46 * i;
            b.box({x, std::min(side * 1.30, side * 1.447), 1.60}, {x + 1.30, std::max(side * 1.30, side * 1.447), 2.75}, kGlass);
        }
    for (const double x : {4.05, -0.4}) b.box({x, -1.462, 0.5}, {x + 1.15, -1.35, 2.8}, B::rgb(52, 60, 68));   // doors, on the side of the kerb
    b.hexahedron({{{5.3, -1.30, 1.25}, {5.495, -1.30, 1.25}, {5.495, 1.30, 1.25}, {5.3, 1.30, 1.25}, {5.2, -1.28, 2.72}, {5.39, -1.28, 2.72}, {5.39, 1.28, 2.72}, {5.2, 1.28, 2.72}}}, kGlass);
    b.box({5.2, -1.05, 2.80}, {5.40, 1.05, 3.08}, kDark);
    b.box({5.3, -0.85, 2.86}, {5.41, 0.70, 3.02}, kAmber);                  // the sign with the line's number
    b.box({-5.50, -1.1, 1.8}, {-5.45, 1.1, 2.7}, kGlass);
    b.box({-5.50, -0.9, 0.6}, {-5.46, 0.9, 1.2}, kDark);
    for (const double side : {1.0, -1.0}) {
        b.box({-5.51, std::min(side * 1.1, side * 1.4), 0.75}, {-5.46, std::max(side * 1.1, side * 1.4), 1.3}, kRearLight);
        b.box({5.45, std::min(side * 0.9, side * 1.3), 0.62}, {5.51, std::max(side * 0.9, side * 1.3), 0.88}, kHeadlight);
    }
    wheels(b, {3.1, -2.9}, 1.42, 0.5, 0.32);
}

void build_trailer(B& b, Draws& draws) {
    static constexpr std::array<SceneColour, 4> kLoads{B::rgb(238, 238, 236), B::rgb(70, 100, 150), B::rgb(150, 60, 50), B::rgb(190, 190, 180)};
    const SceneColour load = pick(draws, kLoads);
    b.box({-6.15, -1.45, 1.15}, {6.15, 1.45, 3.90}, load);
    b.box({-6.0, -0.6, 0.85}, {6.0, 0.6, 1.15}, kDark);
    for (const double side : {1.0, -1.0}) {
        b.box({-6.17, std::min(side * 1.1, side * 1.4), 0.95}, {-6.10, std::max(side * 1.1, side * 1.4), 1.15}, kRearLight);
        b.box({4.2, std::min(side * 0.8, side * 1.0), 0}, {4.4, std::max(side * 0.8, side * 1.0), 1.0}, kHub);      // legs
        for (int i = 0; i < 8; ++i) b.box({-5.9 + 1.5 * i, std::min(side * 1.44, side * 1.46), 1.3}, {-5.85 + 1.5 * i, std::max(side * 1.44, side * 1.46), 3.8}, darker(load, 0.8));
    }
    b.box({-6.16, -0.03, 1.2}, {-6.14, 0.03, 3.85}, kDark);
    wheels(b, {-5.0, -3.8, -2.6}, 1.4, 0.52, 0.35);
}

void build_loader(B& b, Draws& draws) {
    const SceneColour yellow = draws.chance(0.7) ? B::rgb(240, 176, 24) : B::rgb(232, 112, 30);
    b.tapered_box({-3.0, -0.95, 0.7}, {-0.6, 0.95, 2.0}, {-2.9, -0.85}, {-0.6, 0.85}, yellow);                       // engine
    b.box({-0.6, -0.5, 0.7}, {1.5, 0.5, 1.2}, kDark);
    b.tapered_box({-0.8, -0.75, 1.2}, {0.7, 0.75, 3.05}, {-0.7, -0.7}, {0.5, 0.7}, kGlass);                          // cab
    b.box({-0.85, -0.85, 3.0}, {0.65, 0.85, 3.2}, yellow);
    for (const double side : {1.0, -1.0}) {
        b.cylinder({0.9, side * 0.6, 1.6}, {2.5, side * 0.6, 0.7}, 0.12, 6, yellow);                                 // arms
        b.box({-3.02, std::min(side * 0.5, side * 0.8), 1.1}, {-2.95, std::max(side * 0.5, side * 0.8), 1.3}, kRearLight);
    }
    b.hexahedron({{{2.3, -1.4, 0.1}, {3.3, -1.4, 0.15}, {3.3, 1.4, 0.15}, {2.3, 1.4, 0.1}, {2.3, -1.4, 1.2}, {2.6, -1.4, 1.15}, {2.6, 1.4, 1.15}, {2.3, 1.4, 1.2}}}, darker(yellow, 0.75));   // shovel
    wheels(b, {1.3, -1.9}, 1.35, 0.75, 0.55);
}

}
