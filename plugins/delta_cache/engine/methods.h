#pragma once
// The methods of this plugin.
#include "core/engine/registry.h"

namespace lathe::delta_cache {

Method sample_method();      ///< delta_cache.sample
Method study_method();       ///< delta_cache.study
Method describe_method();    ///< delta_cache.describe

}
