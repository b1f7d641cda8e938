#pragma once
// What is learnt: rounding and scales layer by layer (quantization.reconstruct), or the whole network (quantization.train). Its parameters, start and cancel, curves
// as they come, and what to do with the result. GUI thread only.
#include "core/method/method_info.h"
#include "widgets/metric_series.h"
#include <QWidget>

class QPushButton;
class QUndoStack;

namespace lathe {
class PlotViewer;
class TrainingForms;
}

namespace lathe::quantization {

class LearningView : public QWidget {
    Q_OBJECT
public:
    static const QStringList& methods();                   ///< ids, in the order of the switch
    explicit LearningView(QUndoStack* undo, QWidget* parent = nullptr);
    /// own: its parameters without those that the workspace's form has; empty where the engine does not know the method.
    void set_parameters(const QString& method, std::vector<Parameter> own);
    Json values(const QString& method) const;
    void set_values(const QString& method, const Json& values);   ///< kept ones; nothing to undo
    void begin(const QString& method);                     ///< a new run: its curves take the place of the old ones
    void take(const QString& method, const RunEvent& event);
    void take(const QString& method, const Artifact& artifact);
    void show_series(const QString& method, const QString& key, const MetricSeries::Points& points);   ///< of a recorded run
    void finish(const QString& method, const Json& summary);
    void set_running(const QString& method, const QString& text);   ///< empty: it does not run
    Bytes quantizers(const QString& method) const;         ///< null: none
    Bytes model(const QString& method) const;
    PlotViewer* losses() { return m_losses; }
    QString note() const;
Q_SIGNALS:
    void start_requested(QString method);                  ///< while it runs: cancel
    void use_requested(QString method);                    ///< the learnt quantizers in the measurements
    void save_requested(QString method);                   ///< the learnt model, as a file
    void values_changed();                                 ///< of a form, by the user
private:
    struct Learnt {
        MetricSeries series;
        Bytes quantizers, model;
        Json summary;
    };
    void show_current();
    void show_curves();
    QHash<QString, Learnt> m_learnt;
    TrainingForms* m_forms;
    QPushButton *m_use, *m_save;
    PlotViewer *m_losses, *m_accuracy;
};

}
