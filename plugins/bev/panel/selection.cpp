#include "plugins/bev/panel/selection.h"
#include "viewers/view_style.h"
#include <QHash>
#include <algorithm>

namespace lathe::bev {

QColor camera_colour(const QString& channel, int index) {
    static const QHash<QString, QColor> known{{QStringLiteral("CAM_FRONT_LEFT"), QColor(0x56, 0xB4, 0xE9)}, {QStringLiteral("CAM_FRONT"), QColor(0xE6, 0x9F, 0x00)}, {QStringLiteral("CAM_FRONT_RIGHT"), QColor(0x00, 0x9E, 0x73)},
        {QStringLiteral("CAM_BACK_LEFT"), QColor(0x00, 0x72, 0xB2)}, {QStringLiteral("CAM_BACK"), QColor(0xCC, 0x79, 0xA7)}, {QStringLiteral("CAM_BACK_RIGHT"), QColor(0xD5, 0x5E, 0x00)}};
    const auto found = known.constFind(channel);
    return found != known.constEnd() ? *found : ViewStyle::current().series[std::size_t(index) % 5];
}

Json to_json(const Shown& shown) {
    Json hidden = Json::array();
    for (int i = 0; i < class_names().size(); ++i)
        if (!shown.classes[std::size_t(i)]) hidden.push_back(class_names()[i].toStdString());
    return {{"score", shown.score}, {"truth", shown.truth}, {"predicted", shown.predicted}, {"velocity", shown.velocity}, {"hidden", hidden}};
}

Shown shown_from(const Json& json) {
    Shown out;
    if (!json.is_object()) return out;
    if (const Json score = json.value("score", Json()); score.is_number()) out.score = std::clamp(score.get<double>(), 0.0, 1.0);
    for (const auto& [key, member] : {std::pair("truth", &Shown::truth), std::pair("predicted", &Shown::predicted), std::pair("velocity", &Shown::velocity)})
        if (const Json on = json.value(key, Json()); on.is_boolean()) out.*member = on.get<bool>();
    const Json hidden = json.value("hidden", Json::array());
    for (const Json& name : hidden)
        if (name.is_string())
            if (const auto label = class_names().indexOf(QString::fromStdString(name.get<std::string>())); label >= 0) out.classes[std::size_t(label)] = false;
    return out;
}

}
