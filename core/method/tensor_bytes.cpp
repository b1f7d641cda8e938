#include "core/method/tensor_bytes.h"
#include <cstring>

namespace lathe {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 34;

[[noreturn]] void refuse_tensor(const std::string& where, const std::string& why) {
    throw Error(ErrorCode::wrong_format, "The tensor cannot be read.", where + ": " + why, "Run it again, or look at another run.");
}

std::size_t size_of(const std::string& dtype) {
    static const std::map<std::string, std::size_t> sizes{{"BOOL", 1}, {"U8", 1}, {"I8", 1}, {"F16", 2}, {"BF16", 2}, {"I16", 2}, {"U16", 2}, {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}};
    const auto found = sizes.find(dtype);
    return found == sizes.end() ? 0 : found->second;
}

template <class T> const char* name_of();
template <> const char* name_of<float>() { return "F32"; }
template <> const char* name_of<std::int32_t>() { return "I32"; }
template <> const char* name_of<std::int64_t>() { return "I64"; }
template <> const char* name_of<std::uint8_t>() { return "U8"; }

}

std::int64_t TensorBytes::count() const {
    std::int64_t n = 1;
    for (const std::int64_t size : shape) n *= size;
    return n;
}

template <class T> std::vector<T> TensorBytes::values() const {
    if (dtype != name_of<T>()) refuse_tensor("dtype " + dtype, std::string(name_of<T>()) + " is needed");
    std::vector<T> out(data.size() / sizeof(T));
    std::memcpy(out.data(), data.data(), out.size() * sizeof(T));
    return out;
}
template std::vector<float> TensorBytes::values<float>() const;
template std::vector<std::int32_t> TensorBytes::values<std::int32_t>() const;
template std::vector<std::int64_t> TensorBytes::values<std::int64_t>() const;
template std::vector<std::uint8_t> TensorBytes::values<std::uint8_t>() const;

std::map<std::string, TensorBytes> tensors_of(const Artifact& artifact) {
    const std::string& key = artifact.key;
    if (!artifact.bytes) refuse_tensor(key, "it has no bytes");
    const std::string_view file = *artifact.bytes;
    std::uint64_t head_bytes = 0;
    if (file.size() < 8) refuse_tensor(key, "its file is too short");
    std::memcpy(&head_bytes, file.data(), 8);
    if (head_bytes > file.size() - 8) refuse_tensor(key, "its header is longer than the file");
    const std::string_view body = file.substr(8 + head_bytes);
    std::map<std::string, TensorBytes> out;
    const Json head = parse_json(file.substr(8, head_bytes), key);
    for (const auto& [name, entry] : head.items()) {
        if (name == "__metadata__") continue;
        const Json &shape = member(entry, "shape", name), &range = member(entry, "data_offsets", name);
        TensorBytes tensor;
        tensor.dtype = string_member(entry, "dtype", name);
        tensor.owner = artifact.bytes;
        if (!shape.is_array() || shape.size() > 16 || !range.is_array() || range.size() != 2 || !range[0].is_number_unsigned() || !range[1].is_number_unsigned()) refuse_tensor(key, "the entry of " + name + " is damaged");
        std::int64_t count = 1;
        for (const Json& size : shape) {
            if (!size.is_number_unsigned() || size.get<std::uint64_t>() > std::uint64_t(kMostElements)) refuse_tensor(key, "the shape of " + name + " is damaged");
            tensor.shape.push_back(size.get<std::int64_t>());
            if (tensor.shape.back() != 0 && count > kMostElements / tensor.shape.back()) refuse_tensor(key, "the shape of " + name + " is too large");
            count *= tensor.shape.back();
        }
        const auto first = range[0].get<std::uint64_t>(), end = range[1].get<std::uint64_t>();
        const std::size_t bytes = size_of(tensor.dtype);
        if (bytes == 0 || first > end || end > body.size() || end - first != std::uint64_t(count) * bytes) refuse_tensor(key, "the bytes of " + name + " do not fit its shape");
        tensor.data = body.substr(std::size_t(first), std::size_t(end - first));
        out.emplace(name, std::move(tensor));
    }
    return out;
}

TensorBytes tensor_of(const Artifact& artifact) {
    auto all = tensors_of(artifact);
    if (const auto found = all.find("value"); found != all.end()) return std::move(found->second);
    if (all.size() != 1) refuse_tensor(artifact.key, "it holds " + std::to_string(all.size()) + " tensors");
    return std::move(all.begin()->second);
}

}
