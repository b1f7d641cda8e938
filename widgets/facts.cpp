#include "widgets/facts.h"
#include <cmath>

namespace lathe {
namespace {

const Json* fact_in(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}

double fact(const Json& object, const char* key) {
    const Json* value = fact_in(object, key);
    if (!value) return std::nan("");
    if (value->is_string()) return parse_number(value->get<std::string>()).value_or(std::nan(""));
    return value->is_number() ? value->get<double>() : std::nan("");
}

QString text_fact(const Json& object, const char* key) {
    const Json* value = fact_in(object, key);
    return value && value->is_string() ? QString::fromStdString(value->get<std::string>()) : QString();
}

QStringList texts_fact(const Json& object, const char* key) {
    QStringList out;
    if (const Json* value = fact_in(object, key); value && value->is_array())
        for (const Json& text : *value) out << QString::fromStdString(text.is_string() ? text.get<std::string>() : text.dump());
    return out;
}

}
