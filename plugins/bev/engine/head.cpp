#include "plugins/bev/engine/head.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lathe::bev {
namespace {

constexpr std::array<std::array<float, 3>, 4> kSizes{{{0.8660f, 2.5981f, 1}, {0.5774f, 1.7321f, 1}, {1, 1, 1}, {0.4f, 0.4f, 1}}};
constexpr std::array<float, 2> kRotations{0, 1.57f};
constexpr float kAnchorZ = -1.8f, kDirectionOffset = 0.7854f;

/// [C, Ny, Nx] with anchor-major channels -> [Ny * Nx * anchors, C / anchors]
at::Tensor rows_by_anchor(const at::Tensor& map) { return map.permute({1, 2, 0}).reshape({-1, map.size(0) / kAnchorsPerCell}).to(at::kFloat).contiguous(); }

/// The yaw with its front on the side that the direction bin names.
float directed(float yaw, int bin) {
    constexpr float pi = std::numbers::pi_v<float>;
    float rest = yaw - kDirectionOffset;
    rest -= std::floor(rest / pi) * pi;
    return rest + kDirectionOffset + pi * static_cast<float>(bin);
}

/// The candidates of one class through its suppression: positions in `of`, best first.
std::vector<int> survivors(const std::vector<Candidate>& all, const std::vector<int>& of, int label, const PostConfig& post, std::vector<int>* why) {
    const auto k = static_cast<std::size_t>(label);
    const float factor = post.scale_nms ? post.factor[k] : 1.0f;
    std::vector<Rectangle> rectangles;
    std::vector<float> scores;
    for (const int i : of) {
        const Candidate& c = all[static_cast<std::size_t>(i)];
        rectangles.push_back({c.raw.x, c.raw.y, c.raw.w * factor, c.raw.l * factor, c.raw.yaw});
        scores.push_back(c.score);
    }
    if (post.scale_nms && post.circle[k]) return circle_nms(rectangles, scores, post.squared_radius[k], 83, why);
    return rotated_nms(rectangles, scores, post.scale_nms ? post.threshold[k] : post.plain_threshold, why);
}

}

std::vector<Box> make_anchors(int ny, int nx, float range) {
    std::vector<Box> anchors;
    anchors.reserve(static_cast<std::size_t>(ny) * static_cast<std::size_t>(nx) * kAnchorsPerCell);
    for (int j = 0; j < ny; ++j)
        for (int i = 0; i < nx; ++i)
            for (const auto& size : kSizes)
                for (const float yaw : kRotations)
                    anchors.push_back({static_cast<float>(-range + (i + 0.5) * 2 * range / nx), static_cast<float>(-range + (j + 0.5) * 2 * range / ny), kAnchorZ, size[0], size[1], size[2], yaw, 0, 0});
    return anchors;
}

Box decoded(const Box& a, const float* t) {
    const float diagonal = std::sqrt(a.w * a.w + a.l * a.l), h = std::exp(t[5]) * a.h;
    return {t[0] * diagonal + a.x, t[1] * diagonal + a.y, t[2] * a.h + (a.z + a.h / 2) - h / 2, std::exp(t[3]) * a.w, std::exp(t[4]) * a.l, h, t[6] + a.yaw, t[7] + a.vx, t[8] + a.vy};
}

std::array<float, 9> encoded(const Box& a, const Box& g) {
    const float diagonal = std::sqrt(a.w * a.w + a.l * a.l);
    return {(g.x - a.x) / diagonal, (g.y - a.y) / diagonal, ((g.z + g.h / 2) - (a.z + a.h / 2)) / a.h, std::log(g.w / a.w), std::log(g.l / a.l), std::log(g.h / a.h), g.yaw - a.yaw, g.vx - a.vx, g.vy - a.vy};
}

Detections detect(const at::Tensor& cls, const at::Tensor& reg, const at::Tensor& dir, float range, const PostConfig& post, bool trace) {
    if (cls.dim() != 3 || cls.size(0) != kAnchorsPerCell * 10 || reg.size(0) != kAnchorsPerCell * kCodeSize || dir.size(0) != kAnchorsPerCell * 2)
        throw Error(ErrorCode::invalid_value, "The head's maps do not have 80, 72 and 16 channels.", std::to_string(cls.size(0)) + ", " + std::to_string(reg.size(0)) + ", " + std::to_string(dir.size(0)));
    const int ny = static_cast<int>(cls.size(1)), nx = static_cast<int>(cls.size(2));
    const at::Tensor scores = at::sigmoid(rows_by_anchor(cls)), codes = rows_by_anchor(reg), bins = rows_by_anchor(dir), best = std::get<0>(scores.max(1));
    const float* score = scores.const_data_ptr<float>();
    const float* top = best.const_data_ptr<float>();
    const std::vector<Box> anchors = make_anchors(ny, nx, range);

    std::vector<int> chosen(anchors.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    if (post.before_nms < static_cast<int>(chosen.size())) {
        const auto higher = [top](int a, int b) { return top[a] > top[b] || (top[a] == top[b] && a < b); };
        std::partial_sort(chosen.begin(), chosen.begin() + post.before_nms, chosen.end(), higher);
        chosen.resize(static_cast<std::size_t>(post.before_nms));
    }
    Detections out;
    for (const int anchor : chosen) {
        if (!(top[anchor] > post.score_threshold)) continue;   // decoded only where some class counts
        const float* bin = bins.const_data_ptr<float>() + anchor * 2;
        const Box box = decoded(anchors[static_cast<std::size_t>(anchor)], codes.const_data_ptr<float>() + std::int64_t{anchor} * kCodeSize);
        for (int label = 0; label < 10; ++label)
            if (score[anchor * 10 + label] > post.score_threshold) out.candidates.push_back({anchor, label, bin[1] > bin[0] ? 1 : 0, score[anchor * 10 + label], box, -1, 0, false});
    }
    std::vector<int> kept;
    for (int label = 0; label < 10; ++label) {
        std::vector<int> of, why;
        for (std::size_t i = 0; i < out.candidates.size(); ++i)
            if (out.candidates[i].label == label) of.push_back(static_cast<int>(i));
        for (const int i : survivors(out.candidates, of, label, post, trace ? &why : nullptr)) kept.push_back(of[static_cast<std::size_t>(i)]);
        for (std::size_t i = 0; i < why.size(); ++i) {
            if (why[i] < 0) continue;
            Candidate& gone = out.candidates[static_cast<std::size_t>(of[i])];
            gone.suppressed_by = of[static_cast<std::size_t>(why[i])];
            const Candidate& by = out.candidates[static_cast<std::size_t>(gone.suppressed_by)];
            const auto k = static_cast<std::size_t>(label);
            const float f = post.scale_nms ? post.factor[k] : 1.0f;
            if (post.scale_nms && post.circle[k]) gone.overlap = (gone.raw.x - by.raw.x) * (gone.raw.x - by.raw.x) + (gone.raw.y - by.raw.y) * (gone.raw.y - by.raw.y);
            else gone.overlap = rotated_iou({by.raw.x, by.raw.y, by.raw.w * f, by.raw.l * f, by.raw.yaw}, {gone.raw.x, gone.raw.y, gone.raw.w * f, gone.raw.l * f, gone.raw.yaw});
        }
    }
    if (static_cast<int>(kept.size()) > post.at_most) {
        std::stable_sort(kept.begin(), kept.end(), [&](int a, int b) { return out.candidates[static_cast<std::size_t>(a)].score > out.candidates[static_cast<std::size_t>(b)].score; });
        kept.resize(static_cast<std::size_t>(post.at_most));
    }
    for (const int i : kept) {
        Candidate& c = out.candidates[static_cast<std::size_t>(i)];
        c.kept = true;
        Box box = c.raw;
        box.yaw = directed(box.yaw, c.direction);
        out.boxes.push_back({box, c.score, c.label});
    }
    out.sources = std::move(kept);
    if (!trace) out.candidates.clear();
    return out;
}

}
