#include "plugins/delta_cache/panel/cost_view.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::delta_cache {
namespace {


QString amount_text(double value) {
    const char* const units[] = {"", " k", " M", " G", " T"};
    int unit = 0;
    while (std::abs(value) >= 1000 && unit < 4) {
        value /= 1000;
        ++unit;
    }
    return QString::number(value, 'f', value < 10 ? 2 : value < 100 ? 1 : 0) + QLatin1String(units[unit]);
}

QString signed_text(double value, int decimals) {
    const QString text = QString::number(std::abs(value), 'f', decimals);
    if (text.toDouble() == 0) return text;
    return (value > 0 ? QStringLiteral("+") : QString(QChar(0x2212))) + text;
}

struct Measure { const char* key; const char* label; const char* unit; double scale; int decimals; bool higher_is_better; };
constexpr Measure kMeasures[] = {{"psnr", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "PSNR"), " dB", 1, 1, true}, {"ssim", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "SSIM"), "", 1, 3, true},
    {"rel_l2", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "Relative L2"), " %", 100, 1, false}, {"bands.low", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "Outline, low band"), " %", 100, 1, false},
    {"bands.mid", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "Texture, mid band"), " %", 100, 1, false}, {"bands.high", QT_TRANSLATE_NOOP("lathe::delta_cache::CostView", "Detail, high band"), " %", 100, 1, false}};

}

CostView::CostView(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(7);
    auto* heads = new QHBoxLayout;
    heads->addWidget(m_predicted = new Headline(tr("predicted, block MACs"), this), 1);
    heads->addWidget(m_measured = new Headline(tr("measured"), this), 1);
    column->addLayout(heads);
    column->addWidget(m_blocks = new StatRow(tr("Blocks computed"), true, this));
    column->addWidget(m_macs = new StatRow(tr("MACs"), true, this));
    column->addWidget(m_seconds = new StatRow(tr("Seconds, model calls"), true, this));
    column->addWidget(m_memory = new StatRow(tr("Cache memory"), false, this));
    column->addWidget(m_title = new TextLabel(tr("Quality"), 13, true, TextRole::normal, this));
    m_quality = new SimpleTable({tr("Against reference"), tr("This"), tr("Δ last")}, this);
    m_quality->setAccessibleName(tr("Quality against the reference"));
    column->addWidget(m_quality);
    column->addStretch(1);
    QList<QStringList> rows;
    for (const Measure& m : kMeasures) rows << QStringList{tr(m.label), QStringLiteral("–"), {}};
    m_quality->set_rows(rows);
    m_quality->setMinimumHeight(m_quality->sizeHint().height());
}

void CostView::show_prediction(const Schedule& schedule) {
    m_predicted->set_value(times_text(schedule.speedup()));
    const int total = schedule.steps * schedule.depth, computed = total - schedule.reused();
    m_blocks->set_value(tr("%1 of %2").arg(computed).arg(total), double(computed) / std::max(1, total));
}

void CostView::show_result(const SampleResult& result, const SampleResult* before) {
    if (const auto measured = result.number("speedup_measured")) m_measured->set_value(times_text(*measured), tr("measured, this run"));
    const auto macs = result.number("macs_full"), macs_reference = result.number("macs_full_reference");
    if (macs && macs_reference) m_macs->set_value(tr("%1 of %2").arg(amount_text(*macs), amount_text(*macs_reference)), *macs / *macs_reference);
    const auto seconds = result.number("seconds_denoising"), seconds_reference = result.number("seconds_reference");
    if (seconds && seconds_reference) m_seconds->set_value(tr("%1 of %2 s").arg(*seconds, 0, 'f', 2).arg(*seconds_reference, 0, 'f', 2), *seconds / *seconds_reference);
    else if (seconds) m_seconds->set_value(tr("%1 s").arg(*seconds, 0, 'f', 2));
    if (const auto bytes = result.number("cache_bytes")) m_memory->set_value(amount_text(*bytes) + QStringLiteral("B"));
    QList<QStringList> rows;
    QList<std::pair<int, CellTone>> tones;
    for (const Measure& m : kMeasures) {
        const double none = std::nan(""), value = result.number(m.key).value_or(none), old = before ? before->number(m.key).value_or(none) : none;
        QStringList row{tr(m.label), std::isnan(value) ? QStringLiteral("–") : std::isinf(value) ? tr("equal") : QString::number(value * m.scale, 'f', m.decimals) + QLatin1String(m.unit), {}};
        if (std::isfinite(value) && std::isfinite(old)) {
            const double change = (value - old) * m.scale;
            row[2] = signed_text(change, m.decimals);
            if (row[2].toDouble() != 0 || row[2].startsWith(QChar(0x2212))) tones << std::pair(int(rows.size()), (change > 0) == m.higher_is_better ? CellTone::ok : CellTone::err);
            else tones << std::pair(int(rows.size()), CellTone::secondary);
        }
        rows << row;
    }
    m_quality->set_rows(rows);
    for (const auto& [row, tone] : tones) m_quality->set_tone(row, 2, tone);
    set_stale(false);
}

void CostView::set_stale(bool stale) {
    m_measured->set_stale(stale);
    for (StatRow* row : {m_macs, m_seconds, m_memory}) row->set_stale(stale);
    m_quality->set_stale(stale);
    m_title->setText(stale ? tr("Quality · stale") : tr("Quality"));
}

}
