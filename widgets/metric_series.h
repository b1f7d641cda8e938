#pragma once
// What a run measures as it goes: points by name, the names in the order in which they came. No widgets; any thread, one at a time.
#include "core/method/run.h"
#include <QHash>
#include <QList>
#include <QStringList>

namespace lathe {

class MetricSeries {
public:
    using Points = QList<std::pair<double, double>>;       ///< (step, value)
    bool take(const RunEvent& event);                      ///< false: it is none that measures. A point whose key the event does not name is passed over
    void set(const QString& key, const Points& points);    ///< those of a recorded run in place of what is there; no points: none were recorded, nothing changes
    bool is_empty() const { return m_keys.isEmpty(); }
    const QStringList& keys() const { return m_keys; }
    Points points(const QString& key) const { return m_points.value(key); }   ///< none where the key is not known
private:
    Points& at(const QString& key);
    QStringList m_keys;
    QHash<QString, Points> m_points;
};

}
