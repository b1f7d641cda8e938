#include "core/nn/inflate.h"
#include "core/base/error.h"
#include <algorithm>
#include <zlib.h>

namespace lathe {
namespace {

constexpr std::size_t kPiece = 1u << 30;   // zlib counts in 32 bits

}

struct Inflater::Impl {
    std::span<const std::byte> in;
    Compression kind;
    std::string where;
    z_stream stream{};
    std::size_t taken = 0;
    bool ended = false;

    std::size_t left() const { return stream.avail_in + (in.size() - taken); }
    void refill() {
        if (stream.avail_in > 0)
            return;
        const std::size_t n = std::min(in.size() - taken, kPiece);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data() + taken));
        stream.avail_in = uInt(n);
        taken += n;
    }
};

Inflater::Inflater(std::span<const std::byte> in, Compression kind, std::string_view where) : m_impl(std::make_unique<Impl>()) {
    m_impl->in = in;
    m_impl->kind = kind;
    m_impl->where = where;
    if (inflateInit2(&m_impl->stream, kind == Compression::gzip ? 15 + 16 : -15) != Z_OK)
        throw Error(ErrorCode::out_of_memory, "No memory to decompress", m_impl->where);
}

Inflater::~Inflater() { inflateEnd(&m_impl->stream); }

std::size_t Inflater::read(std::span<std::byte> out) {
    z_stream& stream = m_impl->stream;
    std::size_t done = 0;
    while (!m_impl->ended) {
        m_impl->refill();
        const std::size_t room = std::min(out.size() - done, kPiece);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
        stream.avail_out = uInt(room);
        const int result = inflate(&stream, Z_NO_FLUSH);
        done += room - stream.avail_out;
        if (result == Z_STREAM_END)
            m_impl->ended = true;
        else if (result == Z_BUF_ERROR || (result == Z_OK && done == out.size()))
            break;   // no room left, or no data left
        else if (result != Z_OK)
            throw Error(ErrorCode::wrong_format, "The compressed data are damaged", m_impl->where, "fetch the file again");
    }
    return done;
}

bool Inflater::ended() {
    if (!m_impl->ended) {   // the end mark may still be waiting behind the last byte
        std::byte one;
        if (read({&one, 1}) != 0)
            return false;
    }
    return m_impl->ended && m_impl->left() == 0;
}

bool Inflater::next_member() {
    if (!m_impl->ended || m_impl->kind != Compression::gzip || m_impl->left() == 0)
        return false;
    m_impl->refill();
    if (inflateReset(&m_impl->stream) != Z_OK)
        throw Error(ErrorCode::wrong_format, "The compressed data are damaged", m_impl->where, "fetch the file again");
    m_impl->ended = false;
    return true;
}

std::size_t Inflater::taken() const { return m_impl->taken - m_impl->stream.avail_in; }

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
