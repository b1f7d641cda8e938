#pragma once
// What an assignment of bits would give, from what quantization.sensitivity measured once: the logits of a few pictures, and how each of them moves when one
// weight or one value alone is quantized. Changes are added up, so an answer takes milliseconds and no engine. Size and BitOPs are exact. Plain values.
#include "plugins/quantization/panel/network.h"
#include <map>

namespace lathe::quantization {

/// Bits of one layer: of its weight, and of the value it reads; 0: in float.
struct LayerBits {
    int weight = 0, activation = 0;
    bool operator==(const LayerBits&) const = default;
};
using Assignment = QList<LayerBits>;                       ///< as Network::layers

struct Costs { double bytes = 0, bitops = 0; };
/// Bytes of all parameters of the network, multiplications weighted with the bits of both factors.
Costs costs_of(const Network& network, const Assignment& bits);

struct Estimate {
    double top1 = 0, loss = 0;                             ///< top1: percent of the pictures
    int images = 0, missing = 0;                           ///< missing: quantized things of which nothing was measured
};

/// One assignment of weight bits on the front of the smallest loss for each size.
struct FrontPoint {
    double bytes = 0, bitops = 0, loss = 0, top1 = 0;      ///< loss, top1: as the engine estimated them; top1 in percent
    std::map<QString, int> weight_bits;                    ///< by node
};

class Sensitivity {
public:
    /// False where the artifact is none of this. Throws Error(wrong_format).
    bool take(const Artifact& artifact);
    bool is_ready() const;                                 ///< all parts are here and fit together
    bool is_empty() const { return m_rows.empty(); }
    /// Nothing where it is not ready.
    std::optional<Estimate> estimate(const Network& network, const Assignment& bits) const;
    /// What the loss grows by where this alone is quantized; NaN: not known, or more than what lies between two measured bits.
    double loss_delta(const QString& node, bool is_weight, int bits) const;
    const QList<FrontPoint>& front() const { return m_front; }
    const CsvTable& table() const { return m_table; }
    const Json& params() const { return m_params; }
    void set_params(const Json& params) { m_params = params; }   ///< of the run, to see whether it still belongs to what is shown
    double float_top1() const;                             ///< of its pictures, percent

private:
    struct Row { QString node; bool is_weight = true; int bits = 0; double loss = 0; };
    /// The row to use and what its change is multiplied with; -1: none.
    std::pair<int, double> row_for(const QString& node, bool is_weight, int bits) const;
    void take_table(const CsvTable& table);
    void take_front(const CsvTable& table);

    std::vector<Row> m_rows;
    std::map<std::pair<QString, bool>, std::map<int, int>> m_index;   // node and kind -> bits -> row
    std::vector<float> m_perturbations, m_logits;
    std::vector<std::int64_t> m_labels, m_shape;           // shape: rows, images, classes of the perturbations
    QList<FrontPoint> m_front;
    CsvTable m_table;
    Json m_params;
};

/// The point of the front with the smallest loss that fits both; nullptr: none does. bits_of: the activations as they are chosen.
const FrontPoint* best_within(const Sensitivity& sensitivity, const Network& network, const Assignment& bits, double bytes, double bitops);
/// `bits` with the weights of a point of the front; what is in float stays so.
Assignment with_weights(const Network& network, Assignment bits, const FrontPoint& point);
/// All quantized weights and values at so many bits; what is in float stays so.
Assignment uniform(Assignment bits, int weight, int activation);

}
