#pragma once
// Frames of protocol 1: "LTH1", u32 header bytes, u64 payload bytes (little-endian), CBOR map, raw payload.
// Limits: header 64 KiB, depth 32; payload 1 GiB. A bad frame ends the connection; use a new reader for each connection.
#include "core/base/json.h"
#include "core/method/run.h"
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lathe {

inline constexpr std::size_t kMaxHeaderBytes = 64u << 10;
inline constexpr std::uint64_t kMaxPayloadBytes = 1ull << 30;

struct Message {
    std::string op;              ///< "hello", "run", "event", … (header key "op")
    Json fields;                 ///< the whole header, op included
    Bytes payload;               ///< null: none
};

/// The 16 fixed bytes and the header; the payload follows on the wire as it is (no copy).
std::string frame_head(const Json& fields, std::uint64_t payload_bytes);

class FrameReader {
public:
    /// `on_message` is called for each whole frame, on the caller's thread.
    explicit FrameReader(std::function<void(Message)> on_message);
    /// Takes any piece of the stream. Throws Error(wrong_format) on a bad frame; the reader is then of no further use.
    void feed(const char* data, std::size_t size);
    bool inside_frame() const;   ///< a frame has begun and is not complete
private:
    void take_in(std::string_view bytes);
    void check_sizes();
    void begin_payload();
    void deliver();
    std::function<void(Message)> m_on_message;
    std::string m_head;
    std::shared_ptr<std::string> m_payload;
    Json m_fields;
    std::uint64_t m_payload_bytes = 0;
    bool m_broken = false;
};

}
