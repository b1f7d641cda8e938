// Measured rates are kept between starts.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/engine/rates.h"
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/api/include/torch/version.h>

namespace lathe {
namespace {

constexpr std::size_t kMaxEntries = 50;

std::filesystem::path cache_file() { return user_cache_folder() / "rates.json"; }

std::string machine_key() {
    return cpu_name() + " | threads " + std::to_string(at::get_num_threads()) + " | torch " TORCH_VERSION " | " + at::get_mkldnn_version() + " | " + loaded_blas();
}

Json read_cache() {
    try {
        Json cache = parse_json(read_file(cache_file(), 1u << 20), "rates.json");
        if (cache.is_object()) return cache;
    } catch (const Error&) {
        // Missing or damaged: it is measured again.
    }
    return Json::object();
}

}

std::optional<Rates> cached_rates() {
    const Json cache = read_cache();
    const auto entry = cache.find(machine_key());
    if (entry == cache.end() || !entry->is_object()) return std::nullopt;
    try {
        return rates_from(Message{"rates", *entry, nullptr});
    } catch (const Error&) {
        return std::nullopt;
    }
}

void cache_rates(const Rates& rates) {
    try {
        Json cache = read_cache();
        if (cache.size() >= kMaxEntries) cache = Json::object();
        cache[machine_key()] = encode(rates).fields;
        write_file(cache_file(), cache.dump(1));
    } catch (const Error& error) {
        log(LogLevel::warning, "rates", error.what());
    }
}

}
