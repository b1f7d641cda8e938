// A panel that was made for plugin API 9, for test_panel_files. It must never be loaded: that would write the file below.
#include <QObject>
#include <QtPlugin>
#include <cstdio>
#include <cstdlib>

namespace {
const bool g_loaded = [] {
    if (const char* file = std::getenv("LATHE_TEST_LOADED"))
        if (std::FILE* out = std::fopen(file, "w")) std::fclose(out);
    return true;
}();
}

class OtherPanel : public QObject {
    Q_OBJECT
    Q_PLUGIN_METADATA(IID "org.lathe.Panel/1" FILE "panel.json")
};
#include "panel.moc"
