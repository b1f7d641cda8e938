#pragma once
// Shared by the readers of tensor files: bytes that stay alive, checked sizes, and views. Not part of the interface of core/nn.
#include "core/base/text.h"
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// Bytes of a file with whatever keeps them alive (a map, a string).
struct ByteSource {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
    std::filesystem::path path;                    ///< for messages

    std::size_t size() const { return bytes.size(); }
    std::string_view text(std::size_t offset, std::size_t size) const;   ///< throws Error(wrong_format) where the file ends before
};

std::shared_ptr<TensorIndex> open_safetensors(const ByteSource& source);
std::shared_ptr<TensorIndex> open_idx(const ByteSource& source);             ///< plain or gzip
std::shared_ptr<TensorIndex> open_npy(const ByteSource& source);
std::shared_ptr<TensorIndex> open_zip_tensors(const ByteSource& source);     ///< PyTorch or .npz

/// "FILE, tensor NAME"
std::string place(const std::filesystem::path& file, std::string_view tensor);

/// Bytes of a contiguous tensor. Throws Error(wrong_format) for a negative dimension, more than 64 dimensions or a product over 2^62.
std::int64_t checked_bytes(std::span<const std::int64_t> shape, at::ScalarType dtype, const std::string& where);

/// A tensor over `bytes`, which must hold exactly the elements of `shape`: a view that keeps `owner` alive where the address is aligned, else a copy.
/// Booleans are always copied (a byte other than 0 and 1 would be undefined behaviour).
at::Tensor tensor_over(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, at::ScalarType dtype, const std::vector<std::int64_t>& shape);

/// A copy with the bytes of each element reversed.
at::Tensor tensor_swapped(std::span<const std::byte> bytes, at::ScalarType dtype, const std::vector<std::int64_t>& shape);

/// Memory for decompressed data. Throws Error(out_of_memory) where it would take more than is free now, before anything is taken.
std::shared_ptr<std::vector<std::byte>> checked_buffer(std::uint64_t bytes, const std::string& where);


template <class T> T little_endian(std::string_view bytes) {   // the platforms of LibTorch packages are little-endian
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

}
