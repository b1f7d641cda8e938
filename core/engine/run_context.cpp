#include "core/engine/run_context.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>

namespace lathe {
namespace {

/// One cell of RFC 4180. A text that a spreadsheet would take for a formula is quoted as well.
std::string csv_cell(const Json& value) {
    if (value.is_null()) return {};
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    if (value.is_number_float()) return number_text(value.get<double>());
    if (value.is_number()) return value.dump();
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const bool formula = !text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos;
    if (!formula && text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string dtype_of_image(const at::Tensor& image) {
    switch (image.scalar_type()) {
    case at::kByte: return "u8";
    case at::kUInt16: return "u16";
    case at::kFloat: return "f32";
    default: throw Error(ErrorCode::invalid_value, "An image must be u8, u16 or f32.", std::string("dtype ") + at::toString(image.scalar_type()), "Convert the tensor before it is shown.");
    }
}

}

void RunContext::check_cancelled() const {
    if (cancelled()) throw Cancelled{};
}

void RunContext::image(std::string_view key, std::int64_t step, const at::Tensor& hwc, bool preview, Json meta) {
    if (hwc.dim() != 2 && hwc.dim() != 3) throw Error(ErrorCode::invalid_value, "An image must have the shape [height, width, channels].", std::string(key));
    const at::Tensor pixels = (hwc.dim() == 2 ? hwc.unsqueeze(-1) : hwc).detach().to(at::kCPU).contiguous();
    Artifact out;
    out.key = key;
    out.kind = "image";
    out.dtype = dtype_of_image(pixels);
    out.media = "raw/" + out.dtype;
    out.step = step;
    out.shape = pixels.sizes().vec();
    out.meta = std::move(meta);
    out.preview = preview;
    out.bytes = std::make_shared<const std::string>(static_cast<const char*>(pixels.const_data_ptr()), pixels.nbytes());
    artifact(std::move(out));
}

void RunContext::tensor(std::string_view key, std::int64_t step, const at::Tensor& value, Json meta, bool preview) {
    Artifact out;
    out.key = key;
    out.kind = "tensor";
    out.media = "application/x-safetensors";
    out.step = step;
    out.shape = value.sizes().vec();
    out.dtype = at::toString(value.scalar_type());
    out.meta = std::move(meta);
    out.preview = preview;
    out.bytes = std::make_shared<const std::string>(safetensors_bytes({{"value", value.detach().to(at::kCPU)}}));
    artifact(std::move(out));
}

void RunContext::table(std::string_view key, const std::vector<std::string>& columns, const std::vector<std::vector<Json>>& rows, Json meta, bool preview) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) text += (i ? "," : "") + csv_cell(columns[i]);
    text += "\r\n";
    for (const auto& row : rows) {
        if (row.size() != columns.size())
            throw Error(ErrorCode::internal, "A row of a table has " + std::to_string(row.size()) + " cells for " + std::to_string(columns.size()) + " columns.", std::string(key));
        for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "," : "") + csv_cell(row[i]);
        text += "\r\n";
    }
    Artifact out;
    out.key = key;
    out.kind = "table";
    out.media = "text/csv";
    out.shape = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size())};
    out.meta = std::move(meta);
    out.preview = preview;
    out.bytes = std::make_shared<const std::string>(std::move(text));
    artifact(std::move(out));
}

}
