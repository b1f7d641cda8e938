#pragma once
// Plugins share C++ classes with the programs. A class whose header has changed looks the same to the linker and is laid out differently, so each half of a
// plugin carries a hash of all headers it may include, and one of other headers is refused before it is loaded.
#include <filesystem>
#include <string>

namespace lathe {

enum class PluginHalf { engine, panel };

/// Of the headers that this Lathe was built from.
std::string headers_hash(PluginHalf half);
/// What lathe_add_plugin() has put into a library; empty: it does not say. Only reads the file. Throws Error(io, not_found).
std::string headers_hash_of(const std::filesystem::path& library, PluginHalf half);
/// Empty: it fits; else the reason in a sentence, for the list of plugins.
std::string headers_reason(const std::filesystem::path& library, PluginHalf half);

}
