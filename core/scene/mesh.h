#pragma once
// Triangle meshes for the scene renderer, and a builder for them. Metres; colours 0 to 255; the y axis of a texture goes up. Stateless apart from the
// builder's own content; any thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe {

using ScenePoint = std::array<double, 3>;
using SceneColour = std::array<std::uint8_t, 4>;                ///< red, green, blue, opacity

struct SceneMesh {
    std::vector<float> points, normals;                         ///< 3 a vertex; without normals the mesh is drawn unlit
    std::vector<SceneColour> colours;                           ///< 1 a vertex
    std::vector<float> texture_coordinates;                     ///< 2 a vertex, or none
    std::vector<std::uint32_t> triangles;                       ///< 3 vertices each
    std::size_t vertices() const { return points.size() / 3; }
};

struct SceneBounds { ScenePoint low{}, high{}; };
SceneBounds bounds_of(const SceneMesh& mesh);                   ///< throws Error(invalid_value) for an empty mesh

/// 8-bit picture that repeats in both directions; the colours of a mesh are multiplied with it.
struct SceneTexture {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb;                              ///< height x width x 3, the bottom row first
};

/// Puts simple bodies together. Every face is flat: its vertices are its own.
class MeshBuilder {
public:
    static constexpr SceneColour rgb(int red, int green, int blue) { return {static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green), static_cast<std::uint8_t>(blue), 255}; }

    void triangle(const ScenePoint& a, const ScenePoint& b, const ScenePoint& c, SceneColour colour);
    void quad(const ScenePoint& a, const ScenePoint& b, const ScenePoint& c, const ScenePoint& d, SceneColour colour);
    void quad(const std::array<ScenePoint, 4>& points, SceneColour colour, const std::array<std::array<double, 2>, 4>& texture_coordinates);
    void box(const ScenePoint& low, const ScenePoint& high, SceneColour colour);
    /// Four points of the bottom in order, then the four above them.
    void hexahedron(const std::array<ScenePoint, 8>& points, SceneColour colour);
    /// A box whose top face (from low_top to high_top in x and y) may be smaller than its bottom face.
    void tapered_box(const ScenePoint& low, const ScenePoint& high, std::array<double, 2> low_top, std::array<double, 2> high_top, SceneColour colour);
    /// From a to b, with a radius at each end (0: a cone), closed by caps.
    void cylinder(const ScenePoint& a, const ScenePoint& b, double radius_a, double radius_b, int sides, SceneColour colour, SceneColour cap_colour);
    void cylinder(const ScenePoint& a, const ScenePoint& b, double radius, int sides, SceneColour colour) { cylinder(a, b, radius, radius, sides, colour, colour); }
    void ellipsoid(const ScenePoint& centre, const ScenePoint& radii, int rings, int sides, SceneColour colour);
    /// A ring around the y axis, as a tyre: outer radius, thickness of the tube across and along the axis.
    void tyre(const ScenePoint& centre, double radius, double across, double along, int sides, SceneColour colour);

    bool empty() const { return m_triangles.empty(); }
    std::size_t vertices() const { return m_points.size(); }
    /// Stretches everything along each axis so that it just fills the box.
    void fit(const ScenePoint& low, const ScenePoint& high);
    SceneMesh mesh() const;                                     ///< with normals, and texture coordinates where a face has some
private:
    std::uint32_t vertex(const ScenePoint& point, SceneColour colour, std::array<double, 2> texture = {});
    std::vector<ScenePoint> m_points;
    std::vector<SceneColour> m_colours;
    std::vector<std::array<double, 2>> m_texture;
    std::vector<std::uint32_t> m_triangles;
    bool m_textured = false;
};

}
