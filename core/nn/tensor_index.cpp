#include "core/nn/tensor_index.h"
#include "core/base/file.h"
#include "core/nn/tensor_source.h"
#include <ATen/ATen.h>

namespace lathe {

const TensorEntry* TensorIndex::find(std::string_view name) const {
    const auto found = m_by_name.find(name);
    return found == m_by_name.end() ? nullptr : &m_entries[found->second];
}

void TensorIndex::index_entries() {
    m_by_name.clear();
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        if (!m_by_name.emplace(m_entries[i].name, i).second)
            throw Error(ErrorCode::wrong_format, "Two tensors have the same name", place(m_path, m_entries[i].name),
                        "it cannot be told which one is meant: write the file again with distinct names");
    }
}

std::size_t TensorIndex::index_of(std::string_view name) const {
    const auto found = m_by_name.find(name);
    if (found == m_by_name.end())
        throw Error(ErrorCode::not_found, "The file holds no tensor of this name", place(m_path, name),
                    "`lathe-cli models inspect` lists the " + std::to_string(m_entries.size()) + " tensors that it holds");
    return found->second;
}

namespace {

bool starts_with(const ByteSource& source, std::string_view magic) {
    return source.size() >= magic.size() && std::memcmp(source.bytes.data(), magic.data(), magic.size()) == 0;
}

bool looks_like_safetensors(const ByteSource& source) {
    if (source.size() < 9 || char(source.bytes[8]) != '{')
        return false;
    const auto header = little_endian<std::uint64_t>(source.text(0, 8));
    return header <= 100'000'000 || source.path.extension() == ".safetensors";
}

bool looks_like_idx(const ByteSource& source) {
    if (source.size() < 8 || source.bytes[0] != std::byte{0} || source.bytes[1] != std::byte{0})
        return false;
    const auto type = int(source.bytes[2]), dimensions = int(source.bytes[3]);
    return type >= 0x08 && type <= 0x0E && type != 0x0A && dimensions >= 1 && dimensions <= 8;
}

[[noreturn]] void refuse(const ByteSource& source) {
    const std::string where = source.path.string();
    if (starts_with(source, "\x80"))
        throw Error(ErrorCode::unsupported, "A pickle that is not inside a zip archive (written by PyTorch before 1.6, or not by PyTorch)", where,
                    "re-save it from Python: torch.save(torch.load(FILE), NEW), or as safetensors");
    if (starts_with(source, "version https://git-lfs"))
        throw Error(ErrorCode::wrong_format, "A Git LFS pointer, not the file itself", where, "run `git lfs pull` where the file comes from");
    if (starts_with(source, "<"))
        throw Error(ErrorCode::wrong_format, "A web page, not a tensor file", where, "the download was answered by a page: open the link in a browser and save the file itself");
    if (starts_with(source, "GGUF") || starts_with(source, "\x89HDF"))
        throw Error(ErrorCode::unsupported, "GGUF and HDF5 files are not read", where, "convert the weights to safetensors");
    throw Error(ErrorCode::wrong_format, source.size() == 0 ? "The file is empty" : "Not a tensor file", where,
                "read are: .safetensors, PyTorch .pt/.pth/.bin, .npy, .npz, idx and idx.gz");
}

}

std::shared_ptr<TensorIndex> open_tensors(const std::filesystem::path& file) {
    const auto map = std::make_shared<MappedFile>(file);
    const ByteSource source{map->bytes(), map, file};
    if (looks_like_safetensors(source))
        return open_safetensors(source);
    if (starts_with(source, "\x93NUMPY"))
        return open_npy(source);
    if (starts_with(source, "PK"))
        return open_zip_tensors(source);
    if (starts_with(source, "\x1f\x8b") || looks_like_idx(source))
        return open_idx(source);
    if (source.path.extension() == ".safetensors" && source.size() > 0 && !starts_with(source, "version https://git-lfs") && !starts_with(source, "<"))
        return open_safetensors(source);   // says what is wrong with it
    refuse(source);
}

TensorHealth tensor_health(const at::Tensor& tensor) {
    TensorHealth health;
    if (tensor.numel() == 0)
        return health;
    if (!at::isFloatingType(tensor.scalar_type())) {
        if (at::isComplexType(tensor.scalar_type()))
            return tensor_health(at::view_as_real(tensor));
        const at::Tensor values = tensor.to(at::kDouble);
        health.min = values.min().item<double>();
        health.max = values.max().item<double>();
        health.mean = values.mean().item<double>();
        return health;
    }
    const at::Tensor values = tensor.to(tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
    const at::Tensor finite = at::isfinite(values);
    health.nans = at::isnan(values).sum().item<std::int64_t>();
    const std::int64_t good = finite.sum().item<std::int64_t>();
    health.infs = tensor.numel() - good - health.nans;
    if (good == 0)
        return health;
    const at::Tensor kept = good == tensor.numel() ? values : values.masked_select(finite);
    health.min = kept.min().item<double>();
    health.max = kept.max().item<double>();
    health.mean = kept.sum(at::kDouble).item<double>() / double(good);
    return health;
}

}
