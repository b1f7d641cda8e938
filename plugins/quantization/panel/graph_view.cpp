#include "plugins/quantization/panel/graph_view.h"
#include "viewers/accessible.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QWheelEvent>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr double kColumn = 190, kLayer = 64, kNodeWidth = 160, kNodeHeight = 30, kMargin = 24, kLine = 46;
constexpr double kLeastScale = 0.08, kMostScale = 3;

/// Bits of a quantizer in a rounded mark.
void draw_mark(QPainter& painter, const QPointF& centre, const QString& text, bool filled) {
    const ThemeColours& c = theme_colours();
    const QRectF mark(centre.x() - 17, centre.y() - 8, 34, 16);
    painter.setPen(QPen(c.accent, 1.25));
    painter.setBrush(filled ? c.sel : c.base);
    painter.drawRoundedRect(mark, 8, 8);
    painter.setPen(c.text);
    painter.setFont(Theme::instance().font(11));
    painter.drawText(mark, Qt::AlignCenter, text);
}

}

GraphView::GraphView(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Graph of the network"));
    setAccessibleDescription(tr("Nodes from top to bottom in the order they run, with their quantizers."));
}

void GraphView::show_network(const Network& network, const QList<ShownLayer>& layers) {
    const bool same = network.nodes.size() == m_network.nodes.size() &&
                      std::equal(network.nodes.begin(), network.nodes.end(), m_network.nodes.begin(), [](const NodeRow& a, const NodeRow& b) { return a.node == b.node && a.inputs == b.inputs; });
    const QString before = chosen();
    m_network = network;
    m_bits.clear();
    m_value_bits.clear();
    for (const ShownLayer& layer : layers) {
        m_bits.insert(layer.row.node, layer.bits);
        if (layer.has_input_quantizer) m_value_bits.insert(layer.row.input, layer.bits.activation);
    }
    if (!same) {
        m_index.clear();
        m_edges.clear();
        for (int i = 0; i < network.nodes.size(); ++i) m_index.insert(network.nodes[i].node, i);
        for (int i = 0; i < network.nodes.size(); ++i)
            for (const QString& input : network.nodes[i].inputs)
                if (const auto from = m_index.constFind(input); from != m_index.cend()) m_edges << std::pair(*from, i);
        m_places = lay_out(int(network.nodes.size()), m_edges);
        m_chosen = m_index.value(before, -1);
        m_fitted = true;
        fit();
    }
    update();
}

void GraphView::select(const QStringList& nodes, const QString& current) {
    m_selected = nodes;
    if (const int at = m_index.value(current, -1); at >= 0 && at != m_chosen) {
        m_chosen = at;
        show_chosen();
    }
    update();
}

QString GraphView::chosen() const { return m_chosen >= 0 && m_chosen < m_network.nodes.size() ? m_network.nodes[m_chosen].node : QString(); }

int GraphView::weight_bits(int index) const {
    const NodeRow& node = m_network.nodes[index];
    const auto layer = m_bits.constFind(node.node);
    return layer == m_bits.cend() ? node.weight_bits : layer->weight;
}

int GraphView::activation_bits(int index) const {
    const NodeRow& node = m_network.nodes[index];
    return node.activation_bits > 0 ? m_value_bits.value(node.node, node.activation_bits) : 0;
}

// --- places

QRectF GraphView::rect_of(int index) const {
    const QPointF at = m_places.centre[index];
    return QRectF(kMargin + (at.x() - m_places.left) * kColumn, kMargin + at.y() * kLayer, kNodeWidth, kNodeHeight);
}

QRectF GraphView::whole() const { return QRectF(0, 0, 2 * kMargin + (m_places.right - m_places.left) * kColumn + kNodeWidth, 2 * kMargin + std::max(0, m_places.layers - 1) * kLayer + kNodeHeight + 20); }

QRectF GraphView::node_rect(const QString& node) const {
    const int at = m_index.value(node, -1);
    if (at < 0) return {};
    const QRectF rect = rect_of(at);
    return {rect.topLeft() * m_scale + m_offset, rect.size() * m_scale};
}

/// The width fits; a deep network is not made smaller than can be read, but scrolled.
void GraphView::fit() {
    const QRectF all = whole();
    const double room = height() - kLine;
    m_scale = std::clamp(std::min((width() - 8.0) / all.width(), std::max(room / all.height(), 1.0)), kLeastScale, 1.25);
    m_offset = {(width() - all.width() * m_scale) / 2, all.height() * m_scale < room ? (room - all.height() * m_scale) / 2 : 0};
    m_fitted = true;
    if (m_chosen >= 0) show_chosen();
    update();
}

void GraphView::show_chosen() {
    const QRectF at = node_rect(chosen());
    const QRectF room(12, 12, std::max(1.0, width() - 24.0), std::max(1.0, height() - kLine - 24));
    if (at.top() < room.top() || at.bottom() > room.bottom()) m_offset.ry() += room.center().y() - at.center().y();
    if (at.left() < room.left() || at.right() > room.right()) m_offset.rx() += room.center().x() - at.center().x();
}

int GraphView::node_at(const QPointF& position) const {
    const QPointF there = (position - m_offset) / m_scale;
    for (int i = 0; i < m_places.centre.size(); ++i)
        if (rect_of(i).adjusted(-6, -2, 6, 14).contains(there)) return i;
    return -1;
}

void GraphView::zoom(double factor, const QPointF& about) {
    const double next = std::clamp(m_scale * factor, kLeastScale, kMostScale);
    m_offset = about - (about - m_offset) * (next / m_scale);
    m_scale = next;
    m_fitted = false;
    update();
}

// --- painting

void GraphView::draw_node(QPainter& painter, int index) const {
    const ThemeColours& c = theme_colours();
    const NodeRow& node = m_network.nodes[index];
    const QRectF rect = rect_of(index);
    const bool is_layer = m_bits.contains(node.node), selected = m_selected.contains(node.node);
    painter.setPen(QPen(index == m_chosen ? c.accent : is_layer ? c.edge : c.line2, index == m_chosen ? 2 : 1));
    painter.setBrush(selected ? c.sel : is_layer ? c.input : c.alt);
    painter.drawRoundedRect(rect, 4, 4);
    const int weights = weight_bits(index), value = activation_bits(index);
    painter.setPen(is_layer ? c.text : c.text2);
    painter.setFont(Theme::instance().font(12, selected));
    const QRectF text = rect.adjusted(is_layer ? 44 : 8, 0, -8, 0);
    const QString name = node.layer.isEmpty() ? node.node : node.layer;
    painter.drawText(text, (is_layer ? Qt::AlignLeft : Qt::AlignHCenter) | Qt::AlignVCenter, painter.fontMetrics().elidedText(name, Qt::ElideMiddle, int(text.width())));
    if (is_layer) draw_mark(painter, {rect.left() + 22, rect.center().y()}, weights > 0 ? QStringLiteral("W%1").arg(weights) : QStringLiteral("fp"), weights > 0);
    if (value > 0) draw_mark(painter, {rect.center().x(), rect.bottom() + 10}, QStringLiteral("A%1").arg(value), true);
}

void GraphView::draw(QPainter& painter) const {
    const ThemeColours& c = theme_colours();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    for (qsizetype e = 0; e < m_edges.size(); ++e) {
        const QList<QPointF>& way = m_places.edges[e];
        if (way.size() < 2) continue;
        QPainterPath path;
        const QRectF from = rect_of(m_edges[e].first), to = rect_of(m_edges[e].second);
        QPointF at(from.center().x(), from.bottom());
        path.moveTo(at);
        for (qsizetype i = 1; i < way.size(); ++i) {
            const bool last = i + 1 == way.size();
            const double x = kMargin + (way[i].x() - m_places.left) * kColumn + kNodeWidth / 2, y = kMargin + way[i].y() * kLayer;
            const QPointF next = last ? QPointF(to.center().x(), to.top()) : QPointF(x, y);
            const double half = (next.y() - at.y()) / 2;
            path.cubicTo(at + QPointF(0, half), next - QPointF(0, half), next);
            if (!last) path.lineTo(at = QPointF(x, y + kNodeHeight));
            else at = next;
        }
        const bool quantized = activation_bits(m_edges[e].first) > 0, mine = m_edges[e].first == m_chosen || m_edges[e].second == m_chosen;
        painter.setPen(QPen(mine ? c.accent : quantized ? c.axis : c.line2, mine ? 2 : 1.25, quantized ? Qt::SolidLine : Qt::DashLine));
        painter.drawPath(path);
    }
    for (int i = 0; i < m_network.nodes.size(); ++i) draw_node(painter, i);
}

QString GraphView::line() const {
    if (m_chosen < 0 || m_chosen >= m_network.nodes.size()) return tr("Click a node to see why it has a quantizer or not. Solid edges carry quantized values, dashed ones float.");
    const NodeRow& node = m_network.nodes[m_chosen];
    QStringList parts;
    const int weights = weight_bits(m_chosen), value = activation_bits(m_chosen);
    const auto facts_of = [](int bits, int told, const QString& range, const QString& scheme) {   // the grid that was told belongs to the bits that were
        return bits == told && !range.isEmpty() ? tr("%1 bit %2 %3").arg(bits).arg(range, scheme) : tr("%1 bit %2").arg(bits).arg(scheme);
    };
    if (m_bits.contains(node.node)) parts << (weights > 0 ? tr("weights %1").arg(facts_of(weights, node.weight_bits, node.weight_range, node.weight_scheme)) : tr("weights in float"));
    parts << (value > 0 ? tr("value %1").arg(facts_of(value, node.activation_bits, node.activation_range, node.activation_scheme)) : tr("value in float"));
    return parts.join(QStringLiteral(" · ")) + (node.why.isEmpty() ? QString() : QStringLiteral(" · ") + node.why);
}

void GraphView::paintEvent(QPaintEvent*) {
    const ThemeColours& c = theme_colours();
    QPainter painter(this);
    painter.fillRect(rect(), c.canvas);
    if (m_network.nodes.isEmpty()) {
        painter.setPen(c.text2);
        painter.setFont(Theme::instance().font(13));
        painter.drawText(rect(), Qt::AlignCenter, tr("The graph comes when a model is chosen."));
        return draw_view_focus(painter, this);
    }
    painter.save();
    painter.translate(m_offset);
    painter.scale(m_scale, m_scale);
    draw(painter);
    painter.restore();
    const QRectF foot(0, height() - kLine, width(), kLine);
    painter.fillRect(foot, c.base);
    painter.fillRect(QRectF(0, foot.top(), width(), 1), c.line);
    double left = 12;
    if (m_chosen >= 0) {
        const NodeRow& node = m_network.nodes[m_chosen];
        const QString name = (node.layer.isEmpty() ? node.node : node.layer) + QStringLiteral("  ") + node.type + (node.shape.isEmpty() ? QString() : QStringLiteral("  ") + node.shape);
        painter.setFont(Theme::instance().font(12, true));
        painter.setPen(c.text);
        painter.drawText(QRectF(left, foot.top() + 4, width() - 24, 18), Qt::AlignLeft | Qt::AlignVCenter, name);
    }
    painter.setFont(Theme::instance().font(12));
    painter.setPen(c.text2);
    painter.drawText(QRectF(left, foot.top() + (m_chosen >= 0 ? 22 : 12), width() - 24, 20), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(line(), Qt::ElideRight, width() - 24));
    draw_view_focus(painter, this);
}

// --- input

void GraphView::choose(int index) {
    if (index < 0 || index >= m_network.nodes.size()) return;
    m_chosen = index;
    show_chosen();
    setToolTip(line());
    announce_value(this);
    update();
    Q_EMIT node_chosen(m_network.nodes[index].node);
}

void GraphView::mousePressEvent(QMouseEvent* event) {
    m_press = event->position();
    m_offset_at_press = m_offset;
    m_dragging = false;
}

void GraphView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & (Qt::LeftButton | Qt::MiddleButton))) return;
    const QPointF by = event->position() - m_press;
    if (!m_dragging && by.manhattanLength() < QApplication::startDragDistance()) return;
    m_dragging = true;
    m_fitted = false;
    m_offset = m_offset_at_press + by;
    setCursor(Qt::ClosedHandCursor);
    update();
}

void GraphView::mouseReleaseEvent(QMouseEvent* event) {
    unsetCursor();
    if (m_dragging || event->button() != Qt::LeftButton) return;
    choose(node_at(event->position()));
}

void GraphView::wheelEvent(QWheelEvent* event) {
    if (event->angleDelta().y() != 0) zoom(std::pow(1.2, event->angleDelta().y() / 120.0), event->position());
    event->accept();
}

void GraphView::keyPressEvent(QKeyEvent* event) {
    const auto neighbour = [this](bool down) {
        for (const auto& [from, to] : m_edges) {
            if (down && from == m_chosen) return to;
            if (!down && to == m_chosen) return from;
        }
        return m_chosen < 0 && !m_network.nodes.isEmpty() ? 0 : -1;
    };
    switch (event->key()) {
    case Qt::Key_Down: return choose(neighbour(true));
    case Qt::Key_Up: return choose(neighbour(false));
    case Qt::Key_Right: return choose(m_chosen + 1);
    case Qt::Key_Left: return choose(m_chosen - 1);
    case Qt::Key_Home: return choose(0);
    case Qt::Key_End: return choose(int(m_network.nodes.size()) - 1);
    case Qt::Key_Plus: case Qt::Key_Equal: return zoom(1.2, rect().center());
    case Qt::Key_Minus: return zoom(1 / 1.2, rect().center());
    case Qt::Key_F: return fit();
    default: QWidget::keyPressEvent(event);
    }
}

void GraphView::resizeEvent(QResizeEvent*) {
    if (m_fitted) fit();
}

void GraphView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Fit"), this, &GraphView::fit);
    menu.addAction(tr("Copy why"), this, [this] { QApplication::clipboard()->setText(chosen() + QStringLiteral(": ") + line()); })->setEnabled(m_chosen >= 0);
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(window(), tr("Export the graph"), QStringLiteral("graph.svg"), tr("Drawing (*.svg);;Picture (*.png);;Document (*.pdf)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
    menu.exec(event->globalPos());
}

bool GraphView::export_file(const QString& file) const {
    const QRectF all = whole();
    return write_view(file, all.size().toSize(), [&](QPainter& painter) {
        painter.fillRect(all, theme_colours().canvas);
        draw(painter);
    }, shown_run(this));
}

// --- accessible

QString GraphView::accessible_head(int index, bool is_row) const {
    if (is_row) return index >= 0 && index < m_network.nodes.size() ? m_network.nodes[index].node : QString();
    return index == 0 ? tr("Weight bits") : index == 1 ? tr("Activation bits") : tr("Why");
}

QString GraphView::accessible_cell(int row, int column) const {
    if (row < 0 || row >= m_network.nodes.size()) return {};
    return column == 2 ? m_network.nodes[row].why : bits_text(column == 0 ? weight_bits(row) : activation_bits(row));
}

QRect GraphView::accessible_cell_rect(int row, int) const { return row >= 0 && row < m_network.nodes.size() ? node_rect(m_network.nodes[row].node).toRect() : QRect(); }
QRect GraphView::accessible_selection() const { return m_chosen < 0 ? QRect() : QRect(0, m_chosen, 3, 1); }

}
