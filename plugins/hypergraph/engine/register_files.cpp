#include "plugins/hypergraph/engine/file_methods.h"
#include "plugins/hypergraph/engine/registrations.h"

namespace lathe::hypergraph {

void register_files(Registry& registry) {
    registry.add(open_method());
    registry.add(build_method());
    registry.add(export_method());
}

}
