#pragma once
// Tensors inside artifacts of the kinds tensor and voxels (small safetensors files), for readers without LibTorch. Every size and offset is checked.
// Stateless; any thread.
#include "core/method/run.h"
#include <map>
#include <span>

namespace lathe {

/// Row-major values that live as long as `bytes`.
struct TensorBytes {
    std::string dtype;                              ///< as safetensors names it: F32, I32, U8, …
    std::vector<std::int64_t> shape;
    std::string_view data;
    Bytes owner;
    std::int64_t count() const;
    /// Copies as T. Throws Error(wrong_format) where the dtype is another one than T's (float, std::int32_t, std::int64_t, std::uint8_t).
    template <class T> std::vector<T> values() const;
};

/// Throws Error(wrong_format) naming the artifact.
std::map<std::string, TensorBytes> tensors_of(const Artifact& artifact);
/// The only tensor, or the one named "value".
TensorBytes tensor_of(const Artifact& artifact);

}
