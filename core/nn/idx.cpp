// idx (the format of the MNIST family): 0 0 type dimensions, u32 sizes, data; all big-endian; often inside gzip.
#include "core/nn/inflate.h"
#include "core/nn/tensor_source.h"
#include <ATen/ATen.h>
#include <array>

namespace lathe {
namespace {

class IdxIndex : public TensorIndex {
public:
    explicit IdxIndex(const ByteSource& source) : m_source(source) {
        m_path = source.path;
        m_format = "idx";
        m_compressed = source.size() >= 2 && source.bytes[0] == std::byte{0x1f} && source.bytes[1] == std::byte{0x8b};
        const std::string start = m_compressed ? inflate_start(source.bytes, Compression::gzip, 4 + 4 * kMaxDimensions, m_path.string())
                                               : std::string(source.text(0, std::min<std::size_t>(source.size(), 4 + 4 * kMaxDimensions)));
        TensorEntry entry{"data", dtype(start), {}, 0};
        const auto dimensions = std::size_t(static_cast<unsigned char>(start[3]));
        if (dimensions == 0 || dimensions > kMaxDimensions || start.size() < 4 + 4 * dimensions)
            fail("An idx header with " + std::to_string(dimensions) + " dimensions, or one that is cut off");
        for (std::size_t d = 0; d < dimensions; ++d) {
            std::uint32_t size = 0;
            for (std::size_t i = 0; i < 4; ++i)
                size = size << 8 | static_cast<unsigned char>(start[4 + 4 * d + i]);
            entry.shape.push_back(size);
        }
        m_header = 4 + 4 * dimensions;
        entry.bytes = checked_bytes(entry.shape, entry.dtype, m_path.string());
        const auto total = std::size_t(entry.bytes) + m_header;
        if (m_compressed ? total / kMaxDeflateRatio > source.size() : total != source.size())
            fail("The sizes in the header need " + std::to_string(total) + " bytes, the file has " + std::to_string(source.size()) + (m_compressed ? " compressed" : ""));
        m_entries.push_back(std::move(entry));
        index_entries();
    }

    at::Tensor get(std::string_view name) const override {
        const TensorEntry& entry = m_entries[index_of(name)];
        if (!m_compressed) {
            const auto data = m_source.bytes.subspan(m_header);
            return c10::elementSize(entry.dtype) == 1 ? tensor_over(data, m_source.owner, entry.dtype, entry.shape) : tensor_swapped(data, entry.dtype, entry.shape);
        }
        const auto whole = checked_buffer(m_header + std::uint64_t(entry.bytes), m_path.string());
        inflate_into(m_source.bytes, Compression::gzip, *whole, m_path.string());
        const auto data = std::span<const std::byte>(*whole).subspan(m_header);
        return c10::elementSize(entry.dtype) == 1 ? tensor_over(data, whole, entry.dtype, entry.shape) : tensor_swapped(data, entry.dtype, entry.shape);
    }

private:
    static constexpr std::size_t kMaxDimensions = 8;

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, what, m_path.string(), "not an idx file, or a damaged one: fetch it again");
    }
    at::ScalarType dtype(const std::string& start) const {
        if (start.size() < 8 || start[0] != 0 || start[1] != 0)
            fail("No idx header");
        switch (start[2]) {
            case 0x08: return at::kByte;
            case 0x09: return at::kChar;
            case 0x0B: return at::kShort;
            case 0x0C: return at::kInt;
            case 0x0D: return at::kFloat;
            case 0x0E: return at::kDouble;
            default: fail("An unknown idx type " + std::to_string(int(start[2])));
        }
    }

    ByteSource m_source;
    bool m_compressed = false;
    std::size_t m_header = 0;
};

}

std::shared_ptr<TensorIndex> open_idx(const ByteSource& source) { return std::make_shared<IdxIndex>(source); }

}
