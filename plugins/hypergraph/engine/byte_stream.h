#pragma once
// Files of any size, plain or gzip, piece by piece. No LibTorch. One thread at a time.
#include "core/base/file.h"
#include "core/nn/inflate.h"
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::hypergraph {

class ByteStream {
public:
    /// Gzip is told by its content, not by the name. Throws Error(not_found, io).
    explicit ByteStream(const std::filesystem::path& file);
    ByteStream(std::string_view bytes, std::string where);   ///< of bytes in memory, which must live as long

    /// The next piece, valid until the next call; empty at the end. Throws Error(wrong_format) for gzip data that are cut off or damaged, or that swell beyond reason.
    std::string_view next();
    const std::string& where() const { return m_where; }
    std::size_t size() const { return m_bytes.size(); }   ///< of the file
    double share() const;   ///< of the file that was read, 0 to 1

private:
    void begin();

    std::unique_ptr<MappedFile> m_map;
    std::span<const std::byte> m_bytes;
    std::string m_where;
    std::unique_ptr<Inflater> m_inflater;   ///< null: plain
    std::vector<char> m_piece;
    std::size_t m_given = 0;                ///< bytes handed out
};

/// The whole content where it is not larger than `most` bytes, else its first `most` bytes.
std::string first_bytes(const std::filesystem::path& file, std::size_t most);

}
