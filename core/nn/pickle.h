#pragma once
// A restricted reader of Python pickles, for PyTorch checkpoints: it builds data and runs nothing. Classes and functions that a pickle names stay
// names; a call becomes an inert object that remembers what would have been called. Not part of the interface of core/nn.
// Format: https://docs.python.org/3/library/pickletools.html, protocols 2 to 5.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lathe::pickle {

using Id = std::uint32_t;                                  ///< index of a value; values may refer to each other in circles
using Pairs = std::vector<std::pair<Id, Id>>;

struct None {};
struct Bytes { std::string bytes; };
struct BigInteger { std::string little_endian; };          ///< more than 64 bits
struct List { std::vector<Id> items; };                    ///< lists, tuples, sets
struct Dict { Pairs items; };
struct Class { std::string name; };                        ///< "module.name": a class or a function
struct StorageRef { std::uint32_t index; };
struct TensorRef { std::uint32_t index; };
struct ObjectRef { std::uint32_t index; };
using Value = std::variant<None, bool, std::int64_t, double, std::string, Bytes, BigInteger, List, Dict, Class, StorageRef, TensorRef, ObjectRef>;

struct Storage { std::string key; at::ScalarType dtype = at::kByte; std::int64_t elements = 0; };   ///< kByte for an untyped one
struct StoredTensor {
    std::uint32_t storage = 0;
    at::ScalarType dtype = at::kFloat;
    std::int64_t offset = 0;                               ///< in elements
    std::vector<std::int64_t> shape, strides;              ///< not yet compared with the storage
};
struct Object { std::string type; Id args = 0, state = 0; Pairs items; std::vector<Id> elements; };

struct Pickle {
    std::vector<Value> values;                             ///< 0 is None
    std::vector<Storage> storages;
    std::vector<StoredTensor> tensors;
    std::vector<Object> objects;
    Id root = 0;
};

/// Throws Error(wrong_format, unsupported) with the byte. At most 8 M values and 1 M tensors.
Pickle read(std::string_view bytes, std::string_view where);

}
