#include "plugins/hypergraph/panel/graph_filter.h"
#include "widgets/number_field.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <algorithm>

namespace lathe::hypergraph {
namespace {
constexpr std::size_t kComponentsOffered = 20;
constexpr double kMostMembers = 1e9;
}

std::vector<std::uint8_t> GraphFilter::nodes(const ShownGraph& graph) const {
    if (least_degree <= 0 && most_degree <= 0 && label < 0 && component < 0) return {};
    std::vector<std::uint8_t> visible(std::size_t(graph.data->nodes), 1);
    for (std::size_t i = 0; i < visible.size(); ++i) {
        const std::int64_t degree = graph.data->neighbours.length(std::int64_t(i));
        visible[i] = degree >= least_degree && (most_degree <= 0 || degree <= most_degree) && (label < 0 || graph.labels.empty() || graph.labels[i] == label) && (component < 0 || graph.component[i] == component);
    }
    return visible;
}

std::vector<std::uint8_t> GraphFilter::hyperedges(const ShownGraph& graph) const {
    if (smallest <= 0 && largest <= 0) return {};
    std::vector<std::uint8_t> visible(std::size_t(graph.data->hyperedges), 1);
    for (std::size_t i = 0; i < visible.size(); ++i) {
        const std::int64_t size = graph.data->members.length(std::int64_t(i));
        visible[i] = size >= smallest && (largest <= 0 || size <= largest);
    }
    return visible;
}

Json GraphFilter::to_json() const { return {{"smallest", smallest}, {"largest", largest}, {"least_degree", least_degree}, {"most_degree", most_degree}, {"label", label}, {"component", component}}; }

GraphFilter GraphFilter::from_json(const Json& json) {
    GraphFilter out;
    const auto whole = [&](const char* key, std::int64_t none) {
        const double value = fact(json, key);
        return value >= 0 && value <= kMostMembers ? std::int64_t(value) : none;
    };
    out.smallest = whole("smallest", 0);
    out.largest = whole("largest", 0);
    out.least_degree = whole("least_degree", 0);
    out.most_degree = whole("most_degree", 0);
    out.label = int(whole("label", -1));
    out.component = int(whole("component", -1));
    return out;
}

FilterRow::FilterRow(QWidget* parent)
    : QWidget(parent), m_smallest(new NumberField(this)), m_largest(new NumberField(this)), m_least(new NumberField(this)), m_most(new NumberField(this)), m_label(new QComboBox(this)), m_component(new QComboBox(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 12, 4);
    row->setSpacing(6);
    const auto field = [&](NumberField* one, const QString& name, const QString& help) {
        one->set_integer(true);
        one->set_limits(0, kMostMembers);
        one->setFixedWidth(52);
        one->setAccessibleName(name);
        one->set_help(help);
        connect(one, &NumberField::value_edited, this, &FilterRow::emit_edited);
        row->addWidget(one);
    };
    row->addWidget(new TextLabel(tr("Members"), 12, false, TextRole::secondary, this));
    field(m_smallest, tr("Least members"), tr("Hyperedges with fewer members are hidden"));
    row->addWidget(new TextLabel(tr("to"), 12, false, TextRole::secondary, this));
    field(m_largest, tr("Most members"), tr("Hyperedges with more members are hidden; 0: no limit"));
    row->addSpacing(8);
    row->addWidget(new TextLabel(tr("Degree"), 12, false, TextRole::secondary, this));
    field(m_least, tr("Least degree"), tr("Nodes with fewer neighbours over simple edges are hidden"));
    row->addWidget(new TextLabel(tr("to"), 12, false, TextRole::secondary, this));
    field(m_most, tr("Most degree"), tr("Nodes with more neighbours are hidden; 0: no limit"));
    row->addSpacing(8);
    for (auto [box, name] : {std::pair(m_label, tr("Label")), std::pair(m_component, tr("Component"))}) {
        box->setAccessibleName(name);
        box->setMinimumContentsLength(8);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        connect(box, &QComboBox::activated, this, &FilterRow::emit_edited);
        row->addWidget(box);
    }
    auto* clear = new IconButton(QStringLiteral("reset"), tr("Show all"), this);
    connect(clear, &QToolButton::clicked, this, [this] {
        set_filter({});
        Q_EMIT edited({});
    });
    row->addWidget(clear);
    row->addStretch(1);
    set_graph(nullptr);
}

void FilterRow::set_graph(const ShownGraph* graph) {
    m_label->clear();
    m_component->clear();
    m_label->addItem(tr("All labels"));
    m_component->addItem(tr("All components"));
    if (graph) {
        for (const QString& name : graph->classes) m_label->addItem(name);
        for (std::size_t c = 0; c < std::min(graph->component_sizes.size(), kComponentsOffered); ++c)
            m_component->addItem(c == 0 ? tr("Largest: %1 nodes").arg(grouped_number(double(graph->component_sizes[c]), 0)) : tr("No. %1: %2 nodes").arg(c + 1).arg(grouped_number(double(graph->component_sizes[c]), 0)));
    }
    m_label->setEnabled(graph && !graph->classes.isEmpty());
    m_label->setToolTip(m_label->isEnabled() ? tr("Only nodes of this label") : tr("The graph has no labels."));
    m_component->setToolTip(tr("Only nodes that edges or hyperedges join"));
    set_filter(m_filter);
}

void FilterRow::set_filter(const GraphFilter& filter) {
    m_filter = filter;
    m_smallest->set_value(double(filter.smallest));
    m_largest->set_value(double(filter.largest));
    m_least->set_value(double(filter.least_degree));
    m_most->set_value(double(filter.most_degree));
    m_label->setCurrentIndex(std::clamp(filter.label + 1, 0, m_label->count() - 1));
    m_component->setCurrentIndex(std::clamp(filter.component + 1, 0, m_component->count() - 1));
}

void FilterRow::emit_edited() {
    m_filter = {std::int64_t(m_smallest->value()), std::int64_t(m_largest->value()), std::int64_t(m_least->value()), std::int64_t(m_most->value()), m_label->currentIndex() - 1, m_component->currentIndex() - 1};
    Q_EMIT edited(m_filter);
}

}
