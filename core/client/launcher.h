#pragma once
// How an engine is started: the local program, or any command prefix that ends in one (ssh -- HOST lathe-engine, srun …).
// Only from user settings or LATHE_ENGINE, never from a project.
#include <QStringList>
#include <string>

namespace lathe {
struct Launcher {
    QStringList command;       ///< program and arguments
    bool is_local = true;      ///< may use shared memory and local paths
    std::string title;         ///< "this computer", "ssh gpu3"
};
Launcher local_launcher();                                     ///< PREFIX/bin/lathe-engine
Launcher default_launcher();                                   ///< LATHE_ENGINE (shell words), else settings, else PREFIX/bin/lathe-engine
Launcher launcher_from(const QString& command_line);           ///< throws Error(invalid_value)
Launcher ssh_launcher(const QString& host, const QString& program = QStringLiteral("lathe-engine"));
}
