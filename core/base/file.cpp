#include "core/base/file.h"

#include "core/base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lathe {
namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path, int number = errno) {
    const char* hint = "";
    if (number == ENOSPC || number == EDQUOT)
        hint = "make room on the disk or choose another place";
    else if (number == EACCES || number == EPERM || number == EROFS)
        hint = "choose a place that you may use";
    else if (number == ENOENT)
        hint = "check the path";
    throw Error(number == ENOENT ? ErrorCode::not_found : ErrorCode::io, std::string(doing) + ": " + std::strerror(number), path.string(), hint);
}

// Whole huge pages at their own places: the system then keeps the file in huge pages, and who maps it reads it at the speed of memory.
constexpr std::size_t kWriteBlock = std::size_t{4} << 20;

class Descriptor {
public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    ~Descriptor() {
        if (m_fd >= 0)
            ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return m_fd; }

private:
    int m_fd;
};

int open_to_read(const std::filesystem::path& path, struct stat& info) {
    // O_NONBLOCK: opening a named pipe must not wait for its writer. It changes nothing for regular files.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        fail("The file cannot be opened", path);
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd);
        throw Error(ErrorCode::io, S_ISDIR(info.st_mode) ? "This is a folder, not a file" : "This is not a regular file", path.string(), "choose a file");
    }
    return fd;
}

/// Opens NAME.part, locked, so that two writers of one file follow each other instead of mixing their bytes. -1: another one has it.
int open_part(const std::filesystem::path& part, bool wait) {
    for (;;) {
        const int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            fail("The file cannot be written", part);
        int locked = 0;
        do
            locked = ::flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
        while (locked != 0 && errno == EINTR);
        if (locked != 0 && errno == EWOULDBLOCK) {
            ::close(fd);
            return -1;
        }
        // File systems without locks report an error: go on without. The one before us may have renamed or removed the file meanwhile: then again.
        struct stat ours {}, there {};
        if (::fstat(fd, &ours) == 0 && ::stat(part.c_str(), &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev) {
            if (::ftruncate(fd, 0) == 0)
                return fd;
            const int number = errno;
            ::close(fd);
            fail("The file cannot be written", part, number);
        }
        ::close(fd);
    }
}

std::filesystem::path resolved(std::filesystem::path target) {
    std::error_code error;
    if (std::filesystem::is_symlink(target, error)) {   // keep the link: replace what it points to
        auto real = std::filesystem::weakly_canonical(target, error);
        if (!error)
            return real;
    }
    return target;
}

}

std::uintmax_t size_or_zero(const std::filesystem::path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error ? 0 : size;
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    struct stat info {};
    const Descriptor file(open_to_read(path, info));
    const auto too_large = [&] {
        throw Error(ErrorCode::wrong_format, "The file is larger than " + std::to_string(max_bytes) + " bytes", path.string(), "it is not the file that is asked for here");
    };
    if (std::size_t(info.st_size) > max_bytes)
        too_large();
    std::string bytes;
    bytes.reserve(std::size_t(info.st_size) + 1);
    char buffer[1 << 16];
    for (;;) {   // to the end, whatever the size said: /proc has files of size 0, and others grow
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail("The file cannot be read", path);
        if (got == 0)
            return bytes;
        if (bytes.size() + std::size_t(got) > max_bytes)
            too_large();
        bytes.append(buffer, std::size_t(got));
    }
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    AtomicFile file(path, true);
    file.write(bytes.data(), bytes.size());
    file.commit();
}

AtomicFile::AtomicFile(std::filesystem::path target, bool wait) : m_target(resolved(std::move(target))), m_part(m_target) {
    m_part += ".part";
    m_fd = open_part(m_part, wait);
    if (m_fd < 0)
        throw Error(ErrorCode::busy, "The file is being written by another program", m_target.string(), "wait until it is done or choose another name");
}

AtomicFile::~AtomicFile() {
    if (m_fd < 0)
        return;
    ::unlink(m_part.c_str());
    ::close(m_fd);
}

void AtomicFile::write(const void* data, std::size_t size) {
    for (const char* at = static_cast<const char*>(data); size > 0;) {
        const std::size_t taken = std::min(size, kWriteBlock - m_waiting.size());
        m_waiting.insert(m_waiting.end(), at, at + taken);
        at += taken;
        size -= taken;
        if (m_waiting.size() == kWriteBlock)
            flush();
    }
}

void AtomicFile::flush() {
    for (std::size_t at = 0; at < m_waiting.size();) {
        const ssize_t put = ::write(m_fd, m_waiting.data() + at, m_waiting.size() - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            fail("The file cannot be written", m_target);
        at += std::size_t(put);
    }
    m_waiting.clear();
}

void AtomicFile::commit() {
    flush();
    struct stat old {};
    if (::stat(m_target.c_str(), &old) == 0)
        (void)::fchmod(m_fd, old.st_mode & 07777);
    if (::fsync(m_fd) != 0)
        fail("The file cannot be written", m_target);
    if (::rename(m_part.c_str(), m_target.c_str()) != 0)
        fail("The file cannot be put in place", m_target);
    ::close(std::exchange(m_fd, -1));
    const std::filesystem::path folder = m_target.has_parent_path() ? m_target.parent_path() : ".";
    const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.get() >= 0)
        (void)::fsync(parent.get());   // some file systems refuse it for folders; the rename itself is done
}

MappedFile::MappedFile(const std::filesystem::path& path) : m_path(path) {
    struct stat info {};
    const Descriptor file(open_to_read(path, info));
    m_size = std::size_t(info.st_size);
    if (m_size == 0)
        return;
    void* map = ::mmap(nullptr, m_size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (map == MAP_FAILED)
        fail("The file cannot be mapped", path);
    ::madvise(map, m_size, MADV_HUGEPAGE);   // a hint: what is still on the disk is then read into huge pages
    m_data = static_cast<const std::byte*>(map);
}

MappedFile::~MappedFile() {
    if (m_data)
        ::munmap(const_cast<std::byte*>(m_data), m_size);
}

}
