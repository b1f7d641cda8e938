#include "core/nn/inflate.h"
#include "core/base/error.h"
#include <algorithm>
#include <zlib.h>

namespace lathe {
namespace {

constexpr std::size_t kPiece = 1u << 30;   // zlib counts in 32 bits

class Inflater {
public:
    Inflater(std::span<const std::byte> in, Compression kind, std::string_view where) : m_in(in), m_where(where) {
        if (inflateInit2(&m_stream, kind == Compression::gzip ? 15 + 16 : -15) != Z_OK)
            throw Error(ErrorCode::out_of_memory, "No memory to decompress", m_where);
    }
    ~Inflater() { inflateEnd(&m_stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Fills `out` as far as the data go; returns the number of bytes written.
    std::size_t read(std::span<std::byte> out) {
        std::size_t done = 0;
        while (!m_ended) {
            if (m_stream.avail_in == 0) {
                const std::size_t n = std::min(m_in.size() - m_taken, kPiece);
                m_stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(m_in.data() + m_taken));
                m_stream.avail_in = uInt(n);
                m_taken += n;
            }
            const std::size_t room = std::min(out.size() - done, kPiece);
            m_stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
            m_stream.avail_out = uInt(room);
            const int result = inflate(&m_stream, Z_NO_FLUSH);
            done += room - m_stream.avail_out;
            if (result == Z_STREAM_END)
                m_ended = true;
            else if (result == Z_BUF_ERROR || (result == Z_OK && done == out.size()))
                break;   // no room left, or no data left
            else if (result != Z_OK)
                throw Error(ErrorCode::wrong_format, "The compressed data are damaged", m_where, "fetch the file again");
        }
        return done;
    }
    bool ended() {
        if (!m_ended) {   // the end mark may still be waiting behind the last byte
            std::byte one;
            if (read({&one, 1}) != 0)
                return false;
        }
        return m_ended && m_stream.avail_in == 0 && m_taken == m_in.size();
    }

private:
    std::span<const std::byte> m_in;
    std::string m_where;
    z_stream m_stream{};
    std::size_t m_taken = 0;
    bool m_ended = false;
};

}

std::string inflate_start(std::span<const std::byte> compressed, Compression kind, std::size_t size, std::string_view where) {
    std::string out(size, '\0');
    Inflater inflater(compressed, kind, where);
    out.resize(inflater.read(std::as_writable_bytes(std::span(out))));
    return out;
}

void inflate_into(std::span<const std::byte> compressed, Compression kind, std::span<std::byte> out, std::string_view where) {
    Inflater inflater(compressed, kind, where);
    if (inflater.read(out) != out.size() || !inflater.ended())
        throw Error(ErrorCode::wrong_format, "The decompressed data do not have the " + std::to_string(out.size()) + " bytes that the header announces", std::string(where),
                    "the file is cut off or damaged: fetch it again");
}

}
