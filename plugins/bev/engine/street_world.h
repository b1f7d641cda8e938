#pragma once
// The world of one made-up scene: a road with its surroundings and the objects on it, and where each of them is at any time. Everything follows from the
// seed. Metres, seconds, radians; the frame of the scene has z up and its origin on the road where the car with the cameras starts.
#include "plugins/bev/engine/geometry.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

struct GroundPose { double x = 0, y = 0, yaw = 0; };

/// A straight road or an arc. s runs along its axis, d to the left of it; forward lanes lie at d below the oncoming ones (traffic keeps right).
struct Road {
    double heading = 0, curvature = 0;                  ///< at s = 0; 1 / m, positive to the left
    int lanes = 2, forward = 1;
    bool park_left = true, park_right = true;
    double crossing = -1e9;                             ///< s of a zebra crossing; far away: none

    static constexpr double kLane = 3.5, kParking = 2.4, kSidewalk = 2.5, kKerb = 0.12, kMargin = 0.3, kCrossingWidth = 3.6;
    static constexpr double kFirst = -140, kLast = 190;  ///< the ends of the drawn road

    GroundPose at(double s, double d) const;            ///< yaw: direction of growing s
    double offset_of(double x, double y) const;         ///< d of a point
    double lane_centre(int lane) const { return kLane * (lane + 0.5 - lanes / 2.0); }   ///< lane 0: the rightmost
    double left_edge() const { return kLane * lanes / 2.0 + (park_left ? kParking : kMargin); }
    double right_edge() const { return -kLane * lanes / 2.0 - (park_right ? kParking : kMargin); }
    double ground(double d) const { return d > left_edge() || d < right_edge() ? kKerb : 0; }
};

/// How something moves: along the road at one speed, perhaps sideways as well, or braking until it stands.
struct Track {
    double s = 0, d = 0;                                ///< at time 0
    double speed = 0, sideways = 0, braking = 0;        ///< along +s and +d; m/s, m/s^2
    double turned = 0;                                  ///< heading relative to the direction of +s
};

struct StreetObject {
    int label = 0;                                      ///< index of kClasses
    std::string_view category;                          ///< name in nuScenes
    Vec3 size{};                                        ///< width, length, height
    Track track;
    int attribute = 0;                                  ///< index of kAttributes
    std::uint64_t look = 0;                             ///< seed of its shape and colours
};

struct Building { GroundPose pose; double length = 0, depth = 0, height = 0; std::uint64_t look = 0; };          ///< length along its x axis
struct Tree { double x = 0, y = 0, height = 0, crown = 0; bool conifer = false; std::uint64_t look = 0; };
struct Lamp { double x = 0, y = 0, yaw = 0, height = 0; };                                                       ///< its arm reaches along yaw

enum class Weather { clear, hazy, overcast, evening };

struct StreetWorld {
    std::uint64_t seed = 0;
    Road road;
    Track ego;
    Vec3 origin{};                                      ///< of the scene's frame in the global frame: a translation
    Vec3 to_sun{0, 0, 1};
    Weather weather = Weather::clear;
    std::vector<StreetObject> objects;
    std::vector<Building> buildings;
    std::vector<Tree> trees;
    std::vector<Lamp> lamps;

    GroundPose place(const Track& track, double time) const;
    GroundPose ego_pose(double time) const { return place(ego, time); }
    double ground_under(const GroundPose& pose) const { return road.ground(road.offset_of(pose.x, pose.y)); }
    std::string description() const;
};

struct WorldOptions { double duration = 4; bool rare_classes = false; };   ///< seconds; trailers and construction vehicles too

StreetWorld make_world(std::uint64_t seed, const WorldOptions& options = {});

/// Footprints: rectangle of length (along yaw) and width around a pose. Whether two come nearer than `margin` along some axis (separating axes).
struct Footprint { GroundPose centre; double length = 0, width = 0; };
bool overlap(const Footprint& a, const Footprint& b, double margin);
Footprint ego_footprint(const GroundPose& ego);         ///< the pose is that of the rear axle

}
