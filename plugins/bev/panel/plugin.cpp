#include "plugins/bev/panel/plugin.h"
#include "plugins/bev/panel/panel.h"

namespace lathe::bev {

QWidget* Plugin::create(PanelContext& context) { return new Panel(context); }

}
