// Part of the panel half of every plugin: which headers it was built from. See core/base/plugin_headers.h.
#include "lathe_headers.h"

extern "C" {
extern const char lathe_plugin_headers[];   // a constant is not seen from outside otherwise
const char lathe_plugin_headers[] = "lathe-headers-panel:" LATHE_PANEL_HEADERS;
}
