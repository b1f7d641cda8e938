// Mouse, keyboard, menu and files of PlotViewer.
#include "viewers/plot_impl.h"
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
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace lathe {
namespace {

/// All x of the curves, ascending, each once.
std::vector<double> all_x(const QVector<Curve>& curves) {
    std::vector<double> all;
    for (const Curve& curve : curves)
        for (qsizetype i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i)
            if (std::isfinite(curve.x[i])) all.push_back(curve.x[i]);
    if (!std::is_sorted(all.begin(), all.end())) std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

/// values[c][i]: of curve c at x i; NaN: none.
std::vector<std::vector<double>> columns_of(const QVector<Curve>& curves, const std::vector<double>& x) {
    std::vector<std::vector<double>> columns;
    for (const Curve& curve : curves) {
        std::vector<double> column(x.size(), std::numeric_limits<double>::quiet_NaN());
        std::size_t at = 0;
        for (qsizetype i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
            if (!std::isfinite(curve.x[i])) continue;
            if (at >= x.size() || x[at] != curve.x[i]) at = std::size_t(std::lower_bound(x.begin(), x.end(), curve.x[i]) - x.begin());
            if (std::isfinite(curve.y[i])) column[at] = curve.y[i];
            ++at;
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

QStringList heads_of(const QVector<Curve>& curves, const QString& x_title) {
    QStringList heads{x_title.isEmpty() ? QStringLiteral("x") : x_title};
    for (const Curve& curve : curves) heads << (curve.name.isEmpty() ? curve.id : curve.name);
    return heads;
}

QList<QVariantList> rows_of(const QVector<Curve>& curves) {
    const std::vector<double> x = all_x(curves);
    const auto columns = columns_of(curves, x);
    QList<QVariantList> rows;
    rows.reserve(qsizetype(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
        QVariantList row{x[i]};
        for (const auto& column : columns) row << (std::isnan(column[i]) ? QVariant() : QVariant(column[i]));
        rows << row;
    }
    return rows;
}

void append_number(std::string& text, double value) {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 12);
    text.append(digits, end.ptr);
}

}

std::pair<int, int> PlotViewer::Impl::point_at(const QPointF& position) const {
    std::pair<int, int> found{-1, -1};
    double nearest = 10;   // a mark is 6 wide, a pointer less exact
    for (qsizetype c = 0; c < curves.size(); ++c) {
        if (!curves[c].markers) continue;
        for (qsizetype i = 0; i < std::min(curves[c].x.size(), curves[c].y.size()); ++i) {
            const double away = std::hypot(plot->xAxis->coordToPixel(curves[c].x[i]) - position.x(), plot->yAxis->coordToPixel(curves[c].y[i]) - position.y());
            if (!(away < nearest)) continue;
            nearest = away;
            found = {int(c), int(i)};
        }
    }
    return found;
}

bool PlotViewer::eventFilter(QObject* object, QEvent* event) {
    if (object != m->plot) return QWidget::eventFilter(object, event);
    switch (event->type()) {
    case QEvent::MouseMove: {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        if (mouse->buttons() != Qt::NoButton) break;
        const bool inside = m->plot->axisRect()->rect().contains(mouse->position().toPoint());
        const double x = inside ? m->plot->xAxis->pixelToCoord(mouse->position().x()) : std::numeric_limits<double>::quiet_NaN();
        m->show_values(inside ? std::optional(x) : std::nullopt);
        Q_EMIT cursor_moved(x);
        break;
    }
    case QEvent::Leave:
        m->show_values(std::nullopt);
        Q_EMIT cursor_moved(std::numeric_limits<double>::quiet_NaN());
        break;
    case QEvent::MouseButtonPress:
        m->press = static_cast<QMouseEvent*>(event)->position();
        setFocus(Qt::MouseFocusReason);
        break;
    case QEvent::MouseButtonRelease: {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        const double moved = (mouse->position() - m->press).manhattanLength();
        if (mouse->button() != Qt::LeftButton) break;
        if (moved >= QApplication::startDragDistance()) {
            m->follows = false;
            break;
        }
        if (const auto [curve, point] = m->point_at(mouse->position()); curve >= 0) Q_EMIT point_clicked(m->curves[curve].id, point);
        Q_EMIT clicked(m->plot->xAxis->pixelToCoord(mouse->position().x()));
        break;
    }
    case QEvent::Wheel: m->follows = false; break;
    case QEvent::MouseButtonDblClick: autoscale(); break;
    case QEvent::ContextMenu: {
        QMenu menu(this);
        fill_menu(&menu);
        menu.exec(static_cast<QContextMenuEvent*>(event)->globalPos());
        return true;
    }
    default: break;
    }
    return QWidget::eventFilter(object, event);
}

/// Left and right read the values point by point, + and − zoom, F scales to the curves.
void PlotViewer::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    const auto zoom = [this](double factor) {
        m->follows = false;
        if (!m->x_range) m->plot->xAxis->scaleRange(factor);
        m->plot->yAxis->scaleRange(factor);
        m->plot->replot(QCustomPlot::rpQueuedReplot);
    };
    const auto longest = std::max_element(m->curves.begin(), m->curves.end(), [](const Curve& a, const Curve& b) { return a.x.size() < b.x.size(); });
    switch (event->key()) {
    case Qt::Key_Plus: case Qt::Key_Equal: zoom(0.85); return;
    case Qt::Key_Minus: zoom(1 / 0.85); return;
    case Qt::Key_F: autoscale(); return;
    case Qt::Key_Left: case Qt::Key_Right: case Qt::Key_Home: case Qt::Key_End: {
        if (longest == m->curves.end() || longest->x.isEmpty()) return;
        const int count = int(longest->x.size()), by = (event->key() == Qt::Key_Left ? -1 : 1) * (shift ? 10 : 1);
        m->keyboard_point = event->key() == Qt::Key_Home ? 0 : event->key() == Qt::Key_End ? count - 1 : m->keyboard_point < 0 ? 0 : std::clamp(m->keyboard_point + by, 0, count - 1);
        m->show_values(longest->x[m->keyboard_point]);
        Q_EMIT cursor_moved(longest->x[m->keyboard_point]);
        return;
    }
    case Qt::Key_Return: case Qt::Key_Enter:
        if (m->keyboard_point < 0 || longest == m->curves.end() || m->keyboard_point >= longest->x.size()) return;
        if (longest->markers) Q_EMIT point_clicked(longest->id, m->keyboard_point);
        Q_EMIT clicked(longest->x[m->keyboard_point]);
        return;
    case Qt::Key_Menu: break;
    default: break;
    }
    QWidget::keyPressEvent(event);
}

void PlotViewer::contextMenuEvent(QContextMenuEvent* event) {   // by the keyboard; the mouse comes through the plot
    QMenu menu(this);
    fill_menu(&menu);
    menu.exec(event->globalPos());
}

void PlotViewer::fill_menu(QMenu* menu) {
    menu->addAction(tr("Fit"), this, &PlotViewer::autoscale);
    QAction* log_y = menu->addAction(tr("Logarithmic y axis"), this, &PlotViewer::set_log_y);
    log_y->setCheckable(true);
    log_y->setChecked(m->log_y);
    QAction* log_x = menu->addAction(tr("Logarithmic x axis"), this, &PlotViewer::set_log_x);
    log_x->setCheckable(true);
    log_x->setChecked(m->log_x);
    log_x->setEnabled(!m->x_range);
    menu->addSeparator();
    menu->addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(render()); });
    menu->addAction(tr("Copy table"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
    menu->addAction(tr("Show as table"), this, &PlotViewer::show_as_table);
    menu->addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Export the curves"), QStringLiteral("curves.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
}

// --- out

QString PlotViewer::as_csv() const {
    QStringList cells;
    for (const QString& head : heads_of(m->curves, m->plot->xAxis->label())) cells << csv_cell(head);
    const std::vector<double> x = all_x(m->curves);
    const auto columns = columns_of(m->curves, x);
    std::string text = cells.join(u',').toStdString() + "\r\n";
    for (std::size_t i = 0; i < x.size(); ++i) {
        append_number(text, x[i]);
        for (const auto& column : columns) {
            text += ',';
            if (!std::isnan(column[i])) append_number(text, column[i]);
        }
        text += "\r\n";
    }
    return QString::fromStdString(text);
}

void PlotViewer::show_as_table() {
    const QStringList heads = heads_of(m->curves, m->plot->xAxis->label());
    const QList<QVariantList> rows = rows_of(m->curves);
    if (isSignalConnected(QMetaMethod::fromSignal(&PlotViewer::table_requested))) Q_EMIT table_requested(heads, rows);
    else show_table_window(this, m->plot->yAxis->label().isEmpty() ? tr("Curves as table") : m->plot->yAxis->label(), heads, rows);
}

QImage PlotViewer::render(qreal scale) const {
    m->rescale();
    QImage image((QSizeF(m->plot->size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    QCPPainter painter(&image);
    painter.setMode(QCPPainter::pmNoCaching);
    m->plot->toPainter(&painter, m->plot->width(), m->plot->height());
    return image;
}

bool PlotViewer::export_file(const QString& file) const {
    if (QFileInfo(file).suffix().toLower() == u"csv") return write_text(file, csv_of_run(as_csv(), shown_run(this)));
    m->rescale();
    return write_view(file, m->plot->size(), [this](QPainter& onto) {
        // QCustomPlot paints only with its own painter: a picture records what it does and is played onto ours.
        QPicture picture;
        QCPPainter painter;
        painter.begin(&picture);
        painter.setMode(QCPPainter::pmVectorized);
        painter.setMode(QCPPainter::pmNoCaching);
        m->plot->toPainter(&painter, m->plot->width(), m->plot->height());
        painter.end();
        picture.play(&onto);
    }, shown_run(this));
}

}
