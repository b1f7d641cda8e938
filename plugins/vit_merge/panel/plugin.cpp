#include "plugins/vit_merge/panel/plugin.h"
#include "plugins/vit_merge/panel/panel.h"

namespace lathe::vit_merge {

QWidget* Plugin::create(PanelContext& context) { return new Panel(context); }

}
