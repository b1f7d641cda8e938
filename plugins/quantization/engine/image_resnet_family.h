#pragma once
#include "core/nn/model_family.h"

namespace lathe::quantization {

/// "resnet": ResNet-18, 34, 50 and 101 of torchvision (image_resnet.h).
std::unique_ptr<ModelFamily> make_image_resnet_family();

}
