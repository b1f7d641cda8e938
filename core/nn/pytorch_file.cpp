// Checkpoints written by torch.save since PyTorch 1.6: a zip archive with data.pkl and one record for each storage.
#include "core/nn/pickle.h"
#include "core/nn/zip_archive.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe {
namespace {

constexpr std::uint64_t kMaxPickle = 256u << 20;
constexpr std::size_t kMaxDepth = 128, kMaxVisits = 4'000'000, kMaxName = 4096;
constexpr std::int64_t kMaxExpanded = 256 << 20;   // of a tensor that repeats its storage by strides of 0

/// Walks the values: tensors get dotted names, the rest becomes Json.
class Walker {
public:
    struct Found { std::string name; std::uint32_t tensor; };

    Walker(const pickle::Pickle& pickle, std::string where) : m_pickle(pickle), m_where(std::move(where)) {}

    Json walk() { return value(m_pickle.root, ""); }
    std::vector<Found> found;

private:
    /// `discarded` for a tensor or a container of nothing but tensors.
    Json value(pickle::Id id, const std::string& name) {
        if (++m_visits > kMaxVisits)
            fail("The checkpoint expands to more than 4 000 000 values");
        if (std::find(m_path.begin(), m_path.end(), id) != m_path.end())
            return Json{{"$cycle", valid_text(name)}};
        if (m_path.size() >= kMaxDepth)
            fail("Values are nested more than 128 deep");
        m_path.push_back(id);
        Json result = std::visit([&](const auto& v) { return json(v, name); }, m_pickle.values[id]);
        m_path.pop_back();
        return result;
    }

    Json json(pickle::None, const std::string&) { return nullptr; }
    Json json(bool v, const std::string&) { return v; }
    Json json(std::int64_t v, const std::string&) { return v; }
    Json json(double v, const std::string&) { return number_json(v); }
    Json json(const std::string& v, const std::string&) { return valid_text(v); }
    Json json(const pickle::Bytes& v, const std::string&) { return {{"$bytes", v.bytes.size()}}; }
    Json json(const pickle::BigInteger& v, const std::string&) { return {{"$integer_bytes", v.little_endian.size()}}; }
    Json json(const pickle::Class& v, const std::string&) { return {{"$class", valid_text(v.name, 256)}}; }
    Json json(pickle::StorageRef, const std::string&) { return {{"$class", "torch.storage"}}; }
    Json json(pickle::TensorRef v, const std::string& name) {
        found.push_back({name.empty() ? "data" : valid_text(name, kMaxName), v.index});
        return Json(Json::value_t::discarded);
    }
    Json json(const pickle::List& v, const std::string& name) { return list(v.items, name); }
    Json json(const pickle::Dict& v, const std::string& name) { return dict(v.items, name); }
    Json json(pickle::ObjectRef v, const std::string& name) {
        const pickle::Object& object = m_pickle.objects[v.index];
        if (const auto* state = std::get_if<pickle::Dict>(&m_pickle.values[object.state]); state && is_module(*state))
            return module(*state, object.type, name);
        Json result{{"$class", valid_text(object.type, 256)}};
        const auto add = [&](const char* key, Json part) {
            if (!part.is_discarded() && !part.is_null() && !(part.is_structured() && part.empty()))
                result[key] = std::move(part);
        };
        const std::size_t before = found.size();
        add("args", value(object.args, join(name, "args")));
        add("state", value(object.state, name));
        add("items", dict(object.items, name));
        add("elements", list(object.elements, name));
        return found.size() > before && result.size() == 1 ? Json(Json::value_t::discarded) : result;
    }

    Json list(const std::vector<pickle::Id>& items, const std::string& name) {
        Json result = Json::array();
        const std::size_t before = found.size();
        for (std::size_t i = 0; i < items.size(); ++i)
            keep(result, value(items[i], join(name, std::to_string(i))));
        return found.size() > before && result.empty() ? Json(Json::value_t::discarded) : result;
    }
    Json dict(const pickle::Pairs& items, const std::string& name) {
        Json result = Json::object();
        const std::size_t before = found.size();
        for (const auto& [key, item] : items) {
            const std::string text = key_text(key);
            Json part = value(item, join(name, text));
            if (!part.is_discarded() && room())
                result[valid_text(text, kMaxName)] = std::move(part);
        }
        return found.size() > before && result.empty() ? Json(Json::value_t::discarded) : result;
    }
    void keep(Json& array, Json part) {
        if (!part.is_discarded() && room())
            array.push_back(std::move(part));
    }
    bool room() { return ++m_kept <= ParseLimits{}.elements; }   // as much as a Json from outside may hold

    // A whole torch.nn.Module that was pickled: its tensors under the names that state_dict() would give.
    bool is_module(const pickle::Dict& state) const {
        int seen = 0;
        for (const auto& [key, item] : state.items) {
            const auto* text = std::get_if<std::string>(&m_pickle.values[key]);
            seen += text && (*text == "_parameters" || *text == "_buffers" || *text == "_modules");
        }
        return seen == 3;
    }
    Json module(const pickle::Dict& state, const std::string& type, const std::string& name) {
        for (const char* part : {"_parameters", "_buffers", "_modules"}) {
            for (const auto& [key, item] : state.items) {
                const auto* text = std::get_if<std::string>(&m_pickle.values[key]);
                if (text && *text == part)
                    value(item, name);
            }
        }
        return {{"$class", valid_text(type, 256)}};
    }

    std::string key_text(pickle::Id id) const {
        const pickle::Value& key = m_pickle.values[id];
        if (const auto* text = std::get_if<std::string>(&key))
            return *text;
        if (const auto* number = std::get_if<std::int64_t>(&key))
            return std::to_string(*number);
        if (const auto* flag = std::get_if<bool>(&key))
            return *flag ? "True" : "False";
        return "#" + std::to_string(id);
    }
    std::string join(const std::string& prefix, const std::string& name) const {
        if (prefix.size() + name.size() >= kMaxName)
            fail("A tensor name of more than 4096 bytes");
        return prefix.empty() ? name : prefix + "." + name;
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, what, m_where, "save only what is needed: torch.save(model.state_dict(), FILE)");
    }

    const pickle::Pickle& m_pickle;
    std::string m_where;
    std::vector<pickle::Id> m_path;
    std::size_t m_visits = 0, m_kept = 0;
};

class PytorchIndex : public TensorIndex {
public:
    PytorchIndex(std::shared_ptr<const ZipArchive> zip, std::string prefix) : m_zip(std::move(zip)), m_prefix(std::move(prefix)) {
        m_path = m_zip->source().path;
        m_format = "pytorch";
        refuse_other_archives();
        const ZipEntry& entry = *m_zip->find(m_prefix + "data.pkl");
        if (entry.size > kMaxPickle)
            throw Error(ErrorCode::unsupported, "Data.pkl has " + std::to_string(entry.size >> 20) + " MiB; at most 256 are read", m_path.string(),
                        "save only what is needed: torch.save(model.state_dict(), FILE)");
        const ByteSource content = m_zip->read(entry);
        if (!entry.deflated)
            m_zip->check_crc(entry, content.bytes);
        const pickle::Pickle pickle = pickle::read(content.text(0, content.size()), m_path.string());
        Walker walker(pickle, m_path.string());
        Json others = walker.walk();
        m_others = others.is_discarded() ? Json::object() : others.is_object() ? std::move(others) : Json{{"data", std::move(others)}};
        for (const Walker::Found& found : walker.found)
            add(found.name, pickle.tensors[found.tensor], pickle.storages[pickle.tensors[found.tensor].storage]);
        index_entries();
    }

    at::Tensor get(std::string_view name) const override {
        const std::size_t i = index_of(name);
        const TensorEntry& entry = m_entries[i];
        if (entry.bytes == 0)
            return at::empty(entry.shape, at::dtype(entry.dtype));
        const Place& place = m_places[i];
        const ByteSource content = m_zip->read(*place.record);
        const std::int64_t elements = std::int64_t(content.size() / c10::elementSize(entry.dtype));
        return tensor_over(content.bytes.first(std::size_t(elements) * c10::elementSize(entry.dtype)), content.owner, entry.dtype, {elements})
            .as_strided(entry.shape, place.strides, place.offset);
    }

private:
    struct Place { const ZipEntry* record; std::int64_t offset; std::vector<std::int64_t> strides; };

    void refuse_other_archives() const {
        if (m_zip->find(m_prefix + "constants.pkl"))
            throw Error(ErrorCode::unsupported, "A TorchScript archive: it holds a program, which is not run", m_path.string(),
                        "save its weights from Python: torch.save(torch.jit.load(FILE).state_dict(), NEW), or as safetensors");
        if (const ZipEntry* order = m_zip->find(m_prefix + "byteorder"); order && m_zip->start(*order, 16) == "big")
            throw Error(ErrorCode::unsupported, "The checkpoint was written on a big-endian machine", m_path.string(), "save it as safetensors");
    }

    /// Every element that the tensor can reach must lie in its storage, and the storage in its record.
    void add(const std::string& name, const pickle::StoredTensor& tensor, const pickle::Storage& storage) {
        const std::string where = place(m_path, name);
        const auto fail = [&](const std::string& what) { throw Error(ErrorCode::wrong_format, what, where, "the checkpoint is damaged: fetch it again, or save it again"); };
        TensorEntry entry{name, tensor.dtype, tensor.shape, checked_bytes(tensor.shape, tensor.dtype, where)};
        if (tensor.shape.size() != tensor.strides.size() || tensor.offset < 0)
            fail("Shape, strides and offset do not belong together");
        const ZipEntry* record = m_zip->find(m_prefix + "data/" + storage.key);
        if (entry.bytes > 0) {
            if (!record)
                fail("Its storage data/" + valid_text(storage.key) + " is missing from the archive");
            if (std::uint64_t(checked_bytes(std::vector<std::int64_t>{storage.elements}, storage.dtype, where)) != record->size)
                fail("Its storage has " + std::to_string(record->size) + " bytes; " + std::to_string(storage.elements) + " elements were announced");
            std::int64_t last = tensor.offset;
            for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
                std::int64_t step = 0;
                if (tensor.strides[d] < 0 || __builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &step) || __builtin_add_overflow(last, step, &last))
                    fail("Its strides leave its storage");
            }
            const std::uint64_t elements = record->size / c10::elementSize(tensor.dtype);
            if (std::uint64_t(last) >= elements)
                fail("It needs element " + std::to_string(last) + " of a storage of " + std::to_string(elements));
            if (entry.bytes > kMaxExpanded && std::uint64_t(entry.bytes) > record->size)
                fail("It expands a storage of " + std::to_string(record->size) + " bytes to " + std::to_string(entry.bytes));
        }
        m_entries.push_back(std::move(entry));
        m_places.push_back({record, tensor.offset, tensor.strides});
    }

    std::shared_ptr<const ZipArchive> m_zip;
    std::string m_prefix;
    std::vector<Place> m_places;
};

}

std::shared_ptr<TensorIndex> open_pytorch(std::shared_ptr<const ZipArchive> zip, const std::string& prefix) {
    return std::make_shared<PytorchIndex>(std::move(zip), prefix);
}

}
