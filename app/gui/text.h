#pragma once
// Between the texts of the core (UTF-8 std::string) and those of the window.
#include "core/client/qt_text.h"
#include <filesystem>
#include <string>
#include <string_view>

namespace lathe {
inline QString path_text(const std::filesystem::path& path) { return qs(path.native()); }
inline std::string ss(const QString& text) { return text.toStdString(); }
inline std::filesystem::path fs_path(const QString& text) { return text.toStdString(); }
QString size_text(qint64 bytes);                 ///< "147 kB", "1.4 GB": decimal units
QString short_path(const QString& path);         ///< the home folder as ~
QString when_text(qint64 ms);                    ///< "today, 12:04", "yesterday", "Friday", "2 Nov"
QString clock_text(qint64 ms);                   ///< "12:04" today, else the date
}
