#include "core/nn/pickle_globals.h"
#include "core/base/error.h"
#include <cstring>
#include <map>
#include <optional>

namespace lathe::pickle {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& where) {
    throw Error(ErrorCode::wrong_format, what, where, "the checkpoint is damaged: fetch it again, or save it again with torch.save");
}

template <class T> const T* as(const Pickle& pickle, Id id) { return std::get_if<T>(&pickle.values[id]); }

const std::vector<Id>& list(const Pickle& pickle, Id id, const std::string& where) {
    const auto* value = as<List>(pickle, id);
    if (!value)
        fail("A list is missing", where);
    return value->items;
}

std::int64_t integer(const Pickle& pickle, Id id, const std::string& where) {
    const auto* value = as<std::int64_t>(pickle, id);
    if (!value)
        fail("A whole number is missing", where);
    return *value;
}

std::vector<std::int64_t> integers(const Pickle& pickle, Id id, const std::string& where) {
    std::vector<std::int64_t> numbers;
    for (const Id item : list(pickle, id, where))
        numbers.push_back(integer(pickle, item, where));
    return numbers;
}

std::optional<at::ScalarType> dtype_of(std::string_view name) {
    static const std::map<std::string_view, at::ScalarType> kTypes{
        {"torch.FloatStorage", at::kFloat}, {"torch.DoubleStorage", at::kDouble}, {"torch.HalfStorage", at::kHalf}, {"torch.BFloat16Storage", at::kBFloat16},
        {"torch.LongStorage", at::kLong}, {"torch.IntStorage", at::kInt}, {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar},
        {"torch.ByteStorage", at::kByte}, {"torch.BoolStorage", at::kBool}, {"torch.ComplexFloatStorage", at::kComplexFloat},
        {"torch.ComplexDoubleStorage", at::kComplexDouble}, {"torch.storage.UntypedStorage", at::kByte}, {"torch.float32", at::kFloat},
        {"torch.float64", at::kDouble}, {"torch.float16", at::kHalf}, {"torch.bfloat16", at::kBFloat16}, {"torch.int64", at::kLong}, {"torch.int32", at::kInt},
        {"torch.int16", at::kShort}, {"torch.int8", at::kChar}, {"torch.uint8", at::kByte}, {"torch.bool", at::kBool}, {"torch.complex64", at::kComplexFloat},
        {"torch.complex128", at::kComplexDouble}};
    const auto found = kTypes.find(name);
    return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

Value inert(Pickle& pickle, std::string type, Id args) {
    pickle.objects.push_back({std::move(type), args, 0, {}, {}});
    return ObjectRef{std::uint32_t(pickle.objects.size() - 1)};
}

/// (storage, offset, shape, strides, …); version 3 adds the dtype as argument 6
Value tensor(Pickle& pickle, const std::string& function, Id args, const std::string& where) {
    const std::vector<Id>& items = list(pickle, args, where);
    const bool with_dtype = function == "torch._utils._rebuild_tensor_v3";
    if (items.size() < (with_dtype ? 7u : 4u))
        fail("A tensor with too few fields", where);
    const auto* storage = as<StorageRef>(pickle, items[0]);
    if (!storage)   // a storage of a type that is not read was kept as an object: so is its tensor
        return as<ObjectRef>(pickle, items[0]) ? inert(pickle, function, args) : throw Error(ErrorCode::wrong_format, "A tensor without storage", where, "the checkpoint is damaged");
    StoredTensor result{storage->index, pickle.storages[storage->index].dtype, integer(pickle, items[1], where), integers(pickle, items[2], where), integers(pickle, items[3], where)};
    if (with_dtype) {
        const auto* name = as<Class>(pickle, items[6]);
        const auto dtype = name ? dtype_of(name->name) : std::nullopt;
        if (!dtype)
            return inert(pickle, function, args);
        result.dtype = *dtype;
    }
    if (pickle.tensors.size() >= 1'000'000)
        fail("More than 1 000 000 tensors", where);
    pickle.tensors.push_back(std::move(result));
    return TensorRef{std::uint32_t(pickle.tensors.size() - 1)};
}

Value ordered_dict(const Pickle& pickle, Id args, const std::string& where) {
    Dict dict;
    const std::vector<Id>& items = list(pickle, args, where);
    if (!items.empty() && as<List>(pickle, items[0])) {   // OrderedDict([(key, value), …])
        for (const Id item : list(pickle, items[0], where)) {
            const std::vector<Id>& pair = list(pickle, item, where);
            if (pair.size() != 2)
                fail("A dict entry that is not a pair", where);
            dict.items.emplace_back(pair[0], pair[1]);
        }
    }
    return dict;
}

template <class T> double scalar(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return double(value);
}

/// numpy scalar: (dtype object with the type code as first argument, bytes)
std::optional<Value> numpy_scalar(const Pickle& pickle, Id args) {
    const auto* items = as<List>(pickle, args);
    if (!items || items->items.size() != 2)
        return std::nullopt;
    const auto* dtype = as<ObjectRef>(pickle, items->items[0]);
    const auto* bytes = as<Bytes>(pickle, items->items[1]);
    const auto* arguments = dtype ? as<List>(pickle, pickle.objects[dtype->index].args) : nullptr;
    const auto* code = arguments && !arguments->items.empty() ? as<std::string>(pickle, arguments->items[0]) : nullptr;
    if (!bytes || !code)
        return std::nullopt;
    const std::string_view raw = bytes->bytes;
    if (*code == "f8" && raw.size() == 8)
        return scalar<double>(raw);
    if (*code == "f4" && raw.size() == 4)
        return scalar<float>(raw);
    if (*code == "i4" && raw.size() == 4)
        return std::int64_t(scalar<std::int32_t>(raw));
    if (*code == "b1" && raw.size() == 1)
        return raw[0] != 0;
    if (*code == "i8" && raw.size() == 8) {
        std::int64_t value;
        std::memcpy(&value, raw.data(), 8);
        return value;
    }
    return std::nullopt;
}

/// Python 2 style bytes: a text whose characters are all below 256, written as UTF-8
std::optional<Value> latin1(const Pickle& pickle, Id args) {
    const auto* items = as<List>(pickle, args);
    const auto* text = items && items->items.size() == 2 ? as<std::string>(pickle, items->items[0]) : nullptr;
    if (!text)
        return std::nullopt;
    Bytes result;
    for (std::size_t i = 0; i < text->size(); ++i) {
        const auto c = static_cast<unsigned char>((*text)[i]);
        if (c < 0x80) {
            result.bytes.push_back(char(c));
        } else if ((c == 0xC2 || c == 0xC3) && i + 1 < text->size() && (static_cast<unsigned char>((*text)[i + 1]) & 0xC0) == 0x80) {
            result.bytes.push_back(char((c & 3) << 6 | (static_cast<unsigned char>((*text)[++i]) & 0x3F)));
        } else {
            return std::nullopt;
        }
    }
    return result;
}

}

Value call_global(Pickle& pickle, Id function, Id args, const std::string& where) {
    const auto* callee = as<Class>(pickle, function);
    if (!callee)
        return inert(pickle, "(result of a call)", args);
    const std::string name = callee->name;   // a copy: the vectors grow below
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor" || name == "torch._utils._rebuild_tensor_v3")
        return tensor(pickle, name, args, where);
    if (name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state") {
        const std::vector<Id>& items = list(pickle, args, where);
        if (items.empty())
            fail("A parameter without a tensor", where);
        return pickle.values[items[0]];
    }
    if (name == "torch._tensor._rebuild_from_type_v2") {   // (function, type, arguments, state) of a tensor subclass
        const std::vector<Id>& items = list(pickle, args, where);
        const auto* inner = items.size() >= 3 ? as<Class>(pickle, items[0]) : nullptr;
        if (inner && inner->name.starts_with("torch._utils._rebuild_tensor"))
            return tensor(pickle, std::string(inner->name), items[2], where);
        return inert(pickle, name, args);
    }
    if (name == "collections.OrderedDict" || name == "collections.defaultdict")
        return ordered_dict(pickle, args, where);
    if (name == "torch.Size") {
        const std::vector<Id>& items = list(pickle, args, where);
        return items.size() == 1 && as<List>(pickle, items[0]) ? pickle.values[items[0]] : Value(List{});
    }
    if (name == "numpy.core.multiarray.scalar" || name == "numpy._core.multiarray.scalar") {
        if (auto value = numpy_scalar(pickle, args))
            return *value;
    }
    if (name == "_codecs.encode") {
        if (auto value = latin1(pickle, args))
            return *value;
    }
    return inert(pickle, name, args);
}

Value storage_from(Pickle& pickle, Id persistent_id, const std::string& where) {
    const std::vector<Id>& items = list(pickle, persistent_id, where);
    const auto* kind = items.empty() ? nullptr : as<std::string>(pickle, items[0]);
    const auto* type = items.size() >= 5 ? as<Class>(pickle, items[1]) : nullptr;
    const auto* key = items.size() >= 5 ? as<std::string>(pickle, items[2]) : nullptr;
    if (!kind || *kind != "storage" || !type || !key)
        fail("A reference that is not to a storage", where);
    const auto dtype = dtype_of(type->name);
    if (!dtype)
        return inert(pickle, type->name, 0);   // quantized and other rare storages: shown, not read
    if (key->size() > 256)
        fail("A storage name of more than 256 bytes", where);
    const std::int64_t elements = integer(pickle, items[4], where);
    if (elements < 0)
        fail("A storage with a negative size", where);
    pickle.storages.push_back({*key, *dtype, elements});
    return StorageRef{std::uint32_t(pickle.storages.size() - 1)};
}

}
