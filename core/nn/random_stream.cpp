#include "core/nn/random_stream.h"
#include <ATen/CPUGeneratorImpl.h>

namespace lathe {

at::Generator random_stream(std::uint64_t seed, std::uint64_t purpose, std::int64_t number) {
    std::uint64_t x = seed + 0x9e3779b97f4a7c15ull * (purpose + 1) + 0xd1342543de82ef95ull * static_cast<std::uint64_t>(number + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return at::make_generator<at::CPUGeneratorImpl>((x ^ (x >> 31)) >> 1);
}

}
