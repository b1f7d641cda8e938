#include "plugins/bev/engine/street_world.h"
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::bev {
namespace {

constexpr double kGap = 0.3;                 // between any two objects
constexpr double kStep = 0.125;              // seconds between two looks for collisions

struct Mean { std::string_view name, category; double w, l, h; };
constexpr std::array<Mean, 10> kMeans{{{"car", "vehicle.car", 1.95, 4.60, 1.73}, {"truck", "vehicle.truck", 2.5, 6.9, 2.8}, {"bus", "vehicle.bus.rigid", 2.9, 11.0, 3.5},
    {"pedestrian", "human.pedestrian.adult", 0.67, 0.73, 1.77}, {"bicycle", "vehicle.bicycle", 0.60, 1.70, 1.30}, {"motorcycle", "vehicle.motorcycle", 0.77, 2.1, 1.5},
    {"traffic_cone", "movable_object.trafficcone", 0.41, 0.41, 1.07}, {"barrier", "movable_object.barrier", 2.5, 0.5, 0.98}, {"trailer", "vehicle.trailer", 2.9, 12.3, 3.9},
    {"construction_vehicle", "vehicle.construction", 2.8, 6.4, 3.2}}};

class Maker {
public:
    Maker(std::uint64_t seed, const WorldOptions& options) : m_draws(seed * 0x9e3779b97f4a7c15ull + 0x1234567), m_options(options) { m_world.seed = seed; }

    StreetWorld make() {
        make_road();
        make_buildings();
        make_objects();
        make_trees();
        return std::move(m_world);
    }

private:
    int pick(int least, int most) { return least + static_cast<int>(m_draws.uniform() * (most - least + 1)); }
    double sign() { return m_draws.chance(0.5) ? 1 : -1; }

    void make_road() {
        Road& road = m_world.road;
        road.heading = m_draws.uniform(-kPi, kPi);
        if (m_draws.chance(0.55)) {
            const double side = sign();
            road.curvature = side / m_draws.uniform(80, 350);
        }
        road.lanes = pick(2, 4);
        road.forward = road.lanes == 3 ? pick(1, 2) : road.lanes / 2;
        road.park_left = m_draws.chance(0.8);
        road.park_right = m_draws.chance(0.85);
        if (m_draws.chance(0.5)) road.crossing = m_draws.uniform(8, 45);
        m_world.origin = {std::round(m_draws.uniform(300, 1700)), std::round(m_draws.uniform(300, 1700)), 0};
        const double azimuth = m_draws.uniform(-kPi, kPi);
        const double weather = m_draws.uniform();
        m_world.weather = weather < 0.45 ? Weather::clear : weather < 0.65 ? Weather::hazy : weather < 0.85 ? Weather::overcast : Weather::evening;
        const double elevation = m_world.weather == Weather::evening ? m_draws.uniform(0.25, 0.45) : m_draws.uniform(0.5, 1.2);
        m_world.to_sun = {std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth), std::sin(elevation)};

        Track& ego = m_world.ego;
        ego.d = road.lane_centre(pick(0, road.forward - 1)) + m_draws.uniform(-0.25, 0.25);
        const double mode = m_draws.uniform();
        ego.speed = mode < 0.12 ? 0 : m_draws.uniform(2, 12);
        ego.braking = mode > 0.75 ? 2 : 0;
    }

    void make_buildings() {
        const Road& road = m_world.road;
        for (const double side : {1.0, -1.0}) {
            const double walk = side > 0 ? road.left_edge() : -road.right_edge();
            double s = Road::kFirst + m_draws.uniform(0, 10);
            while (s < Road::kLast - 10) {
                Building b;
                b.length = m_draws.uniform(9, 24);
                b.depth = m_draws.uniform(8, 14);
                b.height = m_draws.uniform(6, 20);
                b.look = m_draws.uniform() * 0x1p53;
                const double near = std::max(12.0, walk + Road::kSidewalk + 0.4) + (m_draws.chance(0.6) ? m_draws.uniform(0, 2.5) : m_draws.uniform(2.5, 12));
                const double d = side * (std::min(near, 25.0) + b.depth / 2);
                const double stretch = 1 - road.curvature * side * std::min(near, 25.0);      // length along the axis is longer or shorter there
                b.pose = road.at(s + b.length / 2 / stretch, d);
                if (side > 0) b.pose.yaw += kPi;   // its front (y negative) looks to the road
                const bool gap = m_draws.chance(0.15);
                if (!gap && !hits_building(Footprint{b.pose, b.length, b.depth}, 0.2)) m_world.buildings.push_back(b);
                s += (b.length + (m_draws.chance(0.5) ? 0.3 : m_draws.uniform(1.5, 9))) / stretch;
            }
        }
    }

    bool hits_building(const Footprint& footprint, double margin) const {
        return std::ranges::any_of(m_world.buildings, [&](const Building& b) { return overlap(footprint, {b.pose, b.length, b.depth}, margin); });
    }

    // --- objects -----------------------------------------------------------------------------------------------------
    StreetObject object(std::string_view name) {
        const Mean& mean = *std::ranges::find(kMeans, name, &Mean::name);
        StreetObject o;
        o.label = class_index(name);
        o.category = mean.category;
        o.size = {mean.w * m_draws.uniform(0.9, 1.1), mean.l * m_draws.uniform(0.9, 1.1), mean.h * m_draws.uniform(0.9, 1.1)};
        o.look = m_draws.uniform() * 0x1p53;
        return o;
    }

    /// Keeps the object unless it comes too near to another at some time. `place` may be asked again for another place.
    template <class Place> bool try_to_add(StreetObject o, Place place, int tries = 30) {
        for (int i = 0; i < tries; ++i) {
            place(o);
            if (!fits(o)) continue;
            remember(o);
            m_world.objects.push_back(o);
            return true;
        }
        return false;
    }

    bool fits(const StreetObject& o) const {
        for (std::size_t step = 0; step < steps(); ++step) {
            const Footprint footprint = footprint_at(o, step);
            if (overlap(footprint, ego_footprint(m_world.ego_pose(time_of(step))), 0.8)) return false;
            for (const auto& taken : m_taken)
                if (overlap(footprint, taken[step], kGap)) return false;
            if (step == 0 && hits_building(footprint, kGap)) return false;
        }
        return true;
    }
    std::size_t steps() const { return static_cast<std::size_t>(std::ceil((m_options.duration + 0.25) / kStep)) + 1; }
    static double time_of(std::size_t step) { return -0.125 + kStep * static_cast<double>(step); }
    Footprint footprint_at(const StreetObject& o, std::size_t step) const { return {m_world.place(o.track, time_of(step)), o.size[1], o.size[0]}; }
    void remember(const StreetObject& o) {
        std::vector<Footprint> all;
        for (std::size_t step = 0; step < steps(); ++step) all.push_back(footprint_at(o, step));
        m_taken.push_back(std::move(all));
    }

    void make_objects() {
        const int cars = pick(6, 14);
        if (m_draws.chance(0.5)) add_driving("bus");
        const int trucks = pick(1, 3);
        for (int i = 0; i < trucks; ++i) m_draws.chance(0.6) ? add_driving("truck") : add_parked("truck");
        if (m_options.rare_classes) {
            add_parked("trailer");
            add_parked("construction_vehicle");
        }
        add_works();
        for (int i = 0; i < cars; ++i) i % 2 ? add_parked("car") : add_driving("car");
        const int cycles = pick(0, 3);
        for (int i = 0; i < cycles; ++i) add_cycle();
        const int pedestrians = pick(4, 12);
        for (int i = 0; i < pedestrians; ++i) add_pedestrian();
    }

    void add_driving(std::string_view name) {
        const Road& road = m_world.road;
        const double most = name == "car" ? 14 : 10;
        const bool stands = m_draws.chance(0.15);
        StreetObject o = object(name);
        o.attribute = attribute_index(stands ? "vehicle.stopped" : "vehicle.moving");
        try_to_add(o, [&](StreetObject& at) {
            const int lane = pick(0, road.lanes - 1);
            const double way = lane < road.forward ? 1 : -1;
            at.track = {};
            at.track.s = way > 0 ? m_draws.uniform(-40, 60) : m_draws.uniform(-20, 85);
            at.track.d = road.lane_centre(lane) + m_draws.uniform(-0.3, 0.3);
            at.track.speed = stands ? 0 : way * m_draws.uniform(2, most);
            at.track.turned = way > 0 ? 0 : kPi;
        });
    }

    void add_parked(std::string_view name) {
        const Road& road = m_world.road;
        StreetObject o = object(name);
        o.attribute = attribute_index("vehicle.parked");
        try_to_add(o, [&](StreetObject& at) {
            const bool left = road.park_left && (!road.park_right || m_draws.chance(0.5));
            const double kerb = left ? road.left_edge() : road.right_edge(), way = left ? -1 : 1;
            at.track = {};
            at.track.s = m_draws.uniform(-30, 75);
            at.track.d = kerb + (left ? -1 : 1) * (at.size[0] / 2 + m_draws.uniform(0.15, 0.35));
            at.track.turned = (way > 0 ? 0 : kPi) + m_draws.uniform(-0.03, 0.03);
        });
    }

    void add_works() {   // cones and barriers in rows, at the edge of the carriageway
        const Road& road = m_world.road;
        const double side = sign(), edge = side > 0 ? Road::kLane * road.lanes / 2.0 : -Road::kLane * road.lanes / 2.0, start = m_draws.uniform(-12, 40), step = m_draws.uniform(1.6, 3);
        const int cones = pick(4, 10), barriers = m_draws.chance(0.6) ? pick(2, 8) : 0;
        const double lean = m_draws.uniform(-0.05, 0.12) * -side;
        for (int i = 0; i < cones; ++i)
            try_to_add(object("traffic_cone"), [&](StreetObject& at) {
                at.track = {};
                at.track.s = start + step * i + m_draws.uniform(-0.2, 0.2);
                at.track.d = edge + side * 0.3 + lean * i + m_draws.uniform(-0.1, 0.1);
                at.track.turned = m_draws.uniform(-kPi, kPi);
            }, 4);
        const double pitch = 2.5 * 1.1 + 0.4, row = start + m_draws.uniform(-6, 10), beyond = side > 0 ? road.left_edge() : road.right_edge();
        const double d = road.park_left && road.park_right ? beyond - side * 0.8 : beyond + side * 0.6;
        for (int i = 0; i < barriers; ++i)
            try_to_add(object("barrier"), [&](StreetObject& at) {
                at.track = {};
                at.track.s = row + pitch * i;
                at.track.d = d;
                at.track.turned = -side * kPi / 2 + m_draws.uniform(-0.06, 0.06);
            }, 2);
    }

    void add_cycle() {
        const Road& road = m_world.road;
        const bool motor = m_draws.chance(0.4), ridden = m_draws.chance(0.65);
        StreetObject o = object(motor ? "motorcycle" : "bicycle");
        o.attribute = attribute_index(ridden ? "cycle.with_rider" : "cycle.without_rider");
        try_to_add(o, [&](StreetObject& at) {
            const double way = sign();
            at.track = {};
            at.track.s = m_draws.uniform(-20, 50);
            if (ridden) {
                const double outermost = way > 0 ? road.lane_centre(0) : road.lane_centre(road.lanes - 1);
                at.track.d = outermost + (motor ? m_draws.uniform(-0.8, 0.8) : -way * m_draws.uniform(0.8, 1.2));
                at.track.speed = way * (motor ? m_draws.uniform(4, 12) : m_draws.uniform(2, 6));
                at.track.turned = way > 0 ? 0 : kPi;
            } else {
                at.track.d = way > 0 ? road.left_edge() + m_draws.uniform(0.5, 1.9) : road.right_edge() - m_draws.uniform(0.5, 1.9);
                at.track.turned = m_draws.chance(0.5) ? 0 : kPi;
                at.track.turned += m_draws.uniform(-0.5, 0.5);
            }
        });
    }

    void add_pedestrian() {
        const Road& road = m_world.road;
        const bool crosses = road.crossing > -100 && m_draws.chance(0.35), stands = !crosses && m_draws.chance(0.3);
        StreetObject o = object("pedestrian");
        o.attribute = attribute_index(stands ? "pedestrian.standing" : "pedestrian.moving");
        try_to_add(o, [&](StreetObject& at) {
            const double side = sign(), speed = m_draws.uniform(0.6, 1.8);
            at.track = {};
            if (crosses) {
                at.track.s = road.crossing + m_draws.uniform(-1.4, 1.4);
                at.track.d = m_draws.uniform(road.right_edge() - 1, road.left_edge() + 1);
                at.track.sideways = side * speed;
                at.track.turned = side * kPi / 2;
                return;
            }
            at.track.s = m_draws.uniform(-18, 55);
            at.track.d = side > 0 ? road.left_edge() + m_draws.uniform(0.5, Road::kSidewalk - 0.4) : road.right_edge() - m_draws.uniform(0.5, Road::kSidewalk - 0.4);
            if (stands) {
                at.track.turned = m_draws.uniform(-kPi, kPi);
            } else {
                const double way = sign();
                at.track.speed = way * speed;
                at.track.turned = way > 0 ? 0 : kPi;
            }
        });
    }

    // --- what carries no box -------------------------------------------------------------------------------------------
    bool free(const Footprint& footprint) const {
        if (hits_building(footprint, 0.3)) return false;
        for (const auto& taken : m_taken)
            for (const Footprint& other : taken)
                if (overlap(footprint, other, kGap)) return false;
        return true;
    }

    void make_trees() {
        const Road& road = m_world.road;
        const int wanted = pick(10, 25);
        for (int i = 0, tries = 0; i < wanted && tries < 400; ++tries) {
            const double side = sign(), walk = side > 0 ? road.left_edge() : road.right_edge();
            const bool alley = m_draws.chance(0.5);
            const double s = m_draws.uniform(-45, 110), beyond = alley ? 0.55 : Road::kSidewalk + m_draws.uniform(0.6, 9);
            const GroundPose p = road.at(s, walk + side * beyond);
            if (!free({p, 0.6, 0.6})) continue;
            Tree tree{p.x, p.y, m_draws.uniform(5.5, 9.5), m_draws.uniform(1.3, 2.3), !alley && m_draws.chance(0.3), static_cast<std::uint64_t>(m_draws.uniform() * 0x1p53)};
            m_world.trees.push_back(tree);
            ++i;
        }
        const double spacing = m_draws.uniform(22, 34), side = sign();
        for (double s = -40; s < 110; s += spacing) {
            const double d = (side > 0 ? road.left_edge() : road.right_edge()) + side * 0.35;
            const GroundPose p = road.at(s, d);
            if (free({p, 0.3, 0.3})) m_world.lamps.push_back({p.x, p.y, p.yaw - side * kPi / 2, m_draws.uniform(6.5, 8)});
        }
    }

    Draws m_draws;
    WorldOptions m_options;
    StreetWorld m_world;
    std::vector<std::vector<Footprint>> m_taken;      // [object][time]
};

}

GroundPose Road::at(double s, double d) const {
    const double yaw = heading + curvature * s;
    const double x = curvature == 0 ? s * std::cos(heading) : (std::sin(yaw) - std::sin(heading)) / curvature;
    const double y = curvature == 0 ? s * std::sin(heading) : (std::cos(heading) - std::cos(yaw)) / curvature;
    return {x - d * std::sin(yaw), y + d * std::cos(yaw), yaw};
}

double Road::offset_of(double x, double y) const {
    if (curvature == 0) return y * std::cos(heading) - x * std::sin(heading);
    const double radius = 1 / curvature;                                    // the centre of the arc lies at d = radius
    return radius - std::copysign(std::hypot(x + radius * std::sin(heading), y - radius * std::cos(heading)), radius);
}

GroundPose StreetWorld::place(const Track& track, double time) const {
    double run = track.speed * time;
    if (track.braking > 0 && time > 0) {
        const double until = std::min(time, std::abs(track.speed) / track.braking);
        run = track.speed * until - std::copysign(0.5 * track.braking * until * until, track.speed);
    }
    // Speeds are those of the thing itself: beside the axis of a bend the way is shorter or longer than along it.
    GroundPose pose = road.at(track.s + run / (1 - road.curvature * track.d), track.d + track.sideways * time);
    pose.yaw = wrapped(pose.yaw + track.turned, 2 * kPi);
    return pose;
}

std::string StreetWorld::description() const {
    static constexpr std::array<std::string_view, 4> kWeather{"clear sky", "haze", "overcast", "evening sun"};
    std::string text = road.curvature == 0 ? "Straight road" : road.curvature > 0 ? "Bend to the left" : "Bend to the right";
    text += ", " + std::to_string(road.lanes) + " lanes, ";
    if (road.crossing > -100) text += "zebra crossing, ";
    if (ego.speed == 0) text += "standing, ";
    else if (ego.braking > 0) text += "braking, ";
    text += kWeather[static_cast<std::size_t>(weather)];
    return text + ", " + std::to_string(objects.size()) + " objects";
}

StreetWorld make_world(std::uint64_t seed, const WorldOptions& options) { return Maker(seed, options).make(); }

bool overlap(const Footprint& a, const Footprint& b, double margin) {
    const double dx = b.centre.x - a.centre.x, dy = b.centre.y - a.centre.y;
    const double reach = (std::hypot(a.length, a.width) + std::hypot(b.length, b.width)) / 2 + margin;
    if (dx * dx + dy * dy > reach * reach) return false;
    for (const Footprint* f : {&a, &b})
        for (int axis = 0; axis < 2; ++axis) {
            const double angle = f->centre.yaw + axis * kPi / 2, ux = std::cos(angle), uy = std::sin(angle);
            double half = margin;
            for (const Footprint* g : {&a, &b}) {
                const double c = std::cos(g->centre.yaw), s = std::sin(g->centre.yaw);
                half += 0.5 * (g->length * std::abs(c * ux + s * uy) + g->width * std::abs(-s * ux + c * uy));
            }
            if (std::abs(dx * ux + dy * uy) >= half) return false;
        }
    return true;
}

Footprint ego_footprint(const GroundPose& ego) { return {{ego.x + 1.0 * std::cos(ego.yaw), ego.y + 1.0 * std::sin(ego.yaw), ego.yaw}, 4.1, 1.8}; }

}
