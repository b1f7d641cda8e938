#include "plugins/quantization/panel/pictures_view.h"
#include "viewers/accessible.h"
#include "viewers/heat_map.h"
#include "viewers/view_style.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {
constexpr int kPicture = 72, kCellWidth = 112, kCellHeight = 118;
}

PictureStrip::PictureStrip(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Pictures with the largest loss"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void PictureStrip::set_pictures(const QList<WorstPicture>& pictures) {
    m_pictures = pictures;
    m_current = -1;
    updateGeometry();
    update();
}

int PictureStrip::columns(int width) const { return std::max(1, width / kCellWidth); }
int PictureStrip::heightForWidth(int width) const { return std::max<int>(1, (int(m_pictures.size()) + columns(width) - 1) / columns(width)) * kCellHeight; }
QSize PictureStrip::sizeHint() const { return {4 * kCellWidth, kCellHeight}; }

QRect PictureStrip::cell(int index) const {
    const int across = columns(width());
    return {index % across * kCellWidth, index / across * kCellHeight, kCellWidth, kCellHeight};
}

void PictureStrip::paintEvent(QPaintEvent*) {
    const ThemeColours& c = theme_colours();
    QPainter painter(this);
    if (m_pictures.isEmpty()) {
        painter.setPen(c.text2);
        painter.setFont(Theme::instance().font(12));
        painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap, tr("The pictures with the largest loss come with the first measurement."));
        return draw_view_focus(painter, this);
    }
    for (int i = 0; i < m_pictures.size(); ++i) {
        const WorstPicture& one = m_pictures[i];
        const QRect at = cell(i);
        if (i == m_current) painter.fillRect(at, c.sel);
        QSize size = one.picture.size().scaled(kPicture, kPicture, Qt::KeepAspectRatio);
        const QRect picture(at.left() + (at.width() - size.width()) / 2, at.top() + 6, size.width(), size.height());
        painter.setRenderHint(QPainter::SmoothPixmapTransform, one.picture.width() > kPicture);   // small ones keep their pixels
        painter.drawImage(picture, one.picture);
        const QRect text(at.left() + 4, at.top() + kPicture + 8, at.width() - 8, 16);
        painter.setFont(Theme::instance().font(11));
        painter.setPen(c.text);
        const QString classes = one.truth == one.predicted ? tr("%1, right").arg(one.truth) : QStringLiteral("%1 → %2").arg(one.truth, one.predicted);
        painter.drawText(text, Qt::AlignCenter, painter.fontMetrics().elidedText(classes, Qt::ElideRight, text.width()));
        painter.setPen(c.text2);
        painter.drawText(text.translated(0, 15), Qt::AlignCenter, tr("loss %1").arg(figure(one.loss, 2)));
    }
    draw_view_focus(painter, this);
}

void PictureStrip::choose(int index) {
    if (index < 0 || index >= m_pictures.size()) return;
    m_current = index;
    const WorstPicture& one = m_pictures[index];
    setToolTip(tr("Picture %1 of the test split: %2, taken for %3, loss %4").arg(one.index).arg(one.truth, one.predicted, figure(one.loss, 3)));
    announce_value(this);
    update();
    Q_EMIT chosen(index);
}

void PictureStrip::mousePressEvent(QMouseEvent* event) {
    for (int i = 0; i < m_pictures.size(); ++i)
        if (cell(i).contains(event->position().toPoint())) return choose(i);
}

void PictureStrip::keyPressEvent(QKeyEvent* event) {
    const int across = columns(width());
    switch (event->key()) {
    case Qt::Key_Right: return choose(m_current + 1);
    case Qt::Key_Left: return choose(m_current - 1);
    case Qt::Key_Down: return choose(m_current + across);
    case Qt::Key_Up: return choose(m_current - across);
    case Qt::Key_Home: return choose(0);
    case Qt::Key_End: return choose(int(m_pictures.size()) - 1);
    default: QWidget::keyPressEvent(event);
    }
}

QString PictureStrip::accessible_head(int index, bool is_row) const { return is_row && index < m_pictures.size() ? tr("Picture %1").arg(m_pictures[index].index) : tr("Classes and loss"); }
QString PictureStrip::accessible_cell(int row, int) const {
    return row >= 0 && row < m_pictures.size() ? tr("%1, taken for %2, loss %3").arg(m_pictures[row].truth, m_pictures[row].predicted, figure(m_pictures[row].loss, 2)) : QString();
}
QRect PictureStrip::accessible_cell_rect(int row, int) const { return cell(row); }

PicturesView::PicturesView(QWidget* parent) : QWidget(parent), m_confusion(new HeatMapView(this)), m_strip(new PictureStrip), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(8, 6, 0, 4);
    row->setSpacing(8);
    m_confusion->setAccessibleName(tr("Confusion of classes"));
    m_confusion->set_map(ColourMapId::cividis);
    m_confusion->setMinimumWidth(260);
    row->addWidget(m_confusion, 2);
    auto* column = new QVBoxLayout;
    column->setSpacing(2);
    column->addWidget(m_note);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(m_strip);
    scroll->viewport()->setAutoFillBackground(false);
    m_strip->setAutoFillBackground(false);
    column->addWidget(scroll, 1);
    row->addLayout(column, 3);
    connect(m_confusion, &HeatMapView::clicked, this, [this](int truth, int predicted) { filter(truth, predicted); });
    show_measurement(nullptr);
}

void PicturesView::show_measurement(const Measurement* measurement) {
    m_all = measurement ? measurement->worst : QList<WorstPicture>();
    m_classes.clear();
    std::vector<double> values;
    if (measurement && measurement->confusion.columns.size() > 1) {
        const CsvTable& table = measurement->confusion;
        for (std::size_t c = 1; c < table.columns.size(); ++c) m_classes << QString::fromStdString(table.columns[c]);
        for (const auto& row : table.rows)
            for (std::size_t c = 1; c < table.columns.size(); ++c) values.push_back(c < row.size() ? parse_number(row[c]).value_or(0) : 0);
        m_confusion->set_values(int(table.rows.size()), int(m_classes.size()), std::move(values));
    } else {
        m_confusion->set_values(0, 0, {});
    }
    m_confusion->set_row_labels(m_classes, tr("true"));
    m_confusion->set_column_labels(m_classes, tr("predicted"));
    m_confusion->set_log(true);
    m_confusion->set_legend(tr("pictures"));
    filter(-1, -1);
}

/// The same cell again shows all.
void PicturesView::filter(int truth, int predicted) {
    const QPoint at(predicted, truth);
    const bool all = truth < 0 || truth >= m_classes.size() || predicted >= m_classes.size() || m_confusion->marked() == at;
    m_confusion->set_marked(all ? QPoint(-1, -1) : at);
    QList<WorstPicture> some;
    for (const WorstPicture& one : std::as_const(m_all))
        if (all || (one.truth == m_classes[truth] && one.predicted == m_classes[predicted])) some << one;
    m_strip->set_pictures(some);
    m_note->setText(m_all.isEmpty() ? QString()
                    : all           ? tr("The %1 pictures with the largest loss: true → predicted").arg(m_all.size())
                                    : tr("%1 of the %2 pictures with the largest loss are %3 taken for %4").arg(some.size()).arg(m_all.size()).arg(m_classes[truth], m_classes[predicted]));
}

void PicturesView::set_stale(bool stale) { m_confusion->set_stale(stale); }

}
