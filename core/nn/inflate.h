#pragma once
// Deflate and gzip (zlib inside): whole, with a limit on the output that is known before, or piece by piece.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

enum class Compression { deflate, gzip };

/// Decompresses piece by piece what lies in memory or in a map. Throws Error(wrong_format) for damaged data.
class Inflater {
public:
    Inflater(std::span<const std::byte> compressed, Compression kind, std::string_view where);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    std::size_t read(std::span<std::byte> out);   ///< fills `out` as far as the data go; how many bytes were written
    bool ended();                                 ///< whether data and input end here, together
    bool next_member();                           ///< gzip: goes on with the member that follows the one that ended; false: none follows, or it has not ended
    std::size_t taken() const;                    ///< bytes of the input used so far

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// The first `size` bytes of the decompressed data, which may go on.
std::string inflate_start(std::span<const std::byte> compressed, Compression kind, std::size_t size, std::string_view where);

/// Decompresses into `out`. Throws Error(wrong_format) unless data and output end together.
void inflate_into(std::span<const std::byte> compressed, Compression kind, std::span<std::byte> out, std::string_view where);

/// Deflate cannot shrink data by more than this factor, so a larger claim is a lie and nothing is allocated for it.
inline constexpr std::size_t kMaxDeflateRatio = 1032;

}
