// safetensors: u64 header size, JSON header {name: {dtype, shape, data_offsets}}, data. https://huggingface.co/docs/safetensors (format description)
#include "core/base/file.h"
#include "core/nn/tensor_source.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace lathe {
namespace {

constexpr std::size_t kMaxHeader = 100'000'000, kMaxTensors = 1'000'000;

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> kDtypes{{
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
    {"I32", at::kInt}, {"I16", at::kShort}, {"I8", at::kChar}, {"U8", at::kByte}, {"BOOL", at::kBool}}};

struct Record { TensorEntry entry; std::uint64_t begin = 0, end = 0; };

/// Takes the header as it is parsed: no tree is built, so a header of a million tensors costs what its entries cost.
class HeaderReader : public nlohmann::json_sax<Json> {
public:
    explicit HeaderReader(std::string where) : m_where(std::move(where)) {}
    std::vector<Record> records;
    std::map<std::string, std::string> metadata;

    bool null() override { return unexpected("null"); }
    bool boolean(bool) override { return unexpected("a truth value"); }
    bool number_float(double, const std::string&) override { return unexpected("a number that is not whole"); }
    bool binary(binary_t&) override { return unexpected("binary data"); }
    bool number_integer(std::int64_t value) override {
        return value < 0 ? unexpected("a negative number") : number_unsigned(std::uint64_t(value));
    }
    bool number_unsigned(std::uint64_t value) override {
        if (m_place != Place::array)
            return unexpected("a number");
        if (m_numbers.size() >= 64)
            fail("a list of more than 64 numbers");
        m_numbers.push_back(value);
        return true;
    }
    bool string(std::string& value) override {
        if (m_place == Place::metadata) {
            if (!metadata.emplace(m_key, value).second)
                fail("a key that appears twice in __metadata__");
            return true;
        }
        if (m_place != Place::tensor || m_field != Field::dtype)
            return unexpected("a text");
        for (const auto& [name, dtype] : kDtypes) {
            if (name == value) {
                m_dtype = dtype;
                return true;
            }
        }
        throw Error(ErrorCode::unsupported, "Dtype " + valid_text(value, 32) + " is not read", where(), "convert it to F32, F16 or BF16");
    }
    bool key(std::string& value) override {
        if (m_place == Place::tensor)
            take_field(value);
        else
            m_key = value;
        return true;
    }
    bool start_object(std::size_t) override {
        if (m_place == Place::start) {
            m_place = Place::header;
        } else if (m_place == Place::header && m_key == "__metadata__") {
            if (std::exchange(m_metadata_seen, true))
                fail("__metadata__ appears twice");
            m_place = Place::metadata;
        } else if (m_place == Place::header) {
            if (records.size() >= kMaxTensors)
                fail("more than 1 000 000 tensors");
            m_place = Place::tensor;
            m_dtype.reset();
            m_shape.reset();
            m_offsets.reset();
        } else {
            return unexpected("an object");
        }
        return true;
    }
    bool end_object() override {
        if (m_place == Place::tensor)
            finish_tensor();
        m_place = m_place == Place::header ? Place::end : Place::header;
        return true;
    }
    bool start_array(std::size_t) override {
        if (m_place != Place::tensor || m_field == Field::dtype)
            return unexpected("a list");
        m_place = Place::array;
        m_numbers.clear();
        return true;
    }
    bool end_array() override {
        m_place = Place::tensor;
        (m_field == Field::shape ? m_shape : m_offsets) = m_numbers;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        throw Error(ErrorCode::wrong_format, "The header is not valid JSON", m_where + ", byte " + std::to_string(8 + position), "the file is damaged: fetch or write it again");
    }

private:
    enum class Place { start, header, metadata, tensor, array, end };
    enum class Field { dtype, shape, offsets };

    std::string where() const { return m_key.empty() ? m_where : m_where + ", tensor " + valid_text(m_key, 256); }
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, "The header has " + what, where(), "the file is damaged: fetch or write it again");
    }
    bool unexpected(const char* what) const { fail(std::string(what) + " where there should be none"); }

    void take_field(const std::string& field) {
        if (field == "dtype")
            m_field = Field::dtype;
        else if (field == "shape")
            m_field = Field::shape;
        else if (field == "data_offsets")
            m_field = Field::offsets;
        else
            fail("an unknown field: " + valid_text(field, 64));
        if ((m_field == Field::dtype && m_dtype) || (m_field == Field::shape && m_shape) || (m_field == Field::offsets && m_offsets))
            fail("the field " + field + " twice");
    }
    void finish_tensor() {
        if (!m_dtype || !m_shape || !m_offsets || m_offsets->size() != 2)
            fail("a tensor without dtype, shape or its two data_offsets");
        Record record{{m_key, *m_dtype, {}, 0}, (*m_offsets)[0], (*m_offsets)[1]};
        for (const std::uint64_t size : *m_shape) {
            if (size > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
                fail("a dimension over 2^63");
            record.entry.shape.push_back(std::int64_t(size));
        }
        record.entry.bytes = checked_bytes(record.entry.shape, *m_dtype, where());
        if (record.end < record.begin || record.end - record.begin != std::uint64_t(record.entry.bytes))
            fail("data_offsets [" + std::to_string(record.begin) + ", " + std::to_string(record.end) + "] for a shape and dtype that need " +
                 std::to_string(record.entry.bytes) + " bytes");
        records.push_back(std::move(record));
    }

    std::string m_where, m_key;
    Place m_place = Place::start;
    Field m_field = Field::dtype;
    bool m_metadata_seen = false;
    std::optional<at::ScalarType> m_dtype;
    std::optional<std::vector<std::uint64_t>> m_shape, m_offsets;
    std::vector<std::uint64_t> m_numbers;
};

class SafetensorsIndex : public TensorIndex {
public:
    explicit SafetensorsIndex(const ByteSource& source) : m_source(source) {
        m_path = source.path;
        m_format = "safetensors";
        const auto header_size = little_endian<std::uint64_t>(source.text(0, 8));
        if (header_size > kMaxHeader)
            throw Error(ErrorCode::wrong_format, "The header claims " + std::to_string(header_size) + " bytes; at most 100 000 000 are read", m_path.string(),
                        "not a safetensors file, or a damaged one");
        const std::string_view header = source.text(8, std::size_t(header_size));
        HeaderReader reader(m_path.string());
        Json::sax_parse(header.begin(), header.end(), &reader);
        m_data = 8 + std::size_t(header_size);
        take(reader.records);
        m_metadata = std::move(reader.metadata);
        index_entries();
    }

    at::Tensor get(std::string_view name) const override {
        const std::size_t i = index_of(name);
        const TensorEntry& entry = m_entries[i];
        return tensor_over(m_source.bytes.subspan(m_offsets[i], std::size_t(entry.bytes)), m_source.owner, entry.dtype, entry.shape);
    }

private:
    /// The tensors must tile the data exactly: no overlap, no hole, nothing behind the last.
    void take(std::vector<Record>& records) {
        std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
        const std::uint64_t size = m_source.size() - m_data;
        std::uint64_t at = 0;
        for (Record& record : records) {
            const std::string where = place(m_path, record.entry.name);
            if (record.begin < at)
                throw Error(ErrorCode::wrong_format, "Its data overlap those of another tensor", where, "the file is damaged: write it again");
            if (record.begin > at)
                throw Error(ErrorCode::wrong_format, "There is a hole of " + std::to_string(record.begin - at) + " bytes before its data", where, "the file is damaged: write it again");
            if (record.end > size)
                throw Error(ErrorCode::wrong_format, "Its data end at byte " + std::to_string(record.end) + " of " + std::to_string(size), where,
                            "the file was cut off while it was copied or downloaded: fetch it again");
            at = record.end;
            m_offsets.push_back(m_data + std::size_t(record.begin));
            m_entries.push_back(std::move(record.entry));
        }
        if (at != size)
            throw Error(ErrorCode::wrong_format, std::to_string(size - at) + " bytes follow the last tensor", m_path.string(), "the file is damaged: write it again");
    }

    ByteSource m_source;
    std::size_t m_data = 0;
    std::vector<std::size_t> m_offsets;   // from the start of the file, by entry
};

void check_writable(const at::Tensor& tensor, const std::string& name) {
    const auto known = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const auto& dtype) { return dtype.second == tensor.scalar_type(); });
    if (known == kDtypes.end() || tensor.layout() != at::kStrided)
        throw Error(ErrorCode::unsupported, std::string("safetensors cannot hold a tensor of type ") + c10::toString(tensor.scalar_type()), "tensor " + name,
                    "convert it to a dense tensor of another dtype");
}

/// Header text and the tensors in the order of their data, contiguous and on the CPU.
std::pair<std::string, std::vector<at::Tensor>> lay_out(const std::map<std::string, at::Tensor>& tensors, const std::map<std::string, std::string>& metadata) {
    std::vector<std::pair<std::string, at::Tensor>> order(tensors.begin(), tensors.end());
    for (const auto& [name, tensor] : order) {
        if (!tensor.defined() || name == "__metadata__")
            throw Error(ErrorCode::invalid_value, name == "__metadata__" ? "This name is reserved" : "The tensor is undefined", "tensor " + name);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    std::vector<at::Tensor> data;
    std::uint64_t at = 0;
    for (const auto& [name, tensor] : order) {
        check_writable(tensor, name);
        data.push_back(tensor.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous());
        const std::uint64_t end = at + std::uint64_t(data.back().nbytes());
        header[name] = {{"dtype", dtype_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}, {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::type_error&) {
        throw Error(ErrorCode::invalid_value, "A tensor name or a metadata text is not valid UTF-8", "safetensors header");
    }
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > kMaxHeader)
        throw Error(ErrorCode::invalid_value, "The header would be larger than 100 000 000 bytes", "safetensors header", "write fewer tensors or shorter metadata");
    const std::uint64_t size = text.size();
    text.insert(0, reinterpret_cast<const char*>(&size), sizeof size);
    return {std::move(text), std::move(data)};
}

}

std::string_view dtype_name(at::ScalarType dtype) {
    for (const auto& [text, value] : kDtypes) {
        if (value == dtype)
            return text;
    }
    return dtype == at::kComplexFloat ? "C64" : dtype == at::kComplexDouble ? "C128" : c10::toString(dtype);
}

std::shared_ptr<TensorIndex> open_safetensors(const ByteSource& source) { return std::make_shared<SafetensorsIndex>(source); }

std::shared_ptr<TensorIndex> open_safetensors_bytes(std::shared_ptr<const std::string> bytes, std::string_view where) {
    const std::span<const std::byte> span{reinterpret_cast<const std::byte*>(bytes->data()), bytes->size()};
    return open_safetensors({span, std::move(bytes), std::filesystem::path(where)});
}

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, at::Tensor>& tensors, const std::map<std::string, std::string>& metadata) {
    const auto [header, data] = lay_out(tensors, metadata);
    AtomicFile out(file);
    out.write(header.data(), header.size());
    for (const at::Tensor& tensor : data) {
        if (tensor.nbytes() > 0)
            out.write(tensor.const_data_ptr(), tensor.nbytes());
    }
    out.commit();
}

std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors, const std::map<std::string, std::string>& metadata) {
    auto [bytes, data] = lay_out(tensors, metadata);
    std::size_t total = bytes.size();
    for (const at::Tensor& tensor : data)
        total += tensor.nbytes();
    bytes.reserve(total);
    for (const at::Tensor& tensor : data) {
        if (tensor.nbytes() > 0)
            bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    }
    return std::move(bytes);
}

}
