#pragma once
// One picture through every model: the classes that each thinks likeliest, the gate, where the chosen model looks, and how far that model's weights are from the base. A dock.
// GUI thread only.
#include "plugins/vit_merge/panel/strip.h"
#include <QWidget>

namespace lathe {
class PlotViewer;
class SimpleTable;
class TextLabel;
}

namespace lathe::vit_merge {

class AttentionView;

class InspectorView : public QWidget {
    Q_OBJECT
public:
    explicit InspectorView(QWidget* parent = nullptr);
    void show_picture(const StripPicture* picture);        ///< null: none; forgets what was asked of another
    void take(const Artifact& artifact);                   ///< picture, top, attention, rollout, gate
    void set_model(const QString& name);                   ///< empty: the merged
    void show_difference(const Artifact& layers, const QString& name);   ///< table layers of vit_merge.compare, base against this model
    void set_running(bool running);
    void set_stale(bool stale);
    AttentionView* attention() { return m_attention; }
    SimpleTable* top() { return m_top; }
    PlotViewer* difference() { return m_difference; }
    QString title() const;
Q_SIGNALS:
    void model_chosen(QString name);                       ///< by the user; empty: the merged
protected:
    void resizeEvent(QResizeEvent* event) override;
private:
    void show_top();
    void show_title();
    PictureKey m_key;
    QString m_picture_title, m_truth, m_model;
    CsvTable m_rows, m_gate;
    QStringList m_models;                                  // of the rows of the table; "" is the merged
    TextLabel *m_title, *m_hint, *m_attention_title, *m_difference_title;
    SimpleTable* m_top;
    AttentionView* m_attention;
    PlotViewer* m_difference;
};

}
