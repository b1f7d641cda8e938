#pragma once
// Checkpoints that this process has opened: mapped, recognised and looked over once for each state of the file. Work thread only.
#include "plugins/vit_merge/engine/vit_keys.h"
#include <filesystem>
#include <functional>
#include <memory>

namespace lathe::vit_merge {

struct KnownFile {
    std::filesystem::path path;
    std::string version;                                   ///< size and time of change
    std::shared_ptr<TensorIndex> file;
    VitConfig config;
    std::string bad_key;                                   ///< the first tensor of the network with NaN or infinities; empty: none
    std::int64_t bad_values = 0;                           ///< in all of them
    std::uint64_t content = 0;                             ///< equal for equal trunks
};

/// Size and time of change as text; empty: there is no such file.
std::string file_version(const std::filesystem::path& path);

/// `tick` is called between tensors of a file that is new, and may throw: then it stays unknown. Throws Error(not_found, wrong_format) naming the file.
std::shared_ptr<const KnownFile> known_file(const std::filesystem::path& path, const std::function<void()>& tick);

}
