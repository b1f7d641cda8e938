#pragma once
// Operators of LibTorch that have no C++ function of their own, by name.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <vector>

namespace lathe {

inline bool has_operator(const char* name, const char* overload) { return c10::Dispatcher::singleton().findSchema({name, overload}).has_value(); }

/// Its first result. Throws c10::Error where there is none of that name, or the arguments do not fit.
inline c10::IValue call_operator(const char* name, const char* overload, std::vector<c10::IValue> arguments) {
    c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).callBoxed(&arguments);
    return arguments.front();
}

/// The same along both axes of a picture.
inline c10::List<std::int64_t> on_both_axes(std::int64_t n) { return c10::List<std::int64_t>({n, n}); }

}
