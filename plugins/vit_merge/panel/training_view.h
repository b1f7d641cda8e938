#pragma once
// What is trained: a model (the shared base or one task from it), the gate, or a whole benchmark. Parameters, start and cancel, curves as they come, and the files that came
// out. GUI thread only.
#include "core/method/method_info.h"
#include "widgets/metric_series.h"
#include <QWidget>

class QPushButton;
class QUndoStack;

namespace lathe {
class ParameterForm;
class PlotViewer;
class TrainingForms;
}

namespace lathe::vit_merge {

class TrainingView : public QWidget {
    Q_OBJECT
public:
    static const QStringList& methods();                   ///< ids, in the order of the switch
    explicit TrainingView(QUndoStack* undo, QWidget* parent = nullptr);
    void set_parameters(const QString& method, std::vector<Parameter> own);   ///< empty where the engine does not know the method
    Json values() const;                                   ///< method -> values
    Json values(const QString& method) const;
    void set_values(const Json& values);                   ///< kept ones; may be damaged; nothing to undo
    void begin(const QString& method);                     ///< a new run: its curves take the place of the old ones
    void take(const QString& method, const RunEvent& event);
    void take(const QString& method, const Artifact& artifact);
    void show_series(const QString& method, const QString& key, const MetricSeries::Points& points);   ///< of a recorded run
    void finish(const QString& method, const Json& summary);
    void set_running(const QString& method, const QString& text);   ///< empty: it does not run
    QString current() const;
    void set_current(const QString& method);               ///< no signal
    QList<Artifact> files(const QString& method) const;    ///< that came out
    PlotViewer* losses() { return m_losses; }
    PlotViewer* scores() { return m_scores; }
    ParameterForm* form(const QString& method) const;
    QString note() const;
Q_SIGNALS:
    void start_requested(QString method);                  ///< while it runs: cancel
    void save_requested(QString method);
    void values_changed();
private:
    struct Training {
        MetricSeries series;
        QList<Artifact> files;
        Json summary;
    };
    void show_current();
    void show_curves();
    QHash<QString, Training> m_trainings;
    TrainingForms* m_forms;
    QPushButton* m_save;
    PlotViewer *m_losses, *m_scores;
};

}
