#pragma once
// What really happens on an integer engine: whether simulation and ONNX Runtime agree, the first layer where they do not, and by how many steps. A dock. GUI thread only.
#include "plugins/quantization/panel/network.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class PlotViewer;
class SegmentedControl;
class TableView;
class TextLabel;
}

namespace lathe::quantization {

class NoteRows;

class EngineView : public QWidget {
    Q_OBJECT
public:
    explicit EngineView(QWidget* options, QWidget* parent = nullptr);   ///< options: of its method; stands beside its button
    void begin();                                          ///< a new check: what it gives takes the place of the old one when it ends
    void take(const Artifact& artifact);                   ///< Throws Error(wrong_format)
    void finish(const Json& summary);
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_stale(bool stale);
    QStringList sentences() const;
    QString as_csv() const;
    bool has_result() const { return m_shown.summary.is_object(); }
    Bytes onnx() const { return m_shown.onnx; }            ///< null: none
    Bytes clip_ranges() const { return m_shown.clip_ranges; }
Q_SIGNALS:
    void check_requested();                                ///< while it runs: cancel
    void node_chosen(QString node);
    void export_requested();
private:
    struct Check {
        Json summary;
        CsvTable integer, in_float;
        std::vector<float> steps;                          // [2, nodes, 33]
        int nodes = 0;
        Bytes onnx, clip_ranges;
    };
    void show_result();
    void show_divergence();
    void show_steps();
    Check m_shown, m_coming;
    NoteRows* m_lines;
    QWidget* m_details;
    QPushButton *m_check, *m_open, *m_export;
    TextLabel* m_progress;
    SegmentedControl* m_which;
    TableView* m_table;
    PlotViewer* m_plot;
    int m_node = 0;
};

}
