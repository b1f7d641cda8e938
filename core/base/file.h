#pragma once
// Files: whole reads with a limit, atomic writes, private read-only maps.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

std::uintmax_t size_or_zero(const std::filesystem::path& path);   ///< bytes; 0 where there is no such file
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes);   ///< throws Error(not_found, io, wrong_format if larger)

/// Writes NAME.part, fsyncs, renames: the file is the old or the new one, never half. Waits while another program writes it. Throws Error(io).
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The same for large files written in pieces: write(), collected in large blocks, or another writer into part(); then commit(). Without commit() nothing is left behind.
/// Throws Error(io), and Error(busy) where another program is writing the same file (unless `wait`).
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target, bool wait = false);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    void write(const void* data, std::size_t size);
    const std::filesystem::path& part() const { return m_part; }
    void commit();
private:
    void flush();
    std::filesystem::path m_target, m_part;
    std::vector<char> m_waiting;
    int m_fd = -1;
};

/// A private read-only map of a whole file. Throws Error(not_found, io).
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    const std::filesystem::path& path() const { return m_path; }
private:
    std::filesystem::path m_path;
    const std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

}
