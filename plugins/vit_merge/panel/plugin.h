#pragma once
// The root object of the panel half.
#include "widgets/panel.h"

namespace lathe::vit_merge {

class Plugin : public QObject, public PanelPlugin {
    Q_OBJECT
    Q_PLUGIN_METADATA(IID LATHE_PANEL_IID FILE "panel.json")
    Q_INTERFACES(lathe::PanelPlugin)
public:
    QWidget* create(PanelContext& context) override;
};

}
