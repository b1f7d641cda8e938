#pragma once
// How much of the grid the cameras cover: in all, by camera, by height; and the time of each stage. A dock.
#include "plugins/bev/panel/frame.h"
#include <QWidget>

namespace lathe {
class SimpleTable;
class StatRow;
}

namespace lathe::bev {

class CoverageView : public QWidget {
    Q_OBJECT
public:
    explicit CoverageView(QWidget* parent = nullptr);
    void show_frame(const Frame* frame);                   ///< may be null
private:
    StatRow *m_covered, *m_overlap;
    SimpleTable *m_cameras, *m_heights, *m_stages;
};

}
