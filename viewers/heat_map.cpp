#include "viewers/heat_map.h"
#include "viewers/accessible.h"
#include "viewers/table_view.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

namespace lathe {

HeatMapView::HeatMapView(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Heat map"));
}

void HeatMapView::set_values(int rows, int columns, std::vector<double> values) {
    if (rows < 0 || columns < 0 || values.size() != std::size_t(rows) * std::size_t(columns)) return;
    m_row_count = rows;
    m_column_count = columns;
    m_values = std::move(values);
    find_extent();
    if (m_marked.x() >= columns || m_marked.y() >= rows) m_marked = {-1, -1};
    m_hover = {-1, -1};
    updateGeometry();
    update();
}

void HeatMapView::set_row_labels(const QStringList& labels, const QString& title) {
    m_rows = labels;
    m_row_title = title;
    update();
}

void HeatMapView::set_column_labels(const QStringList& labels, const QString& title) {
    m_columns = labels;
    m_column_title = title;
    update();
}

void HeatMapView::set_map(ColourMapId map) {
    m_map = map;
    update();
}

void HeatMapView::set_range(double lowest, double highest) {
    if (!std::isfinite(lowest) || !std::isfinite(highest) || lowest > highest) return;
    m_range = {lowest, highest};
    update();
}

void HeatMapView::clear_range() {
    m_range.reset();
    update();
}

void HeatMapView::set_log(bool on) {
    m_log = on;
    find_extent();
    update();
}

void HeatMapView::set_unit(const QString& unit) {
    m_unit = unit;
    update();
}

void HeatMapView::set_legend(const QString& text) {
    m_legend_text = text;
    update();
}

void HeatMapView::set_stale(bool stale) {
    m_stale = stale;
    update();
}

void HeatMapView::set_marked(const QPoint& cell) {
    if (cell == m_marked) return;
    m_marked = cell.x() >= 0 && cell.x() < m_column_count && cell.y() >= 0 && cell.y() < m_row_count ? cell : QPoint(-1, -1);
    update();
    announce_value(this);
}

void HeatMapView::find_extent() {
    m_lowest = std::numeric_limits<double>::infinity();
    m_highest = -m_lowest;
    m_missing = 0;
    for (const double v : m_values) {
        m_missing += std::isnan(v);
        if (!std::isfinite(v) || (m_log && v <= 0)) continue;
        m_lowest = std::min(m_lowest, v);
        m_highest = std::max(m_highest, v);
    }
}

/// The locked range, else that of the finite values; signed maps are symmetric about 0.
std::pair<double, double> HeatMapView::range() const {
    if (m_range) return *m_range;
    if (!(m_lowest <= m_highest)) return {0, 1};
    if (m_map == ColourMapId::diverging) {
        const double most = std::max(std::abs(m_lowest), std::abs(m_highest));
        return {-most, most};
    }
    return {m_lowest, m_highest};
}

double HeatMapView::position_of(double value) const {
    const auto [low, high] = range();
    if (std::isnan(value)) return value;
    if (m_log && low > 0) return value <= 0 ? 0 : high > low ? std::log(value / low) / std::log(high / low) : 0.5;
    return high > low ? (value - low) / (high - low) : 0.5;
}

QString HeatMapView::text_of(double value) const {
    if (std::isnan(value)) return tr("no value");
    const QString number = QString::number(value, 'g', 4).replace(u'-', QChar(0x2212));
    return m_unit.isEmpty() ? number : number + QChar(0xA0) + m_unit;
}

QString HeatMapView::cell_text(int row, int column) const {
    if (row < 0 || column < 0 || row >= m_row_count || column >= m_column_count) return {};
    const QString r = m_rows.value(row, QString::number(row)), c = m_columns.value(column, QString::number(column));
    const QString where_r = m_row_title.isEmpty() ? r : m_row_title + u' ' + r, where_c = m_column_title.isEmpty() ? c : m_column_title + u' ' + c;
    return QStringLiteral("%1, %2: %3").arg(where_r, where_c, text_of(m_values[std::size_t(row) * std::size_t(m_column_count) + std::size_t(column)]));
}

QPoint HeatMapView::cell_at(const QPointF& position) const {
    const QRectF cells = layout(size()).cells;
    if (!cells.contains(position) || m_row_count == 0 || m_column_count == 0) return {-1, -1};
    return {std::min(m_column_count - 1, int((position.x() - cells.left()) / cells.width() * m_column_count)), std::min(m_row_count - 1, int((position.y() - cells.top()) / cells.height() * m_row_count))};
}

QRectF HeatMapView::cell_rect(int row, int column) const {
    const QRectF cells = layout(size()).cells;
    const double w = cells.width() / std::max(1, m_column_count), h = cells.height() / std::max(1, m_row_count);
    return {cells.left() + column * w, cells.top() + row * h, w, h};
}

// --- mouse and keyboard

void HeatMapView::mouseMoveEvent(QMouseEvent* event) {
    const QPoint cell = cell_at(event->position());
    if (cell == m_hover) return;
    m_hover = cell;
    if (cell.x() >= 0) QToolTip::showText(event->globalPosition().toPoint(), cell_text(cell.y(), cell.x()), this, cell_rect(cell.y(), cell.x()).toAlignedRect());
    else QToolTip::hideText();
    update();
    Q_EMIT hovered(cell.y(), cell.x());
}

void HeatMapView::mousePressEvent(QMouseEvent* event) {
    const QPoint cell = cell_at(event->position());
    if (event->button() != Qt::LeftButton || cell.x() < 0) {
        event->ignore();
        return;
    }
    set_marked(cell);
    Q_EMIT clicked(cell.y(), cell.x());
}

void HeatMapView::leaveEvent(QEvent*) {
    m_hover = {-1, -1};
    update();
    Q_EMIT hovered(-1, -1);
}

void HeatMapView::keyPressEvent(QKeyEvent* event) {
    const QPoint by = event->key() == Qt::Key_Left ? QPoint(-1, 0) : event->key() == Qt::Key_Right ? QPoint(1, 0) : event->key() == Qt::Key_Up ? QPoint(0, -1) : event->key() == Qt::Key_Down ? QPoint(0, 1) : QPoint();
    if (m_values.empty()) return QWidget::keyPressEvent(event);
    if (!by.isNull()) {
        const QPoint from = m_marked.x() < 0 ? QPoint(0, 0) : m_marked + by;
        set_marked({std::clamp(from.x(), 0, m_column_count - 1), std::clamp(from.y(), 0, m_row_count - 1)});
        Q_EMIT hovered(m_marked.y(), m_marked.x());
    } else if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && m_marked.x() >= 0) {
        Q_EMIT clicked(m_marked.y(), m_marked.x());
    } else if (event->matches(QKeySequence::Copy)) {
        QApplication::clipboard()->setText(m_marked.x() >= 0 ? cell_text(m_marked.y(), m_marked.x()) : as_csv());
    } else {
        QWidget::keyPressEvent(event);
    }
}

void HeatMapView::contextMenuEvent(QContextMenuEvent* event) {
    const QPoint cell = event->reason() == QContextMenuEvent::Keyboard ? m_marked : cell_at(event->pos());
    QMenu menu(this);
    menu.addAction(tr("Copy value"), this, [this, cell] { QApplication::clipboard()->setText(cell_text(cell.y(), cell.x())); })->setEnabled(cell.x() >= 0);
    menu.addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(render()); });
    menu.addAction(tr("Copy table"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Export the map"), QStringLiteral("map.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
    menu.addSeparator();
    QAction* lock = menu.addAction(tr("Lock the range"), this, [this](bool on) { on ? set_range(range().first, range().second) : clear_range(); });
    lock->setCheckable(true);
    lock->setChecked(m_range.has_value());
    QAction* log = menu.addAction(tr("Logarithmic"), this, [this](bool on) { set_log(on); });
    log->setCheckable(true);
    log->setChecked(m_log);
    menu.exec(event->globalPos());
}

void HeatMapView::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) update();
    QWidget::changeEvent(event);
}

// --- out

QString HeatMapView::as_csv() const {
    QString text = csv_cell(m_unit);
    for (int c = 0; c < m_column_count; ++c) text += u',' + csv_cell(m_columns.value(c, QString::number(c)));
    text += QStringLiteral("\r\n");
    for (int r = 0; r < m_row_count; ++r) {
        text += csv_cell(m_rows.value(r, QString::number(r)));
        for (int c = 0; c < m_column_count; ++c) {
            const double v = m_values[std::size_t(r) * std::size_t(m_column_count) + std::size_t(c)];
            text += u',' + (std::isnan(v) ? QString() : QString::number(v, 'g', 9));
        }
        text += QStringLiteral("\r\n");
    }
    return text;
}

bool HeatMapView::export_file(const QString& file) const {
    if (QFileInfo(file).suffix().toLower() == u"csv") return write_text(file, csv_of_run(as_csv(), shown_run(this)));
    return write_view(file, size(), [this](QPainter& painter) { draw(painter, size()); }, shown_run(this));
}

QImage HeatMapView::render(qreal scale) const {
    QImage image((QSizeF(size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    QPainter painter(&image);
    draw(painter, size());
    return image;
}

}
