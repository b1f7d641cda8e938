#pragma once
// Program log: one line a message, to stderr and (when opened) to a rotated file. Safe from any thread.
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace lathe {
enum class LogLevel { debug, info, warning, error };
std::string_view name(LogLevel level);
void log(LogLevel level, std::string_view area, std::string_view text);
void log_to_file(const std::filesystem::path& file, std::size_t max_bytes = 4u << 20);   ///< keeps one older file beside it (.1)
void log_to_stderr(LogLevel from);
std::string recent_log(std::size_t lines = 200);   ///< for "Copy diagnostics"
}
