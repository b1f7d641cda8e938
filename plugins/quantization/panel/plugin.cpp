#include "plugins/quantization/panel/plugin.h"
#include "plugins/quantization/panel/panel.h"

namespace lathe::quantization {

QWidget* Plugin::create(PanelContext& context) { return new Panel(context); }

}
