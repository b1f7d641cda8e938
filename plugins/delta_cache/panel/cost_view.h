#pragma once
// What the cache saves and what it costs: predicted and measured speed-up with the words, bars, the errors against the reference. A dock.
#include "plugins/delta_cache/panel/result.h"
#include "plugins/delta_cache/panel/schedule.h"
#include <QWidget>

namespace lathe {
class Headline;
class SimpleTable;
class StatRow;
class TextLabel;
}

namespace lathe::delta_cache {

class CostView : public QWidget {
    Q_OBJECT
public:
    explicit CostView(QWidget* parent = nullptr);
    void show_prediction(const Schedule& schedule);                              ///< follows the map at once
    void show_result(const SampleResult& result, const SampleResult* before);    ///< before: for the Δ column
    void set_stale(bool stale);
private:
    Headline *m_predicted, *m_measured;
    StatRow *m_blocks, *m_macs, *m_seconds, *m_memory;
    TextLabel* m_title;
    SimpleTable* m_quality;
};

}
