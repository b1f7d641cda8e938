#include "core/nn/tensor_source.h"
#include "core/base/process.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe {

std::string_view ByteSource::text(std::size_t offset, std::size_t size) const {
    if (offset > bytes.size() || size > bytes.size() - offset)
        throw Error(ErrorCode::wrong_format, "The file ends too early", path.string() + ", at byte " + std::to_string(offset),
                    "it may have been cut off while it was copied or downloaded: fetch it again");
    return {reinterpret_cast<const char*>(bytes.data()) + offset, size};
}

std::string place(const std::filesystem::path& file, std::string_view tensor) {
    return file.string() + ", tensor " + std::string(tensor);
}

std::int64_t checked_bytes(std::span<const std::int64_t> shape, at::ScalarType dtype, const std::string& where) {
    if (shape.size() > 64)
        throw Error(ErrorCode::wrong_format, "A tensor with " + std::to_string(shape.size()) + " dimensions", where, "at most 64 are read");
    const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
    std::int64_t bytes = std::int64_t(c10::elementSize(dtype));
    for (const std::int64_t size : shape) {
        if (size < 0)
            throw Error(ErrorCode::wrong_format, "A dimension is negative", where + ": " + std::to_string(size), "the file is damaged");
        if (size > 0 && bytes > (std::int64_t(1) << 62) / size)
            throw Error(ErrorCode::wrong_format, "The product of the dimensions overflows", where, "the file is damaged");
        bytes *= std::max<std::int64_t>(size, 1);
    }
    return empty ? 0 : bytes;
}

at::Tensor tensor_over(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, at::ScalarType dtype, const std::vector<std::int64_t>& shape) {
    const auto size = std::size_t(c10::elementSize(dtype));
    if (bytes.empty())
        return at::empty(shape, at::dtype(dtype));
    if (dtype == at::kBool)
        return tensor_over(bytes, std::move(owner), at::kByte, shape).ne(0);
    void* data = const_cast<std::byte*>(bytes.data());
    if (owner && reinterpret_cast<std::uintptr_t>(data) % size == 0)
        return at::from_blob(data, shape, [owner = std::move(owner)](void*) {}, at::TensorOptions().dtype(dtype));
    at::Tensor copy = at::empty(shape, at::dtype(dtype));
    std::memcpy(copy.data_ptr(), data, bytes.size());
    return copy;
}

at::Tensor tensor_swapped(std::span<const std::byte> bytes, at::ScalarType dtype, const std::vector<std::int64_t>& shape) {
    const auto size = std::size_t(c10::elementSize(dtype));
    if (size == 1)
        return tensor_over(bytes, nullptr, dtype, shape);
    at::Tensor result = at::empty(shape, at::dtype(dtype));
    auto* out = static_cast<std::byte*>(result.data_ptr());
    for (std::size_t i = 0; i + size <= bytes.size(); i += size)
        std::reverse_copy(bytes.begin() + std::ptrdiff_t(i), bytes.begin() + std::ptrdiff_t(i + size), out + i);
    return result;
}

std::shared_ptr<std::vector<std::byte>> checked_buffer(std::uint64_t bytes, const std::string& where) {
    const std::int64_t available = available_memory_bytes();
    if (available > 0 && bytes > std::uint64_t(available))
        throw Error(ErrorCode::out_of_memory, "Decompressed, the data take " + std::to_string(bytes >> 20) + " MiB; " + std::to_string(available >> 20) + " MiB are free", where,
                    "close other programs, or use a smaller file");
    return std::make_shared<std::vector<std::byte>>(std::size_t(bytes));
}

}
