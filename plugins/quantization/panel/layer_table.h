#pragma once
// The layer table: a slider for the bits of the weight and of the input in each row, strips of histograms, keys. Selected rows move together. It says what was
// moved; the bits themselves are changed by its owner. GUI thread only.
#include "plugins/quantization/panel/layer_model.h"
#include "viewers/table_view.h"
#include <map>

namespace lathe::quantization {

class LayerTable : public TableView {
    Q_OBJECT
public:
    explicit LayerTable(QWidget* parent = nullptr);
    LayerModel* layer_model() { return m_layers; }
    QStringList selected() const;                          ///< nodes, in the order they are seen
    QString current() const;                               ///< node; empty: none
    void select(const QStringList& nodes, const QString& current);   ///< no signal
    void set_filter(const QString& text);
    int shown_rows() const;
    const QString& filter_problem() const { return m_problem; }
    QRect slider_rect(const QString& node, bool is_weight) const;    ///< of the track, in the viewport
    /// Moves the sliders of the selected rows by so many slots, as a key does.
    void nudge(bool is_weight, int slots);

Q_SIGNALS:
    void bits_moved(bool is_weight, std::map<QString, int> bits, bool dragging);   ///< node of the layer -> bits, 0: float
    void selection_moved();
    void bits_reset(bool is_weight, QStringList nodes);    ///< to the backend's own
    void exclude_wanted();

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    struct Drag { bool on = false, is_weight = true; int slot = 0, last = 0; std::map<QString, int> before; };
    void apply_filter();
    void move_to(int slot, bool dragging);
    void set_selected(bool is_weight, int bits);
    std::map<QString, int> bits_of_selected(bool is_weight) const;
    int slot_at(const QRectF& track, double x) const;
    LayerModel* m_layers;
    QString m_filter, m_problem;
    Drag m_drag;
    bool m_quiet = false;
};

}
