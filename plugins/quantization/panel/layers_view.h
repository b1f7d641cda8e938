#pragma once
// The centre: the layers as a table of sliders or as a graph, with filter, columns and what is done to the selected ones. One selection for both. GUI thread only.
#include "plugins/quantization/panel/layer_table.h"
#include <QWidget>

class QLineEdit;
class QMenu;
class QStackedWidget;
class QToolButton;

namespace lathe {
class DockTitle;
class SegmentedControl;
class TextLabel;
}

namespace lathe::quantization {

class GraphView;

class LayersView : public QWidget {
    Q_OBJECT
public:
    /// What is set for the selected layers.
    enum class Scheme { weights_symmetric, weights_asymmetric, weights_own, per_channel, per_tensor, scales_own, activations_symmetric, activations_asymmetric, activations_own, exclude, include, clear_all };

    explicit LayersView(QWidget* parent = nullptr);
    LayerTable* table() { return m_table; }
    GraphView* graph() { return m_graph; }
    DockTitle* title() { return m_title; }
    void show_layers(const Network& network, const QList<ShownLayer>& layers);
    void set_schemes_available(bool available);            ///< the method has columns for them
    void select(const QStringList& nodes, const QString& current);   ///< no signal
    QStringList selected() const { return m_selected; }
    QString current() const { return m_current; }
    bool is_graph() const;
    void set_graph(bool on);                               ///< no signal
    QStringList hidden_columns() const;
    void set_hidden_columns(const QStringList& titles);    ///< no signal
    void set_filter(const QString& text);
    QString filter() const;

Q_SIGNALS:
    void selection_changed();
    void scheme_chosen(lathe::quantization::LayersView::Scheme scheme);
    void view_changed(QString text);                       ///< switch or columns, as a step of undo

private:
    void build_menus();
    void table_selected();
    void show_note();
    DockTitle* m_title;
    QLineEdit* m_filter;
    TextLabel* m_note;
    SegmentedControl* m_switch;
    QToolButton *m_columns, *m_scheme, *m_exclude;
    QMenu *m_column_menu, *m_scheme_menu;
    QList<QAction*> m_scheme_actions;
    QStackedWidget* m_pages;
    LayerTable* m_table;
    GraphView* m_graph;
    QStringList m_selected;
    QString m_current;
};

}
