#pragma once
// "Rubber bands" about the members of a hyperedge: the convex hull of their places, padded and with round corners. Any thread.
#include "viewers/graph_data.h"
#include <QPainterPath>
#include <QPointF>
#include <vector>

namespace lathe {

/// Corners of the convex hull in the order of rising angle (x to y), without points on its sides; one or two points where there are no more (A. Andrew's chain).
std::vector<QPointF> convex_hull(std::vector<QPointF> points);
/// Everything within `padding` of the hull of the points. Empty without points.
QPainterPath padded_hull(std::vector<QPointF> points, double padding);
/// How many of the smaller hyperedges lie below each, at most `most`: hulls grow by a step per level, so that the band of a larger set runs outside those it meets.
std::vector<int> nesting_levels(const GraphData& graph, const std::vector<std::int32_t>& hyperedges, int most = 8);

}
