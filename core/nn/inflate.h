#pragma once
// Deflate and gzip with a limit on the output that is known before (zlib inside). Not part of the interface of core/nn.
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

enum class Compression { deflate, gzip };

/// The first `size` bytes of the decompressed data, which may go on.
std::string inflate_start(std::span<const std::byte> compressed, Compression kind, std::size_t size, std::string_view where);

/// Decompresses into `out`. Throws Error(wrong_format) unless data and output end together.
void inflate_into(std::span<const std::byte> compressed, Compression kind, std::span<std::byte> out, std::string_view where);

/// Deflate cannot shrink data by more than this factor, so a larger claim is a lie and nothing is allocated for it.
inline constexpr std::size_t kMaxDeflateRatio = 1032;

}
