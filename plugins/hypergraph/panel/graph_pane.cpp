#include "plugins/hypergraph/panel/graph_pane.h"
#include "viewers/graph_view.h"
#include "viewers/set_view.h"
#include "widgets/number_field.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::hypergraph {
namespace {

const QStringList& style_ids() {
    static const QStringList ids{QStringLiteral("hulls"), QStringLiteral("star"), QStringLiteral("clique"), QStringLiteral("line_graph"), QStringLiteral("matrix"), QStringLiteral("paohvis"), QStringLiteral("upset")};
    return ids;
}

NameSource names_of(const ShownGraphPtr& graph, bool of_nodes) {
    if (!graph) return {};
    return [graph, of_nodes](std::int32_t id) { return of_nodes ? graph->node_name(id) : graph->hyperedge_name(id); };
}

/// The first where there is no such choice now.
void fill_box(QComboBox& box, const QList<ColourChoice>& choices, const QString& id) {
    box.clear();
    int current = 0;
    for (const ColourChoice& choice : choices) {
        if (choice.id == id) current = box.count();
        box.addItem(choice.title, choice.id);
    }
    box.setCurrentIndex(current);
}

std::int64_t visible_count(const std::vector<std::uint8_t>& visible, std::int64_t all) { return visible.empty() ? all : std::int64_t(visible.size()) - std::ranges::count(visible, std::uint8_t(0)); }

}

GraphPane::GraphPane(GraphSelection* selection, QWidget* layout_options, QWidget* parent)
    : QWidget(parent), m_graph_view(new GraphView(this)), m_set_view(new SetView(this)), m_views(new QStackedWidget(this)),
      m_styles(new SegmentedControl({tr("Hulls"), tr("Star"), tr("Clique"), tr("Line graph"), tr("Matrix"), tr("PAOHVis"), tr("UpSet")}, this)), m_colour_box(new QComboBox(this)), m_size_box(new QComboBox(this)), m_search(new QLineEdit(this)),
      m_layout(make_button(tr("Lay out"), QStringLiteral("share"), false, this)), m_status(new ElidedLabel({}, 12, false, TextRole::secondary, this)), m_export_cancel(new IconButton(QStringLiteral("cancel"), tr("Cancel the export"), this)),
      m_lens(new IconButton(QStringLiteral("target"), tr("Lens: what lies under the pointer larger (L)"), this)), m_edges_button(new IconButton(QStringLiteral("link"), tr("Simple edges"), this)),
      m_labels_button(new IconButton(QStringLiteral("tag"), tr("Names"), this)), m_filter_button(new IconButton(QStringLiteral("filter"), tr("Filters: size, degree, label, component"), this)), m_filters(new FilterRow(this)) {
    m_graph_view->set_selection(selection);
    m_set_view->set_selection(selection);
    m_graph_view->setAccessibleName(tr("Graph"));
    m_set_view->setAccessibleName(tr("Hyperedges as sets"));
    set_reading({});
    m_views->addWidget(m_graph_view);
    m_views->addWidget(m_set_view);
    build_bar(layout_options);
    connect(m_styles, &SegmentedControl::chosen, this, [this](int index) {
        set_style(PaneStyle(index));
        Q_EMIT view_changed(tr("Draw as %1").arg(style_ids()[index]));
    });
    connect(m_colour_box, &QComboBox::activated, this, [this](int index) {
        set_colour(m_colour_box->itemData(index).toString());
        Q_EMIT view_changed(tr("Colour by %1").arg(m_colour_box->itemText(index)));
    });
    connect(m_size_box, &QComboBox::activated, this, [this](int index) {
        set_size(m_size_box->itemData(index).toString());
        Q_EMIT view_changed(tr("Size by %1").arg(m_size_box->itemText(index)));
    });
    connect(m_export_cancel, &QToolButton::clicked, this, &GraphPane::export_cancel_requested);
    connect(m_search, &QLineEdit::returnPressed, this, [this] { find(m_search->text()); });
    connect(m_layout, &QPushButton::clicked, this, &GraphPane::layout_requested);
    connect(m_filters, &FilterRow::edited, this, [this](const GraphFilter& filter) {
        m_filter = filter;
        apply_filter();
        Q_EMIT view_changed(tr("Filter"));
    });
    connect(m_graph_view, &GraphView::lens_changed, this, &GraphPane::show_toggles);
    set_graph(nullptr);
    set_exporting({});
    show_size();
    show_style();
}

void GraphPane::build_bar(QWidget* layout_options) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* first = new QHBoxLayout;
    first->setContentsMargins(12, 5, 8, 4);
    first->setSpacing(6);
    m_styles->set_tool_size(true);
    const QStringList tips{tr("A band about the members of each hyperedge; above %1 hyperedges stars take their place").arg(GraphView::kMostHulls), tr("A point in the middle of each hyperedge, joined to its members"),
        tr("Each two members of a hyperedge joined"), tr("Hyperedges as points, joined where they share nodes"), tr("Rows are nodes, columns are hyperedges"), tr("Hyperedges as vertical lines with a dot for each member"),
        tr("How many nodes lie in exactly these hyperedges")};
    for (int i = 0; i < tips.size(); ++i) m_styles->set_tool_tip(i, tips[i]);
    first->addWidget(m_styles);
    m_status->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    first->addWidget(m_status, 1);
    first->addWidget(m_export_cancel);
    m_layout->setProperty("lathe_tool", true);
    m_layout->setToolTip(tr("Places the nodes so that what belongs together lies together"));
    first->addWidget(m_layout);
    if (layout_options) first->addWidget(layout_options);
    column->addLayout(first);
    auto* second = new QHBoxLayout;
    second->setContentsMargins(12, 0, 8, 4);
    second->setSpacing(6);
    second->addWidget(new TextLabel(tr("Colour"), 12, false, TextRole::secondary, this));
    m_colour_box->setAccessibleName(tr("Colour by"));
    m_colour_box->setToolTip(tr("What the colours of the nodes stand for"));
    m_size_box->setAccessibleName(tr("Size by"));
    m_size_box->setToolTip(tr("What the areas of the nodes stand for: degrees, an amount of the file, or a centrality that was measured"));
    for (QComboBox* box : {m_colour_box, m_size_box}) {
        box->setMinimumContentsLength(9);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    }
    second->addWidget(m_colour_box);
    second->addWidget(new TextLabel(tr("Size"), 12, false, TextRole::secondary, this));
    second->addWidget(m_size_box);
    m_search->setPlaceholderText(tr("Find a node"));
    m_search->setAccessibleName(tr("Find a node"));
    m_search->setToolTip(tr("A part of its name; Enter goes to the next one"));
    m_search->setClearButtonEnabled(true);
    m_search->setMinimumWidth(96);
    m_search->setMaximumWidth(220);
    second->addWidget(m_search, 1);
    second->addStretch(0);
    auto* fit_button = new IconButton(QStringLiteral("fit"), tr("Fit (F)"), this);
    connect(fit_button, &QToolButton::clicked, this, &GraphPane::fit);
    for (IconButton* button : {m_filter_button, m_labels_button, m_edges_button, m_lens}) button->setCheckable(true);
    for (IconButton* button : {m_filter_button, m_labels_button, m_edges_button, m_lens, fit_button}) second->addWidget(button);
    connect(m_filter_button, &QToolButton::clicked, this, &GraphPane::toggle_filters);
    connect(m_lens, &QToolButton::clicked, this, [this](bool on) { m_graph_view->set_lens(on); });
    connect(m_edges_button, &QToolButton::clicked, this, [this](bool on) {
        m_edges = on;
        show_toggles();
        Q_EMIT view_changed(on ? tr("Show simple edges") : tr("Hide simple edges"));
    });
    connect(m_labels_button, &QToolButton::clicked, this, [this](bool on) {
        m_labels = on;
        show_toggles();
        Q_EMIT view_changed(on ? tr("Show names") : tr("Hide names"));
    });
    column->addLayout(second);
    m_filters->hide();
    column->addWidget(m_filters);
    column->addWidget(new Separator(Qt::Horizontal, this));
    column->addWidget(m_views, 1);
}

void GraphPane::set_graph(const ShownGraphPtr& graph) {
    m_graph = graph;
    const GraphDataPtr data = graph ? graph->data : nullptr;
    m_graph_view->set_graph(data);
    m_set_view->set_graph(data);
    m_graph_view->set_names(names_of(graph, true), names_of(graph, false));
    m_set_view->set_names(names_of(graph, true), names_of(graph, false));
    if (graph) m_set_view->set_empty_text(tr("There are no hyperedges to show. Choose how they are made under Hyperedges."));
    if (graph) {   // what it has not would hide everything
        if (m_filter.label >= graph->classes.size()) m_filter.label = -1;
        if (std::size_t(std::max(0, m_filter.component)) >= graph->component_sizes.size()) m_filter.component = -1;
    }
    m_filters->set_graph(graph.get());
    m_filters->set_filter(m_filter);
    apply_filter();
}

void GraphPane::set_colours(const NodeColours& colours) {
    m_colours = colours;
    show_choices();
    show_colour();
    show_size();
}

void GraphPane::set_places(std::vector<float> x, std::vector<float> y) { m_graph_view->set_places(std::move(x), std::move(y)); }
void GraphPane::set_hyperedge_places(std::vector<float> x, std::vector<float> y) { m_graph_view->set_hyperedge_places(std::move(x), std::move(y)); }

void GraphPane::set_stale(bool stale) {
    m_graph_view->set_stale(stale);
    m_set_view->set_stale(stale);
}

void GraphPane::set_reading(const QString& text) {
    if (m_graph) return;
    m_graph_view->set_empty_text(text);
    m_set_view->set_empty_text(text);
}

void GraphPane::set_layout_running(const QString& text) {
    m_layout->setText(text.isEmpty() ? tr("Lay out") : tr("Stop"));
    m_layout_text = text;
    show_status();
}

void GraphPane::set_exporting(const QString& text) {
    m_export_text = text;
    m_export_cancel->setVisible(!text.isEmpty());
    show_status();
}

void GraphPane::show_status() { m_status->setText(!m_export_text.isEmpty() ? m_export_text : !m_layout_text.isEmpty() ? m_layout_text : count_text()); }

void GraphPane::set_style(PaneStyle style) {
    m_style = style;
    show_style();
}

void GraphPane::show_style() {
    m_styles->set_current(int(m_style));
    const bool is_graph = m_style <= PaneStyle::line_graph;
    if (is_graph) m_graph_view->set_style(GraphStyle(int(m_style)));
    else m_set_view->set_style(SetStyle(int(m_style) - int(PaneStyle::matrix)));
    m_views->setCurrentWidget(is_graph ? static_cast<QWidget*>(m_graph_view) : m_set_view);
    show_toggles();
}

void GraphPane::set_colour(const QString& id) {
    m_colour = id;
    show_choices();
    show_colour();
}

NodeColouring GraphPane::shown_colouring() const { return m_colours.colouring(m_colour); }

void GraphPane::set_size(const QString& id) {
    m_size = id;
    show_size();
}

NodeSizing GraphPane::shown_sizing() const { return m_colours.sizing(m_size); }

void GraphPane::show_size() {
    fill_box(*m_size_box, m_colours.size_choices(), m_size);
    m_graph_view->set_sizing(shown_sizing());
}

void GraphPane::show_choices() { fill_box(*m_colour_box, m_colours.choices(), m_colour); }

void GraphPane::show_colour() {
    const NodeColouring colouring = shown_colouring();
    m_graph_view->set_colouring(colouring);
    m_set_view->set_colouring(colouring);
    if (m_graph) m_graph_view->set_clusters(m_colours.groups(), column_of(*m_colours.statistics(), "community") >= 0 ? QStringList() : m_graph->classes);
    Q_EMIT colour_changed();
}

void GraphPane::show_toggles() {
    const bool is_graph = m_style <= PaneStyle::line_graph;
    m_lens->setChecked(m_graph_view->lens());
    m_edges_button->setChecked(m_edges);
    m_labels_button->setChecked(m_labels);
    m_filter_button->setChecked(!m_filters->isHidden());
    for (QWidget* control : std::initializer_list<QWidget*>{m_lens, m_edges_button, m_labels_button, m_size_box}) control->setEnabled(is_graph);
    m_graph_view->set_edges_visible(m_edges);
    m_graph_view->set_labels_visible(m_labels);
}

void GraphPane::apply_filter() {
    m_visible_nodes = m_graph ? m_filter.nodes(*m_graph) : std::vector<std::uint8_t>();
    m_visible_hyperedges = m_graph ? m_filter.hyperedges(*m_graph) : std::vector<std::uint8_t>();
    m_graph_view->set_visible_nodes(m_visible_nodes);
    m_set_view->set_visible_nodes(m_visible_nodes);
    m_graph_view->set_visible_hyperedges(m_visible_hyperedges);
    m_set_view->set_visible_hyperedges(m_visible_hyperedges);
    show_status();
    Q_EMIT filter_changed();
}

QString GraphPane::count_text() const {
    if (!m_graph) return {};
    const auto part = [](const std::vector<std::uint8_t>& visible, std::int64_t all) {
        const QString whole = grouped_number(double(all), 0);
        return visible.empty() ? whole : tr("%1 of %2").arg(grouped_number(double(visible_count(visible, all)), 0), whole);
    };
    return tr("%1 nodes · %2 hyperedges").arg(part(m_visible_nodes, m_graph->data->nodes), part(m_visible_hyperedges, m_graph->data->hyperedges));
}

/// The graph view brings it into view and selects it; sets show the same selection.
bool GraphPane::find(const QString& text) {
    if (text.trimmed().isEmpty()) return false;
    const bool found = m_graph && m_graph_view->find(text.trimmed());
    if (!found) Q_EMIT not_found(text.trimmed());
    return found;
}

void GraphPane::fit() {
    if (m_style <= PaneStyle::line_graph) m_graph_view->fit();
    else m_set_view->fit();
}

void GraphPane::focus_search() {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void GraphPane::toggle_filters() {
    m_filters->setVisible(m_filters->isHidden());
    show_toggles();
    Q_EMIT view_changed(m_filters->isHidden() ? tr("Hide filters") : tr("Show filters"));
}

QWidget* GraphPane::shown_view() const { return m_views->currentWidget(); }

Json GraphPane::view() const {
    return {{"style", style_ids()[int(m_style)].toStdString()}, {"colour", m_colour.toStdString()}, {"size", m_size.toStdString()}, {"filter", m_filter.to_json()}, {"filters", !m_filters->isHidden()}, {"edges", m_edges}, {"labels", m_labels}};
}

void GraphPane::set_view(const Json& view) {
    if (!view.is_object()) return;
    const auto flag = [&](const char* key, bool none) { return view.contains(key) && view[key].is_boolean() ? view[key].get<bool>() : none; };
    m_edges = flag("edges", true);
    m_labels = flag("labels", true);
    m_filters->setVisible(flag("filters", false));
    m_filter = GraphFilter::from_json(view.contains("filter") ? view["filter"] : Json());
    m_filters->set_filter(m_filter);
    const auto style = style_ids().indexOf(text_fact(view, "style"));
    if (const QString colour = text_fact(view, "colour"); !colour.isEmpty()) m_colour = colour;
    const QString size = text_fact(view, "size");
    m_size = size.isEmpty() ? QStringLiteral("alike") : size;
    m_style = style < 0 ? PaneStyle::hulls : PaneStyle(style);
    show_style();
    show_choices();
    show_colour();
    show_size();
    apply_filter();
}

}
