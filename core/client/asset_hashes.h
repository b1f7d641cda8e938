#pragma once
// Hashes of files, remembered by path, size, inode and time of change, so that a model of gigabytes is read once. Safe from any thread.
// Kept in user_cache_folder()/hashes.json between starts.
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace lathe {

class AssetHashes {
public:
    AssetHashes();
    /// Without reading the file; nullopt: not known, or the file has changed.
    std::optional<std::string> known(const std::string& path) const;
    /// Reads the file if needed. Throws Error(not_found, io), Error(cancelled) when `keep_going` says no.
    std::string hash(const std::string& path, const std::function<bool()>& keep_going);
private:
    struct Entry { std::string stamp, sha256; };
    void save() const;
    mutable std::mutex m_mutex;
    std::unordered_map<std::string, Entry> m_entries;
};

}
