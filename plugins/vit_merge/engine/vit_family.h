#pragma once
// Vision Transformers as a model family, so that every plugin's tools run on them.
#include "core/nn/model_family.h"
#include <memory>

namespace lathe::vit_merge {

/// Id "vit".
std::unique_ptr<ModelFamily> make_vit_family();

}
