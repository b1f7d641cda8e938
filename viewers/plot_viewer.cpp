#include "viewers/plot_viewer.h"
#include "viewers/accessible.h"
#include "viewers/plot_impl.h"
#include "viewers/view_style.h"
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe {

QVector<double> smoothed(const QVector<double>& y, double weight) {
    if (!(weight > 0) || weight >= 1) return y;
    QVector<double> out(y.size(), std::numeric_limits<double>::quiet_NaN());
    double mean = 0, power = 1;   // power = w^i: the share of the start value that is still in the mean
    for (qsizetype i = 0; i < y.size(); ++i) {
        if (!std::isfinite(y[i])) continue;
        mean = weight * mean + (1 - weight) * y[i];
        power *= weight;
        out[i] = mean / (1 - power);
    }
    return out;
}

PlotViewer::PlotViewer(QWidget* parent) : QWidget(parent), m(std::make_unique<Impl>()) {
    install_viewer_accessibility();
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Plot"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    QCustomPlot* plot = m->plot = new QCustomPlot(this);
    column->addWidget(plot);
    plot->setFocusPolicy(Qt::NoFocus);
    plot->setMouseTracking(true);
    plot->installEventFilter(this);
    plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot->axisRect()->setRangeZoomFactor(0.85);
    plot->setNoAntialiasingOnDrag(true);
    plot->plotLayout()->setRowSpacing(2);
    plot->plotLayout()->insertRow(0);
    auto* legend = new QCPLegend;   // above the plot, never over data
    auto* row = new QCPLayoutGrid;       // beside the legend lies nothing: its width must not become the width of the plot
    plot->plotLayout()->addElement(0, 0, row);
    row->addElement(0, 0, legend);
    row->addElement(0, 1, new QCPLayoutElement(plot));
    row->setMargins(QMargins(8, 2, 0, 0));
    legend->setLayer(QStringLiteral("legend"));
    legend->setFillOrder(QCPLegend::foColumnsFirst);
    legend->setBorderPen(Qt::NoPen);
    legend->setBrush(Qt::NoBrush);
    legend->setIconSize(22, 12);
    legend->setColumnSpacing(14);
    legend->setMargins(QMargins(2, 2, 2, 0));
    plot->plotLayout()->setRowStretchFactor(0, 0.0001);
    plot->legend = legend;
    plot->layer(QStringLiteral("overlay"))->setMode(QCPLayer::lmBuffered);   // hovering redraws only this
    plot->xAxis->setTicker(m->x_ticker);
    plot->yAxis->setTicker(m->y_ticker);
    m->zero = new QCPItemLine(plot);
    m->zero->setLayer(QStringLiteral("grid"));
    m->zero->start->setTypeX(QCPItemPosition::ptAxisRectRatio);
    m->zero->end->setTypeX(QCPItemPosition::ptAxisRectRatio);
    m->zero->start->setCoords(0, 0);
    m->zero->end->setCoords(1, 0);
    m->empty = new QCPItemText(plot);
    m->empty->setText({});
    m->empty->position->setType(QCPItemPosition::ptAxisRectRatio);
    m->empty->position->setCoords(0.5, 0.5);
    m->cursor = new CursorItem(plot);
    m->notes = new NotesItem(plot);
    m->box = new ValueBox(plot);
    m->redraw.setInterval(33);
    m->redraw.setSingleShot(true);
    connect(&m->redraw, &QTimer::timeout, this, [this] {
        m->rescale();
        m->plot->replot(QCustomPlot::rpQueuedReplot);
    });
    connect(plot, &QCustomPlot::beforeReplot, this, [this] { m->fill_for_view(); });
    connect(plot, &QCustomPlot::afterReplot, this, [this] { m->was_drawn = true; });
    m->restyle();
}

PlotViewer::~PlotViewer() = default;

// --- curves

int PlotViewer::Impl::index_of(const QString& id) const {
    for (qsizetype i = 0; i < curves.size(); ++i)
        if (curves[i].id == id) return int(i);
    return -1;
}

void PlotViewer::set_curves(const QVector<Curve>& curves) {
    m->curves = curves;
    m->rebuild();
}

void PlotViewer::set_curve(const Curve& curve) {
    if (const int index = m->index_of(curve.id); index >= 0) m->curves[index] = curve;
    else m->curves << curve;
    m->rebuild();
}

void PlotViewer::append(const QString& id, const QVector<double>& x, const QVector<double>& y) {
    const int index = m->index_of(id);
    if (index < 0 || x.size() != y.size() || x.isEmpty()) return;
    m->curves[index].x += x;
    m->curves[index].y += y;
    if (!m->append(index, x, y)) m->drawn[index].changed = true;
    m->refresh();
}

void PlotViewer::remove(const QString& id) {
    const int index = m->index_of(id);
    if (index < 0) return;
    m->curves.removeAt(index);
    m->rebuild();
}

void PlotViewer::clear() {
    m->curves.clear();
    m->notes->notes.clear();
    m->rebuild();
}

const QVector<Curve>& PlotViewer::curves() const { return m->curves; }
QCustomPlot* PlotViewer::plot() const { return m->plot; }

// --- axes

void PlotViewer::set_titles(const QString& x, const QString& y) {
    m->plot->xAxis->setLabel(x);
    m->plot->yAxis->setLabel(y);
    m->refresh();
}

void PlotViewer::set_log_x(bool on) {
    m->log_x = on;
    m->restyle();
    m->rebuild();
}

void PlotViewer::set_log_y(bool on) {
    m->log_y = on;
    m->restyle();
    m->rebuild();
}

void PlotViewer::set_smoothing(double weight) {
    m->smoothing = std::clamp(std::isfinite(weight) ? weight : 0.0, 0.0, 0.999);
    m->rebuild();
}

void PlotViewer::set_x_range(double from, double to) {
    if (!(from < to)) return;
    m->x_range = QCPRange(from, to);
    m->plot->axisRect()->setRangeDrag(Qt::Vertical);
    m->plot->axisRect()->setRangeZoom(Qt::Vertical);
    m->refresh();
}

void PlotViewer::set_y_range(double from, double to) {
    if (!(from < to)) return;
    m->y_range = QCPRange(from, to);
    m->follows = true;
    m->refresh();
}

void PlotViewer::autoscale() {
    m->follows = true;
    m->refresh();
}

void PlotViewer::set_legend_visible(bool visible) {
    m->legend = visible;
    m->refresh_legend();
    m->refresh();
}

void PlotViewer::set_x_axis_visible(bool visible) {
    m->x_axis = visible;
    m->restyle();
    m->refresh();
}

void PlotViewer::set_plot_span(double left, double right) {
    if (!(left < right)) return;
    m->span = m->cursor->span = {left, right};
    m->place();
    m->refresh();
}

void PlotViewer::set_cursor(std::optional<double> x, double width) {
    if (m->cursor->x == x && m->cursor->width == width) return;
    m->cursor->x = x;
    m->cursor->width = width;
    m->redraw_overlay();
}

void PlotViewer::add_note(double x, double y, const QString& text) {
    if (!std::isfinite(x) || !std::isfinite(y)) return;
    m->notes->notes << NotesItem::Note{x, y, text};
    m->refresh();
}

void PlotViewer::clear_notes() {
    m->notes->notes.clear();
    m->refresh();
}

void PlotViewer::set_empty_text(const QString& text) {
    m->empty->setText(text);
    m->refresh();
}

void PlotViewer::changeEvent(QEvent* event) {
    if (m && m->plot && (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)) {
        m->restyle();
        m->rebuild();
        m->redraw.stop();
        m->rescale();
        m->plot->replot(QCustomPlot::rpQueuedRefresh);
    }
    QWidget::changeEvent(event);
}

void PlotViewer::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    m->place();
    m->refresh_legend();
}

}
