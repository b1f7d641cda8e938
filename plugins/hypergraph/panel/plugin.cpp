#include "plugins/hypergraph/panel/plugin.h"
#include "plugins/hypergraph/panel/panel.h"

namespace lathe::hypergraph {

QWidget* Plugin::create(PanelContext& context) { return new Panel(context); }

}
