#include "app/gui/artifact_decode.h"
#include "core/client/png.h"
#include <cstring>

namespace lathe {
namespace {
constexpr std::int64_t kMaxPixels = 64'000'000;

[[noreturn]] void refuse(const Artifact& artifact, const std::string& why) {
    throw Error(ErrorCode::wrong_format, "The picture cannot be shown.", artifact.key + ", step " + std::to_string(artifact.step) + ": " + why, "Run it again, or look at another one.");
}

void set_raw(Artifact& artifact, std::string bytes, std::int64_t height, std::int64_t width, std::int64_t channels, const char* dtype) {
    artifact.shape = {height, width, channels};
    artifact.dtype = dtype;
    artifact.media = std::string("raw/") + dtype;
    artifact.bytes = std::make_shared<const std::string>(std::move(bytes));
}

void unpack_png(Artifact& artifact) {
    Raster raster = lathe::decode_png(*artifact.bytes, artifact.key + ", step " + std::to_string(artifact.step));
    set_raw(artifact, std::move(raster.pixels), raster.height, raster.width, raster.channels, raster.bits == 16 ? "u16" : "u8");
}

/// A float image is stored as a safetensors file with one f32 tensor of [H, W] or [H, W, C].
void unpack_float(Artifact& artifact) {
    const std::string& file = *artifact.bytes;
    std::uint64_t head_bytes = 0;
    if (file.size() < 8) refuse(artifact, "its file is too short");
    std::memcpy(&head_bytes, file.data(), 8);
    if (head_bytes > file.size() - 8) refuse(artifact, "its header is longer than the file");
    const Json head = parse_json(std::string_view(file).substr(8, head_bytes), artifact.key);
    for (const auto& [name, tensor] : head.items()) {
        if (name == "__metadata__") continue;
        const Json& shape = member(tensor, "shape", name);
        const Json& range = member(tensor, "data_offsets", name);
        if (string_member(tensor, "dtype", name) != "F32" || !shape.is_array() || shape.size() < 2 || shape.size() > 3 || !range.is_array() || range.size() != 2) refuse(artifact, "it is no float image");
        std::int64_t dims[3] = {0, 0, 1};
        for (std::size_t i = 0; i < shape.size(); ++i) {
            if (!shape[i].is_number_integer()) refuse(artifact, "its shape is damaged");
            dims[i] = shape[i].get<std::int64_t>();
        }
        if (!range[0].is_number_unsigned() || !range[1].is_number_unsigned()) refuse(artifact, "its offsets are damaged");
        const std::uint64_t first = range[0].get<std::uint64_t>(), end = range[1].get<std::uint64_t>(), room = file.size() - 8 - head_bytes;
        if (dims[0] <= 0 || dims[1] <= 0 || dims[2] < 1 || dims[2] > 4 || dims[0] > kMaxPixels || dims[1] > kMaxPixels || dims[0] * dims[1] > kMaxPixels) refuse(artifact, "its size is refused");
        if (first > end || end > room || end - first != std::uint64_t(dims[0] * dims[1] * dims[2] * 4)) refuse(artifact, "its bytes do not fit its shape");
        set_raw(artifact, file.substr(std::size_t(8 + head_bytes + first), std::size_t(end - first)), dims[0], dims[1], dims[2], "f32");
        return;
    }
    refuse(artifact, "its file holds no tensor");
}
}

Artifact to_raw(Artifact stored) {
    if (stored.kind != "image" || stored.media.starts_with("raw/")) return stored;
    if (!stored.bytes) refuse(stored, "it has no bytes");
    if (stored.media == "image/png") unpack_png(stored);
    else unpack_float(stored);
    return stored;
}

Artifact load_artifact(const ProjectReader& reader, const ArtifactRow& row) {
    Artifact artifact;
    artifact.key = row.key;
    artifact.kind = row.kind;
    artifact.media = row.media;
    artifact.step = row.step;
    artifact.meta = row.meta.is_object() ? row.meta : Json::object();
    artifact.bytes = std::make_shared<const std::string>(reader.artifact_bytes(row.id));
    return to_raw(std::move(artifact));
}

}
