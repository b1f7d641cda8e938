#include "plugins/quantization/engine/plain_convolution.h"
#include <ATen/Context.h>

namespace lathe::quantization {

PlainConvolution::PlainConvolution() : m_before(at::globalContext().userEnabledMkldnn()) { at::globalContext().setUserEnabledMkldnn(false); }

PlainConvolution::~PlainConvolution() { at::globalContext().setUserEnabledMkldnn(m_before); }

}
