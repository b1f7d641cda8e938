#include "core/nn/zip_archive.h"
#include "core/nn/inflate.h"
#include <algorithm>
#include <limits>
#include <zlib.h>

namespace lathe {
namespace {

constexpr std::uint64_t kMaxEntries = 1'000'000;
constexpr std::size_t kEndRecord = 22, kDirectoryRecord = 46, kLocalRecord = 30, kZip64End = 56, kZip64Locator = 20;

std::uint16_t u16(std::string_view bytes, std::size_t at) { return little_endian<std::uint16_t>(bytes.substr(at)); }
std::uint32_t u32(std::string_view bytes, std::size_t at) { return little_endian<std::uint32_t>(bytes.substr(at)); }
std::uint64_t u64(std::string_view bytes, std::size_t at) { return little_endian<std::uint64_t>(bytes.substr(at)); }

/// Replaces fields that hold all ones by those of the zip64 extra field, in the order the format prescribes.
bool apply_zip64(std::string_view extra, std::initializer_list<std::uint64_t*> fields) {
    while (extra.size() >= 4) {
        const std::size_t size = u16(extra, 2);
        if (extra.size() < 4 + size)
            return false;
        if (u16(extra, 0) == 1) {
            std::string_view values = extra.substr(4, size);
            for (std::uint64_t* field : fields) {
                if (*field != std::numeric_limits<std::uint32_t>::max())
                    continue;
                if (values.size() < 8)
                    return false;
                *field = u64(values, 0);
                values.remove_prefix(8);
            }
            return true;
        }
        extra.remove_prefix(4 + size);
    }
    return std::none_of(fields.begin(), fields.end(), [](const std::uint64_t* field) { return *field == std::numeric_limits<std::uint32_t>::max(); });
}

}

ZipArchive::ZipArchive(ByteSource source) : m_source(std::move(source)) {
    const std::size_t size = m_source.size();
    if (size < kEndRecord)
        fail("The zip archive has no directory");
    const std::size_t tail = std::min<std::size_t>(size, kEndRecord + 65'535);
    const std::size_t found = m_source.text(size - tail, tail).rfind(std::string_view("PK\5\6", 4), tail - kEndRecord);
    if (found == std::string_view::npos)
        fail("The zip archive has no directory");
    const std::size_t end_at = size - tail + found;
    const std::string_view end = m_source.text(end_at, kEndRecord);
    if (u16(end, 4) != 0 || u16(end, 6) != 0 || u16(end, 8) != u16(end, 10))
        fail("A zip archive in several parts");
    std::uint64_t count = u16(end, 10), directory_size = u32(end, 12), directory = u32(end, 16);
    const bool wide = count == 0xFFFF || directory_size == 0xFFFFFFFF || directory == 0xFFFFFFFF;
    if (end_at >= kZip64Locator && (wide || m_source.text(end_at - kZip64Locator, 4) == std::string_view("PK\6\7", 4))) {
        const std::string_view locator = m_source.text(end_at - kZip64Locator, kZip64Locator);
        if (locator.substr(0, 4) != std::string_view("PK\6\7", 4))
            fail("The zip64 locator is missing");
        const std::string_view end64 = m_source.text(std::size_t(u64(locator, 8)), kZip64End);
        if (end64.substr(0, 4) != std::string_view("PK\6\6", 4) || u64(end64, 24) != u64(end64, 32))
            fail("The zip64 end record is damaged");
        count = u64(end64, 32);
        directory_size = u64(end64, 40);
        directory = u64(end64, 48);
    }
    read_directory(directory, directory_size, count);
}

void ZipArchive::read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count) {
    if (count > kMaxEntries)
        fail("The zip archive claims " + std::to_string(count) + " entries; at most 1 000 000 are read");
    std::string_view directory = m_source.text(std::size_t(offset), std::size_t(size));
    for (std::uint64_t i = 0; i < count; ++i) {
        if (directory.size() < kDirectoryRecord || directory.substr(0, 4) != std::string_view("PK\1\2", 4))
            fail("The directory of the zip archive is damaged");
        const std::size_t name = u16(directory, 28), extra = u16(directory, 30), comment = u16(directory, 32);
        if (directory.size() < kDirectoryRecord + name + extra + comment)
            fail("The directory of the zip archive is cut off");
        ZipEntry entry;
        entry.name = directory.substr(kDirectoryRecord, name);
        const std::uint16_t flags = u16(directory, 8), method = u16(directory, 10);
        if ((flags & 0x41) != 0 || (method != 0 && method != 8))
            throw Error(ErrorCode::unsupported, "An entry is encrypted or compressed by a method other than deflate", m_source.path.string() + ", entry " + valid_text(entry.name),
                        "write the archive again, stored or with deflate");
        entry.deflated = method == 8;
        entry.crc = u32(directory, 16);
        entry.stored = u32(directory, 20);
        entry.size = u32(directory, 24);
        std::uint64_t header = u32(directory, 42);
        if (!apply_zip64(directory.substr(kDirectoryRecord + name, extra), {&entry.size, &entry.stored, &header}))
            fail("A zip64 field is missing for entry " + valid_text(entry.name));
        if (entry.deflated ? entry.size / kMaxDeflateRatio > entry.stored : entry.size != entry.stored)
            fail("The sizes of entry " + valid_text(entry.name) + " are impossible");
        locate(entry, header);
        entry.name = valid_text(entry.name);   // from here on it may stand in messages and Json
        if (!m_by_name.emplace(entry.name, m_entries.size()).second)
            fail("Two entries are named " + entry.name);
        m_entries.push_back(std::move(entry));
        directory.remove_prefix(kDirectoryRecord + name + extra + comment);
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
    for (const ZipEntry& entry : m_entries)
        spans.emplace_back(entry.offset, entry.offset + entry.stored);
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i) {
        if (spans[i].first < spans[i - 1].second)
            fail("Entries of the zip archive overlap");
    }
}

void ZipArchive::locate(ZipEntry& entry, std::uint64_t header) {
    const std::string_view local = m_source.text(std::size_t(header), kLocalRecord);
    const std::size_t name = u16(local, 26), extra = u16(local, 28);
    if (local.substr(0, 4) != std::string_view("PK\3\4", 4) || m_source.text(std::size_t(header) + kLocalRecord, name) != entry.name)
        fail("The header of entry " + valid_text(entry.name) + " does not match the directory");
    entry.offset = header + kLocalRecord + name + extra;
    m_source.text(std::size_t(entry.offset), std::size_t(entry.stored));   // inside the file, or an Error
}

void ZipArchive::fail(const std::string& what) const {
    throw Error(ErrorCode::wrong_format, what, m_source.path.string(), "the file is cut off or damaged: fetch or write it again");
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
    const auto found = m_by_name.find(name);
    return found == m_by_name.end() ? nullptr : &m_entries[found->second];
}

void ZipArchive::check_crc(const ZipEntry& entry, std::span<const std::byte> content) const {
    if (crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()) != entry.crc)
        fail("The checksum of entry " + entry.name + " is wrong");
}

ByteSource ZipArchive::read(const ZipEntry& entry) const {
    const auto stored = m_source.bytes.subspan(std::size_t(entry.offset), std::size_t(entry.stored));
    if (!entry.deflated)
        return {stored, m_source.owner, m_source.path};
    const auto content = checked_buffer(entry.size, m_source.path.string() + ", entry " + entry.name);
    inflate_into(stored, Compression::deflate, *content, m_source.path.string() + ", entry " + entry.name);
    check_crc(entry, *content);
    return {*content, content, m_source.path};
}

std::string ZipArchive::start(const ZipEntry& entry, std::size_t size) const {
    const auto stored = m_source.bytes.subspan(std::size_t(entry.offset), std::size_t(entry.stored));
    if (entry.deflated)
        return inflate_start(stored, Compression::deflate, std::min<std::size_t>(size, std::size_t(entry.size)), m_source.path.string() + ", entry " + entry.name);
    return std::string(m_source.text(std::size_t(entry.offset), std::min<std::size_t>(size, stored.size())));
}

std::shared_ptr<TensorIndex> open_zip_tensors(const ByteSource& source) {
    const auto zip = std::make_shared<const ZipArchive>(source);
    bool numpy = !zip->entries().empty();
    for (const ZipEntry& entry : zip->entries()) {
        const std::size_t slash = entry.name.find('/');
        if (slash != std::string::npos && std::string_view(entry.name).substr(slash) == "/data.pkl")
            return open_pytorch(zip, entry.name.substr(0, slash + 1));
        numpy = numpy && entry.name.ends_with(".npy");
    }
    if (numpy)
        return open_npz(zip);
    throw Error(ErrorCode::wrong_format, "A zip archive that holds neither a PyTorch checkpoint nor NumPy arrays", source.path.string(),
                "unpack it, or choose the checkpoint inside it");
}

}
