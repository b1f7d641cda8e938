#pragma once
// Hashes of files, remembered by path, size, inode and time of change, so that a model of gigabytes is read once. Safe from any thread.
// Kept in user_cache_folder()/hashes.json between starts. A folder (its names and sizes) is remembered while the program runs, until something in it or below
// comes, goes or is renamed: a data set has thousands of files, too many to list for each live run.
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

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
    struct Folder { std::string sha256; std::vector<std::pair<std::string, std::string>> stamps; };   ///< of itself and of all folders below
    std::string hash_folder(const std::string& full, const std::function<bool()>& keep_going);
    void save() const;
    mutable std::mutex m_mutex;
    std::unordered_map<std::string, Entry> m_entries;
    std::unordered_map<std::string, Folder> m_folders;
};

}
