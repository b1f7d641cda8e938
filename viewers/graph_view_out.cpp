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
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

struct ExportStopped {};

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

QStringList graph_heads(const NodeColouring& colouring) {
    QStringList heads{GraphView::tr("Node"), GraphView::tr("Degree"), GraphView::tr("Hyperedges")};
    if (colouring.kind != NodeColouring::Kind::plain) heads << (colouring.title.isEmpty() ? GraphView::tr("Colour") : colouring.title);
    return heads;
}

QString graph_cell(const GraphScene& scene, const NodeColouring& colouring, std::int32_t node, int column) {
    switch (column) {
        case kName: return scene.name_of_node(node);
        case kDegree: return QString::number(scene.graph->neighbours.length(node));
        case kSets: return QString::number(scene.graph->memberships.length(node));
        default: return graph_value(colouring, node);
    }
}

/// The visible nodes, or those of them that are selected.
QString graph_csv(const GraphScene& scene, const NodeColouring& colouring, bool selected_only) {
    QStringList heads = graph_heads(colouring);
    const int columns = int(heads.size());
    for (QString& head : heads) head = csv_cell(head);
    QString text = heads.join(u',') + QStringLiteral(",x,y\r\n");
    for (std::int32_t v = 0; scene.graph && v < scene.graph->nodes; ++v) {
        if (!scene.shows_node(v) || (selected_only && !std::ranges::binary_search(scene.selected_nodes, v))) continue;
        for (int c = 0; c < columns; ++c) text += csv_cell(graph_cell(scene, colouring, v, c)) + u',';
        const float x = scene.places ? scene.places->x[std::size_t(v)] : std::nanf(""), y = scene.places ? scene.places->y[std::size_t(v)] : std::nanf("");
        const bool placed = std::isfinite(x) && std::isfinite(y);
        text += (placed ? QString::number(double(x), 'g', 9) + u',' + QString::number(double(y), 'g', 9) : QStringLiteral(",")) + QStringLiteral("\r\n");
    }
    return text;
}

/// Any thread. `told`: what became a picture. False where it was stopped, or could not be written.
bool write_graph_file(const GraphExport& job, QString& told) {
    told.clear();
    const QString suffix = QFileInfo(job.file).suffix().toLower();
    if (suffix == u"csv") {
        const QString table = csv_of_run(job.scene ? graph_csv(*job.scene, job.colouring, !job.scene->selected_nodes.empty()) : graph_csv({}, job.colouring, false), job.run);
        return !*job.stop && write_text(job.file, table);
    }
    const bool is_png = suffix == u"png";   // the same pixels as on the screen
    bool as_picture = false;
    const auto draw = [&](QPainter& painter) {
        painter.fillRect(QRect(QPoint(), job.size), job.canvas);
        if (job.scene && job.scene->places && job.scene->graph->nodes > 0) {
            painter.save();
            painter.setClipRect(QRect(QPoint(), job.camera.size));
            as_picture = GraphRenderer().draw(painter, *job.scene, job.camera, is_png ? -1 : job.limit, *job.stop);
            painter.restore();
        }
        if (*job.stop) throw ExportStopped{};
        painter.drawPicture(QPointF(), job.over);
    };
    try {
        if (!write_view(job.file, job.size, draw, job.run)) return false;
    } catch (const ExportStopped&) {
        return false;   // nothing of it is left
    }
    if (as_picture && !is_png) told = GraphView::tr("More than %1 lines and nodes: they are a picture in this file, names and selection are drawn.").arg(QLocale().toString(job.limit));
    return true;
}

}

void GraphView::set_drawing_limit(int elements) { m->drawing_limit = elements; }
QString GraphView::export_note() const { return m->export_note; }

GraphExport GraphView::Impl::export_of(const QString& file) const {
    GraphExport job;
    job.file = file;
    job.run = shown_run(q);
    if (graph) job.scene = std::make_shared<const GraphScene>(scene());
    const QSize plane = plane_size();
    job.camera = camera_of(plane, 1);
    job.size = q->size();
    job.canvas = ViewStyle::current().canvas;
    job.colouring = colouring;
    job.limit = drawing_limit;
    QPainter painter(&job.over);
    paint_over(painter);
    paint_legend(painter, QRectF(0, plane.height(), job.size.width(), job.size.height() - plane.height()));
    return job;
}

void GraphView::Impl::export_ended(const GraphExport& job, bool good, const QString& told) {
    if (exporting == job.stop) exporting.reset();
    export_note = told;
    if (good) Q_EMIT q->exported(job.file, told);   // also where the file was there already
    else if (*job.stop) Q_EMIT q->export_cancelled(job.file);
    else if (q->isSignalConnected(QMetaMethod::fromSignal(&GraphView::export_failed))) Q_EMIT q->export_failed(job.file);
    else show_export_failed(job.file);
}

bool GraphView::export_file(const QString& file) {
    const GraphExport job = m->export_of(file);
    const bool good = write_graph_file(job, m->export_note);
    if (good) Q_EMIT exported(file, m->export_note);
    return good;
}

void GraphView::start_export(const QString& file) {
    cancel_export();
    auto job = std::make_shared<const GraphExport>(m->export_of(file));
    m->exporting = job->stop;
    m->exporter.setMaxThreadCount(1);
    Q_EMIT export_started(file);
    m->exporter.start([this, job] {
        QString told;
        const bool good = write_graph_file(*job, told);
        QMetaObject::invokeMethod(this, [this, job, good, told] { m->export_ended(*job, good, told); }, Qt::QueuedConnection);
    });
}

void GraphView::cancel_export() {
    if (m->exporting) *m->exporting = true;
}

bool GraphView::is_exporting() const { return bool(m->exporting); }

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
    return graph_csv(m->scene(), m->colouring, selected_only);
}

void GraphView::show_as_table() {
    QList<QVariantList> rows;
    const QStringList heads = graph_heads(m->colouring);
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
        if (!file.isEmpty()) start_export(file);
    })->setEnabled(any);
}

// --- a table of nodes, by their ids: hidden ones say so

QSize GraphView::accessible_size() const { return {int(graph_heads(m->colouring).size()), m->graph ? int(m->graph->nodes) : 0}; }

QString GraphView::accessible_head(int index, bool is_row) const {
    if (is_row) return m->graph && index >= 0 && index < m->graph->nodes ? shown_node_name(m->node_name, index) : QString();
    return graph_heads(m->colouring).value(index);
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
