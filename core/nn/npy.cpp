// NumPy arrays: .npy (format versions 1 to 3) and .npz, stored or deflated. Object arrays hold pickles and are never read.
// Format: numpy.lib.format documentation.
#include "core/base/utf8.h"
#include "core/nn/zip_archive.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <charconv>

namespace lathe {
namespace {

constexpr std::size_t kMaxNpyHeader = 65'536, kLongestText = 65'536;

struct NpyHeader {
    at::ScalarType stored = at::kFloat;   ///< as in the file
    at::ScalarType dtype = at::kFloat;    ///< as given out: unsigned 16, 32 and 64 bits are widened
    bool swapped = false, fortran = false;
    std::vector<std::int64_t> shape;
    std::size_t data = 0;                 ///< offset of the values
    std::string unsupported;              ///< the type code, where LibTorch has no such type
    std::size_t unit = 0, width = 0;      ///< of a text: bytes of a character (U 4, S 1) and characters; unit 0: no text
};

/// The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
public:
    HeaderParser(std::string_view text, std::string where) : m_text(text), m_where(std::move(where)) {}

    NpyHeader parse() {
        expect('{');
        while (!take('}')) {
            const std::string key = quoted();
            expect(':');
            if (key == "descr" && !m_descr)
                descr();
            else if (key == "fortran_order" && !m_order)
                fortran_order();
            else if (key == "shape" && !m_shape)
                shape();
            else
                fail("an unknown or repeated field " + valid_text(key));
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (!m_text.empty() || !m_descr || !m_order || !m_shape)
            fail("no descr, fortran_order or shape");
        return std::move(m_header);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, "The .npy header has " + what, m_where, "the file is damaged: write it again with numpy.save");
    }
    void skip_space() {
        while (!m_text.empty() && (m_text[0] == ' ' || m_text[0] == '\n' || m_text[0] == '\t'))
            m_text.remove_prefix(1);
    }
    bool take(char c) {
        skip_space();
        if (m_text.empty() || m_text[0] != c)
            return false;
        m_text.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c))
            fail(std::string("no '") + c + "' where one belongs");
    }
    std::string quoted() {
        const char quote = take('\'') ? '\'' : '"';
        if (quote == '"')
            expect('"');
        const std::size_t end = m_text.find(quote);
        if (end > 64)   // also where there is none: npos
            fail("a text without end");
        std::string text(m_text.substr(0, end));
        m_text.remove_prefix(end + 1);
        return text;
    }
    void descr() {
        m_descr = true;
        skip_space();
        if (m_text.starts_with('[')) {   // fields of a record array: skip the list
            int depth = 0;
            do {
                depth += m_text[0] == '[' ? 1 : m_text[0] == ']' ? -1 : 0;
                m_text.remove_prefix(1);
            } while (depth > 0 && !m_text.empty());
            m_header.unsupported = "record";
            return;
        }
        const std::string code = quoted();
        static const std::map<std::string, std::pair<at::ScalarType, at::ScalarType>, std::less<>> kTypes{
            {"f2", {at::kHalf, at::kHalf}}, {"f4", {at::kFloat, at::kFloat}}, {"f8", {at::kDouble, at::kDouble}}, {"i1", {at::kChar, at::kChar}},
            {"i2", {at::kShort, at::kShort}}, {"i4", {at::kInt, at::kInt}}, {"i8", {at::kLong, at::kLong}}, {"u1", {at::kByte, at::kByte}},
            {"u2", {at::kUInt16, at::kInt}}, {"u4", {at::kUInt32, at::kLong}}, {"u8", {at::kUInt64, at::kLong}}, {"b1", {at::kBool, at::kBool}},
            {"c8", {at::kComplexFloat, at::kComplexFloat}}, {"c16", {at::kComplexDouble, at::kComplexDouble}}};
        const auto found = code.empty() ? kTypes.end() : kTypes.find(std::string_view(code).substr(1));
        if (found == kTypes.end() || std::string_view("<>|=").find(code[0]) == std::string_view::npos) {
            m_header.unsupported = code;
            text_type(code);
            return;
        }
        std::tie(m_header.stored, m_header.dtype) = found->second;
        m_header.swapped = code[0] == '>' && c10::elementSize(m_header.stored) > 1;
    }
    /// "<U7": 7 characters of UTF-32; "|S7": 7 bytes.
    void text_type(std::string_view code) {
        if (code.size() < 3 || (code[1] != 'U' && code[1] != 'S'))
            return;
        std::size_t width = 0;
        const auto [end, error] = std::from_chars(code.data() + 2, code.data() + code.size(), width);
        if (error != std::errc() || end != code.data() + code.size() || width > kLongestText)
            return;
        m_header.unit = code[1] == 'U' ? 4 : 1;
        m_header.width = width;
        m_header.swapped = code[0] == '>' && code[1] == 'U';
    }
    void fortran_order() {
        m_order = true;
        skip_space();
        for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
            if (m_text.starts_with(word)) {
                m_text.remove_prefix(word.size());
                m_header.fortran = value;
                return;
            }
        }
        fail("a fortran_order that is neither True nor False");
    }
    void shape() {
        m_shape = true;
        expect('(');
        while (!take(')')) {
            skip_space();
            std::int64_t size = -1;
            const auto [end, error] = std::from_chars(m_text.data(), m_text.data() + m_text.size(), size);
            if (error != std::errc() || size < 0 || m_header.shape.size() >= 64)
                fail("a shape that is not a list of at most 64 whole numbers");
            m_text.remove_prefix(std::size_t(end - m_text.data()));
            if (m_text.starts_with('L'))   // written by Python 2
                m_text.remove_prefix(1);
            m_header.shape.push_back(size);
            if (!take(',')) {
                expect(')');
                break;
            }
        }
    }

    std::string_view m_text;
    std::string m_where;
    NpyHeader m_header;
    bool m_descr = false, m_order = false, m_shape = false;
};

/// `start`: the first bytes of the array, at least the whole header.
NpyHeader parse_header(std::string_view start, const std::string& where) {
    const auto fail = [&](const char* what) { throw Error(ErrorCode::wrong_format, what, where, "the file is damaged: write it again with numpy.save"); };
    if (start.size() < 12 || !start.starts_with("\x93NUMPY"))
        fail("No .npy header");
    const int version = static_cast<unsigned char>(start[6]);
    if (version < 1 || version > 3)
        throw Error(ErrorCode::unsupported, ".npy format version " + std::to_string(version), where, "versions 1 to 3 are read: write it again with numpy.save");
    const std::size_t text = version == 1 ? 10 : 12;
    const std::size_t size = version == 1 ? little_endian<std::uint16_t>(start.substr(8)) : little_endian<std::uint32_t>(start.substr(8));
    if (size > kMaxNpyHeader || start.size() < text + size)
        fail("The .npy header is cut off or longer than 65 536 bytes");
    NpyHeader header = HeaderParser(start.substr(text, size), where).parse();
    header.data = text + size;
    return header;
}

TensorEntry entry_of(const NpyHeader& header, std::string name, std::uint64_t size, const std::string& where) {
    TensorEntry entry{std::move(name), header.dtype, header.shape, 0};
    const auto needed = std::uint64_t(checked_bytes(header.shape, header.stored, where)) + header.data;
    if (needed != size)
        throw Error(ErrorCode::wrong_format, "Shape and type need " + std::to_string(needed) + " bytes, there are " + std::to_string(size), where,
                    "the file is cut off or damaged: fetch or write it again");
    entry.bytes = checked_bytes(header.shape, header.dtype, where);
    return entry;
}

at::Tensor read_array(const NpyHeader& header, const ByteSource& source) {
    const auto values = source.bytes.subspan(header.data);
    std::vector<std::int64_t> shape = header.shape;
    if (header.fortran)
        std::reverse(shape.begin(), shape.end());
    at::Tensor tensor;
    if (header.swapped && at::isComplexType(header.stored)) {   // each half is swapped by itself
        shape.push_back(2);
        tensor = at::view_as_complex(tensor_swapped(values, header.stored == at::kComplexFloat ? at::kFloat : at::kDouble, shape));
    } else {
        tensor = header.swapped ? tensor_swapped(values, header.stored, shape) : tensor_over(values, source.owner, header.stored, shape);
    }
    if (header.stored != header.dtype) {
        tensor = tensor.to(header.dtype);
        if (header.stored == at::kUInt64 && tensor.lt(0).any().item<bool>())
            throw Error(ErrorCode::unsupported, "Whole numbers of 2^63 and more", source.path.string(), "convert the array to int64 or float64");
    }
    return header.fortran ? tensor.permute([&] {
        std::vector<std::int64_t> order(header.shape.size());
        for (std::size_t d = 0; d < order.size(); ++d)
            order[d] = std::int64_t(order.size() - 1 - d);
        return order;
    }()) : tensor;
}

std::vector<std::string> read_texts(const NpyHeader& header, const ByteSource& source, const std::string& where) {
    if (header.fortran && header.shape.size() > 1)
        throw Error(ErrorCode::unsupported, "Texts in Fortran's order", where, "write the array with numpy.ascontiguousarray");
    const auto count = std::size_t(checked_bytes(header.shape, at::kByte, where)), size = header.unit * header.width;
    const std::size_t there = source.size() - header.data;
    if (size == 0 ? there != 0 : there % size != 0 || there / size != count)
        throw Error(ErrorCode::wrong_format, std::to_string(count) + " texts of " + std::to_string(size) + " bytes do not fit into " + std::to_string(there), where, "the file is cut off or damaged: fetch or write it again");
    if (size == 0 && count > source.size())   // texts of no length take no bytes: any number of them could be announced
        throw Error(ErrorCode::unsupported, std::to_string(count) + " texts without a character", where, "leave the array out");
    std::vector<std::string> texts(count);
    for (std::size_t k = 0; k < count; ++k) {
        const std::string_view bytes = source.text(header.data + k * size, size);
        if (header.unit == 1) {
            const std::size_t last = bytes.find_last_not_of('\0');
            texts[k] = valid_text(bytes.substr(0, last == bytes.npos ? 0 : last + 1), kLongestText);
            continue;
        }
        std::size_t length = header.width;
        const auto code = [&](std::size_t at) {
            const auto value = little_endian<std::uint32_t>(bytes.substr(4 * at));
            return header.swapped ? (value >> 24) | ((value >> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24) : value;
        };
        while (length > 0 && code(length - 1) == 0)
            --length;
        for (std::size_t at = 0; at < length; ++at)
            append_utf8(texts[k], code(at));
    }
    return texts;
}

class NpyIndex : public TensorIndex {
public:
    explicit NpyIndex(const ByteSource& source) : m_source(source) {
        m_path = source.path;
        m_format = "npy";
        m_header = parse_header(source.text(0, std::min<std::size_t>(source.size(), kMaxNpyHeader + 12)), m_path.string());
        if (!m_header.unsupported.empty())
            throw Error(ErrorCode::unsupported, "An array of type " + valid_text(m_header.unsupported), m_path.string(), "only numbers and truth values are read: convert it with astype()");
        m_entries.push_back(entry_of(m_header, "data", source.size(), m_path.string()));
        index_entries();
    }
    at::Tensor get(std::string_view name) const override {
        index_of(name);
        return read_array(m_header, m_source);
    }

private:
    ByteSource m_source;
    NpyHeader m_header;
};

class NpzIndex : public TensorIndex {
public:
    explicit NpzIndex(std::shared_ptr<const ZipArchive> zip) : m_zip(std::move(zip)) {
        m_path = m_zip->source().path;
        m_format = "npz";
        for (const ZipEntry& entry : m_zip->entries()) {
            const std::string name = entry.name.substr(0, entry.name.size() - 4);   // without .npy
            NpyHeader header = parse_header(m_zip->start(entry, kMaxNpyHeader + 12), place(m_path, name));
            if (!header.unsupported.empty()) {   // texts and objects beside the arrays that are wanted
                m_others[name] = {{"$array", valid_text(header.unsupported)}, {"shape", header.shape}};
                if (header.unit > 0)
                    m_texts.emplace(name, std::move(header));
                continue;
            }
            m_entries.push_back(entry_of(header, name, entry.size, place(m_path, name)));
            m_headers.push_back(std::move(header));
        }
        index_entries();
    }
    at::Tensor get(std::string_view name) const override {
        const std::size_t i = index_of(name);
        return read_array(m_headers[i], m_zip->read(*m_zip->find(m_entries[i].name + ".npy")));
    }

    std::optional<std::vector<std::string>> texts(std::string_view name) const override {
        const auto found = m_texts.find(name);
        if (found == m_texts.end())
            return std::nullopt;
        return read_texts(found->second, m_zip->read(*m_zip->find(found->first + ".npy")), place(m_path, name));
    }

private:
    std::shared_ptr<const ZipArchive> m_zip;
    std::vector<NpyHeader> m_headers;
    std::map<std::string, NpyHeader, std::less<>> m_texts;
};

}

std::shared_ptr<TensorIndex> open_npy(const ByteSource& source) { return std::make_shared<NpyIndex>(source); }
std::shared_ptr<TensorIndex> open_npz(std::shared_ptr<const ZipArchive> zip) { return std::make_shared<NpzIndex>(std::move(zip)); }

}
