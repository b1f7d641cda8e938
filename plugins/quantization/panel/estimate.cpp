#include "plugins/quantization/panel/estimate.h"
#include "core/base/error.h"
#include "core/method/tensor_bytes.h"
#include <algorithm>
#include <set>

namespace lathe::quantization {
namespace {

[[noreturn]] void refuse_sensitivity(const std::string& where, const std::string& why) { throw Error(ErrorCode::wrong_format, "The sensitivities cannot be used.", where + ": " + why, "Measure them again."); }

struct Score { std::int64_t right = 0; double loss = 0; };

/// Top-1 and cross-entropy of logits [images, classes].
Score score_of(const std::vector<float>& logits, const std::vector<std::int64_t>& labels, std::size_t classes) {
    Score out;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const float* row = logits.data() + i * classes;
        const auto best = std::max_element(row, row + classes);
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(double(row[c]) - double(*best));
        const auto label = std::size_t(labels[i]);
        if (label >= classes) continue;
        out.right += std::size_t(best - row) == label;
        out.loss += std::log(sum) + double(*best) - double(row[label]);
    }
    return out;
}

int or_float(int bits) { return bits > 0 ? bits : kFloatBits; }

}

Costs costs_of(const Network& network, const Assignment& bits) {
    Costs out{network.float_bytes(), 0};
    for (qsizetype i = 0; i < network.layers.size() && i < bits.size(); ++i) {
        const LayerRow& layer = network.layers[i];
        const int weight = or_float(bits[i].weight), activation = or_float(bits[i].activation);
        if (!std::isnan(layer.weights)) out.bytes += layer.weights * (weight - kFloatBits) / 8;
        if (!std::isnan(layer.macs)) out.bitops += layer.macs * weight * activation;
    }
    return out;
}

bool Sensitivity::take(const Artifact& artifact) {
    if (artifact.key == "sensitivity") {
        take_table(table_of(artifact, kMostRows));
    } else if (artifact.key == "front") {
        take_front(table_of(artifact, kMostRows));
    } else if (artifact.key == "perturbations") {
        const TensorBytes tensor = tensor_of(artifact);
        if (tensor.shape.size() != 3) refuse_sensitivity(artifact.key, "it has not three axes");
        m_shape = tensor.shape;
        m_perturbations = tensor.values<float>();
    } else if (artifact.key == "logits") {
        m_logits = tensor_of(artifact).values<float>();
    } else if (artifact.key == "labels") {
        m_labels = tensor_of(artifact).values<std::int64_t>();
    } else {
        return false;
    }
    return true;
}

void Sensitivity::take_table(const CsvTable& table) {
    m_table = table;
    m_rows.clear();
    m_index.clear();
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        Row row{text_in(table, i, "node"), text_in(table, i, "kind") != u"activation", int(number_in(table, i, "bits").value_or(0)), number_or_nan(table, i, "loss delta")};
        m_index[{row.node, row.is_weight}][row.bits] = int(i);
        m_rows.push_back(std::move(row));
    }
}

void Sensitivity::take_front(const CsvTable& table) {
    m_front.clear();
    static const std::set<std::string> kFacts{"size kB", "bitops", "estimated loss", "estimated top1"};
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        FrontPoint point;
        point.bytes = number_in(table, i, "size kB").value_or(0) * 1000;
        point.bitops = number_in(table, i, "bitops").value_or(0);
        point.loss = number_or_nan(table, i, "estimated loss");
        point.top1 = number_or_nan(table, i, "estimated top1") * 100;
        for (const std::string& column : table.columns)
            if (!kFacts.contains(column))
                if (const auto bits = number_in(table, i, column.c_str())) point.weight_bits[QString::fromStdString(column)] = *bits >= kFloatBits ? 0 : int(*bits);
        m_front << point;
    }
    std::ranges::sort(m_front, {}, &FrontPoint::bytes);
}

bool Sensitivity::is_ready() const {
    if (m_rows.empty() || m_shape.size() != 3 || m_labels.empty()) return false;
    const auto images = std::size_t(m_shape[1]), classes = std::size_t(m_shape[2]);
    return std::size_t(m_shape[0]) == m_rows.size() && images == m_labels.size() && m_logits.size() == images * classes && m_perturbations.size() == m_rows.size() * images * classes;
}

/// Between measured bits the next smaller is taken; a bit more halves the step, and so about halves the change.
std::pair<int, double> Sensitivity::row_for(const QString& node, bool is_weight, int bits) const {
    const auto known = m_index.find({node, is_weight});
    if (known == m_index.end() || bits <= 0) return {-1, 0};
    auto above = known->second.upper_bound(bits);
    if (above == known->second.begin()) return {above->second, 1};   // fewer than were measured: at least this much
    const auto& [measured, row] = *std::prev(above);
    return {row, std::pow(0.5, bits - measured)};
}

double Sensitivity::loss_delta(const QString& node, bool is_weight, int bits) const {
    const auto [row, share] = row_for(node, is_weight, bits);
    return row < 0 ? std::nan("") : m_rows[std::size_t(row)].loss * share * share;
}

std::optional<Estimate> Sensitivity::estimate(const Network& network, const Assignment& bits) const {
    if (!is_ready() || bits.size() != network.layers.size()) return {};
    const std::size_t classes = std::size_t(m_shape[2]), values = m_labels.size() * classes;
    std::vector<float> logits = m_logits;
    Estimate out;
    std::set<std::pair<QString, bool>> done;   // two layers may read the same value
    const auto add = [&](const QString& node, bool is_weight, int n) {
        if (n <= 0 || !done.insert({node, is_weight}).second) return;
        const auto [row, share] = row_for(node, is_weight, n);
        if (row < 0) {
            ++out.missing;
            return;
        }
        const float factor = float(share);
        const float* change = m_perturbations.data() + std::size_t(row) * values;
        for (std::size_t i = 0; i < values; ++i) logits[i] += factor * change[i];
    };
    for (qsizetype i = 0; i < bits.size(); ++i) {
        add(network.layers[i].node, true, bits[i].weight);
        add(network.layers[i].input, false, bits[i].activation);
    }
    const Score score = score_of(logits, m_labels, classes);
    out.images = int(m_labels.size());
    out.top1 = 100.0 * double(score.right) / double(m_labels.size());
    out.loss = score.loss / double(m_labels.size());
    return out;
}

double Sensitivity::float_top1() const {
    if (!is_ready()) return std::nan("");
    return 100.0 * double(score_of(m_logits, m_labels, std::size_t(m_shape[2])).right) / double(m_labels.size());
}

Assignment with_weights(const Network& network, Assignment bits, const FrontPoint& point) {
    for (qsizetype i = 0; i < bits.size() && i < network.layers.size(); ++i) {
        const auto found = point.weight_bits.find(network.layers[i].node);
        if (bits[i].weight > 0 && found != point.weight_bits.end()) bits[i].weight = found->second;
    }
    return bits;
}

const FrontPoint* best_within(const Sensitivity& sensitivity, const Network& network, const Assignment& bits, double bytes, double bitops) {
    const FrontPoint* best = nullptr;
    for (const FrontPoint& point : sensitivity.front()) {
        const Costs costs = costs_of(network, with_weights(network, bits, point));
        if (costs.bytes > bytes || costs.bitops > bitops) continue;
        if (!best || point.loss < best->loss) best = &point;
    }
    return best;
}

Assignment uniform(Assignment bits, int weight, int activation) {
    for (LayerBits& layer : bits) {
        if (layer.weight > 0) layer.weight = weight;
        if (layer.activation > 0) layer.activation = activation;
    }
    return bits;
}

}
