#pragma once
// Pictures of scenes made of triangles, as pinhole cameras see them: colour, object ids and depth. VTK draws them with OpenGL in a context that needs no
// display (a software driver will do), so this works in an engine, in a test and over ssh. For camera pictures of made-up data sets and for reports.
// One thread, from construction to destruction; several renderers may live side by side, on different threads too.
#include "core/scene/mesh.h"
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lathe {

/// Rigid motion or any affine map, row by row, acting on column vectors.
using SceneMatrix = std::array<double, 16>;
inline constexpr SceneMatrix kSceneIdentity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};

/// x right, y down, z forward; pixel = (fx x / z + cx, fy y / z + cy), where whole numbers are the centres of pixels and row 0 is the top one.
struct PinholeCamera {
    int width = 0, height = 0;
    double fx = 0, fy = 0, cx = 0, cy = 0;
    SceneMatrix to_world = kSceneIdentity;                  ///< from the camera to the scene
    double near = 0.25, far = 1200;                         ///< metres; what is nearer or farther is not drawn
};

struct SceneLook {
    std::uint32_t id = 0;                                   ///< its number in id pictures, below 2^24; 0: as if nothing were there
    bool solid = true;                                      ///< false: in colour pictures only (sky, shadows)
    bool follows_camera = false;                            ///< its origin moves with the camera (a sky)
    bool one_sided = false;                                 ///< only faces whose vertices turn counter-clockwise for the camera
    double gloss = 0;                                       ///< 0 to 1: highlights of the sun
};

struct SceneLight {
    std::array<double, 3> to_sun{0.3, 0.2, 1};              ///< direction, need not have length 1
    std::array<double, 3> sun{0.75, 0.72, 0.65}, sky{0.2, 0.22, 0.25};   ///< strength of the sun and of light from straight above, red, green, blue
    double ambient = 0.35;                                  ///< share of its colour that a face shows in the dark
};

class SceneRenderer {
public:
    SceneRenderer();                                        ///< throws Error(unsupported) where there is no OpenGL
    ~SceneRenderer();
    SceneRenderer(const SceneRenderer&) = delete;
    SceneRenderer& operator=(const SceneRenderer&) = delete;

    /// Returns the item's number. Items are drawn in the order of their numbers: transparent ones belong after all that may be seen through them. Throws Error(invalid_value) where sizes or indexes of the mesh do not fit together.
    int add(const SceneMesh& mesh, const SceneLook& look = {}, const SceneTexture* texture = nullptr);
    void clear();                                           ///< numbers start again at 0
    void set_pose(int item, const SceneMatrix& to_world);
    void set_visible(int item, bool visible);
    void set_light(const SceneLight& light);
    void set_background(std::array<double, 3> rgb);         ///< 0 to 1; where nothing is drawn
    void set_samples(int per_side);                         ///< 1 to 4: each pixel of a colour picture is the mean of per_side x per_side; 2 at first

    /// Each throws Error(invalid_value) for a camera without size or focal length.
    std::vector<std::uint8_t> colours(const PinholeCamera& camera);   ///< height x width x 3
    std::vector<std::uint32_t> ids(const PinholeCamera& camera);      ///< height x width: of the foremost solid item at the pixel's centre
    std::vector<float> depths(const PinholeCamera& camera);           ///< height x width: z in the camera, metres; 0: nothing there
    /// Ids of only some items, as if all others were not there.
    std::vector<std::uint32_t> ids_of(const PinholeCamera& camera, const std::vector<int>& items);

    std::string driver() const;                             ///< what draws, e.g. "llvmpipe (LLVM 19.1.7, 256 bits)"
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
