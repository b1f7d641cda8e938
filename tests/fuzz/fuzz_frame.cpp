// What arrives on a connection. The input is read twice: as the stream itself, in pieces of any size, and as the header and payload of one frame whose sizes
// are right, so that the fuzzer need not keep them so. Every message is then read as everything it could be.
#include "core/base/error.h"
#include "core/protocol/frame.h"
#include "core/protocol/messages.h"
#include <algorithm>

using namespace lathe;

namespace {

template <class Read> void attempt(Read read) {
    try {
        read();
    } catch (const Error&) {
    }
}

void read_as_anything(const Message& message) {
    attempt([&] { client_hello_from(message); });
    attempt([&] { engine_hello_from(message); });
    attempt([&] { to_json(run_request_from_message(message)); });
    attempt([&] { rates_from(message); });
    attempt([&] { pong_from(message); });
    attempt([&] { catalogue_from_message(message); });
    attempt([&] { throw error_from(message); });
    int slot = -1;
    std::uint64_t bytes = 0;
    attempt([&] { encode(run_event_from(message, &slot, &bytes)); });
    attempt([&] { frame_head(message.fields, 0); });   // what was read can be written
}

void feed(std::string_view stream, std::size_t piece) {
    FrameReader reader(read_as_anything);
    attempt([&] {
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            const std::string copy(stream.substr(at, piece));   // at an address of its own, so that the sanitizer sees a read behind it
            reader.feed(copy.data(), copy.size());
        }
        reader.inside_frame();
    });
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const std::size_t piece : {std::size_t(1), std::size_t(7), std::max<std::size_t>(size, 1)}) feed(input, piece);
    if (size < 2 || size > kMaxHeaderBytes) return 0;
    const std::size_t header = 1 + data[0] * (size - 2) / 255;   // of what follows the first byte
    std::string frame = "LTH1";
    const auto put = [&](std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) frame.push_back(static_cast<char>(value >> (8 * i)));
    };
    put(header, 4);
    put(size - 1 - header, 8);
    frame += input.substr(1);
    feed(frame, frame.size());
    return 0;
}
