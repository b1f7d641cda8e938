#include "plugins/vit_merge/panel/image_strip.h"
#include "plugins/vit_merge/panel/model_colours.h"
#include "viewers/accessible.h"
#include "viewers/table_view.h"
#include "viewers/view_style.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr int kSmallest = 40, kLargest = 224, kSizeStep = 16, kLeastCell = 108, kBars = 24, kTextLine = 15, kInset = 6;
constexpr int kFixedColumns = 8;                           // of the table, before the gate's

}

ImageStrip::ImageStrip(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAcceptDrops(true);
    setAccessibleName(tr("Pictures"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ImageStrip::set_pictures(const QList<StripPicture>& pictures) {
    const PictureKey kept = m_picked >= 0 && m_picked < m_pictures.size() ? m_pictures[m_picked].key : PictureKey();
    const bool same_count = pictures.size() == m_pictures.size();
    m_pictures = pictures;
    m_picked = -1;
    if (!kept.is_none()) pick(kept);
    if (!same_count) updateGeometry();
    update();
}

void ImageStrip::set_models(const QStringList& names, const QList<int>& colours) {
    m_models = names;
    m_colours = colours;
    update();
}

void ImageStrip::set_highlight(const QString& model) {
    m_highlight = model;
    update();
}

void ImageStrip::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    update();
}

void ImageStrip::set_size(int size) {
    const int next = std::clamp(size, kSmallest, kLargest);
    if (next == m_size) return;
    m_size = next;
    updateGeometry();
    update();
}

void ImageStrip::pick(const PictureKey& key) {
    m_picked = -1;
    for (int i = 0; i < m_pictures.size() && !key.is_none(); ++i)
        if (m_pictures[i].key == key) m_picked = i;
    update();
}

// --- places

int ImageStrip::least_width() const { return std::max(kLeastCell, m_size + 2 * kInset); }
int ImageStrip::cell_height() const { return kInset + m_size + 4 + kBars + 3 * kTextLine + 4; }
int ImageStrip::columns(int width) const { return std::max(1, width / least_width()); }

int ImageStrip::heightForWidth(int width) const {
    const int across = columns(width);
    return std::max(1, (int(m_pictures.size()) + across - 1) / across) * cell_height();
}

QSize ImageStrip::sizeHint() const { return {8 * least_width(), 2 * cell_height()}; }

QRect ImageStrip::cell(int index) const {
    const int across = columns(width());
    const int wide = std::max(least_width(), width() / across), left = index % across * wide;   // no gap at the right edge
    return {left, index / across * cell_height(), wide, cell_height()};
}

int ImageStrip::at(const QPoint& position) const {
    for (int i = 0; i < m_pictures.size(); ++i)
        if (cell(i).contains(position)) return i;
    return -1;
}

// --- drawing

void ImageStrip::paintEvent(QPaintEvent* event) {
    const ThemeColours& c = theme_colours();
    QPainter painter(this);
    if (m_pictures.isEmpty()) {
        painter.setPen(c.text2);
        painter.setFont(Theme::instance().font(13));
        painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap, tr("Pictures of every task come here, with the model that the gate chooses for each. Any picture can be dropped in."));
    }
    for (int i = 0; i < m_pictures.size(); ++i)
        if (cell(i).intersects(event->rect())) draw_cell(painter, i);
    if (m_dropping) {
        painter.setPen(QPen(c.accent, 2));
        painter.drawRect(rect().adjusted(1, 1, -2, -2));
        const QRect line(0, 0, width(), 30);
        painter.fillRect(line.adjusted(2, 2, -2, 0), c.sel);
        painter.setPen(c.text);
        painter.setFont(Theme::instance().font(13));
        painter.drawText(line, Qt::AlignCenter, tr("Drop to ask the merged model about these pictures"));
    }
    draw_view_focus(painter, this);
}

void ImageStrip::draw_cell(QPainter& painter, int index) const {
    const ThemeColours& c = theme_colours();
    const StripPicture& one = m_pictures[index];
    const QRect area = cell(index);
    if (index == m_picked) painter.fillRect(area.adjusted(1, 1, -1, -1), c.sel);
    painter.setOpacity(m_stale ? 0.5 : 1);
    const QRect place(area.left() + (area.width() - m_size) / 2, area.top() + kInset, m_size, m_size);
    QRect shown = place;
    if (one.picture.isNull()) {
        painter.fillRect(place, c.alt);
        painter.setPen(c.text2);
        painter.setFont(Theme::instance().font(11));
        painter.drawText(place, Qt::AlignCenter | Qt::TextWordWrap, tr("no picture"));
    } else {
        const QSize size = one.picture.size().scaled(m_size, m_size, Qt::KeepAspectRatio);
        shown = QRect(QPoint(place.left() + (m_size - size.width()) / 2, place.top() + (m_size - size.height()) / 2), size);
        painter.setRenderHint(QPainter::SmoothPixmapTransform, one.picture.width() > size.width());   // small ones keep their pixels
        painter.drawImage(shown, one.picture);
    }
    painter.setPen(index == m_picked ? QPen(c.accent, 2) : QPen(c.line, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(shown.adjusted(-1, -1, 0, 0));
    draw_bars(painter, QRect(area.left() + kInset, place.bottom() + 4, area.width() - 2 * kInset, kBars), one);

    QRect line(area.left() + kInset, place.bottom() + 5 + kBars, area.width() - 2 * kInset, kTextLine);
    painter.setFont(Theme::instance().font(11));
    const QFontMetrics metrics = painter.fontMetrics();
    const int model = int(m_models.indexOf(one.head));
    if (!one.head.isEmpty()) {
        const QRect sample(line.left(), line.center().y() - 4, 8, 8);
        painter.fillRect(sample, model_brush(m_colours.value(model, 0)));
        painter.setPen(c.text2);
        painter.drawText(line.adjusted(12, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(one.head, Qt::ElideRight, line.width() - 12));
    } else {
        painter.setPen(c.text3);
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, tr("no head"));
    }
    line.translate(0, kTextLine);
    painter.setPen(c.text);
    painter.setFont(Theme::instance().font(11, true));
    const QString sure = std::isnan(one.confidence) ? QString() : percent(one.confidence, 0);
    const int room = line.width() - (sure.isEmpty() ? 0 : metrics.horizontalAdvance(sure) + 4);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(one.predicted, Qt::ElideRight, room));
    painter.setFont(Theme::instance().font(11));
    painter.setPen(c.text2);
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, sure);
    line.translate(0, kTextLine);
    if (one.joint == Verdict::unknown) {
        painter.setPen(c.text2);
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(one.key.file.isEmpty() ? one.key.task : one.name(), Qt::ElideMiddle, line.width()));
    } else {
        const bool right = one.joint == Verdict::right;
        const QPixmap mark = Theme::instance().pixmap(right ? QStringLiteral("check") : QStringLiteral("close"), 12, right ? c.ok : c.err, painter.device()->devicePixelRatioF());
        painter.drawPixmap(line.left(), line.center().y() - 6, 12, 12, mark);
        painter.setPen(right ? c.ok : c.err);
        painter.drawText(line.adjusted(15, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(verdict_text(one), Qt::ElideRight, line.width() - 15));
    }
    painter.setOpacity(1);
}

void ImageStrip::draw_bars(QPainter& painter, const QRect& area, const StripPicture& one) const {
    const ThemeColours& c = theme_colours();
    painter.setPen(c.axis);
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    const int count = int(one.gate.size());
    if (count == 0) {
        painter.setPen(c.text3);
        painter.setFont(Theme::instance().font(11));
        painter.drawText(area, Qt::AlignCenter, tr("no gate"));
        return;
    }
    const double step = double(area.width()) / count, gap = step >= 5 ? 2 : step >= 3 ? 1 : 0;
    for (int i = 0; i < count; ++i) {
        const double share = std::clamp(std::isnan(one.gate[i]) ? 0.0 : one.gate[i], 0.0, 1.0);
        const QRectF slot(area.left() + i * step + gap / 2, area.top(), std::max(1.0, step - gap), area.height() - 1);
        painter.fillRect(slot, c.alt);
        const double tall = std::max(1.0, share * slot.height());   // also what is nearly nothing has a place
        const QRectF bar(slot.left(), slot.bottom() - tall, slot.width(), tall);
        painter.fillRect(bar, model_brush(m_colours.value(i, i)));
        if (!m_highlight.isEmpty() && m_models.value(i) == m_highlight) {
            painter.setPen(QPen(c.text, 1));
            painter.drawRect(slot.adjusted(0, 0, -1, -1));
        }
    }
}

// --- mouse and keyboard

void ImageStrip::choose(int index) {
    if (index < 0 || index >= m_pictures.size()) return;
    m_picked = index;
    update();
    Q_EMIT inside_moved(cell(index));
    announce_value(this);
    Q_EMIT picked_changed(index);
}

void ImageStrip::zoom(int steps) {
    const int before = m_size;
    set_size(m_size + steps * kSizeStep);
    if (m_size != before) Q_EMIT size_changed(m_size);
}

void ImageStrip::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(at(event->position().toPoint()));
}

void ImageStrip::keyPressEvent(QKeyEvent* event) {
    const int across = columns(width()), last = int(m_pictures.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Right: return choose(m_picked + 1);
    case Qt::Key_Left: return choose(std::max(0, m_picked - 1));
    case Qt::Key_Down: return choose(m_picked < 0 ? 0 : std::min(last, m_picked + across));
    case Qt::Key_Up: return choose(m_picked < across ? std::max(0, m_picked) : m_picked - across);
    case Qt::Key_Home: return choose(0);
    case Qt::Key_End: return choose(last);
    case Qt::Key_PageDown: return choose(std::min(last, std::max(0, m_picked) + 2 * across));
    case Qt::Key_PageUp: return choose(std::max(0, m_picked - 2 * across));
    case Qt::Key_Plus: case Qt::Key_Equal: return zoom(1);
    case Qt::Key_Minus: return zoom(-1);
    case Qt::Key_Delete:
        if (m_picked >= 0 && !m_pictures[m_picked].key.file.isEmpty()) Q_EMIT remove_requested(m_pictures[m_picked].key.file);
        return;
    default: break;
    }
    if (event->matches(QKeySequence::Copy) && m_picked >= 0) QApplication::clipboard()->setText(tip(m_picked));
    else QWidget::keyPressEvent(event);
}

void ImageStrip::wheelEvent(QWheelEvent* event) {
    if (!(event->modifiers() & Qt::ControlModifier)) return event->ignore();   // the area scrolls
    zoom(event->angleDelta().y() > 0 ? 1 : -1);
    event->accept();
}

void ImageStrip::contextMenuEvent(QContextMenuEvent* event) {
    const int index = event->reason() == QContextMenuEvent::Keyboard ? m_picked : at(event->pos());
    QMenu menu(this);
    menu.addAction(tr("Inspect"), this, [this, index] { choose(index); })->setEnabled(index >= 0);
    menu.addAction(tr("Copy values"), this, [this, index] { QApplication::clipboard()->setText(tip(index)); })->setEnabled(index >= 0);
    menu.addAction(tr("Copy picture"), this, [this, index] { QApplication::clipboard()->setImage(m_pictures[index].picture); })->setEnabled(index >= 0 && !m_pictures[index].picture.isNull());
    menu.addAction(tr("Take this picture out"), this, [this, index] { Q_EMIT remove_requested(m_pictures[index].key.file); })->setEnabled(index >= 0 && !m_pictures[index].key.file.isEmpty());
    menu.addSeparator();
    menu.addAction(tr("Larger"), this, [this] { zoom(1); })->setEnabled(m_size < kLargest);
    menu.addAction(tr("Smaller"), this, [this] { zoom(-1); })->setEnabled(m_size > kSmallest);
    menu.addAction(tr("Show as table"), this, &ImageStrip::show_as_table)->setEnabled(!m_pictures.isEmpty());
    menu.exec(event->globalPos());
}

bool ImageStrip::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const int index = at(help->pos());
    if (index < 0) QToolTip::hideText();
    else QToolTip::showText(help->globalPos(), tip(index), this, cell(index));
    return true;
}

/// All that is known of a picture, one fact a line.
QString ImageStrip::tip(int index) const {
    if (index < 0 || index >= m_pictures.size()) return {};
    const StripPicture& one = m_pictures[index];
    QStringList lines{one.label.isEmpty() ? one.name() : tr("%1: %2").arg(one.name(), one.label)};
    if (!one.head.isEmpty()) lines << tr("head: %1").arg(one.head);
    lines << tr("predicted: %1, %2").arg(one.predicted, percent(one.confidence));
    if (const QString verdict = verdict_text(one); !verdict.isEmpty()) lines << verdict;
    if (!one.oracle.isEmpty()) lines << tr("with the true head: %1").arg(one.oracle);
    for (int i = 0; i < one.gate.size(); ++i) lines << tr("gate, %1: %2").arg(m_models.value(i, QString::number(i + 1)), percent(one.gate[i]));
    return lines.join(u'\n');
}

// --- files

QStringList ImageStrip::picture_files(const QMimeData* data) {
    QStringList out;
    if (!data || !data->hasUrls()) return out;
    static const QStringList known{QStringLiteral("png"), QStringLiteral("jpg"), QStringLiteral("jpeg")};   // what the engine reads
    for (const QUrl& url : data->urls())
        if (url.isLocalFile() && known.contains(QFileInfo(url.toLocalFile()).suffix().toLower())) out << url.toLocalFile();
    return out;
}

void ImageStrip::dragEnterEvent(QDragEnterEvent* event) {
    if (picture_files(event->mimeData()).isEmpty()) return event->ignore();   // models and sets are the window's
    m_dropping = true;
    update();
    event->acceptProposedAction();
}

void ImageStrip::dragLeaveEvent(QDragLeaveEvent*) {
    m_dropping = false;
    update();
}

void ImageStrip::dropEvent(QDropEvent* event) {
    m_dropping = false;
    update();
    if (const QStringList files = picture_files(event->mimeData()); !files.isEmpty()) {
        event->acceptProposedAction();
        Q_EMIT files_dropped(files);
    }
}

// --- as a table

QStringList ImageStrip::heads() const {
    QStringList out{tr("Picture"), tr("Label"), tr("Head"), tr("Predicted"), tr("Confidence, %"), tr("Joint"), tr("With the true head"), tr("Oracle head")};
    const int bars = m_pictures.isEmpty() ? 0 : int(m_pictures.first().gate.size());
    for (int i = 0; i < bars; ++i) out << tr("Gate: %1, %").arg(m_models.value(i, QString::number(i + 1)));
    return out;
}

QList<QVariantList> ImageStrip::rows() const {
    const auto word = [](Verdict verdict) { return verdict == Verdict::unknown ? QVariant() : QVariant(verdict == Verdict::right ? tr("right") : tr("wrong")); };
    const auto share = [](double value) { return std::isnan(value) ? QVariant() : QVariant(100 * value); };
    QList<QVariantList> out;
    for (const StripPicture& one : m_pictures) {
        QVariantList row{one.name(), one.label, one.head, one.predicted, share(one.confidence), word(one.joint), one.oracle, word(one.oracle_right)};
        for (const double probability : one.gate) row << share(probability);
        out << row;
    }
    return out;
}

void ImageStrip::show_as_table() { show_table_window(this, tr("Pictures"), heads(), rows()); }

QSize ImageStrip::accessible_size() const { return {m_pictures.isEmpty() ? kFixedColumns : kFixedColumns + int(m_pictures.first().gate.size()), int(m_pictures.size())}; }

QString ImageStrip::accessible_head(int index, bool is_row) const {
    if (is_row) return index >= 0 && index < m_pictures.size() ? m_pictures[index].name() : QString();
    return heads().value(index);
}

QString ImageStrip::accessible_cell(int row, int column) const {
    if (row < 0 || row >= m_pictures.size()) return {};
    if (column == 0) return tip(row);
    const QVariant value = rows()[row].value(column);
    return value.typeId() == QMetaType::Double ? QString::number(value.toDouble(), 'f', 1) : value.toString();
}

QRect ImageStrip::accessible_cell_rect(int row, int) const { return cell(row); }
QRect ImageStrip::accessible_selection() const { return m_picked < 0 ? QRect() : QRect(0, m_picked, 1, 1); }

}
