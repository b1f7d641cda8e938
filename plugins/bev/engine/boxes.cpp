#include "plugins/bev/engine/boxes.h"
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lathe::bev {
namespace {

constexpr float kPiFloat = std::numbers::pi_v<float>;
constexpr float kTiny = 1e-8f, kMargin = 1e-5f;

struct Point { float x = 0, y = 0; };
using Quad = std::array<Point, 4>;

float cross(Point a, Point b, Point origin) { return (a.x - origin.x) * (b.y - origin.y) - (b.x - origin.x) * (a.y - origin.y); }

/// A rectangle with its sine and cosine.
struct Turned {
    explicit Turned(const Rectangle& rectangle) : r(rectangle), c(std::cos(rectangle.yaw)), s(std::sin(rectangle.yaw)) {
        const float x1 = r.x - r.w / 2, x2 = r.x + r.w / 2, y1 = r.y - r.l / 2, y2 = r.y + r.l / 2;
        const Quad straight{{{x1, y1}, {x2, y1}, {x2, y2}, {x1, y2}}};
        for (std::size_t i = 0; i < 4; ++i) {
            const float dx = straight[i].x - r.x, dy = straight[i].y - r.y;
            corner[i] = {dx * c + dy * s + r.x, -dx * s + dy * c + r.y};
        }
    }
    bool holds(Point p) const {
        const float dx = p.x - r.x, dy = p.y - r.y;
        return std::abs(dx * c - dy * s) < r.w / 2 + kMargin && std::abs(dx * s + dy * c) < r.l / 2 + kMargin;
    }
    Rectangle r;
    float c, s;
    Quad corner;
};

/// Where the segments p0 p1 and q0 q1 cross; touching ends do not count: the corner test finds those.
bool crossing(Point p0, Point p1, Point q0, Point q1, Point& at) {
    const auto apart = [](float a0, float a1, float b0, float b1) { return std::min(a0, a1) > std::max(b0, b1) || std::min(b0, b1) > std::max(a0, a1); };
    if (apart(p0.x, p1.x, q0.x, q1.x) || apart(p0.y, p1.y, q0.y, q1.y)) return false;
    const float s1 = cross(q0, p1, p0), s2 = cross(p1, q1, p0), s3 = cross(p0, q1, q0), s4 = cross(q1, p1, q0);
    if (!(s1 * s2 > 0 && s3 * s4 > 0)) return false;
    const float s5 = cross(q1, p1, p0);
    if (std::abs(s5 - s1) > kTiny) {
        at = {(s5 * q0.x - s1 * q1.x) / (s5 - s1), (s5 * q0.y - s1 * q1.y) / (s5 - s1)};
        return true;
    }
    const float a0 = p0.y - p1.y, b0 = p1.x - p0.x, c0 = p0.x * p1.y - p1.x * p0.y, a1 = q0.y - q1.y, b1 = q1.x - q0.x, c1 = q0.x * q1.y - q1.x * q0.y;
    const float d = a0 * b1 - a1 * b0;
    at = {(b0 * c1 - b1 * c0) / d, (a1 * c0 - a0 * c1) / d};
    return true;
}

float overlap(const Turned& a, const Turned& b) {
    std::array<Point, 24> points;   // 16 crossings and 8 corners at most
    std::size_t count = 0;
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            if (crossing(a.corner[i], a.corner[(i + 1) % 4], b.corner[j], b.corner[(j + 1) % 4], points[count])) ++count;
    for (std::size_t i = 0; i < 4; ++i) {
        if (a.holds(b.corner[i])) points[count++] = b.corner[i];
        if (b.holds(a.corner[i])) points[count++] = a.corner[i];
    }
    if (count < 3) return 0;
    Point centre;
    for (std::size_t i = 0; i < count; ++i) {
        centre.x += points[i].x;
        centre.y += points[i].y;
    }
    centre = {centre.x / static_cast<float>(count), centre.y / static_cast<float>(count)};
    std::array<std::pair<float, std::size_t>, 24> order;
    for (std::size_t i = 0; i < count; ++i) order[i] = {std::atan2(points[i].y - centre.y, points[i].x - centre.x), i};
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
    float twice = 0;
    for (std::size_t i = 0; i + 1 < count; ++i) twice += cross(points[order[i].second], points[order[i + 1].second], points[order[0].second]);
    return std::abs(twice) / 2;
}

float iou(const Turned& a, const Turned& b) {
    const float shared = overlap(a, b);
    return shared / std::max(a.r.w * a.r.l + b.r.w * b.r.l - shared, kTiny);
}

std::vector<int> by_score(std::span<const float> scores) {
    std::vector<int> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)]; });
    return order;
}

/// Greedy suppression in order of score; `suppresses(kept, other)` decides.
template <class F> std::vector<int> greedy(std::span<const float> scores, std::size_t most, std::vector<int>* why, F suppresses) {
    const std::vector<int> order = by_score(scores);
    std::vector<char> gone(order.size(), 0);
    if (why) why->assign(order.size(), -1);
    std::vector<int> kept;
    for (std::size_t i = 0; i < order.size() && kept.size() < most; ++i) {
        const int best = order[i];
        if (gone[static_cast<std::size_t>(best)]) continue;
        kept.push_back(best);
        for (std::size_t j = i + 1; j < order.size(); ++j) {
            const auto other = static_cast<std::size_t>(order[j]);
            if (gone[other] || !suppresses(static_cast<std::size_t>(best), other)) continue;
            gone[other] = 1;
            if (why) (*why)[other] = best;
        }
    }
    return kept;
}

}

int class_index(std::string_view name) {
    const auto found = std::find(kClasses.begin(), kClasses.end(), name);
    return found == kClasses.end() ? -1 : static_cast<int>(found - kClasses.begin());
}

std::array<std::array<float, 3>, 8> corners(const Box& box) {
    constexpr std::array<std::array<float, 3>, 8> unit{{{-.5f, -.5f, 0}, {-.5f, -.5f, 1}, {-.5f, .5f, 1}, {-.5f, .5f, 0}, {.5f, -.5f, 0}, {.5f, -.5f, 1}, {.5f, .5f, 1}, {.5f, .5f, 0}}};
    const float c = std::cos(box.yaw), s = std::sin(box.yaw);
    std::array<std::array<float, 3>, 8> out;
    for (std::size_t i = 0; i < 8; ++i) {
        const float x = unit[i][0] * box.w, y = unit[i][1] * box.l;
        out[i] = {x * c + y * s + box.x, -x * s + y * c + box.y, unit[i][2] * box.h + box.z};
    }
    return out;
}

float nearest_bev_iou(const Box& a, const Box& b) {
    struct Range { float x1, y1, x2, y2; };
    const auto range = [](const Box& box) {
        const float yaw = box.yaw - std::floor(box.yaw / kPiFloat + 0.5f) * kPiFloat;
        const bool turned = std::abs(yaw) > kPiFloat / 4;
        const float w = turned ? box.l : box.w, l = turned ? box.w : box.l;
        return Range{box.x - w / 2, box.y - l / 2, box.x + w / 2, box.y + l / 2};
    };
    const Range p = range(a), q = range(b);
    const float width = std::max(0.0f, std::min(p.x2, q.x2) - std::max(p.x1, q.x1)), height = std::max(0.0f, std::min(p.y2, q.y2) - std::max(p.y1, q.y1));
    const float shared = width * height, both = (p.x2 - p.x1) * (p.y2 - p.y1) + (q.x2 - q.x1) * (q.y2 - q.y1) - shared;
    return shared / std::max(both, 1e-6f);
}

float rotated_iou(const Rectangle& a, const Rectangle& b) { return iou(Turned(a), Turned(b)); }

std::vector<int> rotated_nms(std::span<const Rectangle> boxes, std::span<const float> scores, float threshold, std::vector<int>* why) {
    std::vector<Turned> turned(boxes.begin(), boxes.end());
    std::vector<float> reach(boxes.size());   // half diagonals: boxes further apart cannot overlap
    for (std::size_t i = 0; i < boxes.size(); ++i) reach[i] = std::hypot(boxes[i].w, boxes[i].l) / 2;
    return greedy(scores, boxes.size(), why, [&](std::size_t a, std::size_t b) {
        const float dx = boxes[a].x - boxes[b].x, dy = boxes[a].y - boxes[b].y, far = reach[a] + reach[b] + 1e-3f;
        return (dx * dx + dy * dy <= far * far || threshold < 0) && iou(turned[a], turned[b]) > threshold;
    });
}

std::vector<int> circle_nms(std::span<const Rectangle> boxes, std::span<const float> scores, float squared_radius, int most, std::vector<int>* why) {
    return greedy(scores, static_cast<std::size_t>(std::max(0, most)), why, [&](std::size_t a, std::size_t b) {
        const float dx = boxes[a].x - boxes[b].x, dy = boxes[a].y - boxes[b].y;
        return dx * dx + dy * dy <= squared_radius;
    });
}

}
