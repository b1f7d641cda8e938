#pragma once
// The files that a run used, found again on this computer. Any thread.
#include "app/gui/command_line.h"
#include "core/project/project.h"
#include <QStringList>

namespace lathe {

/// By role; what is missing is named.
struct RunAssets { AssetPaths paths; QStringList missing; };
RunAssets assets_of(const ProjectReader& reader, RunId run);

}
