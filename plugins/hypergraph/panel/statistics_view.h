#pragma once
// How large things are: histograms of degrees, sizes and overlaps, and the figures of hypergraph.statistics, each exact or sampled. A dock. GUI thread only.
#include "plugins/hypergraph/panel/shown_graph.h"
#include <QHash>
#include <QWidget>

class QPushButton;

namespace lathe {
class PlotViewer;
class SegmentedControl;
class SimpleTable;
class Switch;
class TextLabel;
}

namespace lathe::hypergraph {

class StatisticsView : public QWidget {
    Q_OBJECT
public:
    explicit StatisticsView(QWidget* options, QWidget* parent = nullptr);   ///< options: of its method; stands beside its button
    void set_graph(const ShownGraph* graph);               ///< drops what was measured; degrees and sizes are counted here
    void take(const Artifact& artifact);                   ///< tables degree, hyperdegree, sizes, overlaps, components, figures
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_stale(bool stale);
    PlotViewer* plot() { return m_plot; }
    SimpleTable* figures() { return m_figures; }
    Json view() const;
    void set_view(const Json& view);
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
    void view_changed(QString text);
private:
    void show_histogram();
    void show_figures();
    void show_note();
    QHash<int, std::vector<std::pair<double, double>>> m_histograms;   // by the place in the switch
    CsvTable m_figures_table, m_components;
    SegmentedControl* m_which;
    Switch* m_log;
    PlotViewer* m_plot;
    QPushButton* m_run;
    SimpleTable* m_figures;
    TextLabel* m_note;
    QString m_running;                                     // progress; empty: it does not run
    bool m_stale = false;
};

}
