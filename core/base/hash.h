#pragma once
// SHA-256 of bytes and files, as 64 lower-case hex digits (libcrypto inside).
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    void add(const void* data, std::size_t size);
    std::string hex();   ///< ends the computation
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

std::string sha256_hex(std::string_view bytes);
/// Reads the file in 1 MiB pieces; `keep_going` (may be empty) is asked between pieces and false throws Error(cancelled).
std::string sha256_file(const std::filesystem::path& path, const std::function<bool()>& keep_going = {});
/// Of a folder: of the names and sizes of all files below it. Their contents are not read: a data set may have hundreds of thousands of pictures.
/// Throws Error(not_found, io, cancelled).
std::string sha256_folder(const std::filesystem::path& path, const std::function<bool()>& keep_going = {});
std::string sha256_path(const std::filesystem::path& path, const std::function<bool()>& keep_going = {});   ///< of a file or a folder

}
