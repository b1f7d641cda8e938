// The lidar of the street: rays against triangles of the objects, boxes of buildings, trees, lamps and the ground.
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/street_sensors.h"
#include "plugins/bev/engine/street_shapes.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr int kBeams = 32, kAzimuths = 720;
constexpr double kReach = 70, kInfinity = std::numeric_limits<double>::infinity();

struct Ray { Vec3 from, along; };                        // along: length 1
double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3 cross(const Vec3& a, const Vec3& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }

/// Something that stands on the ground: turned about z only.
struct Body {
    GroundPose pose;
    double z = 0, radius = 0;                            // radius: of a circle around it, seen from above
    Vec3 half{};                                         // of its box; z from 0 to 2 half[2]
    const RayBody* triangles = nullptr;                  // null: the box itself
    bool round = false;                                  // an ellipsoid with these radii around (0, 0, z) instead
    int object = -1;
    float intensity = 0;
    double cos = 1, sin = 0;
};

double box_distance(const Ray& r, const Vec3& half) {    // the box's frame; z from 0 to 2 half[2]
    double first = 0, last = kInfinity;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double centre = axis == 2 ? half[2] : 0;
        const double a = (centre - half[axis] - r.from[axis]) / r.along[axis], b = (centre + half[axis] - r.from[axis]) / r.along[axis];
        first = std::max(first, std::min(a, b));
        last = std::min(last, std::max(a, b));
    }
    return first <= last && last > 0 ? first : kInfinity;
}

double triangle_distance(const Ray& r, const float* t) {
    const Vec3 a{t[0], t[1], t[2]}, u{t[3] - a[0], t[4] - a[1], t[5] - a[2]}, v{t[6] - a[0], t[7] - a[1], t[8] - a[2]};
    const Vec3 p = cross(r.along, v);
    const double det = dot(u, p);
    if (std::abs(det) < 1e-12) return kInfinity;
    const Vec3 s{r.from[0] - a[0], r.from[1] - a[1], r.from[2] - a[2]};
    const double x = dot(s, p) / det;
    if (x < 0 || x > 1) return kInfinity;
    const Vec3 q = cross(s, u);
    const double y = dot(r.along, q) / det;
    if (y < 0 || x + y > 1) return kInfinity;
    const double distance = dot(v, q) / det;
    return distance > 0 ? distance : kInfinity;
}

double ellipsoid_distance(const Ray& r, const Vec3& radii) {   // around the origin
    Vec3 from{}, along{};
    for (std::size_t i = 0; i < 3; ++i) {
        from[i] = r.from[i] / radii[i];
        along[i] = r.along[i] / radii[i];
    }
    const double a = dot(along, along), b = dot(from, along), c = dot(from, from) - 1, root = b * b - a * c;
    if (root < 0) return kInfinity;
    const double distance = (-b - std::sqrt(root)) / a;
    return distance > 0 ? distance : kInfinity;
}

double hit(const Ray& ray, const Body& body) {
    const double x = ray.from[0] - body.pose.x, y = ray.from[1] - body.pose.y;
    const Ray local{{body.cos * x + body.sin * y, -body.sin * x + body.cos * y, ray.from[2] - body.z}, {body.cos * ray.along[0] + body.sin * ray.along[1], -body.sin * ray.along[0] + body.cos * ray.along[1], ray.along[2]}};
    if (body.round) return ellipsoid_distance(local, body.half);
    const double near = box_distance(local, body.half);
    if (!body.triangles || near == kInfinity) return near;
    double nearest = kInfinity;
    const std::vector<float>& corners = body.triangles->corners;
    for (std::size_t i = 0; i < corners.size(); i += 9) nearest = std::min(nearest, triangle_distance(local, corners.data() + i));
    return nearest;
}

/// The road lies at 0, everything beside it at the height of the kerb.
double ground_distance(const Ray& ray, const Road& road) {
    if (ray.along[2] >= 0) return kInfinity;
    const auto at = [&](double z) { return (z - ray.from[2]) / ray.along[2]; };
    const auto ground = [&](double distance) { return road.ground(road.offset_of(ray.from[0] + distance * ray.along[0], ray.from[1] + distance * ray.along[1])); };
    double high = at(Road::kKerb), low = at(0);
    if (ground(high) > 0) return high;
    if (ground(low) == 0) return low;
    for (int i = 0; i < 30; ++i) (ground(0.5 * (high + low)) > 0 ? low : high) = 0.5 * (high + low);   // the face of the kerb
    return high;
}

void finish(Body& body) {
    body.cos = std::cos(body.pose.yaw);
    body.sin = std::sin(body.pose.yaw);
    body.radius = std::hypot(body.half[0], body.half[1]) + 1e-6;
}

std::vector<Body> bodies_at(const StreetWorld& world, std::span<const RayBody> shapes, double time) {
    std::vector<Body> out;
    const auto add = [&](Body body) {
        finish(body);
        out.push_back(body);
    };
    for (std::size_t i = 0; i < world.objects.size(); ++i) {
        const StreetObject& o = world.objects[i];
        const GroundPose pose = world.place(o.track, time);
        add({.pose = pose, .z = world.ground_under(pose), .half = shapes[i].half, .triangles = &shapes[i], .object = static_cast<int>(i), .intensity = static_cast<float>(20 + 10 * (o.look % 12))});
    }
    for (const Building& b : world.buildings) add({.pose = b.pose, .half = {b.length / 2, b.depth / 2, b.height / 2}, .intensity = static_cast<float>(25 + b.look % 40)});
    for (const Tree& t : world.trees) {
        add({.pose = {t.x, t.y, 0}, .half = {0.12, 0.12, 0.3 * t.height}, .intensity = 18});
        const double up = t.conifer ? 0.4 * t.height : t.crown;
        add({.pose = {t.x, t.y, 0}, .z = t.height - up, .half = {t.conifer ? 0.6 * t.crown : t.crown, t.conifer ? 0.6 * t.crown : t.crown, up}, .round = true, .intensity = 12});
    }
    for (const Lamp& l : world.lamps) add({.pose = {l.x, l.y, 0}, .half = {0.07, 0.07, l.height / 2}, .intensity = 40});
    return out;
}

}

std::vector<RayBody> ray_bodies(const StreetWorld& world) {
    std::vector<RayBody> out;
    for (const StreetObject& o : world.objects) {
        const SceneMesh mesh = object_mesh(o);
        RayBody body;
        body.half = {o.size[1] / 2, o.size[0] / 2, o.size[2] / 2};
        for (const std::uint32_t v : mesh.triangles)
            for (std::size_t axis = 0; axis < 3; ++axis) body.corners.push_back(mesh.points[v * 3 + axis]);
        out.push_back(std::move(body));
    }
    return out;
}

LidarScan scan(const StreetWorld& world, std::span<const RayBody> shapes, const StreetSensors& sensors, double time) {
    const Mat4 to_scene = ego_to_scene(world.ego_pose(time)) * sensors.lidar_to_ego.matrix();
    const Mat3 turn = upper_left(to_scene);
    const Vec3 from{to_scene(0, 3), to_scene(1, 3), to_scene(2, 3)};
    const std::vector<Body> bodies = bodies_at(world, shapes, time);
    LidarScan out;
    for (int column = 0; column < kAzimuths; ++column)
        for (int beam = 0; beam < kBeams; ++beam) {
            const double azimuth = 2 * std::numbers::pi * column / kAzimuths, elevation = (-30 + 40.0 * beam / (kBeams - 1)) * std::numbers::pi / 180;
            const Vec3 local{std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth), std::sin(elevation)};
            const Ray ray{from, turn * local};
            const double level = std::hypot(ray.along[0], ray.along[1]);
            double nearest = std::min(ground_distance(ray, world.road), kReach);
            const Body* what = nullptr;
            for (const Body& body : bodies) {
                const double dx = body.pose.x - from[0], dy = body.pose.y - from[1];
                if (std::abs(dx * ray.along[1] - dy * ray.along[0]) > body.radius * level) continue;      // passes beside it
                if (const double distance = hit(ray, body); distance < nearest) {
                    nearest = distance;
                    what = &body;
                }
            }
            if (nearest >= kReach) continue;
            const float intensity = what ? what->intensity : static_cast<float>(6 + 8 * std::abs(ray.along[2]));
            out.points.push_back({static_cast<float>(local[0] * nearest), static_cast<float>(local[1] * nearest), static_cast<float>(local[2] * nearest), intensity, static_cast<float>(beam)});
            out.hits.push_back(what ? what->object : -1);
        }
    return out;
}

}
