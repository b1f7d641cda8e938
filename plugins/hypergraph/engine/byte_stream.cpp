#include "plugins/hypergraph/engine/byte_stream.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;
// Text shrinks about tenfold. A file that grows more than this, and to more than that, is made to fill the memory.
constexpr std::size_t kMostSwelling = 300, kSwellingBegins = 256u << 20;

}

ByteStream::ByteStream(const std::filesystem::path& file) : m_map(std::make_unique<MappedFile>(file)), m_bytes(m_map->bytes()), m_where(file.string()) { begin(); }

ByteStream::ByteStream(std::string_view bytes, std::string where) : m_bytes(std::as_bytes(std::span(bytes))), m_where(std::move(where)) { begin(); }

void ByteStream::begin() {
    if (m_bytes.size() < 2 || m_bytes[0] != std::byte{0x1f} || m_bytes[1] != std::byte{0x8b}) return;
    m_inflater = std::make_unique<Inflater>(m_bytes, Compression::gzip, m_where);
    m_piece.resize(kPieceBytes);
}

std::string_view ByteStream::next() {
    if (!m_inflater) {
        const std::size_t n = std::min(kPieceBytes, m_bytes.size() - m_given);
        const std::string_view piece(reinterpret_cast<const char*>(m_bytes.data()) + m_given, n);
        m_given += n;
        return piece;
    }
    std::size_t got = 0;
    while ((got = m_inflater->read(std::as_writable_bytes(std::span(m_piece)))) == 0) {
        if (m_inflater->next_member()) continue;
        if (!m_inflater->ended())
            throw Error(ErrorCode::wrong_format, "The compressed file is cut off.", m_where + ", after " + std::to_string(m_given) + " bytes of its content", "Fetch the file again.");
        return {};
    }
    m_given += got;
    if (m_given > kSwellingBegins && m_given / kMostSwelling > m_inflater->taken())
        throw Error(ErrorCode::wrong_format, "The compressed file swells to more than " + std::to_string(kMostSwelling) + " times its size.", m_where, "Decompress it first if you trust it.");
    return {m_piece.data(), got};
}

double ByteStream::share() const {
    const std::size_t taken = m_inflater ? m_inflater->taken() : m_given;
    return m_bytes.empty() ? 1 : static_cast<double>(taken) / static_cast<double>(m_bytes.size());
}

std::string first_bytes(const std::filesystem::path& file, std::size_t most) {
    ByteStream stream(file);
    std::string text;
    for (std::string_view piece; text.size() < most && !(piece = stream.next()).empty();) text.append(piece.substr(0, most - text.size()));
    return text;
}

}
