// Where one looks from in a SceneView, and the way between its points and pixels.
#include "viewers/scene_view_impl.h"
#include <algorithm>
#include <numbers>

namespace lathe {
namespace {

Vector3 turned_about(const Vector3& v, const Vector3& axis, double angle) {   // Rodrigues
    const double c = std::cos(angle), s = std::sin(angle), d = dot(axis, v) * (1 - c);
    const Vector3 x = cross(axis, v);
    return {v[0] * c + x[0] * s + axis[0] * d, v[1] * c + x[1] * s + axis[1] * d, v[2] * c + x[2] * s + axis[2] * d};
}

}

const SceneEye& SceneView::eye() const { return m->eye; }

void SceneView::look(const SceneEye& eye) {
    m->eye = eye;
    changed();
    Q_EMIT eye_moved();
}

void SceneView::look_around(double range) { look({{-0.45 * range, -1.1 * range, 0.78 * range}, {0, 0.08 * range, -1}, {0, 0, 1}, 40}); }
void SceneView::look_down(double range) { look({{0, 0, 2.9 * range}, {0, 0, 0}, {0, 1, 0}, 40, true}); }

Json SceneView::to_json(const SceneEye& eye) { return {{"eye", eye.eye}, {"target", eye.target}, {"up", eye.up}, {"angle", eye.angle}, {"parallel", eye.parallel}}; }

std::optional<SceneEye> SceneView::eye_from(const Json& json) {
    SceneEye out;
    if (!json.is_object()) return std::nullopt;
    for (const auto& [key, into] : {std::pair("eye", &out.eye), std::pair("target", &out.target), std::pair("up", &out.up)}) {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_array() || found->size() != 3) return std::nullopt;
        for (std::size_t k = 0; k < 3; ++k) {
            if (!(*found)[k].is_number() || !(std::abs((*found)[k].get<double>()) < 1e6)) return std::nullopt;
            (*into)[k] = (*found)[k].get<double>();
        }
    }
    const auto angle = json.find("angle");
    if (angle == json.end() || !angle->is_number()) return std::nullopt;
    out.angle = std::clamp(angle->get<double>(), 1.0, 170.0);
    if (const auto parallel = json.find("parallel"); parallel != json.end() && parallel->is_boolean()) out.parallel = parallel->get<bool>();
    if (length(minus(out.eye, out.target)) < 1e-6 || length(cross(minus(out.target, out.eye), out.up)) < 1e-9) return std::nullopt;
    return out;
}

/// Angles in radians, about the target; never over the poles. From a parallel view it goes on in perspective.
void SceneView::orbit(double right, double up) {
    SceneEye next = m->eye;
    next.parallel = false;
    const Vector3 z{0, 0, 1};
    Vector3 arm = turned_about(minus(next.eye, next.target), z, -right);
    next.up = turned_about(next.up, z, -right);
    const double distance = length(arm), height = std::asin(std::clamp(arm[2] / distance, -1.0, 1.0)), wanted = std::clamp(height + up, -0.2, std::numbers::pi / 2 - 0.02);
    const Vector3 side = unit(cross(arm, std::hypot(arm[0], arm[1]) > 1e-3 * distance ? z : next.up));
    arm = turned_about(arm, side, wanted - height);
    next.eye = plus(next.target, arm);
    if (std::hypot(arm[0], arm[1]) > 0.01 * distance) next.up = z;
    look(next);
}

/// In parts of the height that is seen at the target.
void SceneView::pan(double right, double up) {
    const EyeFrame f = frame_of(m->eye);
    const double seen = 2 * half_height(m->eye);
    const Vector3 by = plus(plus({}, f.right, -seen * right), f.up, -seen * up);
    SceneEye next = m->eye;
    next.eye = plus(next.eye, by);
    next.target = plus(next.target, by);
    look(next);
}

void SceneView::approach(double factor) {
    SceneEye next = m->eye;
    const Vector3 arm = minus(next.eye, next.target);
    if (length(arm) / factor < 0.5 || length(arm) / factor > 5000) return;
    next.eye = plus(next.target, arm, 1 / factor);
    look(next);
}

SceneView::Ray SceneView::ray_through(const QPointF& position) const {
    const EyeFrame f = frame_of(m->eye);
    const double high = std::max(1, height()), right = (2 * position.x() - width()) / high, up = 1 - 2 * position.y() / high;   // in half heights
    if (m->eye.parallel) {
        const double half = half_height(m->eye);
        return {plus(plus(m->eye.eye, f.right, right * half), f.up, up * half), f.forward};
    }
    const double half = std::tan(m->eye.angle * kRadians / 2);
    return {m->eye.eye, unit(plus(plus(f.forward, f.right, right * half), f.up, up * half))};
}

std::optional<QPointF> SceneView::place_of(const Vector3& point) const {
    const EyeFrame f = frame_of(m->eye);
    const Vector3 d = minus(point, m->eye.eye);
    const double depth = dot(d, f.forward);
    if (depth < 0.1) return std::nullopt;
    const double scale = height() / 2.0 / (m->eye.parallel ? half_height(m->eye) : depth * std::tan(m->eye.angle * kRadians / 2));
    return QPointF(width() / 2.0 + dot(d, f.right) * scale, height() / 2.0 - dot(d, f.up) * scale);
}

}
