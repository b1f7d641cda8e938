#pragma once
// The schedule: previews, the cache map and below it the deviation of each step over the same axis. A dock.
#include "plugins/delta_cache/panel/schedule.h"
#include <QVector>
#include <QWidget>

namespace lathe {
class CacheMap;
class PlotViewer;
class SegmentedControl;
class TextLabel;
struct Curve;
}

namespace lathe::delta_cache {

class ScheduleView : public QWidget {
    Q_OBJECT
public:
    explicit ScheduleView(QWidget* parent = nullptr);
    CacheMap* map() { return m_map; }
    PlotViewer* plot() { return m_plot; }
    void show_schedule(const Schedule& schedule);
    void set_step(int step);                                 ///< the shared cursor; -1: none
    void set_curves(const QVector<Curve>& curves);
    void set_block_share(double share) { m_block_share = share; }   ///< of a step's MACs that lies in the blocks
Q_SIGNALS:
    void painted(bool dragging);                             ///< the map holds the new cells
    void step_chosen(int step);
protected:
    void resizeEvent(QResizeEvent* event) override;
private:
    void share_axis();
    QString saving(const QRect& cells) const;
    CacheMap* m_map;
    PlotViewer* m_plot;
    SegmentedControl* m_mode;
    double m_block_share = 1;
};

}
