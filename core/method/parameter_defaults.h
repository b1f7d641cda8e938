#pragma once
// Parameters for somebody who has not opened the model: the window's shell and the command line.
#include "core/method/parameter.h"

namespace lathe {

/// Whether its default, limits, choices or size are facts of the model ("$model.depth").
bool depends_on_model(const Parameter& parameter);

/// Checks what can be checked without the model and completes what does not depend on it. What does depend on it and is not given, or is given as it is
/// declared, is left out: the engine, which knows the model, fits it (a model of 8 blocks has no 9 to cache). Throws as complete_parameters() does.
Json complete_without_model(const std::vector<Parameter>& declared, const Json& given);

}
