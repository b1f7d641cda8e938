#pragma once
// Named dense tensors in safetensors files, without LibTorch: u64 header size, JSON header {name: {dtype, shape, data_offsets}}, data
// (https://huggingface.co/docs/safetensors, format description). Bytes are little-endian, as on the platforms that ONNX Runtime packages exist for.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::onnx_program {

/// One element type in its three names: safetensors "F32", bytes of one element, number in onnx::TensorProto::DataType (ONNX Runtime uses the same).
struct ElementType { std::string_view name; std::size_t bytes; int onnx; };
const ElementType* element_type(std::string_view name);   ///< null: not known here
const ElementType* element_type(int onnx);                ///< null: not known here

struct FileTensor {
    const ElementType* type = nullptr;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;      ///< contiguous, last dimension fastest, aligned for every element type
};

/// Bytes of a dense tensor. Throws Error(wrong_format) for a negative dimension or a product over 2^62.
std::size_t dense_bytes(const ElementType& type, std::span<const std::int64_t> shape, const std::string& where);

/// Every size and offset is checked before it is believed. Throws Error(not_found, io, wrong_format, unsupported), naming file and tensor.
std::map<std::string, FileTensor> read_tensors(const std::filesystem::path& file);

/// A tensor that is to be written: it borrows its bytes.
struct TensorView { std::string name; const ElementType* type = nullptr; std::vector<std::int64_t> shape; std::span<const std::byte> bytes; };

/// Header and data of a safetensors file, piece by piece, as AtomicFile takes them; wide types come first, so that every tensor is aligned.
std::string tensor_header(std::vector<TensorView>& tensors);   ///< sorts `tensors` into the order of their data

}
