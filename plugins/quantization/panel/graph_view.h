#pragma once
// The network as a graph, from top to bottom: nodes, edges, each quantizer with its bits where it sits (weights left in the node, values below it), and in a line
// why the chosen node has one or not. Wheel zooms, drag pans, arrows go along the edges, F fits. GUI thread only.
#include "plugins/quantization/panel/graph_layout.h"
#include "plugins/quantization/panel/layer_model.h"
#include <QHash>
#include <QWidget>

namespace lathe::quantization {

class GraphView : public QWidget {
    Q_OBJECT
public:
    explicit GraphView(QWidget* parent = nullptr);
    void show_network(const Network& network, const QList<ShownLayer>& layers);
    void select(const QStringList& nodes, const QString& current);   ///< layers; no signal
    QString chosen() const;                                ///< node whose facts stand in the line
    QRectF node_rect(const QString& node) const;           ///< in the widget
    QString line() const;                                  ///< what the line says
    void fit();
    bool export_file(const QString& file) const;           ///< png, svg, pdf: the whole graph
    QSize minimumSizeHint() const override { return {240, 160}; }
    // What a screen reader sees: a table of the nodes.
    Q_INVOKABLE QSize accessible_size() const { return {3, int(m_network.nodes.size())}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const;

Q_SIGNALS:
    void node_chosen(QString node);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void choose(int index);
    void show_chosen();                                    ///< moves it into view
    void zoom(double factor, const QPointF& about);
    QRectF whole() const;                                  ///< of the graph, at scale 1
    QRectF rect_of(int index) const;                       ///< at scale 1
    int node_at(const QPointF& position) const;
    void draw(QPainter& painter) const;                    ///< at scale 1
    void draw_node(QPainter& painter, int index) const;
    int weight_bits(int index) const;                      ///< as they are chosen now; 0: no quantizer
    int activation_bits(int index) const;
    Network m_network;
    GraphPlaces m_places;
    QList<std::pair<int, int>> m_edges;
    QHash<QString, int> m_index;
    QHash<QString, LayerBits> m_bits;                      // of layers; activation bits by the node that gives the value
    QHash<QString, int> m_value_bits;
    QStringList m_selected;
    int m_chosen = -1;
    QPointF m_offset, m_press, m_offset_at_press;
    double m_scale = 1;
    bool m_fitted = true, m_dragging = false;
};

}
