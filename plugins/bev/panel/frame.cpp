#include "plugins/bev/panel/frame.h"
#include "core/method/tensor_bytes.h"
#include <algorithm>

namespace lathe::bev {
namespace {

std::array<double, 3> three_of(const Json& values, const std::string& where) {
    if (!values.is_array() || values.size() != 3) refuse_answer(where, "three numbers are needed");
    return {number_from(values[0], where), number_from(values[1], where), number_from(values[2], where)};
}

std::vector<SceneObject> objects_of(const Artifact& artifact) {
    constexpr ParseLimits kRoom{16, 4'000'000, 64u << 20};
    if (!artifact.bytes) refuse_answer(artifact.key, "it has no bytes");
    const Json all = parse_json(*artifact.bytes, artifact.key, kRoom);
    std::vector<SceneObject> out;
    for (const Json& box : member(all, "boxes", artifact.key)) {
        SceneObject o;
        o.label = int(class_names().indexOf(QString::fromStdString(string_member(box, "class", artifact.key))));
        if (o.label < 0) continue;
        o.centre = three_of(member(box, "center", artifact.key), "center");
        o.size = three_of(member(box, "size", artifact.key), "size");
        o.yaw = number_member(box, "yaw", artifact.key);
        o.score = number_member(box, "score", artifact.key);
        if (const auto velocity = box.find("velocity"); velocity != box.end() && velocity->is_array() && velocity->size() == 2) o.velocity = {number_from((*velocity)[0], "velocity"), number_from((*velocity)[1], "velocity")};
        o.token = QString::fromStdString(string_or_empty(box, "token", artifact.key));
        if (const auto row = box.find("candidate"); row != box.end() && row->is_number_integer()) o.candidate = row->get<int>();
        out.push_back(std::move(o));
    }
    return out;
}

CameraPicture picture_of(const Artifact& artifact) {
    CameraPicture out;
    out.channel = QString::fromStdString(string_member(artifact.meta, "camera", artifact.key));
    const Json& matrix = member(artifact.meta, "lidar2img", artifact.key);
    if (!matrix.is_array() || matrix.size() != 16) refuse_answer(artifact.key, "its matrix has not 16 numbers");
    for (std::size_t i = 0; i < 16; ++i) out.lidar2img[i] = number_from(matrix[i], "lidar2img");
    if (!artifact.bytes || artifact.shape.size() != 3 || artifact.dtype != "u8" || artifact.shape[2] != 3) refuse_answer(artifact.key, "it is no colour picture");
    const int height = int(artifact.shape[0]), width = int(artifact.shape[1]);
    if (height <= 0 || width <= 0 || artifact.bytes->size() != std::size_t(height) * std::size_t(width) * 3) refuse_answer(artifact.key, "its size does not fit");
    out.picture = QImage(reinterpret_cast<const uchar*>(artifact.bytes->data()), width, height, width * 3, QImage::Format_RGB888).copy();
    return out;
}

int whole(const Json& meta, const char* key) { return int(int_member(meta, key, "view.camera")); }

void take_view(VoxelView& view, const Artifact& artifact) {
    const TensorBytes tensor = tensor_of(artifact);
    if (tensor.shape.size() != 3) refuse_answer(artifact.key, "it has not three axes");
    const Json& meta = artifact.meta;
    view = {};
    for (std::size_t k = 0; k < 3; ++k) view.n[k] = int(std::min<std::int64_t>(tensor.shape[k], 100'000));
    view.camera = tensor.values<std::uint8_t>();
    view.origin = three_of(member(meta, "origin", artifact.key), "origin");
    view.size = three_of(member(meta, "size", artifact.key), "size");
    const Json &feature = member(meta, "feature", artifact.key), &image = member(meta, "image", artifact.key);
    if (!feature.is_array() || feature.size() != 2 || !image.is_array() || image.size() != 2) refuse_answer(artifact.key, "a size is missing");
    view.feature_height = feature[0].get<int>();
    view.feature_width = feature[1].get<int>();
    view.image_height = image[0].get<int>();
    view.image_width = image[1].get<int>();
    view.stride = std::max(1, whole(meta, "stride"));
    view.sampled_at_centre = string_or_empty(meta, "sampling", artifact.key) == "centre";
    view.changed = int_member(meta, "changed", artifact.key);
    for (const Json& name : member(meta, "cameras", artifact.key)) view.cameras << QString::fromStdString(name.get<std::string>());
}

template <class T> void take_values(std::vector<T>& into, const VoxelView& view, const Artifact& artifact) {
    std::vector<T> values = tensor_of(artifact).values<T>();
    if (values.size() != view.camera.size()) refuse_answer(artifact.key, "it belongs to another grid");
    into = std::move(values);
}

void take_heat(std::array<Map2d, 10>& heat, const Artifact& artifact) {
    const TensorBytes tensor = tensor_of(artifact);
    if (tensor.shape.size() != 3 || tensor.shape[0] != 10) refuse_answer(artifact.key, "it has not ten classes");
    const std::vector<float> all = tensor.values<float>();
    const auto cells = std::size_t(tensor.shape[1] * tensor.shape[2]);
    for (std::size_t k = 0; k < 10; ++k) heat[k] = {int(tensor.shape[1]), int(tensor.shape[2]), {all.begin() + std::ptrdiff_t(k * cells), all.begin() + std::ptrdiff_t((k + 1) * cells)}};
}

}

const QStringList& class_names() {
    static const QStringList names{QStringLiteral("car"), QStringLiteral("truck"), QStringLiteral("trailer"), QStringLiteral("bus"), QStringLiteral("construction_vehicle"), QStringLiteral("bicycle"),
        QStringLiteral("motorcycle"), QStringLiteral("pedestrian"), QStringLiteral("traffic_cone"), QStringLiteral("barrier")};
    return names;
}

std::array<int, 3> VoxelView::index_of(std::size_t at) const {
    const std::size_t nz = std::size_t(n[2]), ny = std::size_t(n[1]);
    return {int(at / (ny * nz)), int(at / nz % ny), int(at % nz)};
}

Point3 VoxelView::sample_point(const std::array<int, 3>& voxel) const { return {origin[0] + voxel[0] * size[0], origin[1] + voxel[1] * size[1], origin[2] + voxel[2] * size[2]}; }

Point3 VoxelView::centre(const std::array<int, 3>& voxel) const {
    const double half = sampled_at_centre ? 0 : 0.5;
    return {origin[0] + (voxel[0] + half) * size[0], origin[1] + (voxel[1] + half) * size[1], origin[2] + (voxel[2] + half) * size[2]};
}

bool Frame::take(const Artifact& artifact) {
    const std::string& key = artifact.key;
    if (key.starts_with("image.")) {
        CameraPicture picture = picture_of(artifact);
        const auto known = std::find_if(cameras.begin(), cameras.end(), [&](const CameraPicture& c) { return c.channel == picture.channel; });
        if (known == cameras.end()) cameras.push_back(std::move(picture));
        else *known = std::move(picture);
    } else if (key == "truth") {
        truth = objects_of(artifact);
    } else if (key == "boxes") {
        boxes = objects_of(artifact);
        has_boxes = true;
    } else if (key == "view.camera") {
        take_view(view, artifact);
    } else if (key == "view.seen") {
        take_values(view.seen, view, artifact);
    } else if (key == "view.lut") {
        take_values(view.lut, view, artifact);
    } else if (key == "view.magnitude") {
        take_values(view.magnitude, view, artifact);
    } else if (key == "view.channel") {
        take_values(view.channel, view, artifact);
    } else if (key == "view.difference") {
        take_values(view.difference, view, artifact);
    } else if (key == "voxel.feature") {
        voxel_feature = tensor_of(artifact).values<float>();
    } else if (key == "lidar") {
        lidar = tensor_of(artifact).values<float>();
        lidar.resize(lidar.size() / 4 * 4);
    } else if (key == "heat") {
        take_heat(heat, artifact);
    } else if (key == "bev.magnitude") {
        const TensorBytes tensor = tensor_of(artifact);
        if (tensor.shape.size() != 2) refuse_answer(key, "it has not two axes");
        bev_magnitude = {int(tensor.shape[0]), int(tensor.shape[1]), tensor.values<float>()};
    } else if (key == "candidates") {
        candidates = table_of(artifact);
    } else if (key == "matches") {
        matches = table_of(artifact);
    } else if (key == "stages") {
        stages = table_of(artifact);
    } else if (key == "history") {
        history = table_of(artifact);
    } else if (key == "coverage.cameras") {
        coverage_cameras = table_of(artifact);
    } else if (key == "coverage.heights") {
        coverage_heights = table_of(artifact);
    } else {
        return false;
    }
    return true;
}

bool Frame::take(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) return take(made->artifact);
    if (const auto* done = std::get_if<event::Finished>(&event.body)) {
        finished = true;
        seconds = done->seconds;
        if (done->summary.is_object()) summary = done->summary;
        return true;
    }
    return false;
}

double Frame::range() const { return view.is_empty() ? 50 : view.n[0] * view.size[0] / 2; }

const CameraPicture* Frame::camera(const QString& channel) const {
    const auto found = std::find_if(cameras.begin(), cameras.end(), [&](const CameraPicture& c) { return c.channel == channel; });
    return found == cameras.end() ? nullptr : &*found;
}

QString short_name(const QString& channel) { return channel.startsWith(u"CAM_") ? channel.mid(4) : channel; }

}
