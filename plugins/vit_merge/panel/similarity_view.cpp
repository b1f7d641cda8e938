#include "plugins/vit_merge/panel/similarity_view.h"
#include "viewers/table_view.h"
#include "viewers/view_style.h"
#include "widgets/dock_title.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {

QString four_digits(double value) { return std::isnan(value) ? QStringLiteral("–") : QString::number(value, 'f', 4).replace(u'-', QChar(0x2212)); }

QString range_text(const std::vector<double>& values) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const double value : values)
        if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    return low > high ? QString() : SimilarityView::tr("%1 to %2").arg(four_digits(low), four_digits(high));
}

}

// --- a map

SimilarityMap::SimilarityMap(QWidget* parent) : HeatMapView(parent) {
    set_map(ColourMapId::viridis);
}

void SimilarityMap::show_values(const std::vector<double>& attention, const std::vector<double>& mlp) {
    m_shown.clear();
    QStringList labels;
    for (std::size_t block = 0; block < attention.size() && block < mlp.size(); ++block) {
        m_shown.push_back(attention[block]);
        m_shown.push_back(mlp[block]);
        labels << QString::number(block);
    }
    set_row_labels(labels, SimilarityView::tr("Block"));
    set_column_labels({SimilarityView::tr("Attention"), SimilarityView::tr("MLP")});
    set_values(int(labels.size()), m_shown.empty() ? 0 : 2, m_shown);
}

void SimilarityMap::set_gated(const GatedBlocks& gated) {
    m_gated = gated;
    update();
}

bool SimilarityMap::is_gated(int block, int kind) const {
    const std::vector<char>& list = kind == 0 ? m_gated.attention : m_gated.mlp;
    return block >= 0 && std::size_t(block) < list.size() && list[std::size_t(block)];
}

QString SimilarityMap::accessible_cell(int row, int column) const {
    const QString text = HeatMapView::accessible_cell(row, column);
    return is_gated(row, column) ? SimilarityView::tr("%1, gated").arg(text) : text;
}

/// Numbers where they fit, and the mark of what is gated: a dot with a ring, seen on every colour.
void SimilarityMap::paintEvent(QPaintEvent* event) {
    HeatMapView::paintEvent(event);
    if (m_shown.empty()) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(Theme::instance().font(11));
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const double value : m_shown)
        if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    const QFontMetrics metrics = painter.fontMetrics();
    for (std::size_t i = 0; i < m_shown.size(); ++i) {
        const int row = int(i / 2), column = int(i % 2);
        const QRect cell = accessible_cell_rect(row, column);
        const double value = m_shown[i], place = high > low ? (value - low) / (high - low) : 0.5;
        const Rgb behind = colour_at(ColourMapId::viridis, place);
        const bool dark_behind = 0.299 * behind.r + 0.587 * behind.g + 0.114 * behind.b < 140;
        const QColor ink = dark_behind ? Qt::white : Qt::black;
        const QString text = four_digits(value);
        const bool gated = is_gated(row, column);
        const int mark = gated ? 13 : 0, wide = metrics.horizontalAdvance(text);
        if (cell.height() >= metrics.height() - 3 && cell.width() >= wide + mark + 2) {   // beside the mark where there is no room in the middle
            painter.setPen(ink);
            painter.drawText(cell.width() >= wide + 2 * mark ? cell : cell.adjusted(mark, 0, 0, 0), Qt::AlignCenter, text);
        }
        if (!gated || cell.height() < 6) continue;
        const double radius = std::min(3.5, cell.height() / 2.0 - 1.5);
        painter.setPen(QPen(ink, 1.5));
        painter.setBrush(dark_behind ? Qt::black : Qt::white);
        painter.drawEllipse(QPointF(cell.left() + 7, cell.center().y() + 0.5), radius, radius);
    }
}

// --- both

SimilarityView::SimilarityView(QWidget* parent)
    : QWidget(parent), m_title(new DockTitle(tr("Similarity of the blocks"), {}, this)), m_full(new SimilarityMap(this)), m_tasks(new SimilarityMap(this)), m_full_note(new ElidedLabel({}, 11, false, TextRole::secondary, this)),
      m_tasks_note(new ElidedLabel({}, 11, false, TextRole::secondary, this)), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 4);
    column->setSpacing(4);
    column->addWidget(m_title);
    connect(m_title->add_button(QStringLiteral("table"), tr("Show as table")), &QToolButton::clicked, this, &SimilarityView::show_as_table);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 4, 12, 0);
    row->setSpacing(12);
    const auto half = [&](SimilarityMap* map, ElidedLabel* note, const QString& name, const QString& tip) {
        auto* side = new QVBoxLayout;
        side->setSpacing(2);
        auto* title = new TextLabel(name, 12, true, TextRole::normal, this);
        title->setToolTip(tip);
        auto* line = new QHBoxLayout;
        line->setSpacing(8);
        line->addWidget(title);
        line->addWidget(note, 1);
        side->addLayout(line);
        side->addWidget(map, 1);
        row->addLayout(side, 1);
        map->setAccessibleName(name);
        map->setToolTip(tip);
        connect(map, &HeatMapView::clicked, this, [this](int block, int kind) { Q_EMIT block_clicked(block, kind == 0); });
    };
    half(m_full, m_full_note, tr("Full weights"), tr("Mean over the pairs of models, colours from the lowest to the highest value. A click gates a block, or takes it out: m moves."));
    half(m_tasks, m_tasks_note, tr("Task vectors"), tr("Cosine of what fine-tuning changed. Full weights are nearly alike in all blocks; this tells more."));
    column->addLayout(row, 1);
    m_note->setContentsMargins(12, 0, 12, 0);
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    show_description({});
}

void SimilarityView::show_description(const Description& description) {
    m_blocks = description.blocks;
    std::vector<double> attention, mlp, attention_task, mlp_task;
    bool has_tasks = false;
    for (const BlockFacts& block : description.blocks) {
        attention.push_back(block.attention);
        mlp.push_back(block.mlp);
        attention_task.push_back(block.attention_task);
        mlp_task.push_back(block.mlp_task);
        has_tasks = has_tasks || std::isfinite(block.attention_task) || std::isfinite(block.mlp_task);
    }
    m_full->show_values(attention, mlp);
    if (has_tasks) m_tasks->show_values(attention_task, mlp_task);
    else m_tasks->show_values({}, {});
    std::vector<double> all = attention, all_tasks = attention_task;
    all.insert(all.end(), mlp.begin(), mlp.end());
    all_tasks.insert(all_tasks.end(), mlp_task.begin(), mlp_task.end());
    m_full_note->setText(range_text(all));
    m_tasks_note->setText(description.blocks.isEmpty() ? QString() : has_tasks ? range_text(all_tasks) : tr("There is no base model."));
}

void SimilarityView::show_gated(const GatedBlocks& gated, int m, double tau) {
    m_gated = gated;
    m_full->set_gated(gated);
    m_tasks->set_gated(gated);
    const int depth = int(m_blocks.size());
    if (depth == 0) m_note->setText({});
    else if (is_threshold(tau)) m_note->setText(tr("● merged by the gate: below %1, %2 of %3 modules. A click goes by m instead.").arg(tau, 0, 'f', 4).arg(gated.count()).arg(2 * depth));
    else m_note->setText(tr("● merged by the gate: the m = %1 least alike of %2 blocks, attention and MLP apart. A click moves m.").arg(m).arg(depth));
}

void SimilarityView::set_block(int block) {
    for (SimilarityMap* map : {m_full, m_tasks})
        if (map->marked().y() != block) map->set_marked(block < 0 ? QPoint(-1, -1) : QPoint(std::max(0, map->marked().x()), block));
}

void SimilarityView::set_stale(bool stale) {
    m_full->set_stale(stale);
    m_tasks->set_stale(stale);
    m_title->set_hint(stale ? tr("stale") : QString());
}

QString SimilarityView::note() const { return m_note->text(); }

void SimilarityView::show_as_table() {
    QList<QVariantList> rows;
    const auto number = [](double value) { return std::isnan(value) ? QVariant() : QVariant(four_digits(value)); };
    for (int b = 0; b < m_blocks.size(); ++b) {
        const BlockFacts& block = m_blocks[b];
        rows << QVariantList{b, number(block.attention), number(block.mlp), number(block.attention_task), number(block.mlp_task), m_full->is_gated(b, 0) ? tr("gated") : tr("static"), m_full->is_gated(b, 1) ? tr("gated") : tr("static")};
    }
    show_table_window(this, tr("Similarity of the blocks"), {tr("Block"), tr("Attention"), tr("MLP"), tr("Attention, task vectors"), tr("MLP, task vectors"), tr("Attention is"), tr("MLP is")}, rows);
}

}
