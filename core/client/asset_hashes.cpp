#include "core/client/asset_hashes.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include <algorithm>
#include <sys/stat.h>

namespace lathe {
namespace {

constexpr std::size_t kMaxEntries = 2000, kMaxFolders = 50;

std::filesystem::path cache_file() { return user_cache_folder() / "hashes.json"; }

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

/// Everything that changes when a file's content does, or when entries of a folder come and go; empty: no such file.
std::string stamp_of(const std::string& path, bool folder = false) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0 || !(folder ? S_ISDIR(info.st_mode) : S_ISREG(info.st_mode))) return {};
    return std::to_string(info.st_size) + " " + std::to_string(info.st_ino) + " " + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " "
        + std::to_string(info.st_ctim.tv_sec) + "." + std::to_string(info.st_ctim.tv_nsec);
}

std::vector<std::pair<std::string, std::string>> folder_stamps(const std::string& folder) {
    std::vector<std::pair<std::string, std::string>> stamps{{folder, stamp_of(folder, true)}};
    std::error_code error;   // what cannot be read is told by whoever reads the files
    for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (std::error_code gone; at->is_directory(gone)) stamps.emplace_back(at->path().string(), stamp_of(at->path().string(), true));
    return stamps;
}

}

AssetHashes::AssetHashes() {
    try {
        const Json cache = parse_json(read_file(cache_file(), 4u << 20), "hashes.json");
        for (const auto& [path, entry] : cache.items())
            m_entries[path] = {string_member(entry, "stamp", "hashes.json"), string_member(entry, "sha256", "hashes.json")};
    } catch (const Error&) {
        m_entries.clear();   // missing or damaged: files are read again
    }
}

std::optional<std::string> AssetHashes::known(const std::string& path) const {
    const std::string full = absolute(path), stamp = stamp_of(full);
    std::lock_guard lock(m_mutex);
    if (const auto folder = m_folders.find(full); folder != m_folders.end()) {
        const auto& stamps = folder->second.stamps;
        if (std::ranges::all_of(stamps, [](const auto& entry) { return stamp_of(entry.first, true) == entry.second; })) return folder->second.sha256;
        return std::nullopt;
    }
    const auto it = m_entries.find(full);
    if (stamp.empty() || it == m_entries.end() || it->second.stamp != stamp) return std::nullopt;
    return it->second.sha256;
}

std::string AssetHashes::hash(const std::string& path, const std::function<bool()>& keep_going) {
    if (const auto sha256 = known(path)) return *sha256;
    const std::string full = absolute(path), before = stamp_of(full);
    if (std::filesystem::is_directory(full)) return hash_folder(full, keep_going);
    if (before.empty()) throw Error(ErrorCode::not_found, "There is no such file.", path, "Check the name, or choose the file again.");
    const std::string sha256 = sha256_file(full, keep_going);
    if (stamp_of(full) != before) throw Error(ErrorCode::io, "The file changed while it was read.", path, "Wait until it is completely written, then run again.");
    std::lock_guard lock(m_mutex);
    if (m_entries.size() >= kMaxEntries) m_entries.clear();
    m_entries[full] = {before, sha256};
    save();
    return sha256;
}

std::string AssetHashes::hash_folder(const std::string& full, const std::function<bool()>& keep_going) {
    Folder folder{{}, folder_stamps(full)};   // before the files: what changes meanwhile is noticed the next time
    folder.sha256 = sha256_folder(full, keep_going);
    std::lock_guard lock(m_mutex);
    if (m_folders.size() >= kMaxFolders) m_folders.clear();
    return (m_folders[full] = std::move(folder)).sha256;
}

void AssetHashes::save() const {
    Json cache = Json::object();
    for (const auto& [path, entry] : m_entries) cache[path] = {{"stamp", entry.stamp}, {"sha256", entry.sha256}};
    try {
        write_file(cache_file(), cache.dump(0, ' ', false, Json::error_handler_t::replace));
    } catch (const Error& error) {
        log(LogLevel::warning, "client", error.what());   // only costs time at the next start
    }
}

}
