#include "widgets/cache_map.h"
#include "core/base/error.h"
#include "widgets/theme.h"
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPointer>
#include <QUndoStack>
#include <algorithm>
#include <cmath>

namespace lathe {

class MapCommand : public QUndoCommand {
public:
    MapCommand(CacheMap* map, std::vector<quint8> before, std::vector<quint8> after, const QString& text) : QUndoCommand(text), m_map(map), m_before(std::move(before)), m_after(std::move(after)) {}
    void undo() override { if (m_map) m_map->restore(m_before); }
    void redo() override {
        if (m_map && m_done) m_map->restore(m_after);
        m_done = true;
    }
private:
    QPointer<CacheMap> m_map;
    std::vector<quint8> m_before, m_after;
    bool m_done = false;
};

namespace {

constexpr int kMaxSide = 4096;

QRect spanned(const QPoint& a, const QPoint& b) { return QRect(QPoint(std::min(a.x(), b.x()), std::min(a.y(), b.y())), QPoint(std::max(a.x(), b.x()), std::max(a.y(), b.y()))); }

}

CacheMap::CacheMap(QWidget* parent) : QWidget(parent), m_cells(std::size_t(m_steps) * m_blocks, 0), m_previews(std::size_t(m_steps)) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Cache map"));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

CacheMap::~CacheMap() = default;

QSize CacheMap::sizeHint() const { return {760, (m_show_previews ? 76 : 8) + m_blocks * 17 + 26}; }
QSize CacheMap::minimumSizeHint() const { return {320, (m_show_previews ? 76 : 8) + std::min(m_blocks, 12) * 9 + 26}; }

void CacheMap::set_shape(int steps, int blocks) {
    steps = std::clamp(steps, 1, kMaxSide);
    blocks = std::clamp(blocks, 1, kMaxSide);
    if (steps == m_steps && blocks == m_blocks) return;
    std::vector<quint8> cells(std::size_t(steps) * blocks, 0);
    for (int b = 0; b < std::min(blocks, m_blocks); ++b)
        for (int s = 0; s < std::min(steps, m_steps); ++s) cells[std::size_t(b) * steps + s] = m_cells[std::size_t(b) * m_steps + s];
    m_cells = std::move(cells);
    m_steps = steps;
    m_blocks = blocks;
    m_previews.assign(std::size_t(steps), {});
    m_selection = {};
    m_gesture = Gesture::none;
    m_cursor = m_anchor = {};
    m_hover = {-1, -1};
    if (m_current >= steps) m_current = steps - 1;
    updateGeometry();
    update();
    Q_EMIT span_changed();
}

void CacheMap::set_cells(const std::vector<quint8>& cells) {
    Q_ASSERT(cells.size() == m_cells.size());
    if (cells.size() != m_cells.size() || cells == m_cells) return;
    m_cells = cells;
    update();
}

Json CacheMap::grid() const { return {{"rows", m_blocks}, {"cols", m_steps}, {"dtype", "u8"}, {"data", m_cells}}; }

void CacheMap::set_grid(const Json& grid) {
    const auto fail = [](const std::string& what) { throw Error(ErrorCode::wrong_format, what, "cache map", "Give {\"rows\", \"cols\", \"dtype\": \"u8\", \"data\"} with rows*cols values of 0 or 1."); };
    if (!grid.is_object() || !grid.contains("rows") || !grid.contains("cols") || !grid.contains("data") || !grid["data"].is_array()) fail("A cache map needs rows, cols and data.");
    const auto rows = int_member(grid, "rows", "cache map"), cols = int_member(grid, "cols", "cache map");
    if (rows < 1 || cols < 1 || rows > kMaxSide || cols > kMaxSide || grid["data"].size() != std::size_t(rows) * std::size_t(cols)) fail("The size of a cache map does not fit its data.");
    std::vector<quint8> cells;
    cells.reserve(grid["data"].size());
    for (const Json& value : grid["data"]) {
        if (!value.is_number()) fail("A cell of a cache map is not a number.");
        cells.push_back(value.get<double>() != 0);
    }
    set_shape(int(cols), int(rows));
    set_cells(cells);
}

int CacheMap::source_step(int step, int block) const {
    for (int s = step - 1; s >= 0; --s)
        if (!reuses(s, block)) return s;
    return -1;
}

void CacheMap::set_editable(bool editable, const QString& reason) { m_editable = editable; m_reason = reason; update(); }

void CacheMap::set_switch(int step, const QString& outline, const QString& detail) {
    m_switch = step;
    m_outline = outline.isEmpty() ? tr("outline stage: rear blocks reuse Δ") : outline;
    m_detail = detail.isEmpty() ? tr("detail stage: front blocks reuse Δ") : detail;
    update();
}

void CacheMap::set_mode(MapMode mode) { m_mode = mode; update(); }
void CacheMap::set_stale(bool stale) { m_stale = stale; update(); }
void CacheMap::set_frame_open(bool open) { m_frame_open = open; update(); }
void CacheMap::set_streaming(int next_step) { m_streaming = next_step; update(); }

void CacheMap::set_current_step(int step) {
    step = std::clamp(step, -1, m_steps - 1);
    if (step == m_current) return;
    m_current = step;
    update();
}

void CacheMap::set_preview(int step, const QImage& image) {
    if (step < 0 || step >= m_steps) return;
    m_previews[std::size_t(step)] = image;
    update();
}

void CacheMap::clear_previews() {
    m_previews.assign(std::size_t(m_steps), {});
    update();
}

void CacheMap::set_previews_visible(bool visible) {
    m_show_previews = visible;
    updateGeometry();
    update();
}

void CacheMap::select(const QRect& cells) {
    const QRect inside = cells & QRect(0, 0, m_steps, m_blocks);
    if (inside == m_selection) return;
    m_selection = inside;
    update();
    Q_EMIT selection_changed(m_selection);
}

// --- editing
void CacheMap::set_cell(int step, int block, bool reuse) {
    if (step == 0 && reuse) return;   // nothing lies before the first step
    m_cells[std::size_t(block) * m_steps + step] = reuse;
}

void CacheMap::push(const std::vector<quint8>& before, const QString& text) {
    if (before == m_cells) return;
    if (m_undo) m_undo->push(new MapCommand(this, before, m_cells, text));
    Q_EMIT cells_changed(false);
}

void CacheMap::restore(const std::vector<quint8>& cells) {
    if (cells.size() != m_cells.size()) return;   // the map had another shape then
    m_cells = cells;
    update();
    Q_EMIT cells_changed(false);
}

void CacheMap::fill(const QRect& cells, bool reuse, const QString& text) {
    if (!m_editable || cells.isEmpty()) return;
    const std::vector<quint8> before = m_cells;
    for (int s = cells.left(); s <= cells.right(); ++s)
        for (int b = cells.top(); b <= cells.bottom(); ++b) set_cell(s, b, reuse);
    update();
    push(before, text);
}

void CacheMap::clear_all() { fill(QRect(0, 0, m_steps, m_blocks), false, tr("Clear map")); }

/// All cells on the way: a fast hand skips none.
void CacheMap::paint_line(const QPoint& from, const QPoint& to) {
    const int count = std::max(std::abs(to.x() - from.x()), std::abs(to.y() - from.y()));
    for (int i = 0; i <= count; ++i) {
        const double t = count ? double(i) / count : 0;
        const QPoint cell(int(std::lround(from.x() + t * (to.x() - from.x()))), int(std::lround(from.y() + t * (to.y() - from.y()))));
        set_cell(cell.x(), cell.y(), m_stroke_value);
        m_touched = m_touched.isNull() ? QRect(cell, QSize(1, 1)) : m_touched.united(QRect(cell, QSize(1, 1)));
    }
}

void CacheMap::paint_rectangle(const QRect& cells) {
    m_cells = m_before;
    m_touched = cells;
    for (int s = cells.left(); s <= cells.right(); ++s)
        for (int b = cells.top(); b <= cells.bottom(); ++b) set_cell(s, b, m_stroke_value);
}

void CacheMap::mousePressEvent(QMouseEvent* event) {
    const bool left = event->button() == Qt::LeftButton, right = event->button() == Qt::RightButton;
    if (!left && !right) { event->ignore(); return; }
    const QPoint cell = cell_at(event->position(), false);
    if (cell.x() < 0) {
        const QPoint near = cell_at(event->position(), true);
        const Layout l = layout();
        if (left && (l.previews.contains(event->position()) || l.axis.contains(event->position()) || l.brackets.contains(event->position()))) {
            m_gesture = Gesture::scrub;
            Q_EMIT step_chosen(near.x());
        }
        return;
    }
    m_press = m_last = cell;
    m_before = m_cells;
    m_touched = {};
    m_cursor = cell;
    if (m_mode == MapMode::select && left) {
        if (!(event->modifiers() & Qt::ShiftModifier)) m_anchor = cell;
        m_gesture = Gesture::select;
        select(spanned(m_anchor, cell));
        Q_EMIT step_chosen(cell.x());
        return;
    }
    m_anchor = cell;
    if (!m_editable) {
        if (left) Q_EMIT step_chosen(cell.x());
        return;
    }
    select({});
    m_stroke_value = left && m_mode == MapMode::paint;
    m_gesture = event->modifiers() & Qt::ShiftModifier ? Gesture::rectangle : Gesture::stroke;
    if (m_gesture == Gesture::rectangle) paint_rectangle(QRect(cell, QSize(1, 1)));
    else paint_line(cell, cell);
    update();
    if (m_cells != m_before) Q_EMIT cells_changed(true);
}

void CacheMap::mouseMoveEvent(QMouseEvent* event) {
    const QPoint over = cell_at(event->position(), false);
    if (over != m_hover) {
        m_hover = over;
        update();
        Q_EMIT cell_hovered(over.x(), over.y());
    }
    if (m_gesture == Gesture::none) return;
    const QPoint cell = cell_at(event->position(), true);
    if (m_gesture == Gesture::scrub) {
        if (cell.x() != m_current) Q_EMIT step_chosen(cell.x());
        return;
    }
    if (cell == m_last) return;
    if (m_gesture == Gesture::select) {
        select(spanned(m_anchor, cell));
    } else {
        const std::vector<quint8> was = m_cells;
        if (m_gesture == Gesture::rectangle) paint_rectangle(spanned(m_press, cell));
        else paint_line(m_last, cell);
        if (m_cells != was) Q_EMIT cells_changed(true);
    }
    m_last = m_cursor = cell;
    update();
}

void CacheMap::mouseReleaseEvent(QMouseEvent*) {
    const Gesture gesture = std::exchange(m_gesture, Gesture::none);
    if (gesture == Gesture::stroke || gesture == Gesture::rectangle) {
        const QString where = describe(m_touched).value(0);
        push(m_before, m_stroke_value ? tr("Paint %1").arg(where.left(1).toLower() + where.mid(1)) : tr("Clear %1").arg(where.left(1).toLower() + where.mid(1)));
        if (m_press == m_last) Q_EMIT step_chosen(m_press.x());
        update();
    }
}

void CacheMap::leaveEvent(QEvent*) {
    if (m_hover.x() < 0) return;
    m_hover = {-1, -1};
    update();
    Q_EMIT cell_hovered(-1, -1);
}

void CacheMap::move_cursor(const QPoint& to, bool extend) {
    m_cursor = {std::clamp(to.x(), 0, m_steps - 1), std::clamp(to.y(), 0, m_blocks - 1)};
    if (!extend) m_anchor = m_cursor;
    select(spanned(m_anchor, m_cursor));
    update();
}

void CacheMap::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier, control = event->modifiers() & Qt::ControlModifier;
    const QRect target = m_selection.isEmpty() ? QRect(m_cursor, QSize(1, 1)) : m_selection;
    switch (event->key()) {
    case Qt::Key_Left: move_cursor(m_cursor + QPoint(-1, 0), shift); return;
    case Qt::Key_Right: move_cursor(m_cursor + QPoint(1, 0), shift); return;
    case Qt::Key_Up: move_cursor(m_cursor + QPoint(0, -1), shift); return;
    case Qt::Key_Down: move_cursor(m_cursor + QPoint(0, 1), shift); return;
    case Qt::Key_Home: Q_EMIT step_chosen(0); return;
    case Qt::Key_End: Q_EMIT step_chosen(m_steps - 1); return;
    case Qt::Key_BracketLeft: Q_EMIT step_chosen(std::max(0, m_current - 1)); return;
    case Qt::Key_BracketRight: Q_EMIT step_chosen(std::min(m_steps - 1, m_current + 1)); return;
    case Qt::Key_Return: case Qt::Key_Enter: {
        if (control) break;
        const QString where = describe(target).value(0);
        fill(target, true, tr("Paint %1").arg(where.left(1).toLower() + where.mid(1)));
        return;
    }
    case Qt::Key_Backspace: case Qt::Key_Delete: {
        const QString where = describe(target).value(0);
        fill(target, false, tr("Clear %1").arg(where.left(1).toLower() + where.mid(1)));
        return;
    }
    case Qt::Key_A:
        if (!control) break;
        m_anchor = {0, 0};
        select(QRect(0, 0, m_steps, m_blocks));
        return;
    case Qt::Key_Escape:
        if (m_gesture == Gesture::stroke || m_gesture == Gesture::rectangle) {   // drop the drag
            m_gesture = Gesture::none;
            m_cells = m_before;
            update();
            Q_EMIT cells_changed(false);
            return;
        }
        if (!m_selection.isEmpty()) { select({}); return; }
        break;
    default: break;
    }
    QWidget::keyPressEvent(event);
}

void CacheMap::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    if (event->reason() != Qt::MouseFocusReason && m_selection.isEmpty()) move_cursor(m_cursor, false);
}

void CacheMap::resizeEvent(QResizeEvent*) { Q_EMIT span_changed(); }

void CacheMap::contextMenuEvent(QContextMenuEvent* event) {
    if (event->reason() == QContextMenuEvent::Mouse) return;   // the right button clears cells
    const QRect target = m_selection.isEmpty() ? QRect(m_cursor, QSize(1, 1)) : m_selection;
    QMenu menu(this);
    menu.addAction(tr("Show step %1").arg(target.left()), this, [this, target] { Q_EMIT step_chosen(target.left()); });
    menu.addSeparator();
    menu.addAction(tr("Reuse Δ here"), this, [this, target] { fill(target, true, tr("Paint map")); })->setEnabled(m_editable);
    menu.addAction(tr("Compute here"), this, [this, target] { fill(target, false, tr("Clear map")); })->setEnabled(m_editable);
    menu.addAction(tr("Compute everything"), this, &CacheMap::clear_all)->setEnabled(m_editable);
    menu.exec(mapToGlobal(cell_rect(target.left(), target.top()).center().toPoint()));
}

QRect CacheMap::run_at(const QPoint& cell) const {
    int top = cell.y(), bottom = cell.y();
    const bool state = reuses(cell.x(), cell.y());
    while (top > 0 && reuses(cell.x(), top - 1) == state) --top;
    while (bottom + 1 < m_blocks && reuses(cell.x(), bottom + 1) == state) ++bottom;
    return QRect(QPoint(cell.x(), top), QPoint(cell.x(), bottom));
}

QStringList CacheMap::describe(const QRect& cells) const {
    if (cells.isEmpty()) return {};
    const QString steps = cells.width() == 1 ? tr("Step %1").arg(cells.left()) : tr("Steps %1–%2").arg(cells.left()).arg(cells.right());
    const QString blocks = cells.height() == 1 ? tr("block %1").arg(cells.top()) : tr("blocks %1–%2").arg(cells.top()).arg(cells.bottom());
    int reused = 0, source = -2;
    for (int s = cells.left(); s <= cells.right(); ++s)
        for (int b = cells.top(); b <= cells.bottom(); ++b)
            if (reuses(s, b)) {
                ++reused;
                const int from = source_step(s, b);
                source = source == -2 || source == from ? from : -3;
            }
    QStringList lines{steps + QStringLiteral(", ") + blocks};
    if (reused == 0) {
        lines << (cells.right() == 0 && m_gesture != Gesture::none && m_stroke_value ? tr("nothing to reuse before the first step") : tr("computed"));
        return lines;
    }
    lines << (reused < cells.width() * cells.height() ? tr("%1 of %2 cells reuse Δ").arg(reused).arg(cells.width() * cells.height())
              : source >= 0                           ? tr("reuse Δ of step %1").arg(source)
                                                      : tr("reuse Δ"));
    lines << (m_saving ? m_saving(cells) : tr("saves %1 % of the blocks").arg(100.0 * reused / double(m_cells.size()), 0, 'f', 1));
    return lines;
}

}
