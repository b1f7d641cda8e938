#include "core/base/plugin_headers.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "lathe_headers.h"
#include <string_view>

namespace lathe {
namespace {

constexpr std::size_t kHashSize = std::string_view(LATHE_PANEL_HEADERS).size(), kLargestLibrary = 512u << 20;

/// As cmake/plugin_headers_*.cpp write it.
std::string marker(PluginHalf half) { return half == PluginHalf::engine ? "lathe-headers-engine:" : "lathe-headers-panel:"; }

}

std::string headers_hash(PluginHalf half) { return half == PluginHalf::engine ? LATHE_ENGINE_HEADERS : LATHE_PANEL_HEADERS; }

std::string headers_hash_of(const std::filesystem::path& library, PluginHalf half) {
    const std::string bytes = read_file(library, kLargestLibrary), wanted = marker(half);
    const std::size_t at = bytes.find(wanted);
    if (at == std::string::npos || at + wanted.size() + kHashSize > bytes.size()) return {};
    return bytes.substr(at + wanted.size(), kHashSize);
}

std::string headers_reason(const std::filesystem::path& library, PluginHalf half) {
    const std::string ours = headers_hash(half);
    std::string built;
    try {
        built = headers_hash_of(library, half);
    } catch (const Error& error) {
        return error.what();
    }
    if (built == ours) return {};
    if (built.empty()) return "It does not say which headers of Lathe it was built from. Build it again with lathe_add_plugin().";
    return "It was built from other headers of Lathe (" + built + "; these are " + ours + "). Build it again for this Lathe.";
}

}
