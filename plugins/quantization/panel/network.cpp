#include "plugins/quantization/panel/network.h"
#include "core/method/tensor_bytes.h"
#include "widgets/number_field.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

int bits_in(const CsvTable& table, std::size_t row, const char* column) {
    const double bits = number_or_nan(table, row, column);
    return bits >= 1 && bits < kFloatBits ? int(bits) : 0;
}

}

int Network::index_of(const QString& node) const {
    for (int i = 0; i < layers.size(); ++i)
        if (layers[i].node == node) return i;
    return -1;
}

const LayerRow* Network::layer(const QString& node) const {
    const int at = index_of(node);
    return at < 0 ? nullptr : &layers[at];
}

const NodeRow* Network::node(const QString& name) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const NodeRow& row) { return row.node == name; });
    return found == nodes.end() ? nullptr : &*found;
}

double Network::weights() const {
    double sum = 0;
    for (const LayerRow& row : layers)
        if (!std::isnan(row.weights)) sum += row.weights;
    return sum;
}

double Network::float_bytes() const {
    const double told = fact(facts, "float_bytes");
    return told > 0 ? told : weights() * kFloatBits / 8;
}

bool Network::take(const Artifact& artifact) {
    if (artifact.key == "nodes") take_nodes(table_of(artifact, kMostRows));
    else if (artifact.key == "layers") take_layers(table_of(artifact, kMostRows));
    else if (artifact.key == "weight_histograms") take_histograms(artifact, false);
    else if (artifact.key == "input_histograms") take_histograms(artifact, true);
    else return false;
    return true;
}

void Network::take_nodes(const CsvTable& table) {
    nodes.clear();
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        NodeRow row;
        row.node = text_in(table, i, "node");
        row.type = text_in(table, i, "type");
        row.layer = text_in(table, i, "layer");
        row.shape = text_in(table, i, "shape").remove(u'[').remove(u']').replace(u',', u'×');
        row.inputs = text_in(table, i, "inputs").split(u' ', Qt::SkipEmptyParts);
        row.weight_bits = bits_in(table, i, "weight bits");
        row.activation_bits = bits_in(table, i, "activation bits");
        row.weight_range = text_in(table, i, "weight range");
        row.weight_scheme = text_in(table, i, "weight scheme");
        row.activation_range = text_in(table, i, "activation range");
        row.activation_scheme = text_in(table, i, "activation scheme");
        row.why = text_in(table, i, "why");
        nodes << row;
    }
}

void Network::take_layers(const CsvTable& table) {
    layers.clear();
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        LayerRow row;
        row.node = text_in(table, i, "node");
        const NodeRow* own = node(row.node);
        const auto text = [&](const char* column, const QString& otherwise) {
            const QString told = text_in(table, i, column);
            return told.isEmpty() ? otherwise : told;
        };
        row.layer = text("layer", own ? own->layer : QString());
        row.type = text("type", own ? own->type : QString());
        row.shape = text("shape", {});
        row.input = text("input", own && !own->inputs.isEmpty() ? own->inputs.first() : QString());
        row.weight_bits = bits_in(table, i, "weight bits");
        row.activation_bits = bits_in(table, i, "activation bits");
        row.weights = number_or_nan(table, i, "weights");
        row.macs = number_or_nan(table, i, "macs");
        row.sqnr = number_or_nan(table, i, "SQNR dB");
        row.rmse = number_or_nan(table, i, "RMSE / s");
        row.weight = {number_or_nan(table, i, "w low"), number_or_nan(table, i, "w high"), number_or_nan(table, i, "clip low"), number_or_nan(table, i, "clip high"), number_or_nan(table, i, "clipped"),
            number_or_nan(table, i, "codes used"), text("weight scheme", own ? own->weight_scheme : QString()), {}};
        row.activation = {number_or_nan(table, i, "in low"), number_or_nan(table, i, "in high"), number_or_nan(table, i, "in clip low"), number_or_nan(table, i, "in clip high"), number_or_nan(table, i, "input clipped"),
            number_or_nan(table, i, "input codes used"), text_in(table, i, "input scheme"), {}};
        layers << row;
    }
}

void Network::take_histograms(const Artifact& artifact, bool of_inputs) {
    const TensorBytes tensor = tensor_of(artifact);
    if (tensor.shape.size() != 2 || tensor.shape[0] != layers.size()) refuse_answer(artifact.key, "it belongs to other layers");
    const std::vector<float> all = tensor.values<float>();
    const auto bins = std::ptrdiff_t(tensor.shape[1]);
    for (qsizetype i = 0; i < layers.size(); ++i) {
        RangeFacts& facts_of = of_inputs ? layers[i].activation : layers[i].weight;
        facts_of.counts.assign(all.begin() + i * bins, all.begin() + (i + 1) * bins);
    }
}

void Network::keep_calibrated(const Network& old) {
    for (LayerRow& row : layers) {
        const LayerRow* before = old.layer(row.node);
        if (!before) continue;
        if (!row.is_calibrated()) {
            row.sqnr = before->sqnr;
            row.rmse = before->rmse;
        }
        const auto keep = [](RangeFacts& mine, const RangeFacts& theirs) {
            if (!mine.is_known()) {
                mine.low = theirs.low;
                mine.high = theirs.high;
                mine.counts = theirs.counts;
            }
            if (std::isnan(mine.clip_low) || std::isnan(mine.clip_high)) {
                mine.clip_low = theirs.clip_low;
                mine.clip_high = theirs.clip_high;
            }
            if (std::isnan(mine.clipped)) mine.clipped = theirs.clipped;
            if (std::isnan(mine.codes)) mine.codes = theirs.codes;
        };
        keep(row.weight, before->weight);
        keep(row.activation, before->activation);
    }
}

QString figure(double value, int decimals) { return std::isnan(value) ? QString() : std::isinf(value) ? QStringLiteral("∞") : grouped_number(value, decimals); }

QString amount(double value) {
    if (std::isnan(value)) return QStringLiteral("–");
    const char* const letters[] = {"", " k", " M", " G", " T"};
    int letter = 0;
    while (std::abs(value) >= 1000 && letter < 4) {
        value /= 1000;
        ++letter;
    }
    const bool counts = letter == 0 && value == std::floor(value);
    return figure(value, counts ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0) + QLatin1String(letters[letter]);
}

QString kilobytes(double bytes) { return std::isnan(bytes) ? QStringLiteral("–") : figure(bytes / 1000, bytes < 100'000 ? 1 : 0) + QStringLiteral(" kB"); }

QString bits_text(int bits) { return bits > 0 && bits < kFloatBits ? QString::number(bits) : QStringLiteral("float"); }

}
