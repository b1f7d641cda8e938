#pragma once
// A memfd of slots that carries large payloads from an engine to its client on the same machine (contracts.md, shared memory).
// The client makes and offers it; the engine opens it as /proc/PID/fd/N and uses it only if the nonce it finds there is the offered one, so an engine
// on another machine falls back to the pipe. The memory is sealed against resizing: neither side can make the other's reads fault.
// The engine decides which slot it fills; the client returns each with shm_free. Not thread-safe; each side uses it from one thread.
#include "core/protocol/messages.h"
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lathe {

class SharedSlots {
public:
    /// Client side; read-only. Memory is taken only where it is written. Null where the system has no memfd.
    static std::unique_ptr<SharedSlots> make(int slots = 4, std::uint64_t slot_bytes = 64u << 20);
    /// Engine side; writable. Null if the offer does not hold: another machine, another user, wrong nonce, size or seals.
    static std::unique_ptr<SharedSlots> open(const ShmOffer& offer);
    ~SharedSlots();
    SharedSlots(const SharedSlots&) = delete;
    SharedSlots& operator=(const SharedSlots&) = delete;

    ShmOffer offer() const;
    int slots() const { return m_slots; }
    std::uint64_t slot_bytes() const { return m_slot_bytes; }

    /// Engine: copies `bytes` into a free slot and returns it; -1 if none is free or it does not fit.
    int put(std::string_view bytes);
    void free(int slot);                                   ///< an unknown slot is ignored
    void release_memory();                                 ///< gives back the pages of free slots
    /// Client: the bytes of a slot. Throws Error(wrong_format) for a slot or size that does not exist.
    std::string_view bytes(int slot, std::uint64_t size) const;

private:
    SharedSlots(int fd, std::byte* data, std::uint64_t size, int slots, std::uint64_t slot_bytes, std::string nonce);
    int m_fd;
    std::byte* m_data;
    std::uint64_t m_size;
    int m_slots;
    std::uint64_t m_slot_bytes;
    std::string m_nonce;
    std::vector<bool> m_busy;
};

}
