#include "app/gui/english_plurals.h"
#include <cstring>

namespace lathe {

QString EnglishPlurals::translate(const char*, const char* text, const char*, int n) const {
    if (n < 0 || !text || !std::strstr(text, "(s)")) return {};
    return QString::fromUtf8(text).replace(QLatin1String("(s)"), n == 1 ? QString() : QStringLiteral("s"));
}

}
