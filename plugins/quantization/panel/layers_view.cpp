#include "plugins/quantization/panel/layers_view.h"
#include "plugins/quantization/panel/graph_view.h"
#include "widgets/dock_title.h"
#include "widgets/segmented_control.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace lathe::quantization {
namespace {

QToolButton* bar_button(const QString& icon, const QString& text, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setText(text);
    button->setToolTip(tip);
    button->setAccessibleName(text);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setProperty("lathe_tool", true);
    button->setFocusPolicy(Qt::TabFocus);
    const auto paint_icon = [button, icon] { button->setIcon(Theme::instance().icon(icon)); };
    paint_icon();
    QObject::connect(&Theme::instance(), &Theme::changed, button, paint_icon);
    return button;
}

}

LayersView::LayersView(QWidget* parent)
    : QWidget(parent), m_title(new DockTitle(tr("Layers"), {}, this)), m_filter(new QLineEdit(this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_switch(new SegmentedControl({tr("Table"), tr("Graph")}, this)),
      m_columns(bar_button(QStringLiteral("columns"), tr("Columns"), tr("Which columns the table shows"), this)),
      m_scheme(bar_button(QStringLiteral("sliders"), tr("Scheme"), tr("Symmetric, per channel: for the selected layers"), this)),
      m_exclude(bar_button(QStringLiteral("close"), tr("Exclude"), tr("Leave the selected layers in float"), this)),
      m_column_menu(new QMenu(this)), m_scheme_menu(new QMenu(this)), m_pages(new QStackedWidget(this)), m_table(new LayerTable(this)),
      m_graph(new GraphView(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_title);
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(12, 5, 8, 5);
    row->setSpacing(8);
    m_filter->setPlaceholderText(tr("Filter layers"));
    m_filter->setAccessibleName(tr("Filter layers"));
    m_filter->setToolTip(tr("Words of a layer's name, type or shape, and conditions: sqnr<12, bits<=4, loss>0.01, kb>10, clipped>1, macs>1e6."));
    m_filter->setClearButtonEnabled(true);
    m_filter->setFixedWidth(180);
    m_filter->addAction(Theme::instance().icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    row->addWidget(m_filter);
    row->addWidget(m_note, 1);
    m_switch->set_tool_size(true);
    m_switch->set_current(0);
    row->addWidget(m_switch);
    for (QToolButton* button : {m_columns, m_scheme, m_exclude}) row->addWidget(button);
    column->addWidget(bar);
    m_pages->addWidget(m_table);
    m_pages->addWidget(m_graph);
    column->addWidget(m_pages, 1);
    build_menus();
    connect(m_filter, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_table->set_filter(text);
        m_filter->setProperty("lathe_error", !m_table->filter_problem().isEmpty());
        m_filter->update();
        show_note();
    });
    connect(m_switch, &SegmentedControl::chosen, this, [this](int page) {
        m_pages->setCurrentIndex(page);
        Q_EMIT view_changed(page == 1 ? tr("Show the graph") : tr("Show the table"));
    });
    connect(m_exclude, &QToolButton::clicked, this, [this] {
        bool all = !m_selected.isEmpty();
        for (const ShownLayer& layer : m_table->layer_model()->layers())
            if (m_selected.contains(layer.row.node)) all = all && layer.excluded;
        Q_EMIT scheme_chosen(all ? Scheme::include : Scheme::exclude);
    });
    connect(m_table, &LayerTable::exclude_wanted, m_exclude, &QToolButton::click);
    connect(m_table, &LayerTable::selection_moved, this, &LayersView::table_selected);
    connect(m_graph, &GraphView::node_chosen, this, [this](const QString& node) {
        if (m_table->layer_model()->row_of(node) < 0) return;
        select({node}, node);
        Q_EMIT selection_changed();
    });
    show_note();
}

void LayersView::build_menus() {
    for (int i = 1; i < LayerModel::column_count; ++i) {
        QAction* action = m_column_menu->addAction(LayerModel::title(i));
        action->setCheckable(true);
        action->setData(i);
        connect(action, &QAction::triggered, this, [this, i](bool on) {
            m_table->setColumnHidden(i, !on);
            Q_EMIT view_changed(on ? tr("Show column %1").arg(LayerModel::title(i)) : tr("Hide column %1").arg(LayerModel::title(i)));
        });
    }
    connect(m_column_menu, &QMenu::aboutToShow, this, [this] {
        for (QAction* action : m_column_menu->actions()) action->setChecked(!m_table->isColumnHidden(action->data().toInt()));
    });
    m_columns->setMenu(m_column_menu);
    m_columns->setPopupMode(QToolButton::InstantPopup);
    const auto add = [this](const QString& text, Scheme scheme, bool needs_column = true) {
        QAction* action = m_scheme_menu->addAction(text, this, [this, scheme] { Q_EMIT scheme_chosen(scheme); });
        if (needs_column) m_scheme_actions << action;
    };
    add(tr("Weights symmetric"), Scheme::weights_symmetric);
    add(tr("Weights with a zero point"), Scheme::weights_asymmetric);
    add(tr("Weights as the backend has them"), Scheme::weights_own);
    m_scheme_menu->addSeparator();
    add(tr("A scale for each channel"), Scheme::per_channel);
    add(tr("One scale for the tensor"), Scheme::per_tensor);
    add(tr("Scales as the backend has them"), Scheme::scales_own);
    m_scheme_menu->addSeparator();
    add(tr("Activations symmetric"), Scheme::activations_symmetric);
    add(tr("Activations with a zero point"), Scheme::activations_asymmetric);
    add(tr("Activations as the backend has them"), Scheme::activations_own);
    m_scheme_menu->addSeparator();
    add(tr("Everything as the backend has it"), Scheme::clear_all, false);
    m_scheme->setMenu(m_scheme_menu);
    m_scheme->setPopupMode(QToolButton::InstantPopup);
}

void LayersView::show_layers(const Network& network, const QList<ShownLayer>& layers) {
    m_table->layer_model()->set_layers(layers);
    m_graph->show_network(network, layers);
    QStringList still;
    for (const QString& node : std::as_const(m_selected))
        if (network.layers.isEmpty() || network.index_of(node) >= 0) still << node;   // those of a project wait for their network
    if (still != m_selected || (!still.isEmpty() && m_table->selected().isEmpty())) select(still, still.contains(m_current) ? m_current : still.value(0));
    show_note();
}

void LayersView::set_schemes_available(bool available) {
    for (QAction* action : std::as_const(m_scheme_actions)) action->setEnabled(available);
}

void LayersView::select(const QStringList& nodes, const QString& current) {
    m_selected = nodes;
    m_current = current;
    m_table->select(nodes, current);
    m_graph->select(nodes, current);
    show_note();
}

void LayersView::table_selected() {
    m_selected = m_table->selected();
    m_current = m_selected.contains(m_table->current()) ? m_table->current() : m_selected.value(0);
    m_graph->select(m_selected, m_current);
    show_note();
    Q_EMIT selection_changed();
}

void LayersView::show_note() {
    const int all = int(m_table->layer_model()->layers().size()), shown = m_table->shown_rows();
    m_title->set_hint(all == 0 ? QString() : m_table->sort_model()->keys().isEmpty() ? tr("%1 of %2, in the order they run").arg(shown).arg(all) : tr("%1 of %2, sorted").arg(shown).arg(all));
    if (!m_table->filter_problem().isEmpty()) m_note->setText(tr("“%1” is not understood").arg(m_table->filter_problem()));
    else m_note->setText(m_selected.size() > 1 ? tr("%1 selected, bits move together").arg(m_selected.size()) : QString());
    m_note->set_role(m_table->filter_problem().isEmpty() ? TextRole::secondary : TextRole::err);
    for (QToolButton* button : {m_scheme, m_exclude}) button->setEnabled(!m_selected.isEmpty());
    bool excluded = !m_selected.isEmpty();
    for (const ShownLayer& layer : m_table->layer_model()->layers())
        if (m_selected.contains(layer.row.node)) excluded = excluded && layer.excluded;
    m_exclude->setText(excluded ? tr("Include") : tr("Exclude"));
}

bool LayersView::is_graph() const { return m_pages->currentIndex() == 1; }

void LayersView::set_graph(bool on) {
    m_switch->set_current(on ? 1 : 0);
    m_pages->setCurrentIndex(on ? 1 : 0);
}

QStringList LayersView::hidden_columns() const {
    QStringList out;
    for (int i = 1; i < LayerModel::column_count; ++i)
        if (m_table->isColumnHidden(i)) out << LayerModel::title(i);
    return out;
}

void LayersView::set_hidden_columns(const QStringList& titles) {
    for (int i = 1; i < LayerModel::column_count; ++i) m_table->setColumnHidden(i, titles.contains(LayerModel::title(i)));
}

void LayersView::set_filter(const QString& text) { m_filter->setText(text); }
QString LayersView::filter() const { return m_filter->text(); }

}
