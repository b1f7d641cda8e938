#include "plugins/quantization/panel/ranges_view.h"
#include "plugins/quantization/panel/range_plot.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QGridLayout>

namespace lathe::quantization {
namespace {

QString percent_text(double share) {
    const double percent = share * 100;
    return figure(percent, percent >= 10 ? 0 : percent >= 0.1 || percent == 0 ? 1 : 3) + QStringLiteral(" %");
}

QString range_words(double low, double high) {
    const auto three = [](double v) { return QString::number(v, std::abs(v) < 0.1 ? 'g' : 'f', 2).replace(u'-', QChar(0x2212)); };
    return std::abs(low + high) < 1e-9 * std::abs(high) ? QStringLiteral("±") + three(high) : RangesView::tr("%1 to %2").arg(three(low), three(high));
}

QString codes_words(double used, int bits) {
    if (std::isnan(used) || bits <= 0) return {};
    return QStringLiteral(", ") + RangesView::tr("%1 of %2 codes used").arg(figure(used, 0), figure(std::pow(2.0, bits), 0));
}

}

RangesView::RangesView(QWidget* parent)
    : QWidget(parent), m_weights(new RangePlot(tr("Weights"), this)), m_inputs(new RangePlot(tr("Input activations"), this)), m_weight_note(new TextLabel({}, 11, false, TextRole::secondary, this)),
      m_input_note(new TextLabel({}, 11, false, TextRole::secondary, this)) {
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 4, 0, 8);
    grid->setSpacing(2);
    grid->addWidget(m_weights, 0, 0);
    grid->addWidget(new Separator(Qt::Vertical, this), 0, 1, 2, 1);
    grid->addWidget(m_inputs, 0, 2);
    grid->addWidget(m_weight_note, 1, 0);
    grid->addWidget(m_input_note, 1, 2);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(2, 1);
    grid->setRowStretch(0, 1);
    for (TextLabel* note : {m_weight_note, m_input_note}) note->setContentsMargins(12, 0, 12, 0);
    for (const bool is_weight : {true, false}) {
        RangePlot* plot = is_weight ? m_weights : m_inputs;
        connect(plot, &RangePlot::clip_moved, this, [this, is_weight](double low, double high, bool dragging) {
            show_notes();
            Q_EMIT clip_moved(is_weight, low, high, dragging);
        });
        connect(plot, &RangePlot::reset_wanted, this, [this, is_weight] { Q_EMIT reset_wanted(is_weight); });
    }
    show_layer(nullptr, {}, {}, false);
}

void RangesView::show_layer(const ShownLayer* layer, const NodeChoice& own, const NodeChoice& input, bool editable) {
    m_has_layer = layer;
    m_layer = layer ? *layer : ShownLayer{};
    m_editable = editable && layer;
    const QString none = tr("Select a layer to see its ranges.");
    m_weights->set_empty_text(layer ? tr("The histogram comes with the first measurement.") : none);
    m_inputs->set_empty_text(!layer ? none : m_layer.row.input.isEmpty() ? tr("This layer reads the pictures themselves.") : tr("The histogram comes with calibration: press Run, or move a live control."));
    m_weights->set_range(m_layer.row.weight, m_layer.bits.weight, true, m_editable);
    m_inputs->set_range(m_layer.row.activation, m_layer.bits.activation, false, m_editable);
    if (own.weight_clip) m_weights->set_clip(-*own.weight_clip, *own.weight_clip);
    if (input.activation_low || input.activation_high)
        m_inputs->set_clip(input.activation_low.value_or(m_layer.row.activation.clip_low), input.activation_high.value_or(m_layer.row.activation.clip_high));
    show_notes();
}

void RangesView::show_notes() {
    const auto show = [this](RangePlot* plot, TextLabel* note, const QString& name, const RangeFacts& facts, int bits) {
        const bool has_clip = bits > 0 && plot->clip_high() > plot->clip_low();
        plot->set_stale(m_has_layer && m_layer.stale);
        const QString range = has_clip ? QStringLiteral(", ") + range_words(plot->clip_low(), plot->clip_high()) : QString();
        plot->set_titles(name, !m_has_layer ? QString() : bits <= 0 ? tr("in float") : tr("%1 bit").arg(bits) + range + codes_words(facts.codes, bits));
        const double share = plot->clipped_share();
        note->setText(!facts.is_known() || !m_has_layer ? QString() : std::isnan(share) ? tr("Nothing is clipped: it is not quantized.")
                      : tr("%1 clipped (orange).").arg(percent_text(share)) + (m_editable ? u' ' + tr("Drag a handle to move the clip range.") : QString()));
    };
    show(m_weights, m_weight_note, tr("Weights"), m_layer.row.weight, m_layer.bits.weight);
    show(m_inputs, m_input_note, tr("Input activations"), m_layer.row.activation, m_layer.bits.activation);
}

QString RangesView::note() const { return m_weight_note->text(); }

}
