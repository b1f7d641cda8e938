#pragma once
// How nodes look: colour by class or by value, size, and the palette of classes and hyperedges. No data uses yellow, the colour of the selection.
#include "core/base/colour_map.h"
#include <QColor>
#include <QString>
#include <QStringList>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace lathe {

/// What the nodes are coloured by.
struct NodeColouring {
    enum class Kind { plain, classes, values };
    Kind kind = Kind::plain;
    QString title, unit;                                  ///< of the legend: "Label", "Error"
    std::vector<std::int32_t> classes;                    ///< [nodes], for `classes`; below 0: none, drawn grey and counted in the legend
    QStringList class_names;                              ///< missing names are numbers
    std::vector<float> values;                            ///< [nodes], for `values`; NaN: magenta rings, counted in the legend
    ColourMapId map = ColourMapId::viridis;
    std::optional<std::pair<double, double>> range;       ///< locked; else that of the finite values
    bool logarithmic = false;

    static NodeColouring by_class(QString title, std::vector<std::int32_t> classes, QStringList names);
    static NodeColouring by_value(QString title, std::vector<float> values, ColourMapId map = ColourMapId::viridis, QString unit = {});
};

/// What the nodes' sizes stand for: area grows with the value from 0.
struct NodeSizing {
    QString title;                                        ///< of the legend; empty: all alike
    std::vector<float> values;                            ///< [nodes], >= 0; empty: all alike
};

enum class NodeShape { circle, square, triangle, diamond };

constexpr int kGraphPalette = 10;                         ///< colours of classes and hyperedges; those after that have the same colours in another shape
QColor class_colour(std::int32_t index, bool dark);       ///< index < 0: the grey of "none". At least 3:1 on the canvas of its theme
NodeShape class_shape(std::int32_t index);

/// Names are asked for when they are drawn, from any thread.
using NameSource = std::function<QString(std::int32_t)>;
QString shown_node_name(const NameSource& names, std::int32_t node);                  ///< "#12" where it has none
QString shown_hyperedge_name(const NameSource& names, std::int32_t hyperedge);        ///< "hyperedge 12" where it has none

}
