#include "core/base/hash.h"

#include "core/base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <vector>

namespace lathe {

struct Sha256::Impl {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : m_impl(std::make_unique<Impl>()) {
    if (!m_impl->context || EVP_DigestInit_ex(m_impl->context.get(), EVP_sha256(), nullptr) != 1)
        throw Error(ErrorCode::internal, "SHA-256 is not available in libcrypto");
}
Sha256::~Sha256() = default;

void Sha256::add(const void* data, std::size_t size) { EVP_DigestUpdate(m_impl->context.get(), data, size); }

std::string Sha256::hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(m_impl->context.get(), digest, &size);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * size);
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4];
        text += kDigits[digest[i] & 15];
    }
    return text;
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 hash;
    hash.add(bytes.data(), bytes.size());
    return hash.hex();
}

std::string sha256_file(const std::filesystem::path& path, const std::function<bool()>& keep_going) {
    const auto fail = [&] {
        throw Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, std::string("The file cannot be read: ") + std::strerror(errno), path.string());
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail();
    const std::unique_ptr<const int, void (*)(const int*)> closer(&fd, [](const int* open) { ::close(*open); });
    Sha256 hash;
    std::vector<char> buffer(1u << 20);
    for (;;) {
        if (keep_going && !keep_going())
            throw Error(ErrorCode::cancelled, "Reading was cancelled", path.string());
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail();
        if (got == 0)
            return hash.hex();
        hash.add(buffer.data(), std::size_t(got));
    }
}

std::string sha256_folder(const std::filesystem::path& path, const std::function<bool()>& keep_going) {
    std::vector<std::string> lines;
    std::error_code error;
    std::filesystem::recursive_directory_iterator files(path, error);
    for (; !error && files != std::filesystem::recursive_directory_iterator(); files.increment(error)) {
        if (keep_going && !keep_going())
            throw Error(ErrorCode::cancelled, "Reading was cancelled", path.string());
        std::error_code gone;
        if (files->is_regular_file(gone) && !gone)
            lines.push_back(files->path().lexically_relative(path).generic_string() + '\0' + std::to_string(files->file_size(gone)) + '\0');
    }
    if (error)
        throw Error(error == std::errc::no_such_file_or_directory ? ErrorCode::not_found : ErrorCode::io, "The folder cannot be read: " + error.message(), path.string());
    std::sort(lines.begin(), lines.end());
    Sha256 hash;
    for (const std::string& line : lines)
        hash.add(line.data(), line.size());
    return hash.hex();
}

std::string sha256_path(const std::filesystem::path& path, const std::function<bool()>& keep_going) {
    return std::filesystem::is_directory(path) ? sha256_folder(path, keep_going) : sha256_file(path, keep_going);
}

}
