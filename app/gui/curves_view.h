#pragma once
// Curves of the compared runs over step or time, smoothed or as they are; while a run streams, its curve grows.
#include "app/gui/run_columns.h"
#include "core/project/rows.h"
#include <QComboBox>
#include <QTimer>
#include <QWidget>

class QToolButton;

namespace lathe {

class DockTitle;
class NumberField;
class PlotViewer;
class SegmentedControl;
struct Shell;

class CurvesView : public QWidget {
    Q_OBJECT
public:
    CurvesView(const Shell& shell, RunColours& colours, QWidget* parent = nullptr);
    void attach(DockTitle* bar) { m_bar = bar; }
    void set_runs(const QList<RunId>& runs);
    void refresh();
    PlotViewer* plot() { return m_plot; }
    Q_INVOKABLE void export_dialog();
    Q_INVOKABLE void show_as_table();
private:
    struct Line { RunId run = 0; std::string uuid, title; Series series; };
    struct Answer { std::vector<std::string> keys; std::string key; std::vector<Line> lines; };
    void take(const Answer& answer);
    const Shell& m_shell;
    RunColours& m_colours;
    PlotViewer* m_plot;
    QComboBox* m_key;
    SegmentedControl* m_axis;
    NumberField* m_smooth;
    QToolButton* m_log;
    DockTitle* m_bar = nullptr;
    QList<RunId> m_runs;
    quint64 m_serial = 0;
};

}
