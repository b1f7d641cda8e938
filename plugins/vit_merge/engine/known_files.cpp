#include "plugins/vit_merge/engine/known_files.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>
#include <cstring>
#include <sys/stat.h>
#include <vector>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kFilesKept = 64;
constexpr std::int64_t kScanChunk = 1 << 18;               // bytes

std::uint64_t stirred(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

std::uint64_t content_of(const char* bytes, std::int64_t count) {
    std::uint64_t hash = 0x9e3779b97f4a7c15ull;
    std::int64_t at = 0;
    for (; at + 8 <= count; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes + at, 8);
        hash = (hash ^ word) * 0x2545f4914f6cdd1dull;
        hash ^= hash >> 29;
    }
    for (; at < count; ++at) hash = (hash ^ static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at]))) * 0x100000001b3ull;
    return stirred(hash);
}

template <class Word> std::int64_t not_finite(const char* bytes, std::int64_t count, Word exponent) {
    std::int64_t bad = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        Word word;
        std::memcpy(&word, bytes + i * static_cast<std::int64_t>(sizeof word), sizeof word);
        bad += (word & exponent) == exponent;
    }
    return bad;
}

struct TensorScan { std::int64_t bad = 0; std::uint64_t content = 0; };

TensorScan scan_tensor(const at::Tensor& tensor) {
    TensorScan out;
    const at::Tensor t = tensor.contiguous();
    const char* data = static_cast<const char*>(t.const_data_ptr());
    const std::int64_t bytes = static_cast<std::int64_t>(t.nbytes()), width = static_cast<std::int64_t>(t.element_size());
    if (!at::isFloatingType(t.scalar_type())) return out;
    std::atomic<std::int64_t> bad = 0;
    std::atomic<std::uint64_t> content = 0;
    at::parallel_for(0, (bytes + kScanChunk - 1) / kScanChunk, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
            const char* at_chunk = data + chunk * kScanChunk;
            const std::int64_t size = std::min(kScanChunk, bytes - chunk * kScanChunk), count = size / width;
            content += content_of(at_chunk, size) * (2 * static_cast<std::uint64_t>(chunk) + 1);
            switch (t.scalar_type()) {
            case at::kFloat: bad += not_finite<std::uint32_t>(at_chunk, count, 0x7f800000u); break;
            case at::kHalf: bad += not_finite<std::uint16_t>(at_chunk, count, 0x7c00u); break;
            case at::kBFloat16: bad += not_finite<std::uint16_t>(at_chunk, count, 0x7f80u); break;
            case at::kDouble: bad += not_finite<std::uint64_t>(at_chunk, count, 0x7ff0000000000000ull); break;
            default: break;
            }
        }
    });
    out.bad = bad;
    out.content = content;
    return out;
}

void look_over(KnownFile& known, const std::function<void()>& tick) {
    for (const TensorEntry& entry : known.file->entries()) {
        if (tick) tick();
        const VitKey role = parse_vit_key(entry.name, known.config);
        if (role.group == KeyGroup::other) continue;
        const TensorScan scan = scan_tensor(known.file->get(entry.name));
        if (scan.bad > 0 && known.bad_key.empty()) known.bad_key = entry.name;
        known.bad_values += scan.bad;
        if (role.group == KeyGroup::head) continue;
        known.content += stirred(content_of(role.canonical.data(), static_cast<std::int64_t>(role.canonical.size())) ^ scan.content);
    }
}

}

std::string file_version(const std::filesystem::path& path) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return {};
    return std::to_string(info.st_size) + " bytes, " + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + ", " + std::to_string(info.st_ino);
}

std::shared_ptr<const KnownFile> known_file(const std::filesystem::path& path, const std::function<void()>& tick) {
    static std::vector<std::shared_ptr<const KnownFile>> kept;   // most recently used last
    const std::string version = file_version(path);
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const auto& one) { return one->path == path; });
    if (found != kept.end()) {
        const auto one = *found;
        kept.erase(found);
        if (one->version == version) {
            kept.push_back(one);
            return one;
        }
    }
    auto known = std::make_shared<KnownFile>();
    known->path = path;
    known->version = version;
    known->file = open_tensors(path);
    std::string why;
    const auto config = recognise_vit(*known->file, &why);
    if (!config) throw Error(ErrorCode::wrong_format, "This is no Vision Transformer" + (why.empty() ? std::string(".") : ": " + why), path.string(), "Known are checkpoints of timm, DeiT, torchvision, Hugging Face ViT, CLIP image encoders and augreg.");
    known->config = *config;
    look_over(*known, tick);
    kept.push_back(known);
    if (kept.size() > kFilesKept) kept.erase(kept.begin());
    return known;
}

}
