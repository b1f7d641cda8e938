// What leaves a GraphView: files, tables, the menu, and what a screen reader hears.
#include "viewers/graph_view_impl.h"
#include "viewers/table_view.h"
#include "viewers/view_export.h"
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMetaMethod>
#include <QPainter>
#include <cmath>

namespace lathe {
namespace {

enum GraphColumn { kName, kDegree, kSets, kColouredBy };

QString graph_value(const NodeColouring& colouring, std::int32_t node) {
    if (colouring.kind == NodeColouring::Kind::classes && std::size_t(node) < colouring.classes.size()) {
        const std::int32_t c = colouring.classes[std::size_t(node)];
        return c < 0 ? QString() : colouring.class_names.value(c, QString::number(c));
    }
    if (colouring.kind == NodeColouring::Kind::values && std::size_t(node) < colouring.values.size()) {
        const float v = colouring.values[std::size_t(node)];
        return std::isnan(v) ? QString() : QString::number(double(v), 'g', 6);
    }
    return {};
}

}

void GraphView::set_drawing_limit(int elements) { m->drawing_limit = elements; }
QString GraphView::export_note() const { return m->export_note; }

/// The whole view as it is, painted at full detail; what is larger than the limit as a picture.
bool GraphView::Impl::draw_all(QPainter& painter, const QSize& size, int limit) const {
    const QSize plane = plane_size();
    painter.fillRect(QRect(QPoint(), size), ViewStyle::current().canvas);
    bool as_picture = false;
    if (!is_empty()) {
        painter.save();
        painter.setClipRect(QRect(QPoint(), plane));
        GraphRenderer renderer;
        as_picture = renderer.draw(painter, scene(), camera_of(plane, 1), limit);
        painter.restore();
    }
    paint_over(painter);
    paint_legend(painter, QRectF(0, plane.height(), size.width(), size.height() - plane.height()));
    return as_picture;
}

bool GraphView::export_file(const QString& file) {
    const QString suffix = QFileInfo(file).suffix().toLower();
    m->export_note.clear();
    bool good = false;
    if (suffix == u"csv") {
        good = write_text(file, csv_of_run(as_csv(!m->selection->nodes().empty()), shown_run(this)));
    } else {
        const bool is_png = suffix == u"png";   // the same pixels as on the screen
        bool as_picture = false;
        good = write_view(file, size(), [&](QPainter& painter) { as_picture = m->draw_all(painter, size(), is_png ? -1 : m->drawing_limit); }, shown_run(this));
        if (as_picture && !is_png) m->export_note = tr("More than %1 lines and nodes: they are a picture in this file, names and selection are drawn.").arg(QLocale().toString(m->drawing_limit));
    }
    if (good) Q_EMIT exported(file, m->export_note);
    return good;
}

QImage GraphView::render(qreal scale) const {
    QImage image((QSizeF(size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.fill(ViewStyle::current().canvas);
    const QSize plane = m->plane_size();
    QPainter painter(&image);
    if (!m->is_empty()) {
        const std::atomic<bool> never = false;
        const GraphPicture picture = GraphRenderer().render(m->scene(), m->camera_of(plane, scale), never);
        painter.setOpacity(m->stale ? 0.5 : 1);
        painter.drawImage(QPointF(), picture.base);
        painter.drawImage(QPointF(), picture.top);
        painter.setOpacity(1);
    }
    m->paint_over(painter);
    m->paint_legend(painter, QRectF(0, plane.height(), width(), height() - plane.height()));
    return image;
}

QString GraphView::as_csv(bool selected_only) const {
    QStringList heads;
    for (int c = 0; c < accessible_size().width(); ++c) heads << csv_cell(accessible_head(c, false));
    QString text = heads.join(u',') + QStringLiteral(",x,y\r\n");
    if (!m->graph) return text;
    for (std::int32_t v = 0; v < m->graph->nodes; ++v) {
        if (!m->shows_node(v) || (selected_only && !m->selection->has_node(v))) continue;
        QStringList cells;
        for (int c = 0; c < accessible_size().width(); ++c) cells << csv_cell(accessible_cell(v, c));
        const bool placed = m->places && m->has_place(v);
        cells << (placed ? QString::number(double(m->places->x[std::size_t(v)]), 'g', 9) : QString()) << (placed ? QString::number(double(m->places->y[std::size_t(v)]), 'g', 9) : QString());
        text += cells.join(u',') + QStringLiteral("\r\n");
    }
    return text;
}

void GraphView::show_as_table() {
    QStringList heads;
    QList<QVariantList> rows;
    for (int c = 0; c < accessible_size().width(); ++c) heads << accessible_head(c, false);
    for (const std::int32_t v : m->shown_nodes()) {
        QVariantList row{shown_node_name(m->node_name, v), qlonglong(m->graph->neighbours.length(v)), qlonglong(m->graph->memberships.length(v))};
        if (heads.size() > kColouredBy) row << graph_value(m->colouring, v);
        rows << row;
    }
    if (isSignalConnected(QMetaMethod::fromSignal(&GraphView::table_requested))) Q_EMIT table_requested(heads, rows);
    else show_table_window(this, tr("Nodes"), heads, rows);
}

void GraphView::fill_menu(QMenu* menu) {
    const bool any = !m->is_empty();
    const std::int32_t node = m->current;
    if (node >= 0) {
        menu->addAction(tr("Focus on the neighbourhood"), this, [this, node] { focus_on(node); });
        menu->addAction(tr("Select the neighbours"), this, [this, node] {
            const auto neighbours = m->graph->neighbours[node];
            m->selection->select_nodes({neighbours.begin(), neighbours.end()});
        });
        menu->addAction(tr("Select its hyperedges"), this, [this, node] {
            const auto sets = m->graph->memberships[node];
            m->selection->select_hyperedges({sets.begin(), sets.end()});
        });
    }
    if (m->selection->hyperedges().size() == 1 && any)
        menu->addAction(tr("Select the members"), this, [this] {
            const auto members = m->graph->members[m->selection->hyperedges().front()];
            m->selection->select_nodes({members.begin(), members.end()});
        });
    if (m->focused >= 0) menu->addAction(tr("Show all"), this, &GraphView::clear_focus);
    menu->addAction(tr("Fit"), this, &GraphView::fit)->setEnabled(any);
    QAction* lens = menu->addAction(tr("Lens"), this, &GraphView::set_lens);
    lens->setCheckable(true);
    lens->setChecked(m->lens);
    if (m->style == GraphStyle::line_graph) {
        QMenu* shared = menu->addMenu(tr("Join hyperedges that share"));
        for (const int members : {1, 2, 3, 5, 10}) {
            QAction* action = shared->addAction(tr("%n node(s) or more", nullptr, members), this, [this, members] { set_overlap(members); });
            action->setCheckable(true);
            action->setChecked(members == m->overlap);
        }
    }
    menu->addSeparator();
    menu->addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(render()); });
    menu->addAction(tr("Show as table"), this, &GraphView::show_as_table)->setEnabled(any);
    menu->addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Export the graph"), QStringLiteral("graph.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    })->setEnabled(any);
}

// --- a table of nodes, by their ids: hidden ones say so

QSize GraphView::accessible_size() const {
    const bool coloured = m->colouring.kind != NodeColouring::Kind::plain;
    return {coloured ? kColouredBy + 1 : int(kColouredBy), m->graph ? int(m->graph->nodes) : 0};
}

QString GraphView::accessible_head(int index, bool is_row) const {
    if (is_row) return m->graph && index >= 0 && index < m->graph->nodes ? shown_node_name(m->node_name, index) : QString();
    switch (index) {
        case kName: return tr("Node");
        case kDegree: return tr("Degree");
        case kSets: return tr("Hyperedges");
        case kColouredBy: return m->colouring.title.isEmpty() ? tr("Colour") : m->colouring.title;
        default: return {};
    }
}

QString GraphView::accessible_cell(int row, int column) const {
    if (!m->graph || row < 0 || row >= m->graph->nodes) return {};
    switch (column) {
        case kName: {
            const QString shown = shown_node_name(m->node_name, row);
            return m->shows_node(row) ? shown : tr("%1, hidden").arg(shown);
        }
        case kDegree: return QString::number(m->graph->neighbours.length(row));
        case kSets: return QString::number(m->graph->memberships.length(row));
        case kColouredBy: return graph_value(m->colouring, row);
        default: return {};
    }
}

QRect GraphView::accessible_cell_rect(int row, int) const {
    if (m->is_empty() || row < 0 || row >= m->graph->nodes || !m->has_place(row)) return {};
    const QPointF at = m->place_in_widget(row);
    return QRectF(at.x() - 8, at.y() - 8, 16, 16).toAlignedRect();
}

QRect GraphView::accessible_selection() const {
    const std::int32_t node = m->current >= 0 ? m->current : m->selection->nodes().size() == 1 ? m->selection->nodes().front() : -1;
    return node < 0 ? QRect() : QRect(0, node, accessible_size().width(), 1);
}

}
