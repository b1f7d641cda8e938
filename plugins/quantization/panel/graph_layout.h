#pragma once
// The places of the nodes of a graph that runs one way: layers from top to bottom, each node below all that it reads, ordered so that few edges cross. Plain values.
#include <QList>
#include <QPointF>

namespace lathe::quantization {

struct GraphPlaces {
    QList<QPointF> centre;                                 ///< of each node: x in columns, y in layers
    QList<QList<QPointF>> edges;                           ///< of each edge given: the places it runs through, from its giver down
    double left = 0, right = 0;                            ///< of all of it, in columns
    int layers = 0;
};

/// edges: giver and taker; those that run backwards are left out (their places are empty).
GraphPlaces lay_out(int nodes, const QList<std::pair<int, int>>& edges);

}
