// Mouse, keyboard and what leaves a SetView.
#include "viewers/set_view_impl.h"
#include "viewers/table_view.h"
#include "viewers/view_export.h"
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMetaMethod>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe {

// --- what lies where

SetView::Impl::Place SetView::Impl::place_at(const QPointF& at) const {
    Place place;
    if (is_empty()) return place;
    const QRectF room = body();
    if (style == SetStyle::upset) {
        const double dots = room.top() + bars_height() + 8;
        const double row = std::floor((at.y() - dots) / set_row_height()), column = std::floor((at.x() - room.left() + scroll) / column_rect(0).width());
        if (at.y() > room.bottom()) return place;
        if (at.x() >= room.left() && column >= 0 && column < double(layout->intersections.size())) place.column = int(column);
        else if (row >= 0 && row < double(layout->sets.size())) place.row = int(row);
        return place;
    }
    if (at.x() > room.right() || at.y() > room.bottom()) return place;
    const double row = std::floor((at.y() - room.top() - top) / height), column = std::floor((at.x() - room.left() - left) / width);
    if (at.y() >= room.top() && row >= 0 && row < double(layout->rows.size())) place.row = int(row);
    if (at.x() >= room.left() && column >= 0 && column < double(layout->columns.size())) place.column = int(column);
    return place;
}

bool SetView::Impl::has_dot(int row, int column) const {
    if (is_empty() || row < 0 || column < 0 || row >= int(layout->rows.size()) || column >= int(layout->columns.size())) return false;
    return std::ranges::binary_search(graph->memberships[layout->rows[std::size_t(row)]], layout->columns[std::size_t(column)]);
}

QString SetView::Impl::text_at(const Place& place) const {
    if (is_empty() || (place.row < 0 && place.column < 0)) return {};
    if (style == SetStyle::upset) {
        if (place.column >= 0) {
            QStringList names;
            for (const std::int32_t h : layout->intersections[std::size_t(place.column)].hyperedges) names << hyperedge_text(h);
            return SetView::tr("%n node(s) in exactly: ", nullptr, int(layout->intersections[std::size_t(place.column)].nodes.size())) + names.join(QStringLiteral(", "));
        }
        return SetView::tr("%1: %n visible member(s)", nullptr, int(layout->set_sizes[std::size_t(place.row)])).arg(hyperedge_text(layout->sets[std::size_t(place.row)]));
    }
    QString text;
    if (place.row >= 0) text = node_text(layout->rows[std::size_t(place.row)]);
    if (place.column >= 0) {
        const std::int32_t h = layout->columns[std::size_t(place.column)];
        text += (text.isEmpty() ? QString() : QStringLiteral(", ")) + SetView::tr("%1 (%n member(s))", nullptr, int(graph->members.length(h))).arg(hyperedge_text(h));
    }
    if (place.row >= 0 && place.column >= 0) text += has_dot(place.row, place.column) ? SetView::tr(": member") : SetView::tr(": no member");
    return text;
}

void SetView::Impl::choose(const Place& place, bool toggle) {
    const SelectHow how = toggle ? SelectHow::toggle : SelectHow::replace;
    std::vector<std::int32_t> chosen_nodes, chosen_sets;
    if (style == SetStyle::upset) {
        if (place.column >= 0) chosen_nodes = layout->intersections[std::size_t(place.column)].nodes;
        else if (place.row >= 0) chosen_sets = {layout->sets[std::size_t(place.row)]};
    } else {
        if (place.row >= 0) chosen_nodes = {layout->rows[std::size_t(place.row)]};
        if (place.column >= 0) chosen_sets = {layout->columns[std::size_t(place.column)]};
    }
    if (how == SelectHow::replace) return selection->select(std::move(chosen_nodes), std::move(chosen_sets));
    if (!chosen_nodes.empty()) selection->select_nodes(std::move(chosen_nodes), how);
    if (!chosen_sets.empty()) selection->select_hyperedges(std::move(chosen_sets), how);
}

/// The keyboard's cell; comes into view.
void SetView::Impl::mark(Place place) {
    if (is_empty()) return;
    const bool sets = style == SetStyle::upset;
    place.row = std::clamp(place.row, sets ? -1 : 0, int(sets ? layout->sets.size() : layout->rows.size()) - 1);
    place.column = std::clamp(place.column, sets ? -1 : 0, int(sets ? layout->intersections.size() : layout->columns.size()) - 1);
    marked = place;
    const QRectF room = body();
    if (sets && place.column >= 0) {
        const QRectF column = column_rect(place.column);
        scroll += std::max(0.0, column.right() - room.right()) - std::max(0.0, room.left() - column.left());
    } else if (!sets) {
        const double x = left + place.column * width, y = top + place.row * height;
        left += std::max(0.0, -x) - std::max(0.0, x + width - room.width());
        top += std::max(0.0, -y) - std::max(0.0, y + height - room.height());
        selection->hover(layout->rows[std::size_t(place.row)], layout->columns[std::size_t(place.column)]);
    }
    keep_inside();
    redraw();
}

// --- mouse

void SetView::mousePressEvent(QMouseEvent* event) {
    if (m->is_empty() || (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton)) {
        event->ignore();
        return;
    }
    m->pressed = true;
    m->dragging = false;
    m->press = m->last = event->position();
}

void SetView::mouseMoveEvent(QMouseEvent* event) {
    if (m->pressed) {
        if (!m->dragging && (event->position() - m->press).manhattanLength() < QApplication::startDragDistance()) return;
        m->dragging = true;
        setCursor(Qt::ClosedHandCursor);
        pan(event->position() - m->last);
        m->last = event->position();
        return;
    }
    const Impl::Place place = m->place_at(event->position());
    if (place.row == m->hovered.row && place.column == m->hovered.column) return;
    m->hovered = place;
    if (place.row < 0 && place.column < 0) QToolTip::hideText();
    else QToolTip::showText(event->globalPosition().toPoint(), m->text_at(place), this);
    if (m->style == SetStyle::upset) m->selection->hover(-1, place.row >= 0 ? m->layout->sets[std::size_t(place.row)] : -1);
    else m->selection->hover(place.row >= 0 ? m->layout->rows[std::size_t(place.row)] : -1, place.column >= 0 ? m->layout->columns[std::size_t(place.column)] : -1);
    update();
}

void SetView::mouseReleaseEvent(QMouseEvent* event) {
    if (!m->pressed) return;
    m->pressed = false;
    unsetCursor();
    if (std::exchange(m->dragging, false) || event->button() != Qt::LeftButton) return;
    const Impl::Place place = m->place_at(event->position());
    const bool toggle = event->modifiers().testFlag(Qt::ControlModifier);
    if (place.row < 0 && place.column < 0) {
        if (!toggle) m->selection->clear();
        return;
    }
    m->marked = place;
    m->choose(place, toggle);
    update();
}

void SetView::mouseDoubleClickEvent(QMouseEvent* event) {
    const Impl::Place place = m->place_at(event->position());
    if (event->button() == Qt::LeftButton && place.row < 0 && place.column < 0) fit();
}

void SetView::wheelEvent(QWheelEvent* event) {
    const QPoint delta = event->angleDelta();
    if (m->is_empty() || delta.isNull()) {
        event->ignore();
        return;
    }
    if (m->style == SetStyle::upset) pan({double(delta.y() + delta.x()) * 0.5, 0});
    else zoom(std::pow(std::numbers::sqrt2, delta.y() / 120.0), event->position());
    event->accept();
}

void SetView::leaveEvent(QEvent*) {
    m->hovered = {};
    m->selection->hover(-1, -1);
    update();
}

// --- keyboard

bool SetView::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {   // these keys are ours while we have the focus
        const auto* pressed = static_cast<QKeyEvent*>(event);
        const int key = pressed->key();
        const bool plain = !(pressed->modifiers() & (Qt::ControlModifier | Qt::AltModifier));
        const bool escapes = key == Qt::Key_Escape && (m->marked.row >= 0 || m->marked.column >= 0 || !m->selection->is_empty());
        if (escapes || (plain && (key == Qt::Key_F || key == Qt::Key_Plus || key == Qt::Key_Minus || key == Qt::Key_Equal))) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void SetView::keyPressEvent(QKeyEvent* event) {
    const int key = event->key();
    const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
    const QPoint by = key == Qt::Key_Left ? QPoint(-1, 0) : key == Qt::Key_Right ? QPoint(1, 0) : key == Qt::Key_Up ? QPoint(0, -1) : key == Qt::Key_Down ? QPoint(0, 1) : QPoint();
    const QPointF middle = m->body().center();
    const bool has_mark = m->marked.row >= 0 || m->marked.column >= 0;
    if (m->is_empty()) return QWidget::keyPressEvent(event);
    if (!by.isNull() && shift) pan(-48 * QPointF(by));
    else if (!by.isNull() && m->style == SetStyle::upset) {
        // Left and right go along the intersections, up and down along the sets.
        if (by.x()) m->mark({-1, std::max(0, m->marked.column + by.x())});
        else m->mark({std::max(0, m->marked.row + by.y()), -1});
    } else if (!by.isNull()) {
        m->mark(has_mark ? Impl::Place{m->marked.row + by.y(), m->marked.column + by.x()} : Impl::Place{std::max(0, int(-m->top / m->height)), std::max(0, int(-m->left / m->width))});
    } else if (key == Qt::Key_Plus || key == Qt::Key_Equal) zoom(std::numbers::sqrt2, middle);
    else if (key == Qt::Key_Minus) zoom(1 / std::numbers::sqrt2, middle);
    else if (key == Qt::Key_F) fit();
    else if ((key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Space) && has_mark) m->choose(m->marked, key == Qt::Key_Space);
    else if (event->matches(QKeySequence::Copy)) QApplication::clipboard()->setText(has_mark ? m->text_at(m->marked) : as_csv());
    else if (key == Qt::Key_Escape && (has_mark || !m->selection->is_empty())) {
        m->marked = {};
        m->selection->hover(-1, -1);
        m->selection->clear();
        update();
    } else QWidget::keyPressEvent(event);
}

void SetView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    fill_menu(&menu);
    menu.exec(event->globalPos());
}

void SetView::fill_menu(QMenu* menu) {
    const bool any = !m->is_empty(), has_mark = m->marked.row >= 0 || m->marked.column >= 0;
    menu->addAction(tr("Copy value"), this, [this] { QApplication::clipboard()->setText(m->text_at(m->marked)); })->setEnabled(has_mark);
    menu->addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(render()); });
    menu->addAction(tr("Fit"), this, &SetView::fit)->setEnabled(any);
    if (m->style == SetStyle::upset) {
        const std::vector<std::int32_t> chosen = m->selection->hyperedges();
        menu->addAction(tr("Show the selected hyperedges as sets"), this, [this, chosen] { set_shown_sets(chosen); })->setEnabled(!chosen.empty());
        menu->addAction(tr("Show the largest sets"), this, [this] { set_shown_sets({}); })->setEnabled(!m->asked_sets.empty());
    } else {
        const auto set_checked = [](QAction* action, bool on) {
            action->setCheckable(true);
            action->setChecked(on);
        };
        const std::pair<NodeOrder, QString> of_nodes[] = {{NodeOrder::given, tr("As given")}, {NodeOrder::degree, tr("By hyperedges, most first")}, {NodeOrder::classes, tr("By class")}, {NodeOrder::clusters, tr("Same hyperedges side by side")}};
        QMenu* rows_menu = menu->addMenu(tr("Order of the nodes"));
        for (const auto& entry : of_nodes) set_checked(rows_menu->addAction(entry.second, this, [this, by = entry.first] { set_order(by, m->hyperedge_order); }), entry.first == m->node_order);
        const std::pair<HyperedgeOrder, QString> of_hyperedges[] = {{HyperedgeOrder::given, tr("As given")}, {HyperedgeOrder::size, tr("By members, most first")}, {HyperedgeOrder::first_member, tr("By the first member")}};
        QMenu* columns_menu = menu->addMenu(tr("Order of the hyperedges"));
        for (const auto& entry : of_hyperedges) set_checked(columns_menu->addAction(entry.second, this, [this, by = entry.first] { set_order(m->node_order, by); }), entry.first == m->hyperedge_order);
    }
    menu->addSeparator();
    menu->addAction(tr("Show as table"), this, &SetView::show_as_table)->setEnabled(any);
    menu->addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Export the sets"), QStringLiteral("sets.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    })->setEnabled(any);
}

// --- out

QImage SetView::render(qreal scale) const {
    QImage image((QSizeF(size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    QPainter painter(&image);
    m->paint(painter, size());
    return image;
}

bool SetView::export_file(const QString& file) const {
    if (QFileInfo(file).suffix().toLower() == u"csv") return write_text(file, csv_of_run(as_csv(), shown_run(this)));
    return write_view(file, size(), [this](QPainter& painter) { m->paint(painter, size()); }, shown_run(this));
}

QString SetView::as_csv() const {
    QString text;
    if (m->style == SetStyle::upset) {
        text = tr("Hyperedges") + u',' + tr("Nodes") + QStringLiteral("\r\n");
        for (const SetIntersection& part : intersections()) {
            QStringList names;
            for (const std::int32_t h : part.hyperedges) names << m->hyperedge_text(h);
            text += csv_cell(names.join(QStringLiteral(" + "))) + u',' + QString::number(part.nodes.size()) + QStringLiteral("\r\n");
        }
        return text;
    }
    text = tr("Node") + u',' + tr("Hyperedge") + QStringLiteral("\r\n");
    for (const std::int32_t v : rows())
        for (const std::int32_t h : m->graph->memberships[v])
            if (m->layout->column_of[std::size_t(h)] >= 0) text += csv_cell(m->node_text(v)) + u',' + csv_cell(m->hyperedge_text(h)) + QStringLiteral("\r\n");
    return text;
}

void SetView::show_as_table() {
    QStringList heads;
    QList<QVariantList> rows;
    if (m->style == SetStyle::upset) {
        heads = {tr("Hyperedges"), tr("Sets"), tr("Nodes")};
        for (const SetIntersection& part : intersections()) {
            QStringList names;
            for (const std::int32_t h : part.hyperedges) names << m->hyperedge_text(h);
            rows << QVariantList{names.join(QStringLiteral(", ")), qlonglong(part.hyperedges.size()), qlonglong(part.nodes.size())};
        }
    } else {
        heads = {tr("Hyperedge"), tr("Members"), tr("First node")};
        for (const std::int32_t h : columns()) {
            const auto members = m->graph->members[h];
            rows << QVariantList{m->hyperedge_text(h), qlonglong(members.size()), members.empty() ? QString() : m->node_text(members.front())};
        }
    }
    if (isSignalConnected(QMetaMethod::fromSignal(&SetView::table_requested))) Q_EMIT table_requested(heads, rows);
    else show_table_window(this, tr("Sets"), heads, rows);
}

// --- a table of cells, or of intersections

QSize SetView::accessible_size() const {
    if (m->is_empty()) return {0, 0};
    return m->style == SetStyle::upset ? QSize(2, int(intersections().size())) : QSize(int(columns().size()), int(rows().size()));
}

QString SetView::accessible_head(int index, bool is_row) const {
    const QSize size = accessible_size();
    if (index < 0 || index >= (is_row ? size.height() : size.width())) return {};
    if (m->style == SetStyle::upset) return is_row ? QString::number(index + 1) : index == 0 ? tr("Hyperedges") : tr("Nodes");
    return is_row ? m->node_text(rows()[std::size_t(index)]) : m->hyperedge_text(columns()[std::size_t(index)]);
}

QString SetView::accessible_cell(int row, int column) const {
    const QSize size = accessible_size();
    if (row < 0 || column < 0 || row >= size.height() || column >= size.width()) return {};
    if (m->style != SetStyle::upset) return m->text_at({row, column});
    return column == 0 ? m->text_at({-1, row}) : QString::number(intersections()[std::size_t(row)].nodes.size());
}

QRect SetView::accessible_cell_rect(int row, int column) const {
    if (accessible_cell(row, column).isEmpty()) return {};
    if (m->style == SetStyle::upset) return m->column_rect(row).toAlignedRect();
    const QPointF at = cell_centre(rows()[std::size_t(row)], columns()[std::size_t(column)]);
    return QRectF(at.x() - m->width / 2, at.y() - m->height / 2, m->width, m->height).toAlignedRect();
}

QRect SetView::accessible_selection() const {
    if (m->style == SetStyle::upset) return m->marked.column < 0 ? QRect() : QRect(0, m->marked.column, 2, 1);
    return m->marked.row < 0 || m->marked.column < 0 ? QRect() : QRect(m->marked.column, m->marked.row, 1, 1);
}

}
