#pragma once
// What a form needs to know about values beyond their check: defaults, and what follows from a change of another value.
#include "core/method/parameter.h"
#include <QString>

namespace lathe {

Json default_value(const Parameter& parameter, const Json& values, const Facts& facts);
/// Defaults of all parameters; a grid gets a grid of zeros in its present size.
Json default_values(const std::vector<Parameter>& declared, const Facts& facts);
/// Brings values whose limits refer to other values or to the model back into them: numbers are clamped, ranges cut, grids resized (cells that stay are kept),
/// choices that the model does not have replaced by its first.
void fit_dependents(const std::vector<Parameter>& declared, Json& values, const Facts& facts);
/// "Needs Policy: Δ-Cache"; empty if it is enabled.
QString reason_disabled(const Parameter& parameter, const std::vector<Parameter>& declared, const Json& values);
/// As it is shown: the label of a choice, grouped digits, "on" and "off".
QString shown_value(const Parameter& parameter, const Json& value, const Facts& facts);

}
