#include "plugins/bev/engine/geometry.h"
#include "core/base/error.h"
#include <cmath>
#include <numbers>
#include <utility>

namespace lathe::bev {

Mat3 rotation_of(const Quaternion& q) {
    const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    if (!(length > 0) || !std::isfinite(length)) throw Error(ErrorCode::invalid_value, "A rotation has no direction.", "quaternion of length " + std::to_string(length), "Mend the rotation in the data set's tables.");
    const double w = q[0] / length, x = q[1] / length, y = q[2] / length, z = q[3] / length;
    return {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y), 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x), 2 * (x * z - w * y), 2 * (y * z + w * x),
        1 - 2 * (x * x + y * y)}};
}

Quaternion quaternion_of(const Mat3& r) {
    // The largest of the four squares is the safe one to divide by.
    const double trace = r(0, 0) + r(1, 1) + r(2, 2);
    Quaternion q{};
    if (trace > 0) {
        const double s = 2 * std::sqrt(trace + 1);
        q = {s / 4, (r(2, 1) - r(1, 2)) / s, (r(0, 2) - r(2, 0)) / s, (r(1, 0) - r(0, 1)) / s};
    } else if (r(0, 0) > r(1, 1) && r(0, 0) > r(2, 2)) {
        const double s = 2 * std::sqrt(1 + r(0, 0) - r(1, 1) - r(2, 2));
        q = {(r(2, 1) - r(1, 2)) / s, s / 4, (r(0, 1) + r(1, 0)) / s, (r(0, 2) + r(2, 0)) / s};
    } else if (r(1, 1) > r(2, 2)) {
        const double s = 2 * std::sqrt(1 + r(1, 1) - r(0, 0) - r(2, 2));
        q = {(r(0, 2) - r(2, 0)) / s, (r(0, 1) + r(1, 0)) / s, s / 4, (r(1, 2) + r(2, 1)) / s};
    } else {
        const double s = 2 * std::sqrt(1 + r(2, 2) - r(0, 0) - r(1, 1));
        q = {(r(1, 0) - r(0, 1)) / s, (r(0, 2) + r(2, 0)) / s, (r(1, 2) + r(2, 1)) / s, s / 4};
    }
    return q;
}

Quaternion quaternion_about_z(double yaw) { return {std::cos(yaw / 2), 0, 0, std::sin(yaw / 2)}; }

Quaternion product(const Quaternion& a, const Quaternion& b) {
    return {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3], a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2], a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
}

double yaw_of(const Quaternion& q) {
    const Mat3 r = rotation_of(q);
    return std::atan2(r(1, 0), r(0, 0));
}

double wrapped(double angle, double period) { return angle - std::floor(angle / period + 0.5) * period; }

Mat3 operator*(const Mat3& a, const Mat3& b) {
    Mat3 c;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) c(i, j) = a(i, 0) * b(0, j) + a(i, 1) * b(1, j) + a(i, 2) * b(2, j);
    return c;
}

Mat4 operator*(const Mat4& a, const Mat4& b) {
    Mat4 c;
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) c(i, j) = a(i, 0) * b(0, j) + a(i, 1) * b(1, j) + a(i, 2) * b(2, j) + a(i, 3) * b(3, j);
    return c;
}

Vec3 operator*(const Mat3& a, const Vec3& p) {
    return {a(0, 0) * p[0] + a(0, 1) * p[1] + a(0, 2) * p[2], a(1, 0) * p[0] + a(1, 1) * p[1] + a(1, 2) * p[2], a(2, 0) * p[0] + a(2, 1) * p[1] + a(2, 2) * p[2]};
}

Vec3 transformed(const Mat4& a, const Vec3& p) {
    Vec3 q{};
    for (int i = 0; i < 3; ++i) q[static_cast<std::size_t>(i)] = a(i, 0) * p[0] + a(i, 1) * p[1] + a(i, 2) * p[2] + a(i, 3);
    return q;
}

Mat4 rigid(const Mat3& rotation, const Vec3& translation) {
    Mat4 a;
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) a(i, j) = rotation(i, j);
        a(i, 3) = translation[static_cast<std::size_t>(i)];
    }
    return a;
}

Mat4 rigid(const Quaternion& rotation, const Vec3& translation) { return rigid(rotation_of(rotation), translation); }

Mat3 upper_left(const Mat4& a) {
    Mat3 r;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) r(i, j) = a(i, j);
    return r;
}

Mat4 inverse(const Mat4& a) {   // Gauss-Jordan with pivots
    Mat4 left = a, right;
    for (int col = 0; col < 4; ++col) {
        int pivot = col;
        for (int row = col + 1; row < 4; ++row)
            if (std::abs(left(row, col)) > std::abs(left(pivot, col))) pivot = row;
        if (!(std::abs(left(pivot, col)) > 1e-12)) throw Error(ErrorCode::invalid_value, "A calibration matrix cannot be inverted.", "4 x 4 matrix, column " + std::to_string(col + 1), "Mend the calibration.");
        for (int j = 0; j < 4; ++j) {
            std::swap(left(col, j), left(pivot, j));
            std::swap(right(col, j), right(pivot, j));
        }
        const double scale = 1 / left(col, col);
        for (int j = 0; j < 4; ++j) {
            left(col, j) *= scale;
            right(col, j) *= scale;
        }
        for (int row = 0; row < 4; ++row) {
            if (row == col) continue;
            const double factor = left(row, col);
            for (int j = 0; j < 4; ++j) {
                left(row, j) -= factor * left(col, j);
                right(row, j) -= factor * right(col, j);
            }
        }
    }
    return right;
}

Mat4 rounded_to_float(const Mat4& a) {
    Mat4 b;
    for (std::size_t i = 0; i < 16; ++i) b.m[i] = static_cast<float>(a.m[i]);
    return b;
}

}
