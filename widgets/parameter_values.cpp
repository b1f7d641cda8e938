#include "widgets/parameter_values.h"
#include "widgets/number_field.h"
#include <QCoreApplication>
#include <QStringList>
#include <algorithm>

namespace lathe {
/// What stands where the user gave nothing: the declared value, or what it refers to, within the limits of now.
Json default_value(const Parameter& parameter, const Json& values, const Facts& facts) {
    const Json& declared = parameter.default_value;
    const bool refers = declared.is_string() && declared.get_ref<const std::string&>().starts_with('$');
    const auto referred = refers ? limit(declared, values, facts) : std::nullopt;
    return fit_value(parameter, referred ? (parameter.type == ParameterType::number ? Json(*referred) : Json(std::int64_t(*referred))) : declared, values, facts);
}

Json default_values(const std::vector<Parameter>& declared, const Facts& facts) {
    Json values = Json::object();
    for (const Parameter& p : declared) values[p.id] = p.default_value;
    for (const Parameter& p : declared) values[p.id] = default_value(p, values, facts);
    return values;
}

void fit_dependents(const std::vector<Parameter>& declared, Json& values, const Facts& facts) {
    for (const Parameter& p : declared) values[p.id] = fit_value(p, values.value(p.id, Json()), values, facts);
}

QString shown_value(const Parameter& parameter, const Json& value, const Facts& facts) {
    if (value.is_boolean()) return value.get<bool>() ? QCoreApplication::translate("Parameter", "on") : QCoreApplication::translate("Parameter", "off");
    if (value.is_number() && parameter.type != ParameterType::choice) return grouped_number(value.get<double>());
    if (parameter.type == ParameterType::choice && value.is_string())
        for (const Choice& c : available_choices(parameter, facts))
            if (c.value == value.get_ref<const std::string&>() && !c.label.empty()) return QString::fromStdString(c.label);
    const QString text = QString::fromStdString(value_text(value));
    return text.size() > 40 ? text.left(39) + u'…' : text;
}

QString reason_disabled(const Parameter& parameter, const std::vector<Parameter>& declared, const Json& values) {
    QStringList needs;
    for (const auto& [id, allowed] : parameter.enabled_if) {
        const auto other = std::find_if(declared.begin(), declared.end(), [&id](const Parameter& p) { return p.id == id; });
        if (other == declared.end() || std::find(allowed.begin(), allowed.end(), values.value(id, Json())) != allowed.end()) continue;
        QStringList options;
        for (const Json& option : allowed) options << shown_value(*other, option, {});
        needs << QStringLiteral("%1: %2").arg(QString::fromStdString(other->label), options.join(QCoreApplication::translate("Parameter", " or ")));
    }
    return needs.isEmpty() ? QString() : QCoreApplication::translate("Parameter", "Needs %1").arg(needs.join(QStringLiteral(", ")));
}

}
