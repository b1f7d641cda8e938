#pragma once
// Panel half: the root object. It includes Qt and never LibTorch.
#include "widgets/panel.h"

namespace lathe_template {

class Plugin : public QObject, public lathe::PanelPlugin {
    Q_OBJECT
    Q_PLUGIN_METADATA(IID LATHE_PANEL_IID FILE "panel.json")
    Q_INTERFACES(lathe::PanelPlugin)
public:
    QWidget* create(lathe::PanelContext& context) override;
};

}
