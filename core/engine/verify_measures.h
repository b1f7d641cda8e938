#pragma once
// How far a result is from what a reference file expects. Part of the verify harness; not used elsewhere.
#include <ATen/core/Tensor.h>
#include <string>
#include <string_view>

namespace lathe {

struct Measured { double error = 0; std::string note; };   ///< a note: the two cannot be compared, and why

/// `name`: a measure of Tolerance. Never throws for tensors that do not fit: the note says so.
Measured measure(std::string_view name, const at::Tensor& result, const at::Tensor& expected);

/// Whether `text` fits `pattern`, where '*' stands for any text, the empty one included.
bool matches(std::string_view pattern, std::string_view text);

}
