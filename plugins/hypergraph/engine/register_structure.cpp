#include "plugins/hypergraph/engine/registrations.h"

namespace lathe::hypergraph {

void register_structure(Registry&) {}

}
