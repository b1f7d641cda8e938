// Mouse and keyboard of a GraphView.
#include "viewers/graph_view_impl.h"
#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe {

// --- what lies where

QPointF GraphView::Impl::place_in_widget(std::int32_t node) const { return q->to_widget(double(places->x[std::size_t(node)]), double(places->y[std::size_t(node)])); }

/// The nearest visible node within its radius and a little more.
std::int32_t GraphView::Impl::node_at(const QPointF& at) const {
    if (is_empty() || style == GraphStyle::line_graph || !picture.super_nodes.empty()) return -1;
    const QPointF place = q->to_plane(at);
    const double base = graph_node_radius(spacing, scale);
    std::int32_t best = -1;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int32_t v = 0; v < graph->nodes; ++v) {
        const double dx = double(places->x[std::size_t(v)]) - place.x(), dy = double(places->y[std::size_t(v)]) - place.y(), d = std::sqrt(dx * dx + dy * dy) * scale;
        const double reach = base * (marks->factor.empty() ? 1 : double(marks->factor[std::size_t(v)])) + 3;
        if (!(d <= reach && d < nearest) || !shows_node(v)) continue;   // NaN, too
        nearest = d;
        best = v;
    }
    return best;
}

std::int32_t GraphView::Impl::hyperedge_at(const QPointF& at) const {
    if (is_empty() || !picture.super_nodes.empty()) return -1;
    if (shown_style() == GraphStyle::hulls) {   // smaller ones lie on top
        const QPointF place = q->to_plane(at), there = picture.camera.to_widget(place.x(), place.y());
        for (auto hull = picture.hulls.rbegin(); hull != picture.hulls.rend(); ++hull)
            if (hull->path.contains(there)) return hull->hyperedge;
        return -1;
    }
    if (shown_style() == GraphStyle::clique || !picture.centres || picture.centres->x.size() != std::size_t(graph->hyperedges)) return -1;
    const QPointF place = q->to_plane(at);
    GraphScene measure;
    measure.graph = graph;
    measure.spacing = spacing;
    std::int32_t best = -1;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int32_t h = 0; h < graph->hyperedges; ++h) {
        const double dx = double(picture.centres->x[std::size_t(h)]) - place.x(), dy = double(picture.centres->y[std::size_t(h)]) - place.y(), d = std::max(std::abs(dx), std::abs(dy)) * scale;
        if (!(d < nearest) || d > 20 || d > measure.hyperedge_radius(h, scale) + 3 || !shows_hyperedge(h)) continue;
        nearest = d;
        best = h;
    }
    return best;
}

std::int32_t GraphView::node_at(const QPointF& at) const { return m->node_at(at); }
std::int32_t GraphView::hyperedge_at(const QPointF& at) const { return m->node_at(at) >= 0 ? -1 : m->hyperedge_at(at); }

const SuperNode* GraphView::Impl::super_at(const QPointF& at) const {
    if (!clusters) return nullptr;   // the picture is of before
    for (const SuperNode& s : picture.super_nodes) {
        const QPointF d = q->to_widget(s.x, s.y) - at;
        if (std::hypot(d.x(), d.y()) <= s.radius + 2) return &s;
    }
    return nullptr;
}

std::vector<std::int32_t> GraphView::Impl::members_of(const SuperNode& super) const {
    std::vector<std::int32_t> members = shown_nodes();
    std::erase_if(members, [&](std::int32_t v) { return (*clusters)[std::size_t(v)] != super.cluster; });
    return members;
}

void GraphView::Impl::hover_at(const QPointF& at) {
    const std::int32_t node = q->node_at(at);
    const std::int32_t hyperedge = node >= 0 ? -1 : q->hyperedge_at(at);
    selection->hover(node, hyperedge);
    q->setCursor(node >= 0 || hyperedge >= 0 || super_at(at) ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

// --- mouse

void GraphView::mousePressEvent(QMouseEvent* event) {
    if (m->is_empty() || (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton) || m->grip != GraphGrip::none) {
        event->ignore();
        return;
    }
    m->grip = GraphGrip::press;
    m->button = event->button();
    m->press = m->last = event->position();
    m->pressed_node = event->button() == Qt::LeftButton ? m->node_at(event->position()) : -1;
    m->hover_timer.stop();
}

void GraphView::mouseMoveEvent(QMouseEvent* event) {
    m->pointer = event->position();
    if (m->lens) update();
    if (m->grip == GraphGrip::none) {
        if (!m->hover_timer.isActive()) m->hover_timer.start();
        return;
    }
    if (m->grip == GraphGrip::press) {
        if ((event->position() - m->press).manhattanLength() < QApplication::startDragDistance()) return;
        const bool rectangle = m->button == Qt::LeftButton && event->modifiers().testFlag(Qt::ShiftModifier);
        m->grip = rectangle ? GraphGrip::rectangle : m->pressed_node >= 0 && m->movable ? GraphGrip::node : GraphGrip::pan;
        setCursor(m->grip == GraphGrip::pan ? Qt::ClosedHandCursor : m->grip == GraphGrip::node ? Qt::SizeAllCursor : Qt::CrossCursor);
    }
    if (m->grip == GraphGrip::pan) pan(event->position() - m->last);
    if (m->grip == GraphGrip::node) m->move_node(m->pressed_node, event->position());
    m->last = event->position();
    if (m->grip == GraphGrip::rectangle) update();
}

void GraphView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != m->button || m->grip == GraphGrip::none) return;
    const GraphGrip grip = std::exchange(m->grip, GraphGrip::none);
    m->button = Qt::NoButton;
    unsetCursor();
    update();
    if (grip == GraphGrip::press && event->button() == Qt::LeftButton) m->press_ended(event->position(), event->modifiers());
    if (grip == GraphGrip::rectangle) m->select_rectangle(QRectF(m->press, event->position()).normalized(), event->modifiers().testFlag(Qt::ControlModifier));
    if (grip == GraphGrip::node) m->tell_moved(m->pressed_node);
}

void GraphView::Impl::press_ended(const QPointF& at, Qt::KeyboardModifiers modifiers) {
    const SelectHow how = modifiers.testFlag(Qt::ControlModifier) ? SelectHow::toggle : SelectHow::replace;
    if (const SuperNode* s = super_at(at)) return selection->select_nodes(members_of(*s), how);
    const std::int32_t node = node_at(at), hyperedge = node >= 0 ? -1 : hyperedge_at(at);
    if (node >= 0) {
        rounding = node;
        if (how == SelectHow::replace) selection->select({node}, {});
        else selection->select_nodes({node}, how);
        q->set_current(node);
    } else if (hyperedge >= 0) {
        if (how == SelectHow::replace) selection->select({}, {hyperedge});
        else selection->select_hyperedges({hyperedge}, how);
    } else if (how == SelectHow::replace) {
        selection->clear();
        q->set_current(-1);
    }
}

void GraphView::Impl::move_node(std::int32_t node, const QPointF& to) {
    auto moved = std::make_shared<GraphPlaces>(*places);
    const QPointF place = q->to_plane(to);
    moved->x[std::size_t(node)] = float(place.x());
    moved->y[std::size_t(node)] = float(place.y());
    places = std::move(moved);
    moved_by_hand = true;
    change();
}

void GraphView::Impl::tell_moved(std::int32_t node) { Q_EMIT q->node_moved(node, double(places->x[std::size_t(node)]), double(places->y[std::size_t(node)])); }

void GraphView::Impl::select_rectangle(const QRectF& area, bool add) {
    std::vector<std::int32_t> found;
    if (style == GraphStyle::line_graph) {
        for (std::int32_t h = 0; picture.centres && h < graph->hyperedges; ++h)
            if (shows_hyperedge(h) && area.contains(q->to_widget(double(picture.centres->x[std::size_t(h)]), double(picture.centres->y[std::size_t(h)])))) found.push_back(h);
        if (add) selection->select_hyperedges(std::move(found), SelectHow::add);
        else selection->select({}, std::move(found));
        return;
    }
    for (std::int32_t v = 0; v < graph->nodes; ++v)
        if (shows_node(v) && has_place(v) && area.contains(place_in_widget(v))) found.push_back(v);
    if (add) selection->select_nodes(std::move(found), SelectHow::add);
    else selection->select(std::move(found), {});
}

void GraphView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m->is_empty()) return;
    if (const SuperNode* s = m->super_at(event->position())) return fit_nodes(m->members_of(*s));
    const std::int32_t node = m->node_at(event->position());
    if (node >= 0) Q_EMIT node_activated(node);
    else if (hyperedge_at(event->position()) < 0) fit();
}

void GraphView::wheelEvent(QWheelEvent* event) {
    const double delta = event->angleDelta().y();
    if (m->is_empty() || delta == 0) {
        event->ignore();
        return;
    }
    zoom(std::pow(std::numbers::sqrt2, delta / 120), event->position());
    event->accept();
}

void GraphView::leaveEvent(QEvent*) {
    m->pointer = {-1, -1};
    m->hover_timer.stop();
    m->selection->hover(-1, -1);
    if (m->lens) update();
}

// --- keyboard

void GraphView::Impl::bring_into_view(std::int32_t node) {
    if (is_empty() || !has_place(node)) return;
    const QPointF at = place_in_widget(node);
    if (QRectF(QPointF(), QSizeF(plane_size())).adjusted(12, 12, -12, -12).contains(at)) return;
    q->pan(QRectF(QPointF(), QSizeF(plane_size())).center() - at);
}

/// From the current node to the one that lies best in that direction: near, and little to the side. Without one: the node nearest to the middle.
void GraphView::Impl::step_current(const QPointF& direction) {
    const bool fresh = current < 0 || !shows_node(current) || !has_place(current);
    const QPointF from = fresh ? QPointF(plane_size().width() / 2.0, plane_size().height() / 2.0) : place_in_widget(current);
    std::int32_t best = -1;
    double least = std::numeric_limits<double>::infinity();
    for (std::int32_t v = 0; v < graph->nodes; ++v) {
        if (v == current || !shows_node(v) || !has_place(v)) continue;
        const QPointF d = place_in_widget(v) - from;
        const double ahead = QPointF::dotProduct(d, direction), aside = std::abs(d.x() * direction.y() - d.y() * direction.x());
        if (!fresh && (ahead <= 0 || aside > 2 * ahead)) continue;
        const double cost = fresh ? std::hypot(d.x(), d.y()) : ahead + 2 * aside;
        if (cost < least) least = cost, best = v;
    }
    if (best < 0) return;
    rounding = best;
    q->set_current(best);
}

/// The next neighbour, or hyperedge, of the node where the walk began.
void GraphView::Impl::step_round(bool over_hyperedges, int by) {
    if (current < 0) return step_current({1, 0});
    if (rounding < 0) rounding = current;
    std::vector<std::int32_t> all;
    if (over_hyperedges) {
        for (const std::int32_t h : graph->memberships[rounding])
            if (shows_hyperedge(h)) all.push_back(h);
    } else {
        for (const std::int32_t w : graph->neighbours[rounding]) all.push_back(w);
        for (const std::int32_t h : graph->memberships[rounding])
            if (shows_hyperedge(h) && all.size() < 100'000)
                for (const std::int32_t w : graph->members[h])
                    if (w != rounding) all.push_back(w);
        std::erase_if(all, [this](std::int32_t w) { return !shows_node(w) || !has_place(w); });
        std::ranges::sort(all);
        all.erase(std::ranges::unique(all).begin(), all.end());
    }
    if (all.empty()) return;
    const std::int32_t now = over_hyperedges ? rounding_edge : current;
    const auto found = std::ranges::find(all, now);
    const std::int64_t count = std::int64_t(all.size());
    const std::int64_t at = found == all.end() ? (by > 0 ? 0 : count - 1) : (found - all.begin() + by + count) % count;
    if (over_hyperedges) {
        rounding_edge = all[std::size_t(at)];
        selection->hover(-1, rounding_edge);
    } else {
        q->set_current(all[std::size_t(at)]);
        selection->hover(current, -1);
    }
}

bool GraphView::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {   // single letters are ours while we have the focus
        const int key = static_cast<QKeyEvent*>(event)->key();
        const bool plain = !(static_cast<QKeyEvent*>(event)->modifiers() & (Qt::ControlModifier | Qt::AltModifier));
        const bool escapes = key == Qt::Key_Escape && (m->focused >= 0 || !m->selection->is_empty());
        if (escapes || (plain && (key == Qt::Key_F || key == Qt::Key_N || key == Qt::Key_E || key == Qt::Key_G || key == Qt::Key_L || key == Qt::Key_Plus || key == Qt::Key_Minus || key == Qt::Key_Equal))) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void GraphView::keyPressEvent(QKeyEvent* event) {
    if (m->is_empty()) return QWidget::keyPressEvent(event);
    const int key = event->key();
    const bool shift = event->modifiers().testFlag(Qt::ShiftModifier), control = event->modifiers().testFlag(Qt::ControlModifier);
    const QPointF by = key == Qt::Key_Left ? QPointF(-1, 0) : key == Qt::Key_Right ? QPointF(1, 0) : key == Qt::Key_Up ? QPointF(0, -1) : key == Qt::Key_Down ? QPointF(0, 1) : QPointF();
    const QPointF middle(m->plane_size().width() / 2.0, m->plane_size().height() / 2.0);
    if (!by.isNull() && !control) {
        if (shift) m->step_current(by);
        else pan(-48 * by);
    } else if (!by.isNull()) {
        const std::int32_t node = m->current;
        if (!m->movable || m->style == GraphStyle::line_graph || node < 0 || !m->shows_node(node) || !m->has_place(node)) return;
        m->move_node(node, m->place_in_widget(node) + 8 * by);
        m->tell_moved(node);
    } else if (event->matches(QKeySequence::Copy)) {
        const GraphScene scene = m->scene();   // it has only ids of this graph
        QStringList names;
        for (const std::int32_t v : scene.selected_nodes) names << scene.name_of_node(v);
        for (const std::int32_t h : scene.selected_hyperedges) names << scene.name_of_hyperedge(h);
        QApplication::clipboard()->setText(names.join(u'\n'));
    } else if (event->matches(QKeySequence::SelectAll)) {
        m->selection->select_nodes(m->shown_nodes());
    } else if (control) {
        QWidget::keyPressEvent(event);
    } else if (key == Qt::Key_Plus || key == Qt::Key_Equal) {
        zoom(std::numbers::sqrt2, middle);
    } else if (key == Qt::Key_Minus) {
        zoom(1 / std::numbers::sqrt2, middle);
    } else if (key == Qt::Key_F) {
        fit();
    } else if (key == Qt::Key_L) {
        set_lens(!m->lens);
    } else if (key == Qt::Key_N || key == Qt::Key_E) {
        m->step_round(key == Qt::Key_E, shift ? -1 : 1);
    } else if (key == Qt::Key_G) {
        const std::int32_t node = m->current >= 0 ? m->current : m->selection->nodes().empty() ? -1 : m->selection->nodes().front();
        if (node >= 0) focus_on(node, node == m->focused ? m->focus_steps + 1 : 1);
    } else if (key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Space) {
        const SelectHow how = key == Qt::Key_Space ? SelectHow::toggle : SelectHow::replace;
        if (m->selection->hovered_hyperedge() >= 0) {
            m->selection->select_hyperedges({m->selection->hovered_hyperedge()}, how);
        } else if (m->current >= 0) {
            const bool again = how == SelectHow::replace && m->selection->nodes() == std::vector{m->current};
            m->rounding = m->current;
            m->selection->select_nodes({m->current}, how);
            if (again) Q_EMIT node_activated(m->current);
        }
    } else if (key == Qt::Key_Escape && m->grip == GraphGrip::rectangle) {
        m->grip = GraphGrip::none;
        update();
    } else if (key == Qt::Key_Escape && (m->focused >= 0 || !m->selection->is_empty() || m->selection->hovered_hyperedge() >= 0)) {
        m->selection->hover(-1, -1);
        if (m->focused >= 0) clear_focus();
        else m->selection->clear();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void GraphView::contextMenuEvent(QContextMenuEvent* event) {
    if (event->reason() == QContextMenuEvent::Mouse) {
        const std::int32_t node = m->node_at(event->pos()), hyperedge = node >= 0 ? -1 : m->hyperedge_at(event->pos());
        if (node >= 0) set_current(node);
        if (hyperedge >= 0 && !m->selection->has_hyperedge(hyperedge)) m->selection->select({}, {hyperedge});
    }
    QMenu menu(this);
    fill_menu(&menu);
    menu.exec(event->globalPos());
}

void GraphView::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
        m->find_marks();
        m->change();
    }
    QWidget::changeEvent(event);
}

}
