#include "plugins/bev/engine/loss.h"
#include "core/base/error.h"
#include "plugins/bev/engine/geometry.h"
#include "plugins/bev/engine/head.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::bev {
namespace {

constexpr double kDirectionOffset = 0.7854;

at::Tensor by_anchor(const at::Tensor& map) { return map.permute({1, 2, 0}).reshape({-1, map.size(0) / kAnchorsPerCell}); }

/// -log of probabilities, cut off at 100 as the framework's binary cross entropy does.
at::Tensor minus_log(const at::Tensor& p) { return -p.log().clamp_min(-100); }

/// IoU seen from above of every ground truth with every box, [G, A].
at::Tensor nearest_ious(const std::vector<Box>& truth, const std::vector<Box>& boxes) {
    at::Tensor out = at::empty({static_cast<std::int64_t>(truth.size()), static_cast<std::int64_t>(boxes.size())}, at::kFloat);
    auto* to = out.mutable_data_ptr<float>();
    at::parallel_for(0, out.size(0), 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t g = first; g < end; ++g)
            for (std::size_t a = 0; a < boxes.size(); ++a) to[g * out.size(1) + static_cast<std::int64_t>(a)] = nearest_bev_iou(truth[static_cast<std::size_t>(g)], boxes[a]);
    });
    return out;
}

/// How much of a box each anchor already has, for each class: [A, 10]. No gradient.
at::Tensor box_probability(const std::vector<Box>& predicted, const GroundTruth& truth, float threshold) {
    at::Tensor out = at::zeros({static_cast<std::int64_t>(predicted.size()), 10});
    const at::Tensor iou = nearest_ious(truth.boxes, predicted);
    for (std::size_t g = 0; g < truth.boxes.size(); ++g) {
        const at::Tensor row = iou[static_cast<std::int64_t>(g)];
        const float top = row.max().item<float>(), span = std::max(top, threshold) - threshold;
        // In float32 threshold + 1e-12 is the threshold itself: without a better box the quotient is -inf or 0/0, and the probability 0.
        if (!(span > 0)) continue;
        at::Tensor column = out.select(1, truth.labels[g]);
        column.copy_(at::maximum(column, ((row - threshold) / span).clamp(0, 1)));
    }
    return out;
}

at::Tensor smooth_l1(const at::Tensor& difference, double beta) {
    const at::Tensor d = difference.abs();
    return at::where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta);
}

struct Bags { at::Tensor anchors, targets, labels, directions; };   ///< [G, bag] int64, [G, bag, 9], [G] int64, [G, bag] int64

Bags make_bags(const std::vector<Box>& anchors, const GroundTruth& truth, int bag) {
    const auto count = static_cast<std::int64_t>(truth.boxes.size());
    const std::int64_t size = std::min<std::int64_t>(bag, static_cast<std::int64_t>(anchors.size()));
    Bags out{std::get<1>(nearest_ious(truth.boxes, anchors).topk(size, 1)), at::empty({count, size, kCodeSize}), at::empty({count}, at::kLong), at::empty({count, size}, at::kLong)};
    for (std::int64_t g = 0; g < count; ++g) {
        const Box& box = truth.boxes[static_cast<std::size_t>(g)];
        out.labels[g] = truth.labels[static_cast<std::size_t>(g)];
        for (std::int64_t k = 0; k < size; ++k) {
            const auto code = encoded(anchors[static_cast<std::size_t>(out.anchors[g][k].item<std::int64_t>())], box);
            std::copy(code.begin(), code.end(), out.targets.mutable_data_ptr<float>() + (g * size + k) * kCodeSize);
        }
        const double turned = box.yaw - kDirectionOffset, rest = turned - std::floor(turned / (2 * kPi)) * 2 * kPi;
        out.directions[g].fill_(std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(rest / kPi)), 0, 1));
    }
    return out;
}

at::Tensor positive_loss(const at::Tensor& probability, const at::Tensor& codes, const at::Tensor& directions, const Bags& bags, const LossOptions& o) {
    const at::Tensor flat = bags.anchors.reshape({-1});
    const auto of_bags = [&](const at::Tensor& all) { return all.index_select(0, flat).view({bags.anchors.size(0), bags.anchors.size(1), all.size(1)}); };
    const at::Tensor cls = of_bags(probability).gather(2, bags.labels.view({-1, 1, 1}).expand({-1, bags.anchors.size(1), 1})).squeeze(2);
    const at::Tensor predicted = of_bags(codes), p = predicted.select(2, 6), t = bags.targets.select(2, 6);
    const at::Tensor rotation = p.sin() * t.cos() - p.cos() * t.sin();
    at::Tensor weights = at::ones({kCodeSize});
    weights.narrow(0, 7, 2).fill_(o.velocity_weight);
    const at::Tensor difference = at::cat({predicted.narrow(2, 0, 6) - bags.targets.narrow(2, 0, 6), rotation.unsqueeze(2), predicted.narrow(2, 7, 2) - bags.targets.narrow(2, 7, 2)}, 2);
    const at::Tensor box = o.weight * (smooth_l1(difference, o.beta) * weights).sum(2);
    const at::Tensor turn = -o.weight * at::log_softmax(of_bags(directions), 2).gather(2, bags.directions.unsqueeze(2)).squeeze(2);
    const at::Tensor matched = cls * (-(box + turn)).exp();
    const at::Tensor weight = 1 / (1 - matched).clamp_min(1e-12);
    const at::Tensor bag = (weight / weight.sum(1, true) * matched).sum(1).clamp(0, 1);
    return o.alpha * minus_log(bag).sum();
}

}

FreeAnchorLoss free_anchor_loss(const HeadMaps& maps, const std::vector<GroundTruth>& truth, float range, const LossOptions& o) {
    if (maps.cls.dim() != 4 || maps.cls.size(0) != static_cast<std::int64_t>(truth.size()))
        throw Error(ErrorCode::invalid_value, "The ground truth does not fit the batch.", std::to_string(truth.size()) + " samples for a batch of " + std::to_string(maps.cls.size(0)));
    const std::vector<Box> anchors = make_anchors(static_cast<int>(maps.cls.size(2)), static_cast<int>(maps.cls.size(3)), range);
    at::Tensor positive = at::zeros({}), negative = at::zeros({});
    std::int64_t boxes = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const auto item = static_cast<std::int64_t>(i);
        const at::Tensor probability = at::sigmoid(by_anchor(maps.cls[item])), codes = by_anchor(maps.reg[item]), directions = by_anchor(maps.dir[item]);
        at::Tensor taken = at::zeros({static_cast<std::int64_t>(anchors.size()), 10});
        if (!truth[i].boxes.empty()) {
            const at::Tensor fixed = codes.detach().contiguous();
            std::vector<Box> predicted;
            predicted.reserve(anchors.size());
            for (std::size_t a = 0; a < anchors.size(); ++a) predicted.push_back(decoded(anchors[a], fixed.const_data_ptr<float>() + a * kCodeSize));
            taken = box_probability(predicted, truth[i], o.box_threshold);
            positive = positive + positive_loss(probability, codes, directions, make_bags(anchors, truth[i], o.bag), o);
        }
        const at::Tensor background = (probability * (1 - taken)).clamp(0, 1);
        negative = negative + (1 - o.alpha) * (background.pow(o.gamma) * minus_log(1 - background)).sum();
        boxes += static_cast<std::int64_t>(truth[i].boxes.size());
    }
    return {positive / double(std::max<std::int64_t>(1, boxes)), negative / double(std::max<std::int64_t>(1, boxes * o.bag))};
}

}
