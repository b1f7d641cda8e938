#include "app/gui/plugin_files.h"
#include "app/gui/text.h"
#include "core/base/error.h"
#include "core/base/paths.h"
#include "core/base/plugin_headers.h"
#include "core/base/version.h"
#include "widgets/panel.h"
#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QJsonObject>
#include <QPluginLoader>
#include <algorithm>

namespace lathe {
namespace {
struct PluginTexts { Q_DECLARE_TR_FUNCTIONS(Plugins) };
}

PanelFile read_panel_file(const QString& file) {
    PanelFile panel;
    panel.file = file;
    panel.id = QFileInfo(file).completeBaseName();
    const QPluginLoader loader(file);
    const QJsonObject all = loader.metaData();
    const QJsonObject data = all.value(QStringLiteral("MetaData")).toObject();
    if (all.isEmpty()) {
        panel.reason = PluginTexts::tr("It holds no plugin data: %1").arg(loader.errorString());
        return panel;
    }
    if (all.value(QStringLiteral("IID")).toString() != QLatin1String(LATHE_PANEL_IID)) {
        panel.reason = PluginTexts::tr("It is a plugin for something else (%1, not %2).").arg(all.value(QStringLiteral("IID")).toString(), QLatin1String(LATHE_PANEL_IID));
        return panel;
    }
    panel.id = data.value(QStringLiteral("id")).toString(panel.id);
    panel.title = data.value(QStringLiteral("title")).toString(panel.id);
    panel.version = data.value(QStringLiteral("version")).toString();
    panel.icon = data.value(QStringLiteral("icon")).toString(QStringLiteral("plugin"));
    panel.engine = data.value(QStringLiteral("engine")).toString();
    panel.order = data.value(QStringLiteral("order")).toInt(1000);
    const int api = data.value(QStringLiteral("api")).toInt(-1);
    const QString abi = data.value(QStringLiteral("abi")).toString();
    if (api != kPluginApi) panel.reason = PluginTexts::tr("It was made for plugin API %1; this is %2. Build it again with this version.").arg(api).arg(kPluginApi);
    else if (!abi.isEmpty() && abi != qs(compiler_abi())) panel.reason = PluginTexts::tr("It was built as %1; this program is %2. Build it again.").arg(abi, qs(compiler_abi()));
    else panel.reason = qs(headers_reason(fs_path(file), PluginHalf::panel));   // not loaded before it is known to fit
    return panel;
}

std::vector<PanelFile> find_panels() {
    std::vector<PanelFile> panels;
    for (const std::filesystem::path& folder : plugin_folders()) {
        const QDir dir(path_text(folder));
        const QStringList names = dir.entryList({QStringLiteral("*_panel.so")}, QDir::Files, QDir::Name);
        for (const QString& name : names) {
            PanelFile panel = read_panel_file(dir.filePath(name));
            const bool known = std::any_of(panels.begin(), panels.end(), [&](const PanelFile& other) { return other.ok() && other.id == panel.id; });
            if (known && panel.ok()) panel.reason = PluginTexts::tr("Another plugin of this id was found first.");
            panels.push_back(std::move(panel));
        }
    }
    std::stable_sort(panels.begin(), panels.end(), [](const PanelFile& a, const PanelFile& b) { return a.order < b.order; });
    return panels;
}

PanelPlugin* load_panel(const PanelFile& panel) {
    QPluginLoader loader(panel.file);
    loader.setLoadHints(QLibrary::ResolveAllSymbolsHint | QLibrary::PreventUnloadHint);
    QObject* root = loader.instance();
    if (!root) throw Error(ErrorCode::unsupported, "The panel of " + ss(panel.title) + " could not be loaded.", ss(panel.file) + ": " + ss(loader.errorString()), "Help > Plugins lists all plugins.");
    auto* plugin = qobject_cast<PanelPlugin*>(root);
    if (!plugin) throw Error(ErrorCode::unsupported, "The panel of " + ss(panel.title) + " has no panel interface.", ss(panel.file), "Build it again with this version.");
    return plugin;
}

}
