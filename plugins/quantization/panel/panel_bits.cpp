// The bits that are in force, and everything that changes them: all of it ends in the parameter `layers`, one step of undo each.
#include "core/base/error.h"
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/panel.h"
#include "widgets/parameter_form.h"
#include <QElapsedTimer>

namespace lathe::quantization {
namespace {

constexpr int kUsualBits = 8;
const QString kLayersId = QStringLiteral("layers");

int bits_param(const Json& params, const char* key) {
    const auto found = params.is_object() ? params.find(key) : params.end();
    return params.is_object() && found != params.end() && found->is_number() ? found->get<int>() : 0;
}

Json own_key(const Json& params) { return {params.is_object() ? params.value("backend", Json()) : Json(), bits_param(params, "weight_bits"), bits_param(params, "activation_bits")}; }

/// All but what single layers have.
Json without_layers(Json params) {
    if (params.is_object()) params.erase("layers");
    return params;
}

}

LayerBits Panel::own_bits(const LayerRow& row) const {
    const auto known = m_own_bits.constFind(row.node);
    return known == m_own_bits.cend() ? LayerBits{row.weight_bits, row.activation_bits} : *known;
}

/// A run tells the bits in force; where a layer had its own choice then, those of the backend are what they were, or the usual ones.
void Panel::take_own_bits(const Network& network, const Json& params) {
    const Json key = own_key(params);
    if (key != m_own_key) m_own_bits.clear();
    m_own_key = key;
    const LayerChoices then(params.is_object() ? params.value("layers", Json()) : Json());
    const auto usual = [&](const char* id) {
        const int told = bits_param(params, id);
        return told > 0 ? told : kUsualBits;
    };
    for (const LayerRow& row : network.layers) {
        const bool was_known = m_own_bits.contains(row.node);
        LayerBits& own = m_own_bits[row.node];
        const NodeChoice &mine = then.of(row.node), &input = then.of(row.input);
        if (!mine.excluded && mine.weight_bits == 0) own.weight = row.weight_bits;
        else if (!was_known) own.weight = usual("weight_bits");
        if (input.activation_bits == 0 && !(mine.excluded && was_known)) own.activation = row.activation_bits;
        else if (!was_known) own.activation = usual("activation_bits");
    }
}

/// Called for every move of a slider: what is estimated must be on the screen within 100 ms.
void Panel::refresh_assignment() {
    QElapsedTimer clock;
    clock.start();
    m_choices = LayerChoices(m_form->value(kLayersId));
    m_assignment.clear();
    m_shown.clear();
    const Json& values = m_form->values();
    const bool all_stale = m_result && (without_layers(m_result->params) != without_layers(values) || m_result->sources != sources());
    const LayerChoices measured = m_result ? LayerChoices(m_result->params.is_object() ? m_result->params.value("layers", Json()) : Json()) : LayerChoices();
    for (const LayerRow& row : m_network.layers) {
        const NodeChoice &mine = m_choices.of(row.node), &input = m_choices.of(row.input);
        const LayerBits own = own_bits(row);
        ShownLayer shown;
        shown.row = row;
        shown.excluded = mine.excluded;
        shown.can_quantize = own.weight > 0;
        shown.has_input_quantizer = own.activation > 0;
        shown.bits.weight = mine.excluded || own.weight == 0 ? 0 : mine.weight_bits > 0 ? mine.weight_bits : own.weight;
        shown.bits.activation = own.activation == 0 ? 0 : input.activation_bits > 0 ? input.activation_bits : own.activation;
        shown.chosen_weight = shown.bits.weight != own.weight;
        shown.chosen_activation = shown.bits.activation != own.activation;
        shown.loss_delta = m_sensitivity.loss_delta(row.node, true, shown.bits.weight);
        shown.stale = m_result && (all_stale || measured.of(row.node) != mine || measured.of(row.input) != input);
        m_assignment << shown.bits;
        m_shown << shown;
    }
    m_layers->show_layers(m_network, m_shown);
    show_estimate();
    show_costs();
    show_ranges();
    show_stale();
    show_front();
    m_estimate_ms = double(clock.nsecsElapsed()) / 1e6;
}

/// A click that moves nothing is no step, whatever the order of the rows was.
void Panel::edit_choices(const LayerChoices& next, bool dragging, const QString& text) {
    if (!m_form->is_dragging() && next == LayerChoices(m_form->value(kLayersId))) return;
    try {
        m_form->edit(kLayersId, next.to_table(m_form->value(kLayersId)), dragging, text);
    } catch (const Error& error) {
        tell(error);
    }
}

void Panel::move_bits(bool is_weight, const std::map<QString, int>& bits, bool dragging) {
    LayerChoices next(m_form->value(kLayersId));
    QString text;
    for (const auto& [node, wanted] : bits) {
        const LayerRow* row = m_network.layer(node);
        if (!row) continue;
        const LayerBits own = own_bits(*row);
        if (is_weight) {
            NodeChoice& choice = next.change(node);
            choice.excluded = wanted == 0;
            if (wanted > 0) choice.weight_bits = wanted == own.weight ? 0 : wanted;
        } else {
            next.change(row->input).activation_bits = wanted == own.activation ? 0 : wanted;
        }
        text = is_weight ? tr("%1: weights %2").arg(row->name(), wanted > 0 ? tr("%1 bit").arg(wanted) : tr("in float")) : tr("%1: input %2 bit").arg(row->name()).arg(wanted);
    }
    if (bits.size() > 1) text = is_weight ? tr("Weight bits of %n layer(s)", nullptr, int(bits.size())) : tr("Activation bits of %n layer(s)", nullptr, int(bits.size()));
    edit_choices(next, dragging, text);
}

void Panel::reset_bits(bool is_weight, const QStringList& nodes) {
    LayerChoices next(m_form->value(kLayersId));
    for (const QString& node : nodes) {
        const LayerRow* row = m_network.layer(node);
        if (!row) continue;
        if (!is_weight) {
            next.change(row->input).activation_bits = 0;
            continue;
        }
        NodeChoice& choice = next.change(node);
        choice.weight_bits = 0;
        choice.excluded = false;
    }
    edit_choices(next, false, is_weight ? tr("Weight bits of the backend") : tr("Activation bits of the backend"));
}

void Panel::move_clip(bool is_weight, double low, double high, bool dragging) {
    const LayerRow* row = m_network.layer(m_layers->current());
    if (!row) return;
    LayerChoices next(m_form->value(kLayersId));
    if (is_weight) {
        next.change(row->node).weight_clip = high;
    } else {
        NodeChoice& input = next.change(row->input);
        input.activation_low = low;
        input.activation_high = high;
    }
    edit_choices(next, dragging, is_weight ? tr("%1: weights clipped at %2").arg(row->name()).arg(high) : tr("%1: input clipped to %2 … %3").arg(row->name()).arg(low).arg(high));
}

void Panel::reset_clip(bool is_weight) {
    const LayerRow* row = m_network.layer(m_layers->current());
    if (!row) return;
    LayerChoices next(m_form->value(kLayersId));
    if (is_weight) next.change(row->node).weight_clip.reset();
    NodeChoice& input = next.change(row->input);
    if (!is_weight) {
        input.activation_low.reset();
        input.activation_high.reset();
    }
    edit_choices(next, false, tr("%1: the observer's range").arg(row->name()));
}

void Panel::use_scheme(LayersView::Scheme scheme) {
    LayerChoices next(m_form->value(kLayersId));
    QString text;
    using Scheme = LayersView::Scheme;
    for (const QString& node : m_layers->selected()) {
        const LayerRow* row = m_network.layer(node);
        if (!row) continue;
        NodeChoice& input = next.change(row->input);
        NodeChoice& mine = next.change(node);
        switch (scheme) {
        case Scheme::weights_symmetric: mine.weight_symmetric = true; text = tr("Weights symmetric"); break;
        case Scheme::weights_asymmetric: mine.weight_symmetric = false; text = tr("Weights with a zero point"); break;
        case Scheme::weights_own: mine.weight_symmetric.reset(); text = tr("Weights as the backend has them"); break;
        case Scheme::per_channel: mine.weight_per_channel = true; text = tr("A scale for each channel"); break;
        case Scheme::per_tensor: mine.weight_per_channel = false; text = tr("One scale for the tensor"); break;
        case Scheme::scales_own: mine.weight_per_channel.reset(); text = tr("Scales as the backend has them"); break;
        case Scheme::activations_symmetric: input.activation_symmetric = true; text = tr("Activations symmetric"); break;
        case Scheme::activations_asymmetric: input.activation_symmetric = false; text = tr("Activations with a zero point"); break;
        case Scheme::activations_own: input.activation_symmetric.reset(); text = tr("Activations as the backend has them"); break;
        case Scheme::exclude: mine.excluded = true; text = tr("Exclude"); break;
        case Scheme::include: mine.excluded = false; text = tr("Include"); break;
        case Scheme::clear_all: mine = {}; input.activation_bits = 0; input.activation_symmetric.reset(); input.activation_low.reset(); input.activation_high.reset(); text = tr("As the backend has it"); break;
        }
    }
    const int count = int(m_layers->selected().size());
    const LayerRow* only = count == 1 ? m_network.layer(m_layers->selected().first()) : nullptr;
    edit_choices(next, false, only ? text + QStringLiteral(": ") + only->name() : tr("%1: %n layer(s)", nullptr, count).arg(text));
}

/// Bits only: ranges and schemes of single layers stay.
void Panel::use_assignment(const Assignment& bits, const QString& text) {
    LayerChoices next(m_form->value(kLayersId));
    for (qsizetype i = 0; i < m_network.layers.size() && i < bits.size(); ++i) {
        const LayerRow& row = m_network.layers[i];
        const LayerBits own = own_bits(row);
        if (own.weight > 0) {
            NodeChoice& mine = next.change(row.node);
            mine.excluded = bits[i].weight == 0;
            mine.weight_bits = bits[i].weight == own.weight ? 0 : bits[i].weight;
        }
        if (own.activation > 0 && bits[i].activation > 0) next.change(row.input).activation_bits = bits[i].activation == own.activation ? 0 : bits[i].activation;
    }
    edit_choices(next, false, text);
}

Assignment Panel::all_at(int bits) const { return uniform(m_assignment, bits, bits); }
void Panel::use_uniform(int bits) { use_assignment(all_at(bits), tr("All %1 bit").arg(bits)); }

void Panel::use_best() {
    if (m_sensitivity.front().isEmpty()) {
        m_context.show_message(QStringLiteral("info"), tr("The best bits are not known yet."), {}, tr("Measure the sensitivity of the layers first."), tr("Measure sensitivity"), [this] { measure_sensitivity(); });
        return;
    }
    const FrontPoint* best = best_within(m_sensitivity, m_network, m_assignment, m_budget->bytes(), m_budget->bitops());
    if (!best) {
        m_budget->set_answer(tr("No assignment fits: at least %1 are needed, or fewer activation bits.").arg(kilobytes(m_sensitivity.front().first().bytes)), false);
        return;
    }
    m_budget->set_answer(tr("Gives %1.").arg(kilobytes(costs_of(m_network, with_weights(m_network, m_assignment, *best)).bytes)), true);
    use_assignment(with_weights(m_network, m_assignment, *best), tr("Best bits for %1").arg(kilobytes(m_budget->bytes())));
}

void Panel::use_tried(int index) {
    if (index < 0 || index >= m_tried.size()) return;
    m_form->set_values(m_tried[index].params, tr("Measured assignment of %1").arg(kilobytes(m_tried[index].bytes)));
}

}
