#include "app/onnx/tensor_file.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace lathe::onnx_program {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64u << 20;
constexpr std::int64_t kMaxTensorBytes = std::int64_t{1} << 62;
constexpr std::array<ElementType, 9> kElementTypes{{{"F64", 8, 11}, {"I64", 8, 7}, {"F32", 4, 1}, {"I32", 4, 6}, {"F16", 2, 10}, {"I16", 2, 5}, {"U8", 1, 2}, {"I8", 1, 3}, {"BOOL", 1, 9}}};

[[noreturn]] void damaged(const std::string& what, const std::string& where) {
    throw Error(ErrorCode::wrong_format, what, where, "The file is damaged or no safetensors file: write it again.");
}

std::int64_t whole(const Json& value, const std::string& where) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max())) damaged("A size or offset is no whole number.", where);
    return value.get<std::int64_t>();
}

FileTensor tensor_from(const Json& entry, std::span<const std::byte> data, const std::string& where) {
    FileTensor tensor;
    const std::string dtype = string_member(entry, "dtype", where);
    tensor.type = element_type(dtype);
    if (!tensor.type) throw Error(ErrorCode::unsupported, "The element type " + valid_text(dtype, 32) + " is not read.", where, "Write the tensor as F32, or leave it out.");
    const Json& shape = member(entry, "shape", where);
    const Json& offsets = member(entry, "data_offsets", where);
    if (!shape.is_array() || shape.size() > 64 || !offsets.is_array() || offsets.size() != 2) damaged("A tensor needs a shape and two offsets.", where);
    for (const Json& size : shape) tensor.shape.push_back(whole(size, where));
    const auto begin = std::size_t(whole(offsets[0], where)), end = std::size_t(whole(offsets[1], where));
    if (begin > end || end > data.size()) damaged("The tensor's data lie outside of the file.", where);
    if (end - begin != dense_bytes(*tensor.type, tensor.shape, where)) damaged("The tensor's data do not fit its shape.", where);
    tensor.bytes.assign(data.begin() + std::ptrdiff_t(begin), data.begin() + std::ptrdiff_t(end));
    if (tensor.type->name == "BOOL")   // another byte than 0 and 1 would be undefined behaviour in the runtime
        for (std::byte& b : tensor.bytes) b = std::byte(b != std::byte(0));
    return tensor;
}

}

const ElementType* element_type(std::string_view name) {
    const auto found = std::ranges::find(kElementTypes, name, &ElementType::name);
    return found == kElementTypes.end() ? nullptr : &*found;
}

const ElementType* element_type(int onnx) {
    const auto found = std::ranges::find(kElementTypes, onnx, &ElementType::onnx);
    return found == kElementTypes.end() ? nullptr : &*found;
}

std::size_t dense_bytes(const ElementType& type, std::span<const std::int64_t> shape, const std::string& where) {
    auto bytes = std::int64_t(type.bytes);
    for (const std::int64_t size : shape)
        if (size < 0 || __builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes) || bytes > kMaxTensorBytes) damaged("The tensor's shape is impossible.", where);
    return std::ranges::find(shape, 0) == shape.end() ? std::size_t(bytes) : 0;
}

std::map<std::string, FileTensor> read_tensors(const std::filesystem::path& file) {
    const MappedFile map(file);
    const auto bytes = map.bytes();
    std::uint64_t header_size = 0;
    if (bytes.size() < sizeof header_size) damaged("The file is too short for a header.", file.string());
    std::memcpy(&header_size, bytes.data(), sizeof header_size);
    if (header_size > kMaxHeaderBytes || header_size > bytes.size() - sizeof header_size) damaged("The header is larger than the file or than 64 MiB.", file.string());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof header_size, header_size);
    const Json header = parse_json(text, file.string(), {.depth = 4, .elements = 4'000'000, .bytes = kMaxHeaderBytes});
    if (!header.is_object()) damaged("The header is no JSON object.", file.string());
    const auto data = bytes.subspan(sizeof header_size + header_size);
    std::map<std::string, FileTensor> tensors;
    for (const auto& [name, entry] : header.items())
        if (name != "__metadata__") tensors.emplace(name, tensor_from(entry, data, file.string() + ", tensor " + valid_text(name, 256)));
    return tensors;
}

std::string tensor_header(std::vector<TensorView>& tensors) {
    std::ranges::stable_sort(tensors, std::greater(), [](const TensorView& t) { return t.type->bytes; });
    Json header = Json::object();
    std::size_t at = 0;
    for (const TensorView& t : tensors) {
        header[t.name] = {{"dtype", t.type->name}, {"shape", t.shape}, {"data_offsets", {at, at + t.bytes.size()}}};
        at += t.bytes.size();
    }
    std::string text = json_text(header);
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t size = text.size();
    text.insert(0, reinterpret_cast<const char*>(&size), sizeof size);
    return text;
}

}
