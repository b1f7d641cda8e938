#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/datasets.h"
#include "core/nn/inflate.h"
#include <ATen/ATen.h>

namespace lathe {
namespace {

constexpr std::int64_t kSide = 32, kPlanes = 3, kPixels = kPlanes * kSide * kSide;
constexpr std::uintmax_t kMostFileBytes = std::uintmax_t{1} << 31;

/// What the file holds; of a .gz, decompressed.
std::string file_content(const std::filesystem::path& file) {
    if (file.extension() != ".gz") return read_file(file, kMostFileBytes);
    const MappedFile map(file);
    Inflater inflater(map.bytes(), Compression::gzip, file.string());
    std::string out;
    for (constexpr std::size_t kPiece = 1u << 20;;) {
        const std::size_t before = out.size();
        out.resize(before + kPiece);
        const std::size_t read = inflater.read(std::as_writable_bytes(std::span(out.data() + before, kPiece)));
        out.resize(before + read);
        if (read < kPiece) return out;
        if (out.size() > kMostFileBytes) throw Error(ErrorCode::wrong_format, "A file is too large.", file.string() + ", above 2 GiB decompressed", "Choose a part of the set.");
    }
}

/// Records of `limits.size()` label bytes, each below its limit, and a picture. The last label is the one that counts.
LabelledImages read_cifar(const std::vector<std::filesystem::path>& files, const std::string& set, const std::vector<int>& limits) {
    const auto label_bytes = static_cast<std::int64_t>(limits.size()), record_bytes = label_bytes + kPixels;
    std::vector<at::Tensor> parts;
    for (const std::filesystem::path& file : files) {
        const std::string bytes = file_content(file);
        const auto size = static_cast<std::int64_t>(bytes.size());
        if (size == 0 || size % record_bytes != 0)
            throw Error(ErrorCode::wrong_format, "This is no file of " + set + ", or it is cut off.", file.string() + ", " + std::to_string(size) + " bytes",
                "Its size must be a multiple of " + std::to_string(record_bytes) + ": " + (label_bytes == 1 ? "a label" : std::to_string(label_bytes) + " labels") +
                    " and 3 x 32 x 32 values. Fetch it again.");
        parts.push_back(at::from_blob(const_cast<char*>(bytes.data()), {size / record_bytes, record_bytes}, at::kByte).clone());
        for (std::int64_t i = 0; i < label_bytes; ++i) {
            const int limit = limits[static_cast<std::size_t>(i)];
            const at::Tensor labels = parts.back().select(1, i), wrong = (labels >= limit).nonzero();
            if (wrong.size(0) == 0) continue;
            const std::int64_t record = wrong[0][0].item<std::int64_t>();
            throw Error(ErrorCode::wrong_format, "A label is larger than " + std::to_string(limit - 1) + ".",
                file.string() + ", picture " + std::to_string(record) + ": " + std::to_string(labels[record].item<int>()), "This is not " + set + " in its binary form. Choose another file.");
        }
    }
    if (parts.empty()) throw Error(ErrorCode::not_found, "No file of " + set + " was named.", "data set", "Name at least one.");
    const at::Tensor all = at::cat(parts);
    return {all.slice(1, label_bytes).reshape({-1, kPlanes, kSide, kSide}).contiguous(), all.select(1, label_bytes - 1).to(at::kLong)};
}

}

LabelledImages load_cifar10(const std::vector<std::filesystem::path>& files) { return read_cifar(files, "CIFAR-10", {static_cast<int>(kCifar10Classes.size())}); }
LabelledImages load_cifar100(const std::vector<std::filesystem::path>& files) { return read_cifar(files, "CIFAR-100", {20, kCifar100Classes}); }

}
