#pragma once
// The network as the engine tells of it: nodes with their quantizers, and the layers that have weights, with what quantization does to each. Filled from tables
// and tensors of quantization.describe and .evaluate; a column that is missing is not known. Plain values, no widgets; GUI thread or tests.
#include "core/method/run.h"
#include "widgets/answers.h"
#include "widgets/facts.h"
#include <QList>
#include <QString>
#include <QStringList>
#include <cmath>
#include <vector>

namespace lathe::quantization {

inline constexpr int kFloatBits = 32;                      ///< of a value that is not quantized
inline constexpr std::size_t kMostRows = 20'000;           ///< that are read of a table

/// A node of the traced graph and its quantizers; 0 bits: there is none.
struct NodeRow {
    QString node, type, layer, shape, why;                 ///< why: there is a quantizer at its value, or not
    QStringList inputs;
    int weight_bits = 0, activation_bits = 0;
    QString weight_range, weight_scheme, activation_range, activation_scheme;
};

/// A range and what lies in it; NaN: not known.
struct RangeFacts {
    double low = std::nan(""), high = std::nan("");        ///< of the histogram
    double clip_low = std::nan(""), clip_high = std::nan("");
    double clipped = std::nan(""), codes = std::nan("");   ///< share of the values; how many codes are used
    QString scheme;
    std::vector<float> counts;                             ///< equal bins over [low, high]; empty: none
    bool is_known() const { return !counts.empty() && high > low; }
};

/// A layer that has a weight. Bits 0: in float.
struct LayerRow {
    QString node, layer, type, shape, input;               ///< input: the node whose value it reads
    int weight_bits = 0, activation_bits = 0;
    double weights = std::nan(""), macs = std::nan("");
    double sqnr = std::nan(""), rmse = std::nan("");
    RangeFacts weight, activation;
    QString name() const { return layer.isEmpty() ? node : layer; }
    bool is_calibrated() const { return !std::isnan(sqnr); }
};

struct Network {
    QList<NodeRow> nodes;
    QList<LayerRow> layers;                                ///< in the order they run
    Json facts = Json::object();                           ///< the summary of quantization.describe or .evaluate

    bool is_empty() const { return nodes.isEmpty() && layers.isEmpty(); }
    int index_of(const QString& node) const;               ///< of a layer; -1: none
    const LayerRow* layer(const QString& node) const;
    const NodeRow* node(const QString& name) const;
    double weights() const;                                ///< of all layers
    double float_bytes() const;                            ///< of all parameters, where the engine said so
    /// Takes a table or a tensor over; false where it is none of this. Throws Error(wrong_format).
    bool take(const Artifact& artifact);
    /// What needs calibration and is not here, of the same nodes there.
    void keep_calibrated(const Network& old);

private:
    void take_nodes(const CsvTable& table);
    void take_layers(const CsvTable& table);
    void take_histograms(const Artifact& artifact, bool of_inputs);
};

/// "1.44", "18.4", "1 073": three figures and more, grouped.
QString figure(double value, int decimals);
/// "1.36 G": with a thousand's letter.
QString amount(double value);
QString kilobytes(double bytes);
QString bits_text(int bits);                               ///< "8", "float"

}
