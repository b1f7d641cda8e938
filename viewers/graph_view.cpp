// What a GraphView is told, and what follows from it.
#include "viewers/graph_view.h"
#include "viewers/accessible.h"
#include "viewers/colour_table.h"
#include "viewers/graph_view_impl.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe {
namespace {

std::int64_t shown_count(const std::vector<std::uint8_t>& visible) { return std::ranges::count_if(visible, [](std::uint8_t v) { return v != 0; }); }

}

double on_canvas(ColourMapId map, double t, bool dark) {
    if (map == ColourMapId::diverging || map == ColourMapId::twilight || std::isnan(t)) return t;
    t = std::clamp(t, 0.0, 1.0);
    return dark ? 0.22 + 0.78 * t : 0.86 * t;
}

GraphView::Impl::Impl(GraphView* view) : q(view), selection(&own_selection), marks(std::make_shared<GraphMarks>()), label_order(std::make_shared<std::vector<std::int32_t>>()) {
    auto renderer = std::make_shared<GraphRenderer>();
    worker = std::make_unique<LatestWorker<GraphJob, GraphDone>>(
        q, [renderer](const GraphJob& job, const std::atomic<bool>& stop) { return GraphDone{renderer->render(*job.scene, job.camera, stop), job.serial}; }, [this](GraphDone done) { take(std::move(done)); });
    hover_timer.setSingleShot(true);
    hover_timer.setInterval(40);   // a pointer on its way lights nothing
    rest_timer.setSingleShot(true);
    rest_timer.setInterval(30);
    QObject::connect(&rest_timer, &QTimer::timeout, q, [this] { worker->drop_overtaken(); });
    QObject::connect(&hover_timer, &QTimer::timeout, q, [this] { hover_at(pointer); });
}

GraphView::GraphView(QWidget* parent) : QWidget(parent), m(std::make_unique<Impl>(this)) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Graph"));
    set_selection(nullptr);
}

GraphView::~GraphView() {
    if (m->exporting) *m->exporting = true;
    m->exporter.waitForDone();
}

// --- what is shown

void GraphView::set_graph(GraphDataPtr graph) {
    m->graph = std::move(graph);
    m->places.reset();
    m->hyperedge_places.reset();
    m->colouring = {};
    m->sizing = {};
    m->node_filter.clear();
    m->hyperedge_filter.clear();
    m->clusters.reset();
    m->cluster_names.clear();
    m->node_name = m->hyperedge_name = nullptr;
    m->focused = m->current = m->rounding = -1;
    m->focus_steps = 0;
    m->fitted = m->moved_by_hand = false;
    m->picture = {};
    m->outdated = m->asked;
    m->find_visible();
    m->find_marks();
    m->find_label_order();
    m->selection->clear();
    m->selection->hover(-1, -1);
    m->change();
}

const GraphDataPtr& GraphView::graph() const { return m->graph; }

void GraphView::set_places(std::vector<float> x, std::vector<float> y) {
    if (!m->graph || std::int64_t(x.size()) != m->graph->nodes || x.size() != y.size()) return;
    auto places = std::make_shared<GraphPlaces>();
    places->x = std::move(x);
    places->y = std::move(y);
    if (m->grip == GraphGrip::node && m->places && m->pressed_node >= 0) {   // the hand holds this one
        places->x[std::size_t(m->pressed_node)] = m->places->x[std::size_t(m->pressed_node)];
        places->y[std::size_t(m->pressed_node)] = m->places->y[std::size_t(m->pressed_node)];
    }
    m->places = std::move(places);
    m->find_spacing();
    if (!m->moved_by_hand || !m->fitted) fit();   // a layout that grows stays in view until somebody looks closer
    m->change();
}

GraphPlacesPtr GraphView::places() const { return m->places; }

GraphPlacesPtr GraphView::hyperedge_places() const { return m->hyperedge_places; }

void GraphView::set_hyperedge_places(std::vector<float> x, std::vector<float> y) {
    if (!x.empty() && (!m->graph || std::int64_t(x.size()) != m->graph->hyperedges || x.size() != y.size())) return;
    if (x.empty() && !m->hyperedge_places) return;
    m->hyperedge_places = x.empty() ? nullptr : std::make_shared<const GraphPlaces>(GraphPlaces{std::move(x), std::move(y)});
    m->change();
}

void GraphView::set_names(NameSource node_name, NameSource hyperedge_name) {
    m->node_name = std::move(node_name);
    m->hyperedge_name = std::move(hyperedge_name);
    m->change(false);
}

void GraphView::set_colouring(NodeColouring colouring) {
    m->colouring = std::move(colouring);
    m->find_marks();
    m->change();
}

void GraphView::set_sizing(NodeSizing sizing) {
    m->sizing = std::move(sizing);
    m->find_marks();
    m->change();
}

void GraphView::set_visible_nodes(std::vector<std::uint8_t> visible) {
    if (!visible.empty() && (!m->graph || std::int64_t(visible.size()) != m->graph->nodes)) return;
    m->node_filter = std::move(visible);
    m->find_visible();
    m->change();
}

void GraphView::set_visible_hyperedges(std::vector<std::uint8_t> visible) {
    if (!visible.empty() && (!m->graph || std::int64_t(visible.size()) != m->graph->hyperedges)) return;
    m->hyperedge_filter = std::move(visible);
    m->find_visible();
    m->change();
}

void GraphView::set_clusters(std::vector<std::int32_t> cluster, QStringList names) {
    const bool fits = m->graph && std::int64_t(cluster.size()) == m->graph->nodes;
    m->clusters = fits && !cluster.empty() ? std::make_shared<const std::vector<std::int32_t>>(std::move(cluster)) : nullptr;
    m->cluster_names = std::move(names);
    m->change();
}

void GraphView::set_stale(bool stale) {
    m->stale = stale;
    update();
}

void GraphView::set_empty_text(const QString& text) {
    m->empty_text = text;
    update();
}

// --- how

void GraphView::set_style(GraphStyle style) {
    if (style == m->style) return;
    m->style = style;
    m->change();
}

GraphStyle GraphView::style() const { return m->style; }
GraphStyle GraphView::shown_style() const { return m->shown_style(); }
QString GraphView::note() const { return m->note; }

void GraphView::set_edges_visible(bool on) {
    m->edges_visible = on;
    m->change();
}

void GraphView::set_labels_visible(bool on) {
    m->labels_visible = on;
    m->change(false);
}

void GraphView::set_legend_visible(bool on) {
    m->legend_visible = on;
    m->change();
}

void GraphView::set_lens(bool on) {
    if (on == m->lens) return;
    m->lens = on;
    update();
    Q_EMIT lens_changed(on);
}

bool GraphView::lens() const { return m->lens; }
void GraphView::set_nodes_movable(bool on) { m->movable = on; }

void GraphView::set_overlap(int members) {
    m->overlap = std::max(1, members);
    m->change();
}

// --- selection and focus

void GraphView::set_selection(GraphSelection* selection) {
    if (m->selection) m->selection->disconnect(this);
    m->selection = selection ? selection : &m->own_selection;
    connect(m->selection, &GraphSelection::selection_changed, this, [this] {
        m->change(false);
        announce_value(this);
    });
    connect(m->selection, &GraphSelection::hover_changed, this, [this] { m->change(false); });
    if (m->selection != &m->own_selection)
        connect(m->selection, &QObject::destroyed, this, [this] { set_selection(nullptr); });
    m->change(false);
}

GraphSelection* GraphView::selection() const { return m->selection; }

void GraphView::focus_on(std::int32_t node, int steps) {
    if (!m->graph || node < 0 || node >= m->graph->nodes) return clear_focus();
    m->focused = node;
    m->focus_steps = std::max(1, steps);
    m->find_visible();
    fit();
    m->change();
    Q_EMIT focus_changed(node, m->focus_steps);
}

void GraphView::clear_focus() {
    if (m->focused < 0) return;
    m->focused = -1;
    m->focus_steps = 0;
    m->find_visible();
    fit();
    m->change();
    Q_EMIT focus_changed(-1, 0);
}

std::int32_t GraphView::focused() const { return m->focused; }
int GraphView::focus_steps() const { return m->focus_steps; }
std::int32_t GraphView::current() const { return m->current; }

void GraphView::set_current(std::int32_t node) {
    if (node >= 0 && (!m->graph || node >= m->graph->nodes)) node = -1;
    if (node == m->current) return;
    m->current = node;
    if (node >= 0) m->bring_into_view(node);
    m->change(false);
    announce_value(this);
    Q_EMIT current_changed(node);
}

bool GraphView::find(const QString& text) {
    if (!m->graph || text.isEmpty()) return false;
    for (std::int64_t i = 1; i <= m->graph->nodes; ++i) {
        const auto v = std::int32_t((m->current + i) % m->graph->nodes);
        if (!m->shows_node(v) || !shown_node_name(m->node_name, v).contains(text, Qt::CaseInsensitive)) continue;
        m->rounding = v;
        m->selection->select_nodes({v});
        set_current(v);
        return true;
    }
    return false;
}

// --- what follows

void GraphView::Impl::change(bool base) {
    if (base) ++base_serial;
    dirty = true;
    update_note();
    q->update();   // the next paint asks for the picture, so several changes make one
}

/// The allowed nodes that some steps over edges and hyperedges reach from the one in focus; 1: such a node.
std::vector<std::uint8_t> GraphView::Impl::within_focus(const std::vector<std::uint8_t>& allowed) const {
    std::vector<std::uint8_t> near(allowed.size(), 0), met(std::size_t(graph->hyperedges), 0);
    near[std::size_t(focused)] = 1;
    std::vector<std::int32_t> front{focused}, next;
    const auto reach = [&](std::int32_t w) {
        if (near[std::size_t(w)] || !allowed[std::size_t(w)]) return;
        near[std::size_t(w)] = 1;
        next.push_back(w);
    };
    for (int step = 0; step < focus_steps; ++step) {
        for (const std::int32_t v : front) {
            for (const std::int32_t w : graph->neighbours[v]) reach(w);
            for (const std::int32_t h : graph->memberships[v]) {
                if (met[std::size_t(h)] || (!hyperedge_filter.empty() && !hyperedge_filter[std::size_t(h)])) continue;
                met[std::size_t(h)] = 1;
                for (const std::int32_t w : graph->members[h]) reach(w);
            }
        }
        front.swap(next);
        next.clear();
    }
    return near;
}

/// Nodes that pass the filter and lie within the focus; hyperedges that pass theirs and have a visible member.
void GraphView::Impl::find_visible() {
    nodes.reset();
    hyperedges.reset();
    visible_nodes = graph ? graph->nodes : 0;
    visible_hyperedges = graph ? graph->hyperedges : 0;
    if (!graph) return;
    if (focused >= 0 || !node_filter.empty()) {
        auto shown = node_filter.empty() ? std::vector<std::uint8_t>(std::size_t(graph->nodes), 1) : node_filter;
        if (focused >= 0) shown = within_focus(shown);
        nodes = std::make_shared<const std::vector<std::uint8_t>>(std::move(shown));
        visible_nodes = shown_count(*nodes);
    }
    if (nodes || !hyperedge_filter.empty()) {
        std::vector<std::uint8_t> shown(std::size_t(graph->hyperedges), 0);
        for (std::int32_t h = 0; h < graph->hyperedges; ++h) {
            if (!hyperedge_filter.empty() && !hyperedge_filter[std::size_t(h)]) continue;
            std::int64_t members = 0, all = 0;   // in a focus only whole sets: others would show as fragments
            for (const std::int32_t v : graph->members[h]) {
                members += shows_node(v);
                all += node_filter.empty() || node_filter[std::size_t(v)];
            }
            shown[std::size_t(h)] = members > 0 && (focused < 0 || members == all);
        }
        hyperedges = std::make_shared<const std::vector<std::uint8_t>>(std::move(shown));
        visible_hyperedges = shown_count(*hyperedges);
    }
    find_spacing();
}

void GraphView::Impl::find_marks() {
    auto found = std::make_shared<GraphMarks>();
    const std::size_t count = graph ? std::size_t(graph->nodes) : 0;
    const ViewStyle look = ViewStyle::current();
    found->fill.assign(count, (colouring.kind == NodeColouring::Kind::plain ? look.accent : class_colour(-1, look.dark)).rgba());
    found->shape.assign(count, NodeShape::circle);
    missing = 0;
    classes_met.clear();
    if (colouring.kind == NodeColouring::Kind::classes && colouring.classes.size() == count) {
        std::vector<QRgb> colours;
        for (std::size_t c = 0; c < kGraphPalette; ++c) colours.push_back(class_colour(std::int32_t(c), look.dark).rgba());
        for (std::size_t i = 0; i < count; ++i) {
            const std::int32_t c = colouring.classes[i];
            missing += c < 0;
            if (c < 0) continue;
            classes_met.insert(c);
            found->fill[i] = colours[std::size_t(c % kGraphPalette)];
            found->shape[i] = class_shape(c);
        }
    } else if (colouring.kind == NodeColouring::Kind::values && colouring.values.size() == count) {
        lowest = std::numeric_limits<double>::infinity();
        highest = -lowest;
        for (const float v : colouring.values)
            if (std::isfinite(v) && (!colouring.logarithmic || v > 0)) lowest = std::min(lowest, double(v)), highest = std::max(highest, double(v));
        if (!(lowest <= highest)) lowest = 0, highest = 1;
        if (colouring.map == ColourMapId::diverging) {
            highest = std::max(std::abs(lowest), std::abs(highest));
            lowest = -highest;
        }
        if (colouring.range) std::tie(lowest, highest) = *colouring.range;
        const bool log = colouring.logarithmic && lowest > 0 && highest > lowest;
        const ColourTable table(colouring.map, look.canvas);
        for (std::size_t i = 0; i < count; ++i) {
            const double v = double(colouring.values[i]);
            missing += std::isnan(v);
            const double t = log ? std::log(std::max(v, lowest) / lowest) / std::log(highest / lowest) : highest > lowest ? (v - lowest) / (highest - lowest) : 0.5;
            found->fill[i] = std::isnan(v) ? 0 : table.at(on_canvas(colouring.map, t, look.dark)) | 0xff000000u;
        }
    }
    if (sizing.values.size() == count && count > 0) {
        float largest = 0;
        for (const float v : sizing.values)
            if (std::isfinite(v)) largest = std::max(largest, v);
        found->factor.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            const float v = std::isfinite(sizing.values[i]) ? std::max(0.0f, sizing.values[i]) : 0;
            found->factor[i] = largest > 0 ? std::max(0.5f, 2.4f * std::sqrt(v / largest)) : 1;
        }
    }
    marks = std::move(found);
}

void GraphView::Impl::find_label_order() {
    auto order = std::make_shared<std::vector<std::int32_t>>(graph ? std::size_t(graph->nodes) : 0);
    std::iota(order->begin(), order->end(), 0);
    std::ranges::stable_sort(*order, std::greater(), [this](std::int32_t v) { return graph->neighbours.length(v) + graph->memberships.length(v); });
    label_order = std::move(order);
}

bool GraphView::Impl::has_place(std::int32_t n) const { return places && std::isfinite(places->x[std::size_t(n)]) && std::isfinite(places->y[std::size_t(n)]); }

std::vector<std::int32_t> GraphView::Impl::shown_nodes() const {
    std::vector<std::int32_t> shown;
    for (std::int32_t v = 0; graph && v < graph->nodes; ++v)
        if (shows_node(v)) shown.push_back(v);
    return shown;
}

/// Units between neighbours if the visible nodes filled their frame evenly. The outer percent of each side does not count: one far node makes no node a dot.
void GraphView::Impl::find_spacing() {
    spacing = 1;
    if (is_empty()) return;
    std::vector<float> xs, ys;
    for (std::int32_t v = 0; v < graph->nodes; ++v)
        if (shows_node(v) && has_place(v)) xs.push_back(places->x[std::size_t(v)]), ys.push_back(places->y[std::size_t(v)]);
    if (xs.size() < 2) return;
    const auto spread = [](std::vector<float>& values) {
        const std::size_t cut = values.size() / 100;
        std::ranges::nth_element(values, values.begin() + std::ptrdiff_t(cut));
        const float low = values[cut];
        std::ranges::nth_element(values, values.end() - 1 - std::ptrdiff_t(cut));
        return double(values[values.size() - 1 - cut]) - double(low);
    };
    const double width = std::max(spread(xs), spread(ys));
    if (width > 0) spacing = width / std::sqrt(double(xs.size()));
}

GraphScene GraphView::Impl::scene() const {
    GraphScene s;
    s.graph = graph;
    s.places = places;
    s.hyperedge_places = hyperedge_places;
    s.marks = marks;
    s.nodes = nodes;
    s.hyperedges = hyperedges;
    s.label_order = label_order;
    s.clusters = clusters;
    s.cluster_names = cluster_names;
    s.node_name = node_name;
    s.hyperedge_name = hyperedge_name;
    s.style = shown_style();
    s.few = visible_hyperedges <= kMostHulls;
    s.edges = edges_visible;
    s.labels = labels_visible;
    s.overlap = overlap;
    const auto inside = [](const std::vector<std::int32_t>& ids, std::int64_t count) {   // a shared selection may be of a graph that is not here yet
        std::vector<std::int32_t> kept;
        for (const std::int32_t id : ids)
            if (id >= 0 && id < count) kept.push_back(id);
        return kept;
    };
    const std::int64_t n = graph ? graph->nodes : 0, h = graph ? graph->hyperedges : 0;
    s.selected_nodes = inside(selection->nodes(), n);
    s.selected_hyperedges = inside(selection->hyperedges(), h);
    s.hovered_node = selection->hovered_node() < n ? selection->hovered_node() : -1;
    s.hovered_hyperedge = selection->hovered_hyperedge() < h ? selection->hovered_hyperedge() : -1;
    s.current = current;
    s.look = ViewStyle::current();
    s.font = ViewStyle::font(11);
    s.base_serial = base_serial;
    s.spacing = spacing;
    return s;
}

void GraphView::Impl::update_note() {
    QStringList parts;
    if (shown_style() != style)
        parts << GraphView::tr("Hulls are drawn for up to %1 hyperedges. %2 are visible, so they are stars; those selected keep their hulls.")
                     .arg(kMostHulls).arg(QLocale().toString(qlonglong(visible_hyperedges)));
    if (graph && graph->nodes > 0 && visible_nodes == 0) parts << GraphView::tr("No node passes the filters. Show more of them.");
    if (focused >= 0) parts << GraphView::tr("Only nodes within %n step(s) of one node. Escape shows all.", nullptr, focus_steps);
    if (!note_of_picture.isEmpty()) parts << note_of_picture;
    const QString text = parts.join(u' ');
    if (text == note) return;
    note = text;
    q->update();
    Q_EMIT q->note_changed(note);
}

}
