#pragma once
// Rigid motions and cameras of nuScenes: quaternions (w, x, y, z), 4 x 4 matrices row by row that act on column vectors. Metres, radians.
#include <array>
#include <numbers>

namespace lathe::bev {

inline constexpr double kPi = std::numbers::pi;

using Vec3 = std::array<double, 3>;
using Quaternion = std::array<double, 4>;                       ///< w, x, y, z; need not have length 1

struct Mat3 {
    std::array<double, 9> m{1, 0, 0, 0, 1, 0, 0, 0, 1};
    double& operator()(int row, int col) { return m[static_cast<std::size_t>(row * 3 + col)]; }
    double operator()(int row, int col) const { return m[static_cast<std::size_t>(row * 3 + col)]; }
};
struct Mat4 {
    std::array<double, 16> m{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    double& operator()(int row, int col) { return m[static_cast<std::size_t>(row * 4 + col)]; }
    double operator()(int row, int col) const { return m[static_cast<std::size_t>(row * 4 + col)]; }
};

Mat3 rotation_of(const Quaternion& q);                          ///< throws Error(invalid_value) for a quaternion of length 0 or not finite
Quaternion quaternion_of(const Mat3& rotation);
Quaternion quaternion_about_z(double yaw);
Quaternion product(const Quaternion& a, const Quaternion& b);
double yaw_of(const Quaternion& q);                             ///< of the rotated x axis, counter-clockwise from x, seen from above
double wrapped(double angle, double period);                    ///< to [-period / 2, period / 2)

Mat3 operator*(const Mat3& a, const Mat3& b);
Mat4 operator*(const Mat4& a, const Mat4& b);
Vec3 operator*(const Mat3& a, const Vec3& p);
Vec3 transformed(const Mat4& a, const Vec3& p);                 ///< of the point p
Mat4 rigid(const Mat3& rotation, const Vec3& translation);
Mat4 rigid(const Quaternion& rotation, const Vec3& translation);
Mat3 upper_left(const Mat4& a);
Mat4 inverse(const Mat4& a);                                    ///< of any affine or projective matrix; throws Error(invalid_value) for a singular one
Mat4 rounded_to_float(const Mat4& a);                           ///< every entry as float32 holds it: the official code keeps its matrices so

}
