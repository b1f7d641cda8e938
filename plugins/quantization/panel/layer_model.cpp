#include "plugins/quantization/panel/layer_model.h"
#include "widgets/theme.h"
#include <QFont>
#include <QRegularExpression>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr double kPoorSqnr = 12;   // dB: below, a layer is shown as a warning

QVariant number_or_none(double value) { return std::isnan(value) ? QVariant() : QVariant(value); }

bool is_measured(int column) {
    return column == LayerModel::sqnr || column == LayerModel::rmse || column == LayerModel::clipped || column == LayerModel::codes || column == LayerModel::input_clipped || column == LayerModel::input_codes;
}

bool is_figure(int column) {
    return is_measured(column) || column == LayerModel::kilobytes || column == LayerModel::loss || column == LayerModel::macs;
}

double bytes_of(const ShownLayer& layer) { return layer.row.weights * (layer.bits.weight > 0 ? layer.bits.weight : kFloatBits) / 8; }

}

int LayerModel::slot_of(int bits) { return bits <= 0 || bits >= kFloatBits ? kSlots - 1 : bits > 8 ? 7 : std::max(bits, 2) - 2; }
int LayerModel::bits_of(int slot) { return slot >= kSlots - 1 ? 0 : slot == 7 ? 16 : std::max(slot, 0) + 2; }

void LayerModel::set_layers(const QList<ShownLayer>& layers) {
    const bool same = layers.size() == m_layers.size() && std::equal(layers.begin(), layers.end(), m_layers.begin(), [](const ShownLayer& a, const ShownLayer& b) { return a.row.node == b.row.node; });
    if (!same) beginResetModel();
    m_layers = layers;
    if (!same) endResetModel();
    else if (!m_layers.isEmpty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
}

const ShownLayer* LayerModel::at(const QModelIndex& index) const { return index.isValid() && index.row() < m_layers.size() ? &m_layers[index.row()] : nullptr; }

int LayerModel::row_of(const QString& node) const {
    for (int i = 0; i < m_layers.size(); ++i)
        if (m_layers[i].row.node == node) return i;
    return -1;
}

QString LayerModel::title(int column) {
    switch (column) {
    case name: return tr("Layer");
    case shape: return tr("Shape");
    case weight_bits: return tr("Weight bits");
    case activation_bits: return tr("Activation bits");
    case kilobytes: return tr("Weights kB");
    case sqnr: return tr("SQNR dB");
    case loss: return tr("Loss Δ");
    case rmse: return tr("RMSE / s");
    case weight_strip: return tr("Weights");
    case clipped: return tr("Clipped %");
    case codes: return tr("Codes used");
    case input_strip: return tr("Inputs");
    case input_clipped: return tr("Input clipped %");
    case input_codes: return tr("Input codes used");
    case type: return tr("Type");
    case macs: return tr("MACs");
    case weight_scheme: return tr("Weight scheme");
    case input_scheme: return tr("Input scheme");
    case node: return tr("Node");
    default: return {};
    }
}

bool LayerModel::is_shown_at_first(int column) { return column <= weight_strip; }

QVariant LayerModel::value(const ShownLayer& layer, int column) const {
    switch (column) {
    case weight_bits: return layer.bits.weight > 0 ? layer.bits.weight : kFloatBits;
    case activation_bits: return layer.bits.activation > 0 ? layer.bits.activation : kFloatBits;
    case kilobytes: return number_or_none(bytes_of(layer) / 1000);
    case sqnr: return number_or_none(layer.row.sqnr);
    case loss: return number_or_none(layer.loss_delta);
    case rmse: return number_or_none(layer.row.rmse);
    case weight_strip: case clipped: return number_or_none(layer.row.weight.clipped * 100);
    case codes: return number_or_none(layer.row.weight.codes);
    case input_strip: case input_clipped: return number_or_none(layer.row.activation.clipped * 100);
    case input_codes: return number_or_none(layer.row.activation.codes);
    case macs: return number_or_none(layer.row.macs);
    default: return text(layer, column);
    }
}

QString LayerModel::text(const ShownLayer& layer, int column) const {
    const bool in_float = layer.bits.weight <= 0;
    switch (column) {
    case name: return layer.row.name();
    case shape: return layer.row.shape;
    case weight_bits: return layer.can_quantize || layer.excluded ? bits_text(layer.bits.weight) : tr("float, no quantizer");
    case activation_bits: return layer.has_input_quantizer ? bits_text(layer.bits.activation) : tr("float, no quantizer");
    case kilobytes: return figure(bytes_of(layer) / 1000, 2);
    case sqnr: return in_float ? QString() : figure(layer.row.sqnr, 1);
    case loss: return in_float ? QString() : figure(layer.loss_delta, 4);
    case rmse: return in_float ? QString() : figure(layer.row.rmse, 3);
    case clipped: return in_float ? QString() : figure(layer.row.weight.clipped * 100, 2);
    case codes: return in_float ? QString() : figure(layer.row.weight.codes, 0);
    case input_clipped: return figure(layer.row.activation.clipped * 100, 2);
    case input_codes: return figure(layer.row.activation.codes, 0);
    case type: return layer.row.type;
    case macs: return std::isnan(layer.row.macs) ? QString() : amount(layer.row.macs);
    case weight_scheme: return layer.row.weight.scheme;
    case input_scheme: return layer.row.activation.scheme;
    case node: return layer.row.node;
    case weight_strip: return layer.row.weight.is_known() ? tr("%1 to %2").arg(layer.row.weight.low, 0, 'g', 3).arg(layer.row.weight.high, 0, 'g', 3) : QString();
    case input_strip: return layer.row.activation.is_known() ? tr("%1 to %2").arg(layer.row.activation.low, 0, 'g', 3).arg(layer.row.activation.high, 0, 'g', 3) : QString();
    default: return {};
    }
}

QVariant LayerModel::data(const QModelIndex& index, int role) const {
    const ShownLayer* layer = at(index);
    if (!layer) return {};
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole: return text(*layer, column);
    case Qt::AccessibleTextRole: return title(column) + QStringLiteral(": ") + text(*layer, column);
    case Qt::EditRole: return value(*layer, column);
    case Qt::TextAlignmentRole: return int((is_figure(column) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (layer->stale && is_measured(column)) return theme_colours().text3;
        if (column == sqnr && layer->row.sqnr < kPoorSqnr && layer->bits.weight > 0) return theme_colours().err;
        if (column == shape || column == type || column == node) return theme_colours().text2;
        return {};
    case Qt::FontRole:
        if (layer->stale && is_measured(column)) {
            QFont font = Theme::instance().font(12);
            font.setItalic(true);
            return font;
        }
        return {};
    case Qt::ToolTipRole:
        if (column == loss) return tr("Estimated: what the loss grows by where this weight alone has these bits.");
        if (column == sqnr && layer->row.sqnr < kPoorSqnr) return tr("Below %1 dB: the noise is more than a quarter of the signal.").arg(kPoorSqnr);
        if (column == activation_bits && !layer->row.input.isEmpty()) return tr("Of the value of %1, which this layer reads.").arg(layer->row.input);
        return {};
    default: return {};
    }
}

QVariant LayerModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::DisplayRole) return title(section);
    if (role == Qt::TextAlignmentRole) return int((is_figure(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return {};
}

bool passes_filter(const ShownLayer& layer, const QString& text, QString* problem) {
    static const QRegularExpression kCondition(QStringLiteral("^(\\p{L}+)\\s*(<=|>=|<|>|=)\\s*(-?[0-9.]+)$"));
    const QStringList parts = text.simplified().replace(QStringLiteral(" <"), QStringLiteral("<")).replace(QStringLiteral("< "), QStringLiteral("<")).replace(QStringLiteral(" >"), QStringLiteral(">"))
                                  .replace(QStringLiteral("> "), QStringLiteral(">")).replace(QStringLiteral("= "), QStringLiteral("=")).replace(QStringLiteral(" ="), QStringLiteral("=")).split(u' ', Qt::SkipEmptyParts);
    const QString words = QStringList{layer.row.layer, layer.row.node, layer.row.type, layer.row.shape, layer.row.weight.scheme, layer.excluded ? QStringLiteral("excluded") : QString()}.join(u' ');
    for (const QString& part : parts) {
        const auto match = kCondition.match(part);
        if (!match.hasMatch()) {
            if (part == u"and") continue;
            if (part.contains(u'<') || part.contains(u'>')) {
                if (problem) *problem = part;
                return false;
            }
            if (!words.contains(part, Qt::CaseInsensitive)) return false;
            continue;
        }
        const QString name = match.captured(1).toLower(), sign = match.captured(2);
        const double limit = match.captured(3).toDouble();
        double value = std::nan("");
        if (name == u"bits" || name == u"weight") value = layer.bits.weight > 0 ? layer.bits.weight : kFloatBits;
        else if (name == u"activation") value = layer.bits.activation > 0 ? layer.bits.activation : kFloatBits;
        else if (name == u"sqnr") value = layer.row.sqnr;
        else if (name == u"loss") value = layer.loss_delta;
        else if (name == u"rmse") value = layer.row.rmse;
        else if (name == u"kb") value = bytes_of(layer) / 1000;
        else if (name == u"clipped") value = layer.row.weight.clipped * 100;
        else if (name == u"macs") value = layer.row.macs;
        else {
            if (problem) *problem = name;
            return false;
        }
        const bool holds = sign == u"<" ? value < limit : sign == u"<=" ? value <= limit : sign == u">" ? value > limit : sign == u">=" ? value >= limit : value == limit;
        if (!holds) return false;
    }
    return true;
}

}
