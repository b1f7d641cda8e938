#include "widgets/metric_series.h"

namespace lathe {

MetricSeries::Points& MetricSeries::at(const QString& key) {
    if (!m_points.contains(key)) m_keys << key;
    return m_points[key];
}

bool MetricSeries::take(const RunEvent& event) {
    const auto* metrics = std::get_if<event::Metrics>(&event.body);
    if (!metrics) return false;
    for (const event::MetricPoint& point : metrics->points)
        if (point.key < metrics->keys.size()) at(QString::fromStdString(metrics->keys[point.key])) << std::pair(double(point.step), point.value);
    return true;
}

void MetricSeries::set(const QString& key, const Points& points) {
    if (!points.isEmpty()) at(key) = points;
}

}
