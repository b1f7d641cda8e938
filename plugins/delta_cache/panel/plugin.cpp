#include "plugins/delta_cache/panel/plugin.h"
#include "plugins/delta_cache/panel/panel.h"

namespace lathe::delta_cache {

QWidget* Plugin::create(PanelContext& context) { return new Panel(context); }

}
