#pragma once
// Random numbers that do not depend on what was drawn before, so that a training goes on from a checkpoint as the unbroken one would have. Any thread.
#include <ATen/core/Generator.h>
#include <cstdint>

namespace lathe {

/// An independent stream for each (seed, purpose, number): the finaliser of splitmix64.
at::Generator random_stream(std::uint64_t seed, std::uint64_t purpose, std::int64_t number);

}
