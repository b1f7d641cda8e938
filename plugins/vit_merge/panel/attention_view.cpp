#include "plugins/vit_merge/panel/attention_view.h"
#include "core/base/error.h"
#include "viewers/accessible.h"
#include "viewers/colour_table.h"
#include "viewers/view_style.h"
#include "widgets/number_field.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {
const QString kMean = QStringLiteral("mean"), kRollout = QStringLiteral("rollout");
constexpr double kOverlay = 0.6;
constexpr int kBarRoom = 20;
}

// --- the map

AttentionMap::AttentionMap(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Attention over the picture"));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void AttentionMap::show_map(const QImage& picture, int rows, int columns, const std::vector<double>& values) {
    m_picture = picture;
    const bool fits = rows > 0 && columns > 0 && values.size() == std::size_t(rows) * std::size_t(columns);
    m_rows = fits ? rows : 0;
    m_columns = fits ? columns : 0;
    m_values = fits ? values : std::vector<double>();
    m_marked = {-1, -1};
    m_low = HUGE_VAL;
    m_high = -HUGE_VAL;
    for (const double value : m_values)
        if (std::isfinite(value)) m_low = std::min(m_low, value), m_high = std::max(m_high, value);
    m_overlay = {};
    if (m_rows > 0) {
        const ColourTable table(ColourMapId::inferno, theme_colours().base);
        m_overlay = QImage(m_columns, m_rows, QImage::Format_RGB32);
        for (int r = 0; r < m_rows; ++r)
            for (int c = 0; c < m_columns; ++c) {
                const double value = m_values[std::size_t(r) * std::size_t(m_columns) + std::size_t(c)];
                m_overlay.setPixel(c, r, table.at(std::isnan(value) ? value : m_high > m_low ? (value - m_low) / (m_high - m_low) : 0.5));
            }
    }
    update();
}

void AttentionMap::set_stale(bool stale) {
    m_stale = stale;
    update();
}

QRect AttentionMap::place() const {
    const QSize room(width(), std::max(1, height() - kBarRoom));
    const QSize size = (m_picture.isNull() ? QSize(1, 1) : m_picture.size()).scaled(room, Qt::KeepAspectRatio);
    return {QPoint((room.width() - size.width()) / 2, (room.height() - size.height()) / 2), size};
}

void AttentionMap::paintEvent(QPaintEvent*) {
    const ThemeColours& c = theme_colours();
    QPainter painter(this);
    painter.setFont(Theme::instance().font(11));
    if (m_picture.isNull()) {
        painter.setPen(c.text2);
        painter.drawText(rect().adjusted(0, 4, 0, 0), Qt::AlignTop | Qt::AlignHCenter | Qt::TextWordWrap, tr("Pick a picture to see where the model looks."));
        return draw_view_focus(painter, this);
    }
    const QRect at = place();
    painter.setOpacity(m_stale ? 0.5 : 1);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, m_picture.width() > at.width());
    painter.drawImage(at, m_overlay.isNull() ? m_picture : m_picture.convertToFormat(QImage::Format_Grayscale8));
    if (!m_overlay.isNull()) {
        painter.setOpacity((m_stale ? 0.5 : 1) * kOverlay);
        painter.setRenderHint(QPainter::SmoothPixmapTransform, false);   // patches are patches
        painter.drawImage(at, m_overlay);
        painter.setOpacity(1);
        const QRectF bar(width() * 0.25, height() - 13, width() * 0.5, 8);
        draw_colour_bar(painter, bar, ColourTable(ColourMapId::inferno, c.base));
        painter.setPen(c.text2);
        painter.drawText(QRectF(0, height() - 17, bar.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter, QString::number(m_low, 'g', 2));
        painter.drawText(QRectF(bar.right() + 6, height() - 17, width() - bar.right() - 6, 16), Qt::AlignLeft | Qt::AlignVCenter, QString::number(m_high, 'g', 2));
    }
    painter.setOpacity(1);
    if (m_marked.x() >= 0) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(Qt::black, 3));
        painter.drawRect(accessible_cell_rect(m_marked.y(), m_marked.x()));
        painter.setPen(QPen(c.pick, 1.5));
        painter.drawRect(accessible_cell_rect(m_marked.y(), m_marked.x()));
    }
    draw_view_focus(painter, this);
}

void AttentionMap::mouseMoveEvent(QMouseEvent* event) {
    const QRect at = place();
    const QPoint in = event->position().toPoint();
    if (m_rows == 0 || !at.contains(in)) return QToolTip::hideText();
    const int column = std::min(m_columns - 1, (in.x() - at.left()) * m_columns / at.width()), row = std::min(m_rows - 1, (in.y() - at.top()) * m_rows / at.height());
    QToolTip::showText(event->globalPosition().toPoint(), accessible_cell(row, column), this);
}

void AttentionMap::keyPressEvent(QKeyEvent* event) {
    const QPoint by = event->key() == Qt::Key_Left ? QPoint(-1, 0) : event->key() == Qt::Key_Right ? QPoint(1, 0) : event->key() == Qt::Key_Up ? QPoint(0, -1) : event->key() == Qt::Key_Down ? QPoint(0, 1) : QPoint();
    if (m_rows > 0 && !by.isNull()) {
        const QPoint next = m_marked.x() < 0 ? QPoint(0, 0) : m_marked + by;
        m_marked = {std::clamp(next.x(), 0, m_columns - 1), std::clamp(next.y(), 0, m_rows - 1)};
        update();
        announce_value(this);
    } else if (event->matches(QKeySequence::Copy)) {
        QApplication::clipboard()->setText(as_csv());
    } else {
        QWidget::keyPressEvent(event);
    }
}

void AttentionMap::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(grab().toImage()); })->setEnabled(!m_picture.isNull());
    menu.addAction(tr("Copy table"), this, [this] { QApplication::clipboard()->setText(as_csv()); })->setEnabled(m_rows > 0);
    menu.exec(event->globalPos());
}

QString AttentionMap::accessible_head(int index, bool is_row) const { return is_row ? tr("row %1").arg(index + 1) : tr("column %1").arg(index + 1); }

QString AttentionMap::accessible_cell(int row, int column) const {
    if (row < 0 || column < 0 || row >= m_rows || column >= m_columns) return {};
    return tr("patch %1, %2: %3").arg(row + 1).arg(column + 1).arg(m_values[std::size_t(row) * std::size_t(m_columns) + std::size_t(column)], 0, 'g', 3);
}

QRect AttentionMap::accessible_cell_rect(int row, int column) const {
    const QRect at = place();
    if (m_rows == 0) return {};
    const int left = at.left() + column * at.width() / m_columns, top = at.top() + row * at.height() / m_rows;
    return QRect(left, top, at.left() + (column + 1) * at.width() / m_columns - left, at.top() + (row + 1) * at.height() / m_rows - top);
}

QString AttentionMap::as_csv() const {
    QString out;
    for (int r = 0; r < m_rows; ++r)
        for (int c = 0; c < m_columns; ++c) out += QString::number(m_values[std::size_t(r) * std::size_t(m_columns) + std::size_t(c)], 'g', 9) + (c + 1 < m_columns ? QStringLiteral(",") : QStringLiteral("\r\n"));
    return out;
}

// --- with its choices

AttentionView::AttentionView(QWidget* parent)
    : QWidget(parent), m_map(new AttentionMap(this)), m_head(new QComboBox(this)), m_block_field(new NumberField(this)), m_of(new TextLabel({}, 12, false, TextRole::secondary, this)), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    auto* line = new QHBoxLayout;
    line->setContentsMargins(12, 0, 12, 0);
    line->setSpacing(6);
    m_head->setAccessibleName(tr("Head"));
    m_head->setToolTip(tr("One head, the mean of the heads, or the rollout over all blocks"));
    m_block_field->setAccessibleName(tr("Block"));
    m_block_field->set_help(tr("Block whose attention is shown"));
    m_block_field->set_integer(true);
    m_block_field->setFixedWidth(44);
    line->addWidget(m_head, 1);
    line->addWidget(new TextLabel(tr("Block"), 12, false, TextRole::secondary, this));
    line->addWidget(m_block_field);
    line->addWidget(m_of);
    column->addLayout(line);
    column->addWidget(m_map, 1);
    m_note->setContentsMargins(12, 0, 12, 0);
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    connect(m_head, &QComboBox::activated, this, [this] {
        m_wanted = m_head->currentData().toString();
        show_map();
        Q_EMIT head_changed(m_wanted);
    });
    connect(m_block_field, &NumberField::value_edited, this, [this](double value) {
        m_block = int(value);
        show_map();
        Q_EMIT block_changed(m_block);
    });
    fill_heads();
    show_map();
}

void AttentionView::show_picture(const QImage& picture) {
    m_picture = picture;
    show_map();
}

void AttentionView::take(const Artifact& artifact) {
    if (artifact.key == "attention") m_attention = values_of(artifact, 4);
    else if (artifact.key == "rollout") m_rollout = values_of(artifact, 2);
    else return;
    fill_heads();
    show_map();
}

void AttentionView::forget() {
    m_attention = m_rollout = {};
    show_map();
}

void AttentionView::set_stale(bool stale) { m_map->set_stale(stale); }
int AttentionView::block() const { return m_block; }

void AttentionView::set_block(int block) {
    m_block = std::max(0, block);
    show_map();
}

QString AttentionView::head() const { return m_wanted; }

void AttentionView::set_head(const QString& head) {
    m_wanted = head;
    fill_heads();
    show_map();
}

QString AttentionView::note() const { return m_note->text(); }

void AttentionView::fill_heads() {
    m_head->clear();
    m_head->addItem(tr("Mean of the heads"), kMean);
    m_head->addItem(tr("Rollout"), kRollout);
    for (std::int64_t h = 0; h < m_attention.size(1); ++h) m_head->addItem(tr("Head %1").arg(h), QString::number(h));
    m_head->setCurrentIndex(std::max(0, m_head->findData(m_wanted)));
}

void AttentionView::show_map() {
    const int blocks = int(m_attention.size(0)), heads = int(m_attention.size(1));
    const bool is_rollout = m_head->currentData().toString() == kRollout;
    m_block_field->set_limits(0, std::max(0, blocks - 1));
    const int block = std::clamp(m_block, 0, std::max(0, blocks - 1));
    m_block_field->set_value(block);
    m_block_field->setEnabled(!is_rollout && blocks > 0);
    m_of->setText(blocks > 0 ? tr("of %1").arg(blocks) : QString());
    if (is_rollout) {
        m_map->show_map(m_picture, int(m_rollout.size(0)), int(m_rollout.size(1)), m_rollout.values);
        m_note->setText(m_rollout.values.empty() ? QString() : tr("Rollout: attention multiplied through all blocks, half of each step kept."));
        return;
    }
    const std::size_t patches = std::size_t(m_attention.size(2)) * std::size_t(m_attention.size(3));
    std::vector<double> values;
    if (blocks > 0 && heads > 0 && m_attention.values.size() == std::size_t(blocks) * std::size_t(heads) * patches) {
        values.assign(patches, 0);
        const QString chosen = m_head->currentData().toString();
        for (int h = 0; h < heads; ++h) {
            if (chosen != kMean && chosen != QString::number(h)) continue;
            const double share = chosen == kMean ? 1.0 / heads : 1;
            for (std::size_t p = 0; p < patches; ++p) values[p] += share * m_attention.values[(std::size_t(block) * std::size_t(heads) + std::size_t(h)) * patches + p];
        }
    }
    m_map->show_map(m_picture, int(m_attention.size(2)), int(m_attention.size(3)), values);
    m_note->setText(values.empty() ? QString() : tr("Attention of the class token to the patches."));
}

}
