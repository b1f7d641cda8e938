#include "plugins/bev/engine/street_painter.h"
#include "plugins/bev/engine/street_scenery.h"
#include "plugins/bev/engine/street_shapes.h"
#include <algorithm>

namespace lathe::bev {

PinholeCamera pinhole_of(const ScenePlan& plan, const StreetOptions& options, const Exposure& exposure) {
    const StreetCamera& camera = plan.sensors.cameras.at(static_cast<std::size_t>(exposure.sensor));
    PinholeCamera out;
    out.width = options.width;
    out.height = options.height();
    out.fx = camera.intrinsic(0, 0);
    out.fy = camera.intrinsic(1, 1);
    out.cx = camera.intrinsic(0, 2);
    out.cy = camera.intrinsic(1, 2);
    out.to_world = (ego_to_scene(plan.world.ego_pose(exposure.time)) * camera.to_ego.matrix()).m;
    return out;
}

void StreetPainter::load(const ScenePlan& plan) {
    m_renderer.clear();
    m_bodies.clear();
    m_shadows.clear();
    m_sizes.clear();
    m_renderer.set_light(light_of(plan.world));
    for (const SceneryPart& part : scenery_of(plan.world)) m_renderer.add(part.mesh, part.look, part.texture.width > 0 ? &part.texture : nullptr);
    for (const StreetObject& o : plan.world.objects) {
        m_bodies.push_back(m_renderer.add(object_mesh(o), {.id = static_cast<std::uint32_t>(m_bodies.size() + 1), .gloss = gloss_of(o)}));
        m_sizes.push_back(o.size);
    }
    // Shadows last: they are transparent. Of a flattened body only the faces towards the sun still look up, so each casts one layer.
    const SceneColour shadow{0, 0, 0, shadow_opacity(plan.world)};
    for (const StreetObject& o : plan.world.objects) m_shadows.push_back(m_renderer.add(shadow_body(o, shadow), {.solid = false, .one_sided = true}));
    if (const SceneMesh trees = tree_shadows(plan.world); trees.vertices() > 0) m_renderer.add(trees, {.solid = false, .one_sided = true});
    m_poses.resize(m_bodies.size());
}

void StreetPainter::aim(const ScenePlan& plan, const StreetOptions& options, const Exposure& exposure) {
    for (std::size_t i = 0; i < m_bodies.size(); ++i) {
        const GroundPose pose = plan.world.place(plan.world.objects[i].track, exposure.time);
        const double ground = plan.world.ground_under(pose);
        m_poses[i] = rigid(quaternion_about_z(pose.yaw), {pose.x, pose.y, ground});
        m_renderer.set_pose(m_bodies[i], m_poses[i].m);
        m_renderer.set_pose(m_shadows[i], shadow_matrix(plan.world, m_poses[i].m, ground + 0.025 + 0.0005 * static_cast<double>(i)));   // heights differ: where two meet both are drawn
    }
    m_camera = pinhole_of(plan, options, exposure);
}

bool StreetPainter::in_picture(std::size_t object, Rectangle& out) const {
    const Mat4 to_camera = inverse(Mat4{m_camera.to_world}) * m_poses[object];
    const Vec3& size = m_sizes[object];
    out = {1e9, 1e9, -1e9, -1e9};
    int ahead = 0;
    for (int corner = 0; corner < 8; ++corner) {
        const Vec3 p = transformed(to_camera, {(corner & 1 ? 0.5 : -0.5) * size[1], (corner & 2 ? 0.5 : -0.5) * size[0], corner & 4 ? size[2] : 0.0});
        if (p[2] < m_camera.near) continue;
        ++ahead;
        const double u = m_camera.fx * p[0] / p[2] + m_camera.cx, v = m_camera.fy * p[1] / p[2] + m_camera.cy;
        out = {std::min(out.left, u - 1), std::min(out.top, v - 1), std::max(out.right, u + 1), std::max(out.bottom, v + 1)};
    }
    if (ahead == 0) return false;
    const Rectangle picture{0, 0, m_camera.width - 1.0, m_camera.height - 1.0};
    if (ahead < 8) out = picture;                    // it reaches behind the camera
    return out.meets(picture);
}

void StreetPainter::count(const std::vector<std::uint32_t>& ids, std::vector<BoxCounts>& counts) {
    for (const std::uint32_t id : ids)
        if (id > 0) ++counts.at(id - 1).seen;
    // Things whose rectangles do not meet are drawn together: alone is alone.
    std::vector<std::pair<std::vector<int>, std::vector<Rectangle>>> groups;
    for (std::size_t i = 0; i < m_bodies.size(); ++i) {
        Rectangle r{};
        if (!in_picture(i, r)) continue;
        const auto fits = std::ranges::find_if(groups, [&](const auto& group) { return std::ranges::none_of(group.second, [&](const Rectangle& other) { return r.meets(other); }); });
        auto& group = fits == groups.end() ? groups.emplace_back() : *fits;
        group.first.push_back(m_bodies[i]);
        group.second.push_back(r);
    }
    for (const auto& group : groups)
        for (const std::uint32_t id : m_renderer.ids_of(m_camera, group.first))
            if (id > 0) ++counts.at(id - 1).alone;
}

}
