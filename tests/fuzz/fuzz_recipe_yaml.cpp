// The YAML that merge recipes are written in: it is read into JSON that can be written, or refused with a place.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/small_yaml.h"
#include <cstdlib>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const Json json = vit_merge::parse_small_yaml({reinterpret_cast<const char*>(data), size}, "input");
        if (json_text(json).empty()) std::abort();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::wrong_format || error.where().empty()) std::abort();
    }
    return 0;
}
