#pragma once
// The boundary of a run: whatever a method or LibTorch throws becomes a Failed event that a person can act on.
#include "core/method/run.h"

namespace lathe {

/// The exception in flight as an Error, with LibTorch's texts made readable. Call inside a catch block.
Error failure_in_flight(std::string_view doing);
event::Failed to_failed(const Error& error);      ///< texts clipped to what a header holds

}
