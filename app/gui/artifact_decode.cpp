#include "app/gui/artifact_decode.h"
#include "core/client/png.h"
#include "core/method/tensor_bytes.h"

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
    const TensorBytes tensor = tensor_of(artifact);
    if (tensor.dtype != "F32" || tensor.shape.size() < 2 || tensor.shape.size() > 3) refuse(artifact, "it is no float image");
    const std::int64_t height = tensor.shape[0], width = tensor.shape[1], channels = tensor.shape.size() == 3 ? tensor.shape[2] : 1;
    if (height <= 0 || width <= 0 || channels < 1 || channels > 4 || height > kMaxPixels || width > kMaxPixels || height * width > kMaxPixels) refuse(artifact, "its size is refused");
    set_raw(artifact, std::string(tensor.data), height, width, channels, "f32");
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
