#include "plugins/quantization/panel/result_view.h"
#include "widgets/number_field.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace lathe::quantization {
namespace {

const QString kNone = QStringLiteral("–");

QString percent_of(double share, int decimals = 1) { return figure(share * 100, decimals) + QStringLiteral(" %"); }

QString signed_points(double points) {
    const QString text = figure(std::abs(points), 1);
    return points == 0 || text == u"0.0" ? QStringLiteral("0.0") : (points > 0 ? QStringLiteral("+") : QString(QChar(0x2212))) + text;
}

}

ResultView::ResultView(QWidget* parent)
    : QWidget(parent), m_measured(new Headline(tr("measured"), this)), m_estimated(new Headline(tr("estimated"), this)), m_points(new Headline(tr("points to float"), this)),
      m_table(new SimpleTable({QString(), tr("Float"), tr("All 8 bit"), tr("This"), tr("This / float")}, this)),
      m_honest(new TextLabel(tr("Below 8 bit the engine computes in int8: smaller, not faster."), 11, false, TextRole::secondary, this)),
      m_elsewhere(new TextLabel({}, 12, false, TextRole::secondary, this)), m_hint(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 8);
    column->setSpacing(6);
    m_heads = new QWidget(this);
    auto* heads = new QHBoxLayout(m_heads);
    heads->setContentsMargins(12, 0, 12, 0);
    for (Headline* head : {m_measured, m_estimated, m_points}) heads->addWidget(head, 1);
    column->addWidget(m_heads);
    for (TextLabel* sentence : {m_elsewhere, m_hint}) {
        sentence->setWordWrap(true);
        sentence->setContentsMargins(12, 0, 12, 0);
        sentence->hide();
        column->addWidget(sentence);
    }
    m_table->setAccessibleName(tr("Costs of this assignment"));
    m_rows = {{tr("Weights"), kNone, kNone, kNone, kNone}, {tr("BitOPs"), kNone, kNone, kNone, kNone}, {tr("Latency"), kNone, kNone, kNone, kNone}};
    m_table->set_rows(m_rows);
    for (int row = 0; row < 2; ++row) m_table->set_tone(row, 3, CellTone::strong);
    column->addWidget(m_table);
    m_honest->setContentsMargins(12, 0, 12, 0);
    m_honest->setWordWrap(true);
    column->addWidget(m_honest);
    column->addStretch(1);
}

void ResultView::show_measured(const Json& summary) {
    m_summary = summary;
    if (std::isnan(fact(summary, "top1"))) {
        m_measured->set_value(kNone, tr("not measured yet"));
    } else {
        m_measured->set_value(percent_of(fact(summary, "top1")), tr("measured on %1").arg(grouped_number(fact(summary, "images"), 0)));
    }
    show_points();
    show_latency();
}

void ResultView::set_measured_stale(bool stale) {
    m_stale = stale && m_summary.is_object();
    m_measured->set_stale(m_stale);
    if (!std::isnan(fact(m_summary, "top1")))
        m_measured->set_value(percent_of(fact(m_summary, "top1")), m_stale ? tr("measured before, stale") : tr("measured on %1").arg(grouped_number(fact(m_summary, "images"), 0)));
    show_points();
}

/// Of the measurement where it is of these bits, else of the estimate; the caption says which.
void ResultView::show_points() {
    const bool has_measured = !std::isnan(fact(m_summary, "top1")) && !std::isnan(fact(m_summary, "top1_float")) && !m_stale;
    const double in_float = fact(m_summary, "top1_float") * 100;
    if (has_measured) m_points->set_value(signed_points(fact(m_summary, "top1") * 100 - in_float), tr("points to float, measured"));
    else if (!std::isnan(m_estimate) && !std::isnan(in_float)) m_points->set_value(signed_points(m_estimate - in_float), tr("points to float, estimated"));
    else m_points->set_value(kNone, tr("points to float"));
    m_points->set_stale(!has_measured && std::isnan(m_estimate));
}

void ResultView::show_estimate(const std::optional<Estimate>& estimate, double milliseconds, bool of_other_ranges, const QString& why_not) {
    m_estimate = estimate ? estimate->top1 : std::nan("");
    if (!estimate) {
        m_estimated->set_value(kNone, tr("no estimate"));
        m_estimated->setToolTip(why_not);
    } else {
        m_estimated->set_value(figure(estimate->top1, 1) + QStringLiteral(" %"), milliseconds < 1 ? tr("estimated, < 1 ms") : tr("estimated, %1 ms").arg(milliseconds, 0, 'f', 0));
        QStringList tips{tr("From %1 pictures: changes of the logits, each measured alone, are added up. Loss %2.").arg(estimate->images).arg(estimate->loss, 0, 'f', 4)};
        if (estimate->missing > 0) tips << tr("%n quantizer(s) were not measured.", nullptr, estimate->missing);
        if (of_other_ranges) tips << tr("Sensitivities belong to another scheme: measure them again.");
        m_estimated->setToolTip(tips.join(u'\n'));
    }
    m_estimated->set_stale(of_other_ranges);
    show_points();
}

void ResultView::show_costs(const Costs& in_float, const Costs& all_8, const Costs& now) {
    const auto ratio = [](double part, double whole) { return whole > 0 ? figure(100 * part / whole, 1) + QStringLiteral(" %") : kNone; };
    m_rows[0] = {tr("Weights"), kilobytes(in_float.bytes), kilobytes(all_8.bytes), kilobytes(now.bytes), ratio(now.bytes, in_float.bytes)};
    m_rows[1] = in_float.bitops > 0 ? QStringList{tr("BitOPs"), amount(in_float.bitops), amount(all_8.bitops), amount(now.bitops), ratio(now.bitops, in_float.bitops)} : QStringList{tr("BitOPs"), kNone, kNone, kNone, kNone};
    show_latency();
}

/// The engine has one integer kernel: bits below 8 run as 8.
void ResultView::show_latency() {
    const double in_float = fact(m_summary, "ms_per_batch_float"), int8 = fact(m_summary, "ms_per_batch_int8");
    const auto ms = [](double value) { return std::isnan(value) ? kNone : figure(value, 1) + QStringLiteral(" ms"); };
    m_rows[2] = {tr("Latency"), ms(in_float), ms(int8), ms(int8), in_float > 0 && int8 > 0 ? figure(100 * int8 / in_float, 0) + QStringLiteral(" %") : kNone};
    if (std::isnan(in_float) && std::isnan(int8)) m_rows[2] = {tr("Latency"), kNone, kNone, tr("not measured"), kNone};
    m_table->set_rows(m_rows);
    m_table->set_tone(2, 3, CellTone::secondary);
    for (int column = 0; column < m_table->columnCount(); ++column) m_table->item(2, column)->setToolTip(tr("Of one batch on this machine: measured when the engine computes on integers."));
}

void ResultView::show_only_costs(const QString& sentence) {
    m_elsewhere->setText(sentence);
    m_elsewhere->setVisible(!sentence.isEmpty());
    m_heads->setVisible(sentence.isEmpty());
}

void ResultView::set_hint(const QString& sentence) {
    m_hint->setText(sentence);
    m_hint->setVisible(!sentence.isEmpty());
}

QString ResultView::measured_text() const { return m_measured->accessibleName(); }
QString ResultView::estimated_text() const { return m_estimated->accessibleName(); }

}
