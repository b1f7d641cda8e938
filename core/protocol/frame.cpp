#include "core/protocol/frame.h"
#include "core/base/error.h"
#include <algorithm>
#include <array>
#include <utility>

namespace lathe {
namespace {

constexpr std::string_view kMagic = "LTH1";
constexpr std::size_t kFixedBytes = 16;
/// A peer may announce a gigabyte and send nothing: no more than this is reserved on its word alone.
constexpr std::uint64_t kReserveBytes = 64u << 20;

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t take(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

[[noreturn]] void refuse(std::string what, std::string where) {
    throw Error(ErrorCode::wrong_format, std::move(what), std::move(where), "The other side speaks another protocol, or something printed into the connection.");
}

/// What came instead of a frame, fit for a message.
std::string printable(std::string_view bytes) {
    std::string text;
    for (char c : bytes) text += c >= 0x20 && c < 0x7f ? c : '.';
    return text;
}

}

std::string frame_head(const Json& fields, std::uint64_t payload_bytes) {
    const std::string header = to_cbor(fields);
    if (header.size() > kMaxHeaderBytes)
        throw Error(ErrorCode::invalid_value, "A message header of " + std::to_string(header.size()) + " bytes is over the limit of 64 KiB.",
            "message " + fields.value("op", std::string("?")), "Put large texts into an artifact.");
    if (payload_bytes > kMaxPayloadBytes)
        throw Error(ErrorCode::invalid_value, "A payload of " + std::to_string(payload_bytes) + " bytes is over the limit of 1 GiB.",
            "message " + fields.value("op", std::string("?")), "Send it in smaller pieces.");
    std::string head;
    head.reserve(kFixedBytes + header.size());
    head += kMagic;
    put(head, header.size(), 4);
    put(head, payload_bytes, 8);
    head += header;
    return head;
}

FrameReader::FrameReader(std::function<void(Message)> on_message) : m_on_message(std::move(on_message)) {}

bool FrameReader::inside_frame() const { return !m_head.empty() || m_payload != nullptr; }

void FrameReader::feed(const char* data, std::size_t size) {
    if (m_broken) refuse("This connection was given up after a bad frame.", "frame");
    try {
        take_in({data, size});
    } catch (...) {
        m_broken = true;
        throw;
    }
}

void FrameReader::take_in(std::string_view bytes) {
    while (!bytes.empty()) {
        if (m_payload) {
            const std::size_t n = std::min<std::uint64_t>(bytes.size(), m_payload_bytes - m_payload->size());
            m_payload->append(bytes.data(), n);
            bytes.remove_prefix(n);
            if (m_payload->size() == m_payload_bytes) deliver();
            continue;
        }
        std::size_t wanted = kFixedBytes;
        if (m_head.size() >= kFixedBytes) wanted += take(std::string_view(m_head).substr(4, 4));
        const std::size_t n = std::min(bytes.size(), wanted - m_head.size());
        m_head.append(bytes.data(), n);
        bytes.remove_prefix(n);
        const std::size_t magic = std::min(m_head.size(), kMagic.size());
        if (m_head.compare(0, magic, kMagic, 0, magic) != 0) refuse("A frame does not begin with LTH1.", "frame beginning \"" + printable(m_head) + "\"");
        if (m_head.size() < wanted) continue;
        if (wanted == kFixedBytes) check_sizes();
        else begin_payload();
    }
}

void FrameReader::check_sizes() {
    const std::uint64_t header = take(std::string_view(m_head).substr(4, 4));
    m_payload_bytes = take(std::string_view(m_head).substr(8, 8));
    if (header == 0 || header > kMaxHeaderBytes) refuse("A frame header of " + std::to_string(header) + " bytes is outside 1 to 64 KiB.", "frame, header size");
    if (m_payload_bytes > kMaxPayloadBytes) refuse("A frame payload of " + std::to_string(m_payload_bytes) + " bytes is over the limit of 1 GiB.", "frame, payload size");
}

void FrameReader::begin_payload() {
    const auto header = std::string_view(m_head).substr(kFixedBytes);
    m_fields = parse_cbor(std::as_bytes(std::span(header)), "frame header", {.depth = 32, .elements = 65'536, .bytes = kMaxHeaderBytes});
    if (!m_fields.is_object()) refuse("A frame header is not a map.", "frame header");
    const auto op = m_fields.find("op");
    if (op == m_fields.end() || !op->is_string()) refuse("A frame header has no text \"op\".", "frame header");
    if (m_payload_bytes == 0) return deliver();
    m_payload = std::make_shared<std::string>();
    m_payload->reserve(std::min(m_payload_bytes, kReserveBytes));
}

void FrameReader::deliver() {
    Message message{m_fields["op"].get<std::string>(), std::move(m_fields), std::move(m_payload)};
    m_head.clear();
    m_payload.reset();
    m_fields = Json();
    m_on_message(std::move(message));
}

}
