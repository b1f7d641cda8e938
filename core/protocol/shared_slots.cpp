#include "core/protocol/shared_slots.h"
#include "core/base/error.h"
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {
namespace {

struct Header {
    char nonce[16];
    std::uint32_t slots;
    std::uint32_t version;
    std::uint64_t slot_bytes;
};
constexpr std::uint64_t kHeaderBytes = 4096;
constexpr int kMaxSlots = 64;
constexpr std::uint64_t kMaxSlotBytes = 1ull << 30;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::string hex(const char* bytes, std::size_t n) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}

SharedSlots::SharedSlots(int fd, std::byte* data, std::uint64_t size, int slots, std::uint64_t slot_bytes, std::string nonce)
    : m_fd(fd), m_data(data), m_size(size), m_slots(slots), m_slot_bytes(slot_bytes), m_nonce(std::move(nonce)), m_busy(static_cast<std::size_t>(slots)) {}

SharedSlots::~SharedSlots() {
    ::munmap(m_data, m_size);
    ::close(m_fd);
}

std::unique_ptr<SharedSlots> SharedSlots::make(int slots, std::uint64_t slot_bytes) {
    const int fd = ::memfd_create("lathe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return nullptr;
    const std::uint64_t size = kHeaderBytes + static_cast<std::uint64_t>(slots) * slot_bytes;
    Header header{{}, static_cast<std::uint32_t>(slots), 1, slot_bytes};
    const bool filled = ::getrandom(header.nonce, sizeof header.nonce, 0) == sizeof header.nonce && ::ftruncate(fd, static_cast<off_t>(size)) == 0
        && ::pwrite(fd, &header, sizeof header, 0) == sizeof header && ::fcntl(fd, F_ADD_SEALS, kSeals) == 0;
    void* data = filled ? ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (data == MAP_FAILED) {
        ::close(fd);
        return nullptr;
    }
    return std::unique_ptr<SharedSlots>(new SharedSlots(fd, static_cast<std::byte*>(data), size, slots, slot_bytes, hex(header.nonce, sizeof header.nonce)));
}

std::unique_ptr<SharedSlots> SharedSlots::open(const ShmOffer& offer) {
    const std::string path = "/proc/" + std::to_string(offer.pid) + "/fd/" + std::to_string(offer.fd);
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return nullptr;
    Header header{};
    struct stat info{};
    const bool read = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && ::pread(fd, &header, sizeof header, 0) == sizeof header;
    const bool ours = read && header.version == 1 && hex(header.nonce, sizeof header.nonce) == offer.nonce && header.slots >= 1 && header.slots <= kMaxSlots
        && header.slot_bytes >= 1 && header.slot_bytes <= kMaxSlotBytes && static_cast<std::uint64_t>(info.st_size) == kHeaderBytes + header.slots * header.slot_bytes
        && (::fcntl(fd, F_GET_SEALS) & kSeals) == kSeals;
    void* data = ours ? ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (data == MAP_FAILED) {
        ::close(fd);
        return nullptr;
    }
    return std::unique_ptr<SharedSlots>(
        new SharedSlots(fd, static_cast<std::byte*>(data), static_cast<std::uint64_t>(info.st_size), static_cast<int>(header.slots), header.slot_bytes, offer.nonce));
}

ShmOffer SharedSlots::offer() const { return {::getpid(), m_fd, m_nonce}; }

int SharedSlots::put(std::string_view bytes) {
    if (bytes.size() > m_slot_bytes) return -1;
    for (int slot = 0; slot < m_slots; ++slot) {
        if (m_busy[static_cast<std::size_t>(slot)]) continue;
        std::memcpy(m_data + kHeaderBytes + static_cast<std::uint64_t>(slot) * m_slot_bytes, bytes.data(), bytes.size());
        m_busy[static_cast<std::size_t>(slot)] = true;
        return slot;
    }
    return -1;
}

void SharedSlots::free(int slot) {
    if (slot >= 0 && slot < m_slots) m_busy[static_cast<std::size_t>(slot)] = false;
}

void SharedSlots::release_memory() {
    for (int slot = 0; slot < m_slots; ++slot)
        if (!m_busy[static_cast<std::size_t>(slot)])
            ::fallocate(m_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(kHeaderBytes + static_cast<std::uint64_t>(slot) * m_slot_bytes),
                static_cast<off_t>(m_slot_bytes));
}

std::string_view SharedSlots::bytes(int slot, std::uint64_t size) const {
    if (slot < 0 || slot >= m_slots || size > m_slot_bytes)
        throw Error(ErrorCode::wrong_format, "The engine names " + std::to_string(size) + " bytes in slot " + std::to_string(slot) + ", which does not exist.", "shared memory");
    return {reinterpret_cast<const char*>(m_data) + kHeaderBytes + static_cast<std::uint64_t>(slot) * m_slot_bytes, size};
}

}
