#pragma once
// What a summary of the engine says, read by name: NaN or an empty text where it is missing or of another type. Stateless; any thread.
#include "core/base/json.h"
#include <QStringList>

namespace lathe {

double fact(const Json& object, const char* key);          ///< "nan" and "inf" as texts, too
QString text_fact(const Json& object, const char* key);
QStringList texts_fact(const Json& object, const char* key);

}
