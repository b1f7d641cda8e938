#pragma once
// The ranges of the selected layer: its weights and what it reads. A dock. GUI thread only.
#include "plugins/quantization/panel/choices.h"
#include "plugins/quantization/panel/layer_model.h"
#include <QWidget>

namespace lathe {
class TextLabel;
}

namespace lathe::quantization {

class RangePlot;

class RangesView : public QWidget {
    Q_OBJECT
public:
    explicit RangesView(QWidget* parent = nullptr);
    /// nullptr: no layer. choices: of the layer's node, and of the node whose value it reads. editable: the method has the columns for it.
    void show_layer(const ShownLayer* layer, const NodeChoice& own, const NodeChoice& input, bool editable);
    RangePlot* weights() { return m_weights; }
    RangePlot* inputs() { return m_inputs; }
    QString note() const;
Q_SIGNALS:
    void clip_moved(bool is_weight, double low, double high, bool dragging);
    void reset_wanted(bool is_weight);
private:
    void show_notes();
    RangePlot *m_weights, *m_inputs;
    TextLabel *m_weight_note, *m_input_note;
    ShownLayer m_layer;
    bool m_editable = false, m_has_layer = false;
};

}
