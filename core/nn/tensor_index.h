#pragma once
// One checked index in front of every tensor file: safetensors (mapped), PyTorch zip checkpoints (restricted pickle reader: nothing is run),
// .npy/.npz, idx(.gz). Opening reads headers only; get() makes a tensor (a view of the map where the format allows).
// Every size, offset and dtype is checked before it is believed; errors name file, tensor and remedy.
#include "core/base/json.h"
#include <ATen/core/Tensor.h>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct TensorEntry { std::string name; at::ScalarType dtype; std::vector<std::int64_t> shape; std::int64_t bytes = 0; };
struct TensorHealth { std::int64_t nans = 0, infs = 0; double min = 0, max = 0, mean = 0; };

class TensorIndex {
public:
    virtual ~TensorIndex() = default;
    const std::filesystem::path& path() const { return m_path; }
    const std::string& format() const { return m_format; }                    ///< "safetensors", "pytorch", "npz", "npy", "idx"
    const std::vector<TensorEntry>& entries() const { return m_entries; }     ///< in file order
    const TensorEntry* find(std::string_view name) const;
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    const Json& others() const { return m_others; }                           ///< what else a checkpoint holds (epoch, args), as data; opaque objects as {"$class": …}
    /// Throws Error(not_found, wrong_format). May be a view of the map, which stays valid without the index but is READ-ONLY: clone before writing into it.
    virtual at::Tensor get(std::string_view name) const = 0;
    /// An array of texts (NumPy's U and S in an .npz), row after row; nullopt: there is none of this name. Throws Error(wrong_format, unsupported).
    virtual std::optional<std::vector<std::string>> texts(std::string_view) const { return std::nullopt; }
protected:
    void index_entries();                                                     ///< refuses duplicate names
    std::size_t index_of(std::string_view name) const;                        ///< throws Error(not_found)
    std::filesystem::path m_path;
    std::string m_format;
    std::vector<TensorEntry> m_entries;
    std::map<std::string, std::string> m_metadata;
    Json m_others = Json::object();
    std::map<std::string, std::size_t, std::less<>> m_by_name;
};

/// By content, not by name. A file of one array (.npy, idx) names it "data". Nested dicts give dotted names ("ema.blocks.0.…"). Throws Error(wrong_format, unsupported, not_found).
std::shared_ptr<TensorIndex> open_tensors(const std::filesystem::path& file);

/// Atomic (NAME.part, fsync, rename). Tensors are made contiguous; wide dtypes first, then the order of the map, so that every tensor is aligned
/// when it is mapped again; metadata are texts. Throws Error(io, invalid_value, unsupported).
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, at::Tensor>& tensors, const std::map<std::string, std::string>& metadata = {});
std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors, const std::map<std::string, std::string>& metadata = {});
std::shared_ptr<TensorIndex> open_safetensors_bytes(std::shared_ptr<const std::string> bytes, std::string_view where);
TensorHealth tensor_health(const at::Tensor& tensor);                     ///< min, max and mean of the finite values; 0 where there are none
std::string_view dtype_name(at::ScalarType dtype);                        ///< as in safetensors: "F32", "BF16", "BOOL"; "C64" and "C128" for complex; else LibTorch's name

}
