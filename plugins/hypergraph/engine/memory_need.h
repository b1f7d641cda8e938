#pragma once
// Refuses work that will not fit into memory, before it begins. No LibTorch. Any thread.
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/process.h"
#include <cmath>
#include <string>

namespace lathe::hypergraph {

/// Throws Error(out_of_memory): "`what` needs about … GB of memory, and … GB are free." where `need` bytes are more than `most` (0: than are free).
inline void require_memory(double need, const std::string& what, const std::string& where, const std::string& hint, std::int64_t most = 0) {
    const auto free = static_cast<double>(most > 0 ? most : available_memory_bytes());
    if (need <= free) return;
    const auto gigabytes = [](double bytes) { return number_text(std::round(bytes / 1e6) / 1e3) + " GB"; };
    throw Error(ErrorCode::out_of_memory, what + " needs about " + gigabytes(need) + " of memory, and " + gigabytes(free) + " are free.", where, hint);
}

}
