#pragma once
// Taps in a method's form: for each tap that the engine knows a group with a switch and the tap's parameters, as parameters of the form beside those of the
// method, so that undo, dots, staleness and what is kept with the project need to know nothing of them. Pure; any thread.
#include "core/method/method_info.h"
#include "core/method/run.h"

namespace lathe {

/// Declarations for the form: "tap.ID" (on or off) and "tap.ID.NAME", in a group with the tap's title. Limits and conditions refer to the tap's own parameters.
std::vector<Parameter> tap_parameters(const std::vector<TapInfo>& taps);
/// The taps that are switched on in the values of a form.
std::vector<TapRequest> taps_of(const Json& values, const std::vector<TapInfo>& taps);
/// The values of a form in which just these taps are on: [{"id", "params"}] as a run keeps them; not an array: none.
Json tap_values(const Json& kept, const std::vector<TapInfo>& taps);

}
