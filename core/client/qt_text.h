#pragma once
// Between the texts of the core (UTF-8) and those of Qt.
#include <QString>
#include <string_view>

namespace lathe {
inline QString qs(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }
}
