#include "plugins/bev/engine/street_scenery.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/geometry.h"
#include "plugins/bev/engine/street_textures.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::bev {
namespace {

using B = MeshBuilder;
constexpr double kMark = 0.015;

ScenePoint point(const GroundPose& p, double z) { return {p.x, p.y, z}; }
ScenePoint in_frame(const GroundPose& f, double x, double y, double z) { return {f.x + x * std::cos(f.yaw) - y * std::sin(f.yaw), f.y + x * std::sin(f.yaw) + y * std::cos(f.yaw), z}; }

/// Ribbons along the road.
class Strips {
public:
    explicit Strips(const Road& road) : m_road(road) {}

    /// Between d0 and d1 at height z, with one repeat of the texture every `tile` metres (0: none).
    void ribbon(B& b, double d0, double d1, double z, SceneColour colour, double tile, double from = Road::kFirst, double to = Road::kLast) const {
        constexpr double kStep = 4;
        for (double s = from; s < to; s += kStep) {
            const double e = std::min(s + kStep, to);
            const std::array<ScenePoint, 4> p{point(m_road.at(s, d0), z), point(m_road.at(e, d0), z), point(m_road.at(e, d1), z), point(m_road.at(s, d1), z)};
            if (tile > 0) b.quad(p, colour, {{{s / tile, d0 / tile}, {e / tile, d0 / tile}, {e / tile, d1 / tile}, {s / tile, d1 / tile}}});
            else b.quad(p[0], p[1], p[2], p[3], colour);
        }
    }
    void wall(B& b, double d, double z0, double z1, SceneColour colour) const {
        for (double s = Road::kFirst; s < Road::kLast; s += 4) b.quad(point(m_road.at(s, d), z0), point(m_road.at(s + 4, d), z0), point(m_road.at(s + 4, d), z1), point(m_road.at(s, d), z1), colour);
    }
private:
    const Road& m_road;
};

/// How far the ground beside the road reaches: in a bend not past its centre.
double reach(const Road& road, double side) { return road.curvature * side > 0 ? std::min(70.0, 0.95 / std::abs(road.curvature)) : 70.0; }

void add_ground(const StreetWorld& world, std::vector<SceneryPart>& out) {
    const Road& road = world.road;
    const Strips strips(road);
    Draws draws(world.seed * 77 + 5);
    B asphalt, paving, grass, far, plain;
    const int grey = static_cast<int>(draws.uniform(150, 235));
    strips.ribbon(asphalt, -Road::kLane * road.lanes / 2, Road::kLane * road.lanes / 2, 0, B::rgb(grey, grey, grey), 9);
    strips.ribbon(asphalt, Road::kLane * road.lanes / 2, road.left_edge(), 0, B::rgb(grey - 18, grey - 18, grey - 16), 7);
    strips.ribbon(asphalt, road.right_edge(), -Road::kLane * road.lanes / 2, 0, B::rgb(grey - 18, grey - 18, grey - 16), 7);
    const bool warm = draws.chance(0.4);
    const SceneColour stones = warm ? B::rgb(236, 214, 196) : B::rgb(228, 228, 226), kerb = B::rgb(176, 174, 168);
    for (const double side : {1.0, -1.0}) {
        const double edge = side > 0 ? road.left_edge() : road.right_edge(), z = Road::kKerb;
        strips.wall(plain, edge, 0, z, kerb);
        strips.ribbon(plain, edge, edge + side * 0.16, z + 0.004, kerb, 0);
        strips.ribbon(paving, edge, edge + side * Road::kSidewalk, z, stones, 2.4);
        strips.ribbon(grass, edge + side * Road::kSidewalk, side * reach(road, side), z, B::rgb(235, 235, 235), 6);
    }
    far.quad({{{-700, -700, -0.03}, {700, -700, -0.03}, {700, 700, -0.03}, {-700, 700, -0.03}}}, B::rgb(225, 230, 215), {{{-70, -70}, {70, -70}, {70, 70}, {-70, 70}}});

    // Marks.
    const SceneColour white = B::rgb(226, 226, 220), yellow = B::rgb(228, 184, 62);
    const auto line = [&](double d, SceneColour colour, double width) { strips.ribbon(plain, d - width / 2, d + width / 2, kMark, colour, 0); };
    const bool crossing = road.crossing > -100;
    for (int lane = 1; lane < road.lanes; ++lane) {
        const double d = Road::kLane * (lane - road.lanes / 2.0);
        if (lane == road.forward && road.lanes > 2) {
            line(d - 0.14, yellow, 0.13);
            line(d + 0.14, yellow, 0.13);
            continue;
        }
        const SceneColour colour = lane == road.forward ? yellow : white;
        for (double s = Road::kFirst; s < Road::kLast; s += 7.5)
            if (!crossing || std::abs(s + 1.5 - road.crossing) > Road::kCrossingWidth / 2 + 3) strips.ribbon(plain, d - 0.08, d + 0.08, kMark, colour, 0, s, s + 3);
    }
    line(Road::kLane * road.lanes / 2.0 - 0.15, white, 0.13);
    line(-Road::kLane * road.lanes / 2.0 + 0.15, white, 0.13);
    for (const double side : {1.0, -1.0}) {
        if (!(side > 0 ? road.park_left : road.park_right)) continue;
        const double inner = side * Road::kLane * road.lanes / 2.0, outer = side > 0 ? road.left_edge() : road.right_edge();
        for (double s = -60; s < 120; s += 6.2) strips.ribbon(plain, std::min(inner, outer), std::max(inner, outer), kMark, B::rgb(196, 196, 190), 0, s, s + 0.11);
    }
    if (crossing) {
        const double half = Road::kLane * road.lanes / 2.0, from = road.crossing - Road::kCrossingWidth / 2, to = road.crossing + Road::kCrossingWidth / 2;
        for (double d = -half + 0.3; d + 0.5 < half; d += 1.0) strips.ribbon(plain, d, d + 0.5, kMark + 0.003, white, 0, from, to);
        const double split = Road::kLane * (road.forward - road.lanes / 2.0);
        strips.ribbon(plain, -half + 0.2, split - 0.1, kMark + 0.003, white, 0, from - 1.6, from - 1.2);
        strips.ribbon(plain, split + 0.1, half - 0.2, kMark + 0.003, white, 0, to + 1.2, to + 1.6);
    }
    const SceneTexture green = grass_texture(world.seed + 3);
    out.push_back({far.mesh(), green, {}});
    out.push_back({grass.mesh(), green, {}});
    out.push_back({asphalt.mesh(), asphalt_texture(world.seed + 1), {}});
    out.push_back({paving.mesh(), paving_texture(world.seed + 2), {}});
    out.push_back({plain.mesh(), {}, {}});
}

void add_buildings(const StreetWorld& world, std::vector<SceneryPart>& out) {
    static constexpr std::array<SceneColour, 12> kWalls{B::rgb(226, 206, 170), B::rgb(196, 120, 92), B::rgb(168, 88, 70), B::rgb(232, 226, 212), B::rgb(206, 190, 160), B::rgb(178, 186, 192), B::rgb(222, 178, 118),
        B::rgb(150, 142, 134), B::rgb(198, 206, 190), B::rgb(236, 216, 190), B::rgb(128, 110, 102), B::rgb(212, 160, 140)};
    std::array<B, kFacades> walls;
    B shops, roofs;
    constexpr double kBay = 3.0, kGround = 3.6;
    for (const Building& building : world.buildings) {
        Draws draws(building.look);
        const SceneColour colour = kWalls[static_cast<std::size_t>(draws.uniform() * kWalls.size())];
        B& wall = walls[static_cast<std::size_t>(draws.uniform() * kFacades)];
        const bool has_shops = draws.chance(0.55);
        const double shift = std::floor(draws.uniform(0, 8)) / 8, x = building.length / 2, y = building.depth / 2, foot = has_shops ? kGround : 0, top = building.height;
        const std::array<std::array<double, 2>, 4> corners{{{-x, -y}, {x, -y}, {x, y}, {-x, y}}};
        for (std::size_t i = 0; i < 4; ++i) {
            const auto &a = corners[i], &b = corners[(i + 1) % 4];
            const double width = std::hypot(b[0] - a[0], b[1] - a[1]);
            const auto face = [&](B& into, double z0, double z1, SceneColour tint, double u0, double u1, double v0, double v1) {
                into.quad({{in_frame(building.pose, a[0], a[1], z0), in_frame(building.pose, b[0], b[1], z0), in_frame(building.pose, b[0], b[1], z1), in_frame(building.pose, a[0], a[1], z1)}}, tint,
                    {{{u0, v0}, {u1, v0}, {u1, v1}, {u0, v1}}});
            };
            const double bays = std::max(1.0, std::round(width / kBay)) / 8, floors = std::max(1.0, std::round((top - foot) / kBay)) / 8;   // 8 x 8 bays a texture
            face(wall, foot, top, colour, shift, shift + bays, shift, shift + floors);
            if (has_shops) face(shops, 0, kGround, B::rgb(255, 255, 255), shift, shift + std::max(1.0, std::round(width / 4.5)) / 4, 0, 1);
        }
        const auto slab = [&](double grow, double z0, double z1, SceneColour tint) {
            std::array<ScenePoint, 8> p;
            for (std::size_t i = 0; i < 4; ++i) {
                const double sx = corners[i][0] > 0 ? 1 : -1, sy = corners[i][1] > 0 ? 1 : -1;
                p[i] = in_frame(building.pose, corners[i][0] + sx * grow, corners[i][1] + sy * grow, z0);
                p[i + 4] = in_frame(building.pose, corners[i][0] + sx * grow, corners[i][1] + sy * grow, z1);
            }
            roofs.hexahedron(p, tint);
        };
        const SceneColour trim = B::rgb(colour[0] * 4 / 5, colour[1] * 4 / 5, colour[2] * 4 / 5);
        slab(0.25, top - 0.35, top + 0.1, trim);
        if (has_shops) slab(0.12, kGround - 0.25, kGround + 0.1, trim);
        if (draws.chance(0.4)) {   // a hipped roof
            std::array<ScenePoint, 8> p;
            for (std::size_t i = 0; i < 4; ++i) {
                p[i] = in_frame(building.pose, corners[i][0] * 1.02, corners[i][1] * 1.02, top + 0.1);
                p[i + 4] = in_frame(building.pose, corners[i][0] * 0.6, corners[i][1] * 0.1, top + 2.6);
            }
            roofs.hexahedron(p, draws.chance(0.5) ? B::rgb(140, 66, 48) : B::rgb(78, 76, 80));
        }
    }
    for (int style = 0; style < kFacades; ++style)
        if (B& wall = walls[static_cast<std::size_t>(style)]; !wall.empty()) out.push_back({wall.mesh(), facade_texture(style, world.seed + 11), {}});
    if (!shops.empty()) out.push_back({shops.mesh(), shop_texture(world.seed + 29), {}});
    if (!roofs.empty()) out.push_back({roofs.mesh(), {}, {}});
}

SceneColour leaf(Draws& draws, bool conifer, bool autumn) {
    const double light = draws.uniform(0.75, 1.15);
    const std::array<double, 3> base = conifer ? std::array<double, 3>{46, 82, 52} : autumn ? std::array<double, 3>{176, 122, 44} : std::array<double, 3>{82, 122, 52};
    return B::rgb(static_cast<int>(base[0] * light), static_cast<int>(base[1] * light), static_cast<int>(base[2] * light));
}

void add_trees(const StreetWorld& world, std::vector<SceneryPart>& out) {
    B b;
    const SceneColour bark = B::rgb(92, 72, 54), steel = B::rgb(96, 100, 104);
    const bool autumn = Draws(world.seed + 99).chance(0.2);
    for (const Tree& tree : world.trees) {
        Draws draws(tree.look);
        const double h = tree.height, r = tree.crown;
        b.cylinder({tree.x, tree.y, 0}, {tree.x, tree.y, 0.55 * h}, 0.17, 0.11, 8, bark, bark);
        if (tree.conifer) {
            for (int i = 0; i < 3; ++i) {
                const SceneColour green = leaf(draws, true, false);
                b.cylinder({tree.x, tree.y, h * (0.18 + 0.24 * i)}, {tree.x, tree.y, h * (0.52 + 0.24 * i)}, r * (1 - 0.24 * i), 0, 10, green, green);
            }
        } else {
            for (int i = 0; i < 6; ++i) {
                const double angle = 2 * kPi * (i + draws.uniform()) / 5, out_by = i == 0 ? 0 : r * draws.uniform(0.35, 0.55), size = r * (i == 0 ? 0.85 : draws.uniform(0.5, 0.7));
                const double down = r * draws.uniform(0.7, 1.4);
                b.ellipsoid({tree.x + out_by * std::cos(angle), tree.y + out_by * std::sin(angle), h - down}, {size, size, size * 0.85}, 6, 9, leaf(draws, false, autumn));
            }
        }
    }
    for (const Lamp& lamp : world.lamps) {
        b.cylinder({lamp.x, lamp.y, 0}, {lamp.x, lamp.y, lamp.height}, 0.09, 0.06, 7, steel, steel);
        const GroundPose frame{lamp.x, lamp.y, lamp.yaw};
        b.cylinder(in_frame(frame, 0, 0, lamp.height), in_frame(frame, -1.6, 0, lamp.height + 0.25), 0.05, 6, steel);
        const ScenePoint end = in_frame(frame, -1.8, 0, lamp.height + 0.22);
        b.ellipsoid(end, {0.3, 0.3, 0.08}, 4, 8, B::rgb(225, 225, 215));
    }
    if (!b.empty()) out.push_back({b.mesh(), {}, {}});
}

void add_sky(const StreetWorld& world, std::vector<SceneryPart>& out) {
    constexpr int kSides = 48, kRings = 12;
    constexpr double kRadius = 1100;
    SceneMesh mesh;
    for (int ring = 0; ring <= kRings; ++ring)
        for (int side = 0; side <= kSides; ++side) {
            const double share = static_cast<double>(ring) / kRings, elevation = -0.03 + (kPi / 2 + 0.03) * share * share, azimuth = 2 * kPi * side / kSides;   // finer near the horizon
            for (const double v : {kRadius * std::cos(elevation) * std::cos(azimuth), kRadius * std::cos(elevation) * std::sin(azimuth), kRadius * std::sin(elevation)}) mesh.points.push_back(static_cast<float>(v));
            mesh.colours.push_back(B::rgb(255, 255, 255));
            mesh.texture_coordinates.push_back(static_cast<float>(side) / kSides);
            mesh.texture_coordinates.push_back(static_cast<float>(sky_row(elevation)));
        }
    for (std::uint32_t ring = 0; ring < kRings; ++ring)
        for (std::uint32_t side = 0; side < kSides; ++side) {
            const std::uint32_t a = ring * (kSides + 1) + side, c = a + kSides + 1;
            for (const std::uint32_t i : {a, a + 1, c + 1, a, c + 1, c}) mesh.triangles.push_back(i);
        }
    out.push_back({std::move(mesh), sky_texture(world), {.solid = false, .follows_camera = true}});
}

}

SceneMesh tree_shadows(const StreetWorld& world) {
    const SceneColour black{0, 0, 0, shadow_opacity(world)};
    B b;
    std::vector<std::size_t> ends;                      // of each body's vertices
    const auto end_body = [&] { ends.push_back(b.vertices()); };
    for (const Tree& tree : world.trees) {
        if (tree.conifer) b.cylinder({tree.x, tree.y, 0.2 * tree.height}, {tree.x, tree.y, tree.height}, tree.crown, 0, 12, black, black);
        else b.ellipsoid({tree.x, tree.y, tree.height - tree.crown}, {tree.crown, tree.crown, tree.crown}, 8, 14, black);
        end_body();
    }
    for (const Lamp& lamp : world.lamps) {
        b.cylinder({lamp.x, lamp.y, 0}, {lamp.x, lamp.y, lamp.height}, 0.09, 0.06, 7, black, black);
        end_body();
    }
    SceneMesh mesh = b.mesh();
    mesh.normals.clear();
    for (std::size_t body = 0, v = 0; body < ends.size(); ++body) {
        const SceneMatrix flat = shadow_matrix(world, kSceneIdentity, Road::kKerb + 0.05 + 0.0005 * static_cast<double>(body));
        for (; v < ends[body]; ++v) {
            float* p = mesh.points.data() + v * 3;
            const Vec3 from{p[0], p[1], p[2]};
            for (std::size_t row = 0; row < 3; ++row) p[row] = static_cast<float>(flat[row * 4] * from[0] + flat[row * 4 + 1] * from[1] + flat[row * 4 + 2] * from[2] + flat[row * 4 + 3]);
        }
    }
    return mesh;
}

std::vector<SceneryPart> scenery_of(const StreetWorld& world) {
    std::vector<SceneryPart> out;
    add_sky(world, out);
    add_ground(world, out);
    add_buildings(world, out);
    add_trees(world, out);
    return out;
}

SceneLight light_of(const StreetWorld& world) {
    switch (world.weather) {
    case Weather::hazy: return {world.to_sun, {0.58, 0.56, 0.51}, {0.26, 0.27, 0.28}, 0.46};
    case Weather::overcast: return {world.to_sun, {0.20, 0.20, 0.20}, {0.36, 0.37, 0.39}, 0.58};
    case Weather::evening: return {world.to_sun, {0.86, 0.64, 0.42}, {0.14, 0.16, 0.22}, 0.40};
    default: return {world.to_sun, {0.78, 0.74, 0.66}, {0.18, 0.20, 0.24}, 0.42};
    }
}

std::uint8_t shadow_opacity(const StreetWorld& world) {
    switch (world.weather) {
    case Weather::hazy: return 90;
    case Weather::overcast: return 46;
    case Weather::evening: return 118;
    default: return 126;
    }
}

SceneMatrix shadow_matrix(const StreetWorld& world, const SceneMatrix& m, double height) {
    // x' = x - (z - height) sx / sz, and z' = height.
    const double kx = world.to_sun[0] / world.to_sun[2], ky = world.to_sun[1] / world.to_sun[2];
    SceneMatrix out = m;
    for (std::size_t col = 0; col < 4; ++col) {
        const double z = m[8 + col] - (col == 3 ? height : 0);
        out[col] = m[col] - kx * z;
        out[4 + col] = m[4 + col] - ky * z;
        out[8 + col] = col == 3 ? height : 0;
    }
    return out;
}

}
