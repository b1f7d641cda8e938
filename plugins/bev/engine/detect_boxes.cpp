#include "plugins/bev/engine/detect_parts.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace lathe::bev {
namespace {

/// The contract's box: centre of gravity, w along x and l along y of the box, yaw counter-clockwise from x of the LENGTH axis.
Json box_json(const Box& b, int label, float score) {
    return {{"center", {b.x, b.y, b.z + b.h / 2}}, {"size", {b.w, b.l, b.h}}, {"yaw", -b.yaw - std::numbers::pi_v<float> / 2}, {"velocity", {b.vx, b.vy}},
        {"class", kClasses[static_cast<std::size_t>(label)]}, {"score", score}};
}

void send_boxes(RunContext& run, const char* key, Json boxes, const SampleInfo& sample) {
    Artifact out;
    out.key = key;
    out.kind = "boxes";
    out.media = "application/json";
    out.meta = {{"sample", sample.token}};
    out.bytes = std::make_shared<const std::string>(Json{{"frame", "lidar"}, {"boxes", std::move(boxes)}}.dump());
    run.artifact(std::move(out));
}

/// 1 - intersection over union of two sizes with the same centre and heading.
double size_error(const Box& a, const Box& b) {
    const double shared = double{std::min(a.w, b.w)} * std::min(a.l, b.l) * std::min(a.h, b.h);
    return 1 - shared / (double{a.w} * a.l * a.h + double{b.w} * b.l * b.h - shared);
}

/// For each box the true box it takes, or -1: by falling score (equal scores: the later first) the nearest of its class that is still free, below 2 m.
std::vector<int> matches_of(const std::vector<Detection>& boxes, const std::vector<TrueBox>& truth) {
    constexpr float kMatchMetres = 2;
    std::vector<std::size_t> order(boxes.size());
    std::iota(order.rbegin(), order.rend(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return boxes[i].score; });
    std::vector<int> out(boxes.size(), -1);
    std::vector<bool> taken(truth.size(), false);
    for (const std::size_t i : order) {
        float nearest = kMatchMetres;
        for (std::size_t k = 0; k < truth.size(); ++k) {
            if (taken[k] || truth[k].label != boxes[i].label || truth[k].lidar_points + truth[k].radar_points == 0) continue;   // as the metric, which leaves out what no sensor hit
            const float distance = std::hypot(truth[k].box.x - boxes[i].box.x, truth[k].box.y - boxes[i].box.y);
            if (!(distance < nearest)) continue;
            nearest = distance;
            out[i] = static_cast<int>(k);
        }
        if (out[i] >= 0) taken[static_cast<std::size_t>(out[i])] = true;
    }
    return out;
}

}

void add_truth(RunContext& run, const SampleInfo& sample) {
    Json boxes = Json::array();
    for (const TrueBox& t : sample.boxes) {
        boxes.push_back(box_json(t.box, t.label, 1));
        boxes.back()["token"] = t.token;
    }
    send_boxes(run, "truth", std::move(boxes), sample);
}

void add_boxes(RunContext& run, const Detections& detections, const SampleInfo& sample) {
    Json boxes = Json::array();
    for (std::size_t i = 0; i < detections.boxes.size(); ++i) {
        const Detection& d = detections.boxes[i];
        boxes.push_back(box_json(d.box, d.label, d.score));
        boxes.back()["candidate"] = detections.sources[i];
    }
    send_boxes(run, "boxes", std::move(boxes), sample);
}

void add_candidates(RunContext& run, const Detections& detections) {
    std::vector<std::vector<Json>> rows;
    for (const Candidate& c : detections.candidates)
        rows.push_back({std::string(kClasses[static_cast<std::size_t>(c.label)]), number_json(c.score), c.anchor, c.direction, c.kept, c.suppressed_by, number_json(c.overlap), number_json(c.raw.x), number_json(c.raw.y),
            number_json(c.raw.z), number_json(c.raw.w), number_json(c.raw.l), number_json(c.raw.h), number_json(c.raw.yaw)});
    run.table("candidates", {"class", "score", "anchor", "direction bin", "kept", "suppressed by", "overlap", "x m", "y m", "z m", "w m", "l m", "h m", "yaw rad"}, rows);
}

void add_matches(RunContext& run, const Detections& detections, const SampleInfo& sample) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const std::vector<int> matches = matches_of(detections.boxes, sample.boxes);
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < matches.size(); ++i) {
        const Detection& found = detections.boxes[i];
        const std::string name(kClasses[static_cast<std::size_t>(found.label)]);
        std::array<double, 4> errors{kNone, kNone, kNone, kNone};
        std::string token;
        if (matches[i] >= 0) {
            const TrueBox& t = sample.boxes[static_cast<std::size_t>(matches[i])];
            token = t.token;
            errors[0] = std::hypot(t.box.x - found.box.x, t.box.y - found.box.y);
            errors[1] = size_error(t.box, found.box);
            if (name != "traffic_cone") errors[2] = std::abs(wrapped(double{t.box.yaw} - found.box.yaw, name == "barrier" ? kPi : 2 * kPi));   // as far as the metric defines them
            if (name != "traffic_cone" && name != "barrier" && t.velocity_known) errors[3] = std::hypot(t.box.vx - found.box.vx, t.box.vy - found.box.vy);
        }
        std::vector<Json> row{i, name, number_json(found.score), token};
        for (const double error : errors) row.push_back(number_json(error));
        rows.push_back(std::move(row));
    }
    run.table("matches", {"box", "class", "score", "truth", "distance m", "size error", "yaw error rad", "velocity error m/s"}, rows);
}

void add_maps(RunContext& run, const Result& r, float range) {
    const at::Tensor cls = r.maps.cls[0];
    run.tensor("heat", 0, at::sigmoid(cls).view({kAnchorsPerCell, 10, cls.size(1), cls.size(2)}).amax(0), {{"axes", {"class", "y", "x"}}, {"range", range}});
    run.tensor("bev.magnitude", 0, r.bev[0].norm(2, 0).transpose(0, 1).contiguous(), {{"axes", {"y", "x"}}, {"range", range}});
}

}
