// The input is the data.pkl of a checkpoint: the archive around it, with one storage of 64 bytes, is made here, so that the fuzzer
// need not find out about checksums.
#include "read_all.h"
#include <zlib.h>

namespace {

template <class T> void put(std::string& out, T value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }

class ZipWriter {
public:
    void add(const std::string& name, std::string_view content) {
        const auto crc = std::uint32_t(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
        const auto common = [&](std::string& out) {   // version, flags, method, time, date, checksum, sizes, name, extra
            for (const std::uint16_t value : {20, 0, 0, 0, 0})
                put(out, value);
            put(out, crc);
            put(out, std::uint32_t(content.size()));
            put(out, std::uint32_t(content.size()));
            put(out, std::uint16_t(name.size()));
            put(out, std::uint16_t(0));
        };
        m_directory.append("PK\1\2", 4);
        put(m_directory, std::uint16_t(20));
        common(m_directory);
        m_directory.append(10, '\0');   // comment, disk, attributes
        put(m_directory, std::uint32_t(m_data.size()));
        m_directory += name;
        m_data.append("PK\3\4", 4);
        common(m_data);
        m_data += name;
        m_data += content;
        ++m_count;
    }
    std::string finish() {
        std::string out = m_data + m_directory + std::string("PK\5\6\0\0\0\0", 8);
        put(out, m_count);
        put(out, m_count);
        put(out, std::uint32_t(m_directory.size()));
        put(out, std::uint32_t(m_data.size()));
        put(out, std::uint16_t(0));
        return out;
    }

private:
    std::string m_data, m_directory;
    std::uint16_t m_count = 0;
};

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ZipWriter zip;
    zip.add("a/data.pkl", {reinterpret_cast<const char*>(data), size});
    zip.add("a/data/0", std::string(64, '\1'));
    const std::string archive = zip.finish();
    read_all([&] { return lathe::open_zip_tensors(source_of(reinterpret_cast<const std::uint8_t*>(archive.data()), archive.size())); });
    return 0;
}
