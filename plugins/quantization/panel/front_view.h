#pragma once
// Accuracy against size: the front of the best assignments, this one, all 8 and all 4 bit, and every assignment measured so far. A click on a point applies it. A dock.
#include "plugins/quantization/panel/estimate.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class PlotViewer;
class TextLabel;
}

namespace lathe::quantization {

/// An assignment that was measured, here or in a recorded run: the parameters that say what is quantized and how, and what came of it.
struct Tried {
    Json params;
    double bytes = 0, bitops = 0, top1 = 0;                ///< percent
};

struct FrontMark { double bytes = 0, top1 = std::nan(""); };

class FrontView : public QWidget {
    Q_OBJECT
public:
    /// `options`: of the method that measures sensitivity; stands beside its button.
    explicit FrontView(QWidget* options, QWidget* parent = nullptr);
    /// estimated: top-1 of each point of the front, with the activations as they are chosen. float_top1 NaN: not known.
    void show_front(const QList<FrontMark>& estimated, const QList<Tried>& tried, const FrontMark& now, bool now_is_measured, const FrontMark& all_8, const FrontMark& all_4, double float_top1);
    void set_running(const QString& progress);             ///< sensitivity is being measured; empty: it is not
    PlotViewer* plot() { return m_plot; }
Q_SIGNALS:
    void sensitivity_requested();                          ///< while it runs: its end
    void front_chosen(int point);
    void tried_chosen(int index);
    void uniform_chosen(int bits);
private:
    PlotViewer* m_plot;
    TextLabel* m_note;
    QPushButton* m_measure;
    QList<int> m_tried_order;                              // of the points with gaps between them
    QString m_progress;
    void show_note();                                      // what line and rings are, or how far it is
    int m_tried = 0;
};

}
