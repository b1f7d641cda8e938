#include "plugins/bev/engine/cases_data.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "plugins/bev/engine/alignment.h"
#include "plugins/bev/engine/image_aug.h"
#include "plugins/bev/engine/info_json.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::bev {
namespace {

at::Tensor input(const VerifyInputs& inputs, const std::string& name, std::int64_t columns) {
    at::Tensor value = inputs.needed("in." + name).to(at::kFloat).contiguous();
    if (columns > 0 && (value.dim() != 2 || value.size(1) != columns)) throw Error(ErrorCode::wrong_format, "An input of the reference file has another shape.", "in." + name);
    return value;
}

at::Tensor tensor(const std::vector<double>& values, at::IntArrayRef shape) { return at::tensor(values, at::kDouble).to(at::kFloat).reshape(shape); }

void append(std::vector<double>& out, const Mat4& matrix) { out.insert(out.end(), matrix.m.begin(), matrix.m.end()); }

void append(std::vector<double>& out, const Box& b) {
    for (const float v : {b.x, b.y, b.z, b.w, b.l, b.h, b.yaw, b.vx, b.vy}) out.push_back(v);
}

BevAugmentation bev_augmentation(const Json& config) {
    const Json& from = member(config, "bev_aug", "config");
    BevAugmentation out;
    out.flip_y = bool_member(from, "hflip", "config.bev_aug");
    out.flip_x = bool_member(from, "vflip", "config.bev_aug");
    out.rotation = number_member(from, "rot", "config.bev_aug");
    out.scale = number_member(from, "scale", "config.bev_aug");
    out.shift = member(from, "trans", "config.bev_aug").get<std::vector<double>>().size() == 3 ? from.at("trans").get<Vec3>() : throw Error(ErrorCode::wrong_format, "Three numbers are expected.", "config.bev_aug.trans");
    return out;
}

ImageAugmentation image_augmentation(const float* row) {   // resize, resized_w, resized_h, crop_l, crop_t, crop_r, crop_b, flip, rotate_deg
    ImageAugmentation a;
    const auto whole = [&](int i) { return static_cast<int>(row[i]); };
    a.resize = static_cast<double>(row[0]);
    a.width = whole(1);
    a.height = whole(2);
    a.left = whole(3);
    a.top = whole(4);
    a.out_width = whole(5) - whole(3);
    a.out_height = whole(6) - whole(4);
    a.flip = row[7] != 0;
    a.degrees = static_cast<double>(row[8]);
    return a;
}

TensorMap run_align(const VerifyInputs& inputs, RunContext&) {
    const std::filesystem::path file = inputs.locate(string_member(inputs.config, "info_file", "config"));
    const SampleInfo sample = sample_info_from(parse_json(read_file(file, 64u << 20), file.string()), file.string());
    AlignOptions plain, augmented;
    plain.history = augmented.history = member(inputs.config, "adj_ids", "config").get<std::vector<int>>();
    augmented.bev = bev_augmentation(inputs.config);
    const std::vector<Mat4> poses = image_poses(sample, plain), turned = image_poses(sample, augmented);

    const Json& test = member(inputs.config, "image_aug", "config");
    const auto source = member(inputs.config, "src_size", "config").get<std::vector<int>>();
    const ImageMatrix test_matrix = matrix_of(test_augmentation(source.at(1), source.at(0), static_cast<int>(int_member(test, "fW", "config.image_aug")), static_cast<int>(int_member(test, "fH", "config.image_aug"))));
    const at::Tensor drawn = input(inputs, "image_aug_params", 9);
    const auto images = static_cast<std::int64_t>(poses.size());
    if (drawn.size(0) != images) throw Error(ErrorCode::wrong_format, "One row for each image is expected.", "in.image_aug_params");

    std::vector<double> rotation, shift, unaugmented, tested, trained;
    for (std::size_t i = 0; i < poses.size(); ++i) {
        const Mat3& intrinsic = sample.cameras[i % sample.cameras.size()].intrinsic;
        const Mat3 r = upper_left(poses[i]);
        rotation.insert(rotation.end(), r.m.begin(), r.m.end());
        for (int k = 0; k < 3; ++k) shift.push_back(poses[i](k, 3));
        append(unaugmented, lidar2img(poses[i], intrinsic));
        append(tested, lidar2img(poses[i], intrinsic, test_matrix));
        append(trained, lidar2img(turned[i], intrinsic, matrix_of(image_augmentation(drawn.data_ptr<float>() + static_cast<std::int64_t>(i) * 9))));
    }
    std::vector<double> flipped, boxes, corner_values, points;
    const at::Tensor given = input(inputs, "gt_boxes", 9), cloud = input(inputs, "points", 3);
    for (std::int64_t i = 0; i < given.size(0); ++i) {
        const float* b = given.data_ptr<float>() + i * 9;
        const Box box{b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8]};
        append(flipped, augmented.bev.flipped(box));
        append(boxes, augmented.bev.applied(box));
        for (const auto& corner : corners(augmented.bev.applied(box))) corner_values.insert(corner_values.end(), corner.begin(), corner.end());
    }
    for (std::int64_t i = 0; i < cloud.size(0); ++i) {
        const float* p = cloud.data_ptr<float>() + i * 3;
        const Vec3 moved = transformed(augmented.bev.matrix(), {p[0], p[1], p[2]});
        points.insert(points.end(), moved.begin(), moved.end());
    }
    return {{"mid.sensor2lidar_rot", tensor(rotation, {images, 3, 3})}, {"mid.sensor2lidar_trans", tensor(shift, {images, 3})}, {"mid.lidar2img_no_aug", tensor(unaugmented, {images, 4, 4})},
        {"out.lidar2img_test", tensor(tested, {images, 4, 4})}, {"out.lidar2img_train", tensor(trained, {images, 4, 4})}, {"mid.boxes_after_flip", tensor(flipped, {given.size(0), 9})},
        {"out.gt_boxes", tensor(boxes, {given.size(0), 9})}, {"out.gt_corners", tensor(corner_values, {given.size(0), 8, 3})}, {"out.points", tensor(points, {cloud.size(0), 3})}};
}

at::Tensor planes(const Picture& picture) {
    const at::Tensor bytes = at::tensor(at::ArrayRef<std::uint8_t>(picture.rgb), at::kByte);
    return bytes.reshape({picture.height, picture.width, 3}).permute({2, 0, 1}).contiguous().to(at::kFloat);
}

TensorMap run_image_aug(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor image = input(inputs, "img", 0);
    if (image.dim() != 3 || image.size(0) != 3) throw Error(ErrorCode::wrong_format, "A picture of three planes is expected.", "in.img");
    const at::Tensor pixels = image.permute({1, 2, 0}).to(at::kByte).contiguous();
    const Picture picture{static_cast<int>(image.size(2)), static_cast<int>(image.size(1)), {pixels.data_ptr<std::uint8_t>(), pixels.data_ptr<std::uint8_t>() + pixels.numel()}};
    TensorMap out;
    int number = 0;
    for (const Json& c : member(inputs.config, "cases", "config")) {
        const auto dims = member(c, "dims", "config.cases").get<std::array<int, 2>>();
        const auto crop = member(c, "crop", "config.cases").get<std::array<int, 4>>();
        const ImageAugmentation a{number_member(c, "resize", "config.cases"), dims[0], dims[1], crop[0], crop[1], crop[2] - crop[0], crop[3] - crop[1], bool_member(c, "flip", "config.cases"), number_member(c, "rot", "config.cases")};
        const Picture made = augmented(picture, a);
        const std::string name = "_" + std::to_string(number++);
        out["out.img" + name] = planes(made);
        at::Tensor normal = at::empty({3, made.height, made.width}, at::kFloat);
        normalise(made, normal.data_ptr<float>(), false, true);   // the reference takes its pictures for BGR
        out["out.normalized" + name] = normal;
        const ImageMatrix matrix = matrix_of(a);
        out["out.post_rot" + name] = tensor({matrix.turn.m.begin(), matrix.turn.m.end()}, {3, 3});
        out["out.post_tran" + name] = tensor({matrix.shift.begin(), matrix.shift.end()}, {3});
    }
    return out;
}

}

VerifyCase align_case() {
    VerifyCase out;
    out.id = "bev/align";
    out.tolerances = {{"*lidar2img*", "row_rel", 1e-5}, {"*", "max_rel", 1e-5}};
    out.run = run_align;
    return out;
}

VerifyCase image_aug_case() {
    VerifyCase out;
    out.id = "bev/image_aug";
    out.tolerances = {{"out.img_*", "image_u8", 0.01}, {"*", "max_rel", 1e-5}};
    out.run = run_image_aug;
    return out;
}

}
