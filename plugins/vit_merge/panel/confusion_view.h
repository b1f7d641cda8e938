#pragma once
// What is taken for what: the gate's choice of a model against the true task, how sure the gate is, and the classes of a task by method, also as the difference of two methods.
// GUI thread only.
#include "plugins/vit_merge/panel/answers.h"
#include <QHash>
#include <QWidget>

class QComboBox;

namespace lathe {
class HeatMapView;
class PlotViewer;
class TextLabel;
}

namespace lathe::vit_merge {

class ConfusionView : public QWidget {
    Q_OBJECT
public:
    explicit ConfusionView(QWidget* parent = nullptr);
    void set_names(const QStringList& models);
    void set_method_titles(const QHash<QString, QString>& titles);
    void take(const Artifact& artifact);                   ///< tensors confusion, gate_confusion; table gate_entropy
    void forget();
    void set_stale(bool stale);
    HeatMapView* gate() { return m_gate; }
    HeatMapView* classes() { return m_classes; }
    PlotViewer* entropy() { return m_entropy; }
private:
    struct Confusion { QString method, task; Values values; QStringList labels; };
    void fill_choices();
    void show_classes();
    void show_gate();
    const Confusion* find(const QString& method, const QString& task) const;
    QList<Confusion> m_all;
    Values m_gate_values;
    QStringList m_names;
    QHash<QString, QString> m_titles;
    HeatMapView *m_gate, *m_classes;
    PlotViewer* m_entropy;
    QComboBox *m_method, *m_task, *m_less;
    TextLabel* m_note;
    bool m_stale = false;
};

}
