#pragma once
// The panel halves of plugins, found by their metadata without loading them. One that does not fit is listed with the reason.
#include <QString>
#include <memory>
#include <vector>

namespace lathe {

class PanelPlugin;

struct PanelFile {
    QString id, title, version, icon, engine, file;
    int order = 1000;
    QString reason;                    ///< why it is not used; empty: it is
    bool ok() const { return reason.isEmpty(); }
};

/// All panels in the plugin folders, in their order; the first of an id wins (user folders come before the built-in one).
std::vector<PanelFile> find_panels();
PanelFile read_panel_file(const QString& file);
/// Loads it; never unloaded. Throws Error(unsupported) with the loader's reason.
PanelPlugin* load_panel(const PanelFile& panel);

}
