#include "core/base/error.h"
#include "plugins/bev/engine/cases.h"
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/head.h"
#include "plugins/bev/engine/loss.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <cstring>

namespace lathe::bev {
namespace {

/// One part of the detector as a network of its own.
template <class Part> struct Alone : Network {
    template <class Make> Alone(const std::string& key, Make make) : part(make(layer_adder())) { own(key, *part); }
    at::Tensor forward(std::vector<at::Tensor>, TapStack*) override { throw Error(ErrorCode::internal, "A part of a detector has no forward of its own."); }
    std::unique_ptr<Part> part;
};

int number(const Json& config, const char* key) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_number_integer()) throw Error(ErrorCode::wrong_format, "The reference file's config lacks a whole number.", key);
    return found->get<int>();
}

at::Tensor boxes_tensor(const std::vector<Detection>& boxes) {
    at::Tensor out = at::empty({static_cast<std::int64_t>(boxes.size()), 9});
    static_assert(sizeof(Box) == 9 * sizeof(float));
    for (std::size_t i = 0; i < boxes.size(); ++i) std::memcpy(out.mutable_data_ptr<float>() + i * 9, &boxes[i].box, sizeof(Box));
    return out;
}

void add_detections(TensorMap& out, const std::vector<Detection>& boxes) {
    at::Tensor scores = at::empty({static_cast<std::int64_t>(boxes.size())}), labels = at::empty_like(scores);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        scores.mutable_data_ptr<float>()[i] = boxes[i].score;
        labels.mutable_data_ptr<float>()[i] = static_cast<float>(boxes[i].label);
    }
    out["out.boxes"] = boxes_tensor(boxes);
    out["out.scores"] = scores;
    out["out.labels"] = labels;
}

TensorMap run_image_net(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const int channels = number(inputs.config, "fpn_out");
    const ResNetConfig backbone{number(inputs.config, "depth"), number(inputs.config, "base_channels")};
    Alone<ImageNetwork> net("", [&](const AddLayer& add) { return std::make_unique<ImageNetwork>(backbone, channels, std::vector<int>{0, 1, 2}, add); });
    load_weights(net, inputs);
    const auto maps = net.part->forward(case_input(inputs, "img"), nullptr);
    TensorMap out;
    for (std::size_t i = 0; i < 4; ++i) {
        out["mid.c" + std::to_string(i + 2)] = maps.stages[i];
        out["mid.p" + std::to_string(i + 2)] = maps.pyramid[i];
    }
    for (std::size_t i = 0; i < 3; ++i) out["out.fuse_" + std::to_string(i)] = maps.fused[i];
    return out;
}

TensorMap run_encoder(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const Json& c = inputs.config;
    Alone<BevEncoder> net("neck_3d", [&](const AddLayer& add) {
        return std::make_unique<BevEncoder>(number(c, "fuse_in"), number(c, "in_channels"), number(c, "out_channels"), number(c, "num_layers"), add, "neck_3d");
    });
    load_weights(net, inputs);
    const at::Tensor volume = case_input(inputs, "volume");   // [N, C, X, Y, Z]
    const at::Tensor folded = volume.permute({0, 2, 3, 4, 1}).reshape({volume.size(0), volume.size(2), volume.size(3), -1}).permute({0, 3, 1, 2});
    const at::Tensor fused = net.part->fuse(folded, nullptr);
    return {{"mid.folded", folded}, {"mid.fused", fused}, {"out.bev", net.part->encode(fused, nullptr)}};
}

std::unique_ptr<Alone<BevHead>> head_of(const VerifyInputs& inputs) {
    const std::int64_t channels = case_input(inputs, "bev").size(1);
    auto net = std::make_unique<Alone<BevHead>>("bbox_head", [&](const AddLayer& add) { return std::make_unique<BevHead>(channels, add, "bbox_head"); });
    load_weights(*net, inputs);
    return net;
}

TensorMap run_head(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const auto net = head_of(inputs);
    const HeadMaps maps = net->part->forward(case_input(inputs, "bev"), nullptr);
    const at::Tensor& scaled = inputs.needed("mid.bbox_pred_scaled");
    const auto range = inputs.config.value("range", 50.0f);
    const int ny = static_cast<int>(maps.cls.size(2)), nx = static_cast<int>(maps.cls.size(3));
    std::vector<Detection> anchors, boxes;
    const at::Tensor codes = scaled[0].permute({1, 2, 0}).reshape({-1, kCodeSize}).contiguous();
    for (const Box& anchor : make_anchors(ny, nx, range)) {
        boxes.push_back({decoded(anchor, codes.const_data_ptr<float>() + anchors.size() * kCodeSize), 0, 0});
        anchors.push_back({anchor, 0, 0});
    }
    TensorMap out{{"mid.anchors", boxes_tensor(anchors)}, {"mid.decoded", boxes_tensor(boxes)}, {"mid.cls_score", maps.cls}, {"mid.dir_cls", maps.dir}};
    add_detections(out, detect(maps.cls[0], scaled[0], maps.dir[0], range, post_config(inputs.config.value("test_cfg", Json()))).boxes);
    return out;
}

TensorMap run_loss(const VerifyInputs& inputs, RunContext&) {
    const at::AutoGradMode grad(true);
    const auto net = head_of(inputs);
    net->set_training(true);
    const at::Tensor bev = case_input(inputs, "bev").clone().set_requires_grad(true);
    const HeadMaps maps = net->part->forward(bev, nullptr);
    const at::Tensor boxes = case_input(inputs, "gt_boxes").contiguous(), labels = case_input(inputs, "gt_labels").to(at::kInt).contiguous();
    GroundTruth truth;
    truth.boxes.resize(static_cast<std::size_t>(boxes.size(0)));
    std::memcpy(static_cast<void*>(truth.boxes.data()), boxes.const_data_ptr<float>(), truth.boxes.size() * sizeof(Box));
    truth.labels.assign(labels.const_data_ptr<int>(), labels.const_data_ptr<int>() + labels.numel());
    LossOptions options;
    options.bag = inputs.config.value("pre_anchor_topk", options.bag);
    options.box_threshold = inputs.config.value("bbox_thr", options.box_threshold);
    options.gamma = inputs.config.value("gamma", options.gamma);
    options.alpha = inputs.config.value("alpha", options.alpha);
    const FreeAnchorLoss loss = free_anchor_loss(maps, {truth}, inputs.config.value("range", 50.0f), options);
    (loss.positive + loss.negative).backward();
    TensorMap out{{"mid.cls_score", maps.cls.detach()}, {"mid.bbox_pred", maps.reg.detach()}, {"mid.dir_cls", maps.dir.detach()}, {"out.positive_bag_loss", loss.positive.detach().reshape({1})},
        {"out.negative_bag_loss", loss.negative.detach().reshape({1})}, {"out.grad_bev", bev.grad()}};
    net->visit_parameters("", [&](const std::string& key, at::Tensor& t) { out["out.grad." + key] = t.grad(); });
    return out;
}

TensorMap run_detect(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    DetectorConfig config = detector_config(inputs.config);
    const at::Tensor images = case_input(inputs, "img"), matrices = case_input(inputs, "lidar2img");
    if (images.dim() != 5) throw Error(ErrorCode::wrong_format, "in.img must be [1, frames * cameras, 3, H, W].");
    config.cameras = static_cast<int>(images.size(1)) / config.frames;
    Detector net(config);
    load_weights(net, inputs);
    const ViewTables tables = net.tables(matrices, {});
    const at::Tensor folded = net.folded(net.image_features(images[0], nullptr), tables, Overlap::last);
    const at::Tensor bev = net.encode(net.fuse(folded, nullptr), nullptr);
    const HeadMaps maps = net.head(bev, nullptr);
    // The official code keeps one volume as [N, T * C, X, Y, Z], and several as one folded map.
    const auto nz = std::int64_t{config.grids.front().n[2]};
    const at::Tensor volume = config.grids.size() > 1 ? folded.unsqueeze(4) : folded.permute({0, 2, 3, 1}).reshape({1, folded.size(2), folded.size(3), nz, -1}).permute({0, 4, 1, 2, 3});
    TensorMap out{{"mid.neck3d_in", volume}, {"mid.bev", bev}, {"out.cls_score", maps.cls}, {"out.bbox_pred", maps.reg}, {"out.dir_cls", maps.dir}};
    add_detections(out, detect(maps.cls[0], maps.reg[0], maps.dir[0], config.range, config.post).boxes);
    return out;
}

VerifyCase make(const char* id, std::vector<Tolerance> tolerances, TensorMap (*run)(const VerifyInputs&, RunContext&)) {
    VerifyCase out;
    out.id = id;
    out.tolerances = std::move(tolerances);
    out.run = run;
    return out;
}

}

VerifyCase image_net_case() { return make("bev/image_net", {{"*", "rel_l2", 1e-5}}, run_image_net); }
VerifyCase encoder_case() { return make("bev/bev_neck", {{"mid.folded", "exact", 0}, {"*", "rel_l2", 1e-5}}, run_encoder); }
VerifyCase head_case() {
    VerifyCase out = make("bev/head", {{"out.labels", "exact", 0}, {"mid.anchors", "max_rel", 1e-6}, {"out.scores", "max_abs", 1e-5}, {"*", "max_rel", 1e-5}}, run_head);
    out.mid_is_input = [](std::string_view key) { return key == "mid.bbox_pred_scaled"; };
    return out;
}
VerifyCase loss_case() { return make("bev/loss", {{"*", "rel_l2", 1e-4}}, run_loss); }
VerifyCase detect_case() {
    return make("bev/detect", {{"out.labels", "exact", 0}, {"out.boxes", "max_rel", 1e-4}, {"out.scores", "max_abs", 1e-4}, {"*", "rel_l2", 1e-5}}, run_detect);
}

}
