#pragma once
// Loss and accuracy of a training as they come. GUI thread only.
#include "plugins/hypergraph/panel/training.h"
#include <QWidget>

namespace lathe {
class PlotViewer;
class TextLabel;
}

namespace lathe::hypergraph {

class CurvesView : public QWidget {
    Q_OBJECT
public:
    explicit CurvesView(QWidget* parent = nullptr);
    void show_training(const Training* training, bool stale);   ///< null: none yet
    PlotViewer* losses() { return m_losses; }
    PlotViewer* scores() { return m_scores; }
    QString note() const;
private:
    PlotViewer *m_losses, *m_scores;
    TextLabel* m_note;
};

}
