#pragma once
#include "core/engine/registry.h"

namespace lathe::delta_cache {

Method evaluate_method();    ///< delta_cache.evaluate

}
