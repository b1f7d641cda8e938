#pragma once
// Fast-BEV as a model family of Lathe: official checkpoints (mmcv files with state_dict and meta, or the bare dictionary) and our own safetensors.
#include "core/nn/model_family.h"
#include "plugins/bev/engine/detector.h"

namespace lathe::bev {

std::unique_ptr<ModelFamily> make_family();

}
