// What a SetView is told, and what follows from it.
#include "viewers/set_view.h"
#include "viewers/accessible.h"
#include "viewers/colour_table.h"
#include "viewers/set_view_impl.h"
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kBin = 2;   // device pixels of a place of the matrix of counts: one alone could not be seen

/// How many memberships fall into each place of the body, on a logarithmic scale in steps.
void paint_counts(const SetLayout& layout, const SetJob& job, SetDone& done) {
    const SetCamera& camera = job.camera;
    const int columns = std::max(1, int(camera.body.width() * camera.ratio / kBin)), rows = std::max(1, int(camera.body.height() * camera.ratio / kBin));
    std::vector<std::int64_t> sums(std::size_t(columns) * std::size_t(rows), 0);
    const double by_x = camera.ratio / kBin, by_y = camera.ratio / kBin;
    for (std::size_t r = 0; r < layout.rows.size(); ++r) {
        const double y = (camera.top + (double(r) + 0.5) * camera.height) * by_y;
        if (y < 0 || y >= rows) continue;
        for (const std::int32_t h : layout.graph->memberships[layout.rows[r]]) {
            const std::int32_t c = layout.column_of[std::size_t(h)];
            const double x = c < 0 ? -1 : (camera.left + (c + 0.5) * camera.width) * by_x;
            if (x >= 0 && x < columns) ++sums[std::size_t(y) * std::size_t(columns) + std::size_t(x)];
        }
    }
    done.most = *std::ranges::max_element(sums);
    const ColourTable table(ColourMapId::cividis, job.canvas);
    done.counts = QImage(columns, rows, QImage::Format_RGB32);
    constexpr double kSteps = 8;
    for (int y = 0; y < rows; ++y) {
        auto* pixel = reinterpret_cast<QRgb*>(done.counts.scanLine(y));
        for (int x = 0; x < columns; ++x) {
            const std::int64_t n = sums[std::size_t(y) * std::size_t(columns) + std::size_t(x)];
            const double t = done.most > 1 ? std::log(double(n)) / std::log(double(done.most)) : 1;
            // From the end that stands out from the canvas, so that one alone is seen.
            const double stepped = 0.25 + 0.75 * std::floor(t * (kSteps - 1) + 0.5) / (kSteps - 1);
            pixel[x] = n == 0 ? job.canvas.rgb() : table.at(job.dark ? stepped : 1 - stepped);
        }
    }
}

/// Keeps the last order: only the camera changes mostly.
class SetPainter {
public:
    SetDone answer(const SetJob& job) {
        if (!m_layout || m_serial != job.layout_serial) {
            m_layout = std::make_shared<const SetLayout>(lay_out_sets(*job.question));
            m_serial = job.layout_serial;
        }
        SetDone done{m_layout, job.camera, {}, 0, job.layout_serial, job.serial};
        if (job.counts && m_layout->graph && !job.camera.body.isEmpty()) paint_counts(*m_layout, job, done);
        return done;
    }
private:
    std::shared_ptr<const SetLayout> m_layout;
    quint64 m_serial = 0;
};

const SetLayout& no_layout() {
    static const SetLayout none;
    return none;
}

}

SetView::Impl::Impl(SetView* view) : q(view), selection(&own_selection) {
    auto answers = std::make_shared<SetPainter>();
    worker = std::make_unique<LatestWorker<SetJob, SetDone>>(q, [answers](const SetJob& job, const std::atomic<bool>&) { return answers->answer(job); }, [this](SetDone done) { take(std::move(done)); });
}

SetView::SetView(QWidget* parent) : QWidget(parent), m(std::make_unique<Impl>(this)) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Sets"));
    set_selection(nullptr);
}

SetView::~SetView() = default;

void SetView::set_graph(GraphDataPtr graph) {
    m->graph = std::move(graph);
    m->layout.reset();
    m->picture = {};
    m->nodes.clear();
    m->hyperedges.clear();
    m->asked_sets.clear();
    m->colouring = {};
    m->node_name = m->hyperedge_name = nullptr;
    m->marked = m->hovered = {};
    m->fitted = false;
    m->selection->clear();
    m->selection->hover(-1, -1);
    m->change();
}

const GraphDataPtr& SetView::graph() const { return m->graph; }

void SetView::set_names(NameSource node_name, NameSource hyperedge_name) {
    m->node_name = std::move(node_name);
    m->hyperedge_name = std::move(hyperedge_name);
    update();
}

void SetView::set_colouring(NodeColouring colouring) {
    m->colouring = std::move(colouring);
    if (m->node_order == NodeOrder::classes) m->change();
    update();
}

void SetView::set_visible_nodes(std::vector<std::uint8_t> visible) {
    if (!visible.empty() && (!m->graph || std::int64_t(visible.size()) != m->graph->nodes)) return;
    m->nodes = std::move(visible);
    m->fitted = false;
    m->change();
}

void SetView::set_visible_hyperedges(std::vector<std::uint8_t> visible) {
    if (!visible.empty() && (!m->graph || std::int64_t(visible.size()) != m->graph->hyperedges)) return;
    m->hyperedges = std::move(visible);
    m->fitted = false;
    m->change();
}

void SetView::set_style(SetStyle style) {
    if (style == m->style) return;
    m->style = style;
    m->marked = m->hovered = {};
    m->scroll = 0;
    fit();
}

SetStyle SetView::style() const { return m->style; }

void SetView::set_order(NodeOrder nodes, HyperedgeOrder hyperedges) {
    m->node_order = nodes;
    m->hyperedge_order = hyperedges;
    m->change();
}

void SetView::set_shown_sets(std::vector<std::int32_t> hyperedges) {
    m->asked_sets = std::move(hyperedges);
    m->change();
}

void SetView::set_stale(bool stale) {
    m->stale = stale;
    update();
}

void SetView::set_empty_text(const QString& text) {
    m->empty_text = text;
    update();
}

void SetView::set_selection(GraphSelection* selection) {
    if (m->selection) m->selection->disconnect(this);
    m->selection = selection ? selection : &m->own_selection;
    connect(m->selection, &GraphSelection::selection_changed, this, [this] {
        update();
        announce_value(this);
    });
    connect(m->selection, &GraphSelection::hover_changed, this, qOverload<>(&QWidget::update));
    if (m->selection != &m->own_selection) connect(m->selection, &QObject::destroyed, this, [this] { set_selection(nullptr); });
    update();
}

GraphSelection* SetView::selection() const { return m->selection; }

const std::vector<std::int32_t>& SetView::rows() const { return (m->layout ? *m->layout : no_layout()).rows; }
const std::vector<std::int32_t>& SetView::columns() const { return (m->layout ? *m->layout : no_layout()).columns; }
const std::vector<SetIntersection>& SetView::intersections() const { return (m->layout ? *m->layout : no_layout()).intersections; }
const std::vector<std::int32_t>& SetView::shown_sets() const { return (m->layout ? *m->layout : no_layout()).sets; }
QString SetView::note() const { return m->note; }
bool SetView::is_settled() const { return !m->graph || (m->shown == m->asked && !m->dirty && m->asked > 0); }

// --- what follows

void SetView::Impl::change() {
    ++layout_serial;
    redraw();
}

void SetView::Impl::redraw() {
    dirty = true;
    update_note();
    q->update();
}

void SetView::Impl::ask() {
    if (!graph) return;
    dirty = false;
    auto question = std::make_shared<SetQuestion>();
    question->graph = graph;
    question->node_order = node_order;
    question->hyperedge_order = hyperedge_order;
    if (!layout || layout_serial != picture.layout_serial) {   // else only the camera counts
        question->nodes = nodes;
        question->hyperedges = hyperedges;
        question->sets = asked_sets;
        if (colouring.kind == NodeColouring::Kind::classes) question->classes = colouring.classes;
    }
    const ViewStyle look = ViewStyle::current();
    worker->ask({std::move(question), {left, top, width, height, body(), q->devicePixelRatioF()}, is_counts() && fitted, look.dark, look.canvas, layout_serial, ++asked});
}

void SetView::Impl::take(SetDone done) {
    if (!graph || done.layout->graph != graph) return;
    layout = done.layout;
    shown = done.serial;
    picture = std::move(done);
    const auto within = [this](const Place& p) {
        return style == SetStyle::upset ? p.row < int(layout->sets.size()) && p.column < int(layout->intersections.size()) : p.row < int(layout->rows.size()) && p.column < int(layout->columns.size());
    };
    if (!within(marked)) marked = {};
    hovered = {};
    if (!fitted && !is_empty()) q->fit();
    update_note();
    q->update();
    if (shown == asked && !dirty) Q_EMIT q->settled();
}

QColor SetView::Impl::node_colour(std::int32_t node, const ViewStyle& look) const {
    const bool by_class = colouring.kind == NodeColouring::Kind::classes && std::size_t(node) < colouring.classes.size();
    return by_class ? class_colour(colouring.classes[std::size_t(node)], look.dark) : look.accent;
}

void SetView::Impl::update_note() {
    QString text;
    const QLocale locale;
    if (!is_empty() && style == SetStyle::upset) {
        if (layout->sets.size() < layout->columns.size())
            text = SetView::tr("%1 of %2 hyperedges, %3 nodes in none of them.").arg(layout->sets.size()).arg(locale.toString(qlonglong(layout->columns.size())), locale.toString(qlonglong(layout->in_none)));
    } else if (!is_empty()) {
        const QRectF room = body();
        const auto part = [](double from, double step, double length, qsizetype count) {
            return std::pair(std::clamp<qint64>(qint64(std::floor(-from / step)), 0, count - 1) + 1, std::clamp<qint64>(qint64(std::ceil((length - from) / step)), 1, count));
        };
        const auto [r0, r1] = part(top, height, room.height(), qsizetype(layout->rows.size()));
        const auto [c0, c1] = part(left, width, room.width(), qsizetype(layout->columns.size()));
        const bool whole = r0 == 1 && c0 == 1 && r1 == qint64(layout->rows.size()) && c1 == qint64(layout->columns.size());
        if (is_counts()) text = SetView::tr("Counts: a point holds about %1 × %2 cells.").arg(std::max(1.0, std::round(kBin / height))).arg(std::max(1.0, std::round(kBin / width)));
        if (!whole)
            text += (text.isEmpty() ? QString() : QStringLiteral(" ")) + SetView::tr("Nodes %1 to %2 of %3, hyperedges %4 to %5 of %6.").arg(locale.toString(r0), locale.toString(r1), locale.toString(qlonglong(layout->rows.size())),
                locale.toString(c0), locale.toString(c1), locale.toString(qlonglong(layout->columns.size())));
    }
    if (text == note) return;
    note = text;
    Q_EMIT q->note_changed(note);
}

// --- the camera

/// Something of the cells stays in view.
void SetView::Impl::keep_inside() {
    if (is_empty()) return;
    const QRectF room = body();
    if (style == SetStyle::upset) {
        scroll = std::clamp(scroll, 0.0, std::max(0.0, double(layout->intersections.size()) * column_rect(0).width() - room.width()));
        return;
    }
    const auto held = [](double from, double extent, double length) { return extent <= length ? std::clamp(from, 0.0, length - extent) : std::clamp(from, length - extent, 0.0); };
    left = held(left, width * double(layout->columns.size()), room.width());
    top = held(top, height * double(layout->rows.size()), room.height());
}

void SetView::fit() {
    if (m->is_empty()) return m->redraw();
    m->fitted = true;
    m->by_hand = false;
    m->scroll = 0;
    const double least = m->style == SetStyle::paohvis ? 7 : 0;   // dots that can be told apart; the rest by dragging
    for (int i = 0; i < 4; ++i) {                                 // the heads need room where there are names, and there are names where there is room
        const QRectF room = m->body();
        m->width = std::clamp(room.width() / double(m->layout->columns.size()), least, 26.0);
        m->height = std::clamp(room.height() / double(m->layout->rows.size()), least, 22.0);
    }
    m->left = m->top = 0;
    m->redraw();
}

void SetView::zoom(double factor, const QPointF& about) {
    if (m->is_empty() || !(factor > 0) || !std::isfinite(factor)) return;
    if (m->style == SetStyle::upset) return pan({(factor - 1) * 200, 0});
    const QRectF room = m->body();
    constexpr double widest = 48, tallest = 32;
    const double least_w = std::min(26.0, room.width() / double(m->layout->columns.size())), least_h = std::min(22.0, room.height() / double(m->layout->rows.size()));
    const double w = std::clamp(m->width * factor, std::min(least_w, widest), widest), h = std::clamp(m->height * factor, std::min(least_h, tallest), tallest);
    const QPointF at = about - room.topLeft();
    m->left = at.x() - (at.x() - m->left) * w / m->width;
    m->top = at.y() - (at.y() - m->top) * h / m->height;
    m->by_hand = true;
    m->width = w;
    m->height = h;
    m->keep_inside();
    m->redraw();
}

void SetView::pan(const QPointF& by) {
    if (m->is_empty()) return;
    m->by_hand = true;
    m->left += by.x();
    m->top += by.y();
    m->scroll -= by.x();
    m->keep_inside();
    m->redraw();
}

QPointF SetView::cell_centre(std::int32_t node, std::int32_t hyperedge) const {
    if (m->is_empty() || node < 0 || hyperedge < 0 || node >= m->graph->nodes || hyperedge >= m->graph->hyperedges) return {-1, -1};
    const std::int32_t row = m->layout->row_of[std::size_t(node)], column = m->layout->column_of[std::size_t(hyperedge)];
    if (row < 0 || column < 0) return {-1, -1};
    return m->body().topLeft() + QPointF(m->left + (column + 0.5) * m->width, m->top + (row + 0.5) * m->height);
}

QRectF SetView::intersection_rect(int index) const { return m->is_empty() || index < 0 || index >= int(intersections().size()) ? QRectF() : m->column_rect(index); }

void SetView::resizeEvent(QResizeEvent*) {
    if (m->by_hand) m->keep_inside(), m->redraw();
    else fit();
}

void SetView::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) m->redraw();
    QWidget::changeEvent(event);
}

}
