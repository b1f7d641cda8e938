#pragma once
#include "core/nn/model_family.h"

namespace lathe::quantization {

/// "cifar_resnet": ResNet-20, 32, 44, 56, 110, … for small pictures (cifar_resnet.h).
std::unique_ptr<ModelFamily> make_cifar_family();

}
