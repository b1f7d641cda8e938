#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    read_all([&] { return lathe::open_safetensors(source_of(data, size)); });
    return 0;
}
