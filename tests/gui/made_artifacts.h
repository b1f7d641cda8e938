#pragma once
// Artifacts as an engine sends them: tables as CSV, tensors as small safetensors files.
#include "core/base/csv.h"
#include "core/method/run.h"

namespace lathe::gui_test {

inline Artifact text_artifact(const std::string& key, const std::string& kind, const std::string& bytes) {
    Artifact out;
    out.key = key;
    out.kind = kind;
    out.bytes = std::make_shared<const std::string>(bytes);
    return out;
}

inline Artifact tensor_artifact(const std::string& key, const char* dtype, const std::vector<std::int64_t>& shape, const void* data, std::size_t bytes) {
    std::string head = Json{{"value", {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {0, bytes}}}}}.dump();
    head.resize((head.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = head.size();
    Artifact out = text_artifact(key, "tensor", std::string(reinterpret_cast<const char*>(&size), 8) + head + std::string(static_cast<const char*>(data), bytes));
    out.media = "application/x-safetensors";
    return out;
}

inline Artifact i32_artifact(const std::string& key, const std::vector<std::int64_t>& shape, const std::vector<std::int32_t>& values) { return tensor_artifact(key, "I32", shape, values.data(), values.size() * 4); }

inline Artifact f32_artifact(const std::string& key, const std::vector<std::int64_t>& shape, const std::vector<float>& values) { return tensor_artifact(key, "F32", shape, values.data(), values.size() * 4); }

inline Artifact table_artifact(const std::string& key, const std::vector<std::string>& columns, const std::vector<std::vector<Json>>& rows) {
    std::string csv = csv_row({columns.begin(), columns.end()});
    for (const auto& row : rows) csv += csv_row(row);
    return text_artifact(key, "table", csv);
}

}
