#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const lathe::ByteSource source = source_of(data, size);
    read_all([&] {
        if (size > 0 && data[0] == 'P')
            return lathe::open_zip_tensors(source);
        return size > 0 && data[0] == 0x93 ? lathe::open_npy(source) : lathe::open_idx(source);
    });
    return 0;
}
