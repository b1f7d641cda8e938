#pragma once
// Reference cases of this plugin (design.md section 7): each recomputes what the official implementations gave.
#include "core/engine/verify.h"
#include <string>

namespace lathe::quantization {

VerifyCase fake_quant_case();      ///< quantization/fake_quant
VerifyCase observers_case();       ///< quantization/observers
VerifyCase apot_qil_oqa_case();    ///< quantization/apot_qil_oqa
VerifyCase backends_case();        ///< quantization/resnet20_backends
VerifyCase nodes_case();           ///< quantization/resnet20_nodes
VerifyCase int8_exact_case();      ///< quantization/resnet20_int8_exact

}
