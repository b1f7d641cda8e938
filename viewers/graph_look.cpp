#include "viewers/graph_look.h"
#include <QCoreApplication>

namespace lathe {
namespace {

constexpr const char* kDarkClasses[kGraphPalette] = {"#56B4E9", "#E69F00", "#00B383", "#CC79A7", "#E8743B", "#9A92F5", "#9CC65A", "#B98D63", "#58CFCB", "#F28B9B"};
constexpr const char* kLightClasses[kGraphPalette] = {"#0072B2", "#B86A00", "#147D5C", "#A5527E", "#D55E00", "#5B53CC", "#56801A", "#7A5230", "#0B7F8A", "#C03A56"};

}

NodeColouring NodeColouring::by_class(QString title, std::vector<std::int32_t> classes, QStringList names) {
    NodeColouring c;
    c.kind = Kind::classes;
    c.title = std::move(title);
    c.classes = std::move(classes);
    c.class_names = std::move(names);
    return c;
}

NodeColouring NodeColouring::by_value(QString title, std::vector<float> values, ColourMapId map, QString unit) {
    NodeColouring c;
    c.kind = Kind::values;
    c.title = std::move(title);
    c.unit = std::move(unit);
    c.values = std::move(values);
    c.map = map;
    return c;
}

QColor class_colour(std::int32_t index, bool dark) {
    if (index < 0) return QColor(dark ? "#7C848F" : "#828B97");
    return QColor((dark ? kDarkClasses : kLightClasses)[index % kGraphPalette]);
}

NodeShape class_shape(std::int32_t index) { return index < 0 ? NodeShape::circle : NodeShape((index / kGraphPalette) % 4); }

QString shown_node_name(const NameSource& names, std::int32_t node) {
    const QString name = names ? names(node) : QString();
    return name.isEmpty() ? u'#' + QString::number(node) : name;
}

QString shown_hyperedge_name(const NameSource& names, std::int32_t hyperedge) {
    const QString name = names ? names(hyperedge) : QString();
    return name.isEmpty() ? QCoreApplication::translate("lathe::GraphView", "hyperedge %1").arg(hyperedge) : name;
}

}
