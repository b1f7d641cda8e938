#pragma once
// Draws one scene of the street as its cameras see it. One thread (see SceneRenderer).
#include "core/scene/scene_renderer.h"
#include "plugins/bev/engine/street_plan.h"
#include "plugins/bev/engine/street_tables.h"

namespace lathe::bev {

/// The camera as it stands at a time, for the renderer.
PinholeCamera pinhole_of(const ScenePlan& plan, const StreetOptions& options, const Exposure& exposure);

class StreetPainter {
public:
    void load(const ScenePlan& plan);
    /// Moves the objects to where they are at the exposure's time and aims the camera.
    void aim(const ScenePlan& plan, const StreetOptions& options, const Exposure& exposure);

    std::vector<std::uint8_t> colours() { return m_renderer.colours(m_camera); }
    std::vector<std::uint32_t> ids() { return m_renderer.ids(m_camera); }            ///< index of the object + 1; 0: none
    std::vector<float> depths() { return m_renderer.depths(m_camera); }
    /// Adds to `counts` (one an object) the pixels that `ids` shows of each, and those it would cover if it were alone.
    void count(const std::vector<std::uint32_t>& ids, std::vector<BoxCounts>& counts);
    std::string driver() const { return m_renderer.driver(); }
private:
    struct Rectangle { double left, top, right, bottom; bool meets(const Rectangle& o) const { return left <= o.right && o.left <= right && top <= o.bottom && o.top <= bottom; } };
    bool in_picture(std::size_t object, Rectangle& out) const;                        ///< around its box; false: it cannot be seen

    SceneRenderer m_renderer;
    PinholeCamera m_camera;
    std::vector<int> m_bodies, m_shadows;                                             ///< items of the renderer
    std::vector<Vec3> m_sizes;
    std::vector<Mat4> m_poses;
};

}
