#pragma once
// delta_cache.train and delta_cache.evaluate: the demo model, and how well a classifier recognises what it draws.

namespace lathe {
class Registry;
}

namespace lathe::delta_cache {

void register_training(Registry& registry);

}
