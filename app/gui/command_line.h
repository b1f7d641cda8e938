#pragma once
// The command that repeats a run: what "Copy as command line" gives.
#include "core/method/method_info.h"
#include "core/method/run.h"
#include <QList>
#include <QString>
#include <utility>

namespace lathe {
using AssetPaths = QList<std::pair<QString, QString>>;   ///< role -> path
/// lathe-cli run METHOD --set … --asset ROLE=PATH --project FILE. Parameters equal to their defaults are left out where the method is known.
QString command_line_of(const RunRequest& request, const AssetPaths& assets, const QString& project_file, const MethodInfo* method);
}
