#pragma once
// Reference cases of folding, reconstruction and sensitivity.
#include "core/engine/verify.h"

namespace lathe::quantization {

VerifyCase bn_fold_case();             ///< quantization/bn_fold
VerifyCase adaround_layer_case();      ///< quantization/adaround_layer
VerifyCase sensitivity_case();         ///< quantization/sensitivity

}
