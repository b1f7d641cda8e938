#pragma once
// Below the strategy in the form: how many hyperedges it makes and of which sizes, before a network is trained on them. GUI thread only.
#include "plugins/hypergraph/panel/answers.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class PlotViewer;
class TextLabel;
}

namespace lathe::hypergraph {

class BuildRow : public QWidget {
    Q_OBJECT
public:
    explicit BuildRow(QWidget* parent = nullptr);
    void take(const Artifact& artifact);                   ///< table sizes of hypergraph.build
    void finish(const Json& summary);
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_stale(bool stale);
    QString text() const;
    PlotViewer* plot() { return m_plot; }
Q_SIGNALS:
    void preview_requested();                              ///< while it runs: cancel
private:
    void show_answer();
    std::vector<std::pair<double, double>> m_sizes;
    Json m_summary;
    bool m_stale = false;
    PlotViewer* m_plot;
    TextLabel* m_text;
    QPushButton* m_preview;
};

}
