#include "core/client/stored_form.h"
#include "core/client/png.h"
#include "core/protocol/messages.h"
#include <cstring>

namespace lathe {
namespace {

std::string image_as_safetensors(const Artifact& a) {
    const char* dtype = a.dtype == "f32" ? "F32" : a.dtype == "u16" ? "U16" : "U8";
    std::string header = Json{{"image", {{"dtype", dtype}, {"shape", a.shape}, {"data_offsets", {0, a.bytes->size()}}}}}.dump();
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = header.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &size, 8);
    out.reserve(8 + header.size() + a.bytes->size());
    return out + header + *a.bytes;
}

}

void to_stored_form(Artifact& a) {
    if (a.kind != "image" || !a.media.starts_with("raw/")) return;
    check_artifact(a);
    const bool fits_png = a.dtype != "f32" && a.shape[2] <= 4 && a.shape[0] * a.shape[1] <= kMaxPngPixels;
    if (fits_png) {
        a.bytes = std::make_shared<const std::string>(encode_png(*a.bytes, a.shape[0], a.shape[1], static_cast<int>(a.shape[2]), a.dtype == "u16" ? 16 : 8));
        a.media = "image/png";
    } else {
        a.bytes = std::make_shared<const std::string>(image_as_safetensors(a));
        a.media = "application/x-safetensors";
    }
}

}
