#pragma once
// The ablation bench: which rules are varied, a table of the official metric for each variant, and a curve of one measure over them. A dock.
#include "core/base/csv.h"
#include "core/method/run.h"
#include <QStringList>
#include <QWidget>

class QComboBox;
class QPushButton;

namespace lathe {
class NumberField;
class PlotViewer;
class TableView;
class TextLabel;
}

namespace lathe::bev {

class AblationView : public QWidget {
    Q_OBJECT
public:
    explicit AblationView(QWidget* parent = nullptr);
    void set_axes(const QStringList& names);               ///< that the method can vary
    void show_table(const Artifact& artifact);
    void set_running(const QString& text);                 ///< empty: not running
Q_SIGNALS:
    void run_requested(QStringList axes, int samples);     ///< no axis: all of them; while it runs: cancel
private:
    void show_curve();
    CsvTable m_data;
    QComboBox *m_axes, *m_measure;
    NumberField* m_samples;
    QPushButton* m_run;
    TextLabel* m_note;
    TableView* m_table;
    PlotViewer* m_plot;
};

}
