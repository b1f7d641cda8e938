#pragma once
// Boxes of Fast-BEV (LiDARInstance3DBoxes of mmdetection3d 0.x): lidar frame (x right, y forward, z up), metres, radians; z is the BOTTOM; w along the
// local x axis, l along the local y axis; the rotation by yaw is clockwise seen from above: yaw = -heading - pi/2. The front is local -y.
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace lathe::bev {

/// The order of the classes in the head and everywhere.
inline constexpr std::array<std::string_view, 10> kClasses{"car", "truck", "trailer", "bus", "construction_vehicle", "bicycle", "motorcycle", "pedestrian", "traffic_cone", "barrier"};
int class_index(std::string_view name);                          ///< -1: none of them

struct Box { float x = 0, y = 0, z = 0, w = 0, l = 0, h = 0, yaw = 0, vx = 0, vy = 0; };
struct Detection { Box box; float score = 0; int label = 0; };

/// Corners in the order of mmdetection3d: (x, y, z) of the box frame from low to high, as 000, 001, 011, 010, 100, 101, 111, 110.
std::array<std::array<float, 3>, 8> corners(const Box& box);

/// Intersection over union seen from above, after each box is turned to the nearer axis. Union at least 1e-6.
float nearest_bev_iou(const Box& a, const Box& b);

/// A rectangle seen from above: centre, sizes along its own axes, clockwise rotation.
struct Rectangle { float x, y, w, l, yaw; };
/// Intersection over union by polygon clipping in float32, with the 1e-5 margin of the reference's corner test.
float rotated_iou(const Rectangle& a, const Rectangle& b);

/// What survives, best first; `why` (optional): for each input the index of the one that suppressed it, or -1.
std::vector<int> rotated_nms(std::span<const Rectangle> boxes, std::span<const float> scores, float threshold, std::vector<int>* why = nullptr);
/// Suppresses where the SQUARED distance of the centres is at most `squared_radius`; at most `most` are kept.
std::vector<int> circle_nms(std::span<const Rectangle> boxes, std::span<const float> scores, float squared_radius, int most = 83, std::vector<int>* why = nullptr);

}
