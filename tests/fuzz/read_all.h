#pragma once
#include "core/base/error.h"
#include "core/nn/tensor_source.h"
#include <ATen/ATen.h>

/// Reads every tensor that is not huge to its last byte. An Error is a good answer; a crash, a hang or another exception is not.
template <class Open> void read_all(Open open) {
    try {
        const std::shared_ptr<lathe::TensorIndex> index = open();
        for (const lathe::TensorEntry& entry : index->entries()) {
            if (entry.bytes < 1 << 20)
                lathe::tensor_health(index->get(entry.name));
        }
        for (const auto& [name, what] : index->others().items())
            index->texts(name);
        index->others().dump();
    } catch (const lathe::Error&) {
    }
}

/// The bytes at an address of their own, so that the sanitizer sees a read behind them.
inline lathe::ByteSource source_of(const std::uint8_t* data, std::size_t size) {
    const auto copy = std::make_shared<std::vector<std::byte>>(size);
    if (size > 0)
        std::memcpy(copy->data(), data, size);
    return {*copy, copy, "input"};
}
