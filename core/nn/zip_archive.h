#pragma once
// The part of the zip format that PyTorch and NumPy write: stored and deflated entries, zip64. Entries lie in the map, so that stored ones are views.
// Not part of the interface of core/nn. Format: PKWARE APPNOTE 6.3.
#include "core/nn/tensor_source.h"

namespace lathe {

struct ZipEntry {
    std::string name;
    bool deflated = false;
    std::uint32_t crc = 0;
    std::uint64_t stored = 0, size = 0;   ///< bytes in the file, bytes of the content
    std::uint64_t offset = 0;             ///< of the data in the file
};

class ZipArchive {
public:
    /// Reads the directory. Refuses encryption, several disks, overlapping entries, duplicate names, more than a million entries. Throws Error.
    explicit ZipArchive(ByteSource source);
    const ByteSource& source() const { return m_source; }
    const std::vector<ZipEntry>& entries() const { return m_entries; }
    const ZipEntry* find(std::string_view name) const;   ///< null: none
    /// The content: a view where it is stored, else decompressed (and its checksum compared).
    ByteSource read(const ZipEntry& entry) const;
    std::string start(const ZipEntry& entry, std::size_t size) const;   ///< at most the first `size` bytes of the content
    void check_crc(const ZipEntry& entry, std::span<const std::byte> content) const;

private:
    void read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count);
    void locate(ZipEntry& entry, std::uint64_t header);
    [[noreturn]] void fail(const std::string& what) const;

    ByteSource m_source;
    std::vector<ZipEntry> m_entries;
    std::map<std::string, std::size_t, std::less<>> m_by_name;
};

std::shared_ptr<TensorIndex> open_npz(std::shared_ptr<const ZipArchive> zip);
std::shared_ptr<TensorIndex> open_pytorch(std::shared_ptr<const ZipArchive> zip, const std::string& prefix);   ///< "archive/"

}
