#include "core/scene/mesh.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

ScenePoint minus(const ScenePoint& a, const ScenePoint& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
ScenePoint plus(const ScenePoint& a, const ScenePoint& b, double scale) { return {a[0] + scale * b[0], a[1] + scale * b[1], a[2] + scale * b[2]}; }
ScenePoint cross(const ScenePoint& a, const ScenePoint& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
ScenePoint unit(const ScenePoint& a) {
    const double length = std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    return length > 0 ? ScenePoint{a[0] / length, a[1] / length, a[2] / length} : ScenePoint{0, 0, 1};
}

}

SceneBounds bounds_of(const SceneMesh& mesh) {
    if (mesh.points.size() < 3) throw Error(ErrorCode::invalid_value, "A mesh is empty.", "scene mesh");
    SceneBounds out;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        out.low[axis] = out.high[axis] = mesh.points[axis];
        for (std::size_t i = axis; i < mesh.points.size(); i += 3) {
            out.low[axis] = std::min(out.low[axis], static_cast<double>(mesh.points[i]));
            out.high[axis] = std::max(out.high[axis], static_cast<double>(mesh.points[i]));
        }
    }
    return out;
}

std::uint32_t MeshBuilder::vertex(const ScenePoint& point, SceneColour colour, std::array<double, 2> texture) {
    m_points.push_back(point);
    m_colours.push_back(colour);
    m_texture.push_back(texture);
    return static_cast<std::uint32_t>(m_points.size() - 1);
}

void MeshBuilder::triangle(const ScenePoint& a, const ScenePoint& b, const ScenePoint& c, SceneColour colour) {
    for (const ScenePoint* point : {&a, &b, &c}) m_triangles.push_back(vertex(*point, colour));
}

void MeshBuilder::quad(const ScenePoint& a, const ScenePoint& b, const ScenePoint& c, const ScenePoint& d, SceneColour colour) {
    const std::uint32_t first = vertex(a, colour);
    vertex(b, colour);
    vertex(c, colour);
    vertex(d, colour);
    for (const std::uint32_t i : {0u, 1u, 2u, 0u, 2u, 3u}) m_triangles.push_back(first + i);
}

void MeshBuilder::quad(const std::array<ScenePoint, 4>& points, SceneColour colour, const std::array<std::array<double, 2>, 4>& texture_coordinates) {
    const auto first = static_cast<std::uint32_t>(m_points.size());
    for (std::size_t i = 0; i < 4; ++i) vertex(points[i], colour, texture_coordinates[i]);
    for (const std::uint32_t i : {0u, 1u, 2u, 0u, 2u, 3u}) m_triangles.push_back(first + i);
    m_textured = true;
}

void MeshBuilder::hexahedron(const std::array<ScenePoint, 8>& p, SceneColour colour) {
    quad(p[3], p[2], p[1], p[0], colour);
    quad(p[4], p[5], p[6], p[7], colour);
    for (std::size_t i = 0; i < 4; ++i) quad(p[i], p[(i + 1) % 4], p[4 + (i + 1) % 4], p[4 + i], colour);
}

void MeshBuilder::tapered_box(const ScenePoint& low, const ScenePoint& high, std::array<double, 2> low_top, std::array<double, 2> high_top, SceneColour colour) {
    hexahedron({{{low[0], low[1], low[2]}, {high[0], low[1], low[2]}, {high[0], high[1], low[2]}, {low[0], high[1], low[2]}, {low_top[0], low_top[1], high[2]}, {high_top[0], low_top[1], high[2]},
                   {high_top[0], high_top[1], high[2]}, {low_top[0], high_top[1], high[2]}}},
        colour);
}

void MeshBuilder::box(const ScenePoint& low, const ScenePoint& high, SceneColour colour) { tapered_box(low, high, {low[0], low[1]}, {high[0], high[1]}, colour); }

void MeshBuilder::cylinder(const ScenePoint& a, const ScenePoint& b, double radius_a, double radius_b, int sides, SceneColour colour, SceneColour cap_colour) {
    const ScenePoint axis = unit(minus(b, a)), any = std::abs(axis[2]) < 0.9 ? ScenePoint{0, 0, 1} : ScenePoint{1, 0, 0};
    const ScenePoint u = unit(cross(any, axis)), v = cross(axis, u);
    const auto at = [&](const ScenePoint& centre, double radius, int i) {
        const double angle = kTurn * i / sides;
        return plus(plus(centre, u, radius * std::cos(angle)), v, radius * std::sin(angle));
    };
    for (int i = 0; i < sides; ++i) {
        const ScenePoint a0 = at(a, radius_a, i), a1 = at(a, radius_a, i + 1), b0 = at(b, radius_b, i), b1 = at(b, radius_b, i + 1);
        if (radius_b > 0) quad(a0, a1, b1, b0, colour);
        else triangle(a0, a1, b, colour);
        if (radius_a > 0) triangle(a, a1, a0, cap_colour);
        if (radius_b > 0) triangle(b, b0, b1, cap_colour);
    }
}

void MeshBuilder::ellipsoid(const ScenePoint& centre, const ScenePoint& radii, int rings, int sides, SceneColour colour) {
    const auto at = [&](int ring, int side) {
        const double latitude = std::numbers::pi * (static_cast<double>(ring) / rings - 0.5), longitude = kTurn * side / sides;
        return ScenePoint{centre[0] + radii[0] * std::cos(latitude) * std::cos(longitude), centre[1] + radii[1] * std::cos(latitude) * std::sin(longitude), centre[2] + radii[2] * std::sin(latitude)};
    };
    for (int ring = 0; ring < rings; ++ring)
        for (int side = 0; side < sides; ++side) {
            if (ring == 0) triangle(at(0, 0), at(1, side + 1), at(1, side), colour);
            else if (ring == rings - 1) triangle(at(ring, side), at(ring, side + 1), at(rings, 0), colour);
            else quad(at(ring, side), at(ring, side + 1), at(ring + 1, side + 1), at(ring + 1, side), colour);
        }
}

void MeshBuilder::tyre(const ScenePoint& centre, double radius, double across, double along, int sides, SceneColour colour) {
    const auto at = [&](double r, double y, int i) {
        const double angle = kTurn * i / sides;
        return ScenePoint{centre[0] + r * std::cos(angle), centre[1] + y, centre[2] + r * std::sin(angle)};
    };
    const double inner = radius - across, y = along / 2;
    for (int i = 0; i < sides; ++i) {
        quad(at(radius, -y, i), at(radius, -y, i + 1), at(radius, y, i + 1), at(radius, y, i), colour);
        quad(at(inner, y, i), at(inner, y, i + 1), at(inner, -y, i + 1), at(inner, -y, i), colour);
        quad(at(inner, -y, i), at(inner, -y, i + 1), at(radius, -y, i + 1), at(radius, -y, i), colour);
        quad(at(radius, y, i), at(radius, y, i + 1), at(inner, y, i + 1), at(inner, y, i), colour);
    }
}

void MeshBuilder::fit(const ScenePoint& low, const ScenePoint& high) {
    if (m_points.empty()) throw Error(ErrorCode::invalid_value, "An empty mesh cannot be fitted to a box.", "scene mesh");
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto [least, most] = std::ranges::minmax(m_points, {}, [axis](const ScenePoint& p) { return p[axis]; });
        const double from = least[axis], span = most[axis] - least[axis];
        for (ScenePoint& point : m_points) {
            const double share = span > 0 ? (point[axis] - from) / span : 0.5;
            point[axis] = low[axis] + share * (high[axis] - low[axis]);
        }
    }
}

SceneMesh MeshBuilder::mesh() const {
    SceneMesh out;
    out.colours = m_colours;
    out.triangles = m_triangles;
    out.points.reserve(m_points.size() * 3);
    for (const ScenePoint& point : m_points)
        for (const double value : point) out.points.push_back(static_cast<float>(value));
    out.normals.resize(m_points.size() * 3);
    for (std::size_t i = 0; i < m_triangles.size(); i += 3) {
        const ScenePoint& a = m_points[m_triangles[i]];
        const ScenePoint normal = unit(cross(minus(m_points[m_triangles[i + 1]], a), minus(m_points[m_triangles[i + 2]], a)));
        for (std::size_t corner = 0; corner < 3; ++corner)
            for (std::size_t axis = 0; axis < 3; ++axis) out.normals[m_triangles[i + corner] * 3 + axis] = static_cast<float>(normal[axis]);
    }
    if (m_textured) {
        out.texture_coordinates.reserve(m_points.size() * 2);
        for (const auto& [u, v] : m_texture) {
            out.texture_coordinates.push_back(static_cast<float>(u));
            out.texture_coordinates.push_back(static_cast<float>(v));
        }
    }
    return out;
}

}
