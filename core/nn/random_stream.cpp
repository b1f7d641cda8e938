#include "core/nn/random_stream.h"
#include "core/base/split_mix.h"
#include <ATen/CPUGeneratorImpl.h>

namespace lathe {

at::Generator random_stream(std::uint64_t seed, std::uint64_t purpose, std::int64_t number) {
    return at::make_generator<at::CPUGeneratorImpl>(stream_seed(seed, purpose, number) >> 1);
}

}
