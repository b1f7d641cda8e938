#pragma once
// What one run of hypergraph.train has given so far: curves, predictions, the learnt embedding, the model. Filled from events, or from a project. No widgets.
#include "plugins/hypergraph/panel/shown_graph.h"
#include "widgets/metric_series.h"

namespace lathe::hypergraph {

struct Training {
    QString uuid, sources;                                 ///< sources: the data that it was asked of
    Json params, summary;                                  ///< summary: null until it finished
    bool finished = false;
    MetricSeries series;                                   ///< by epoch
    std::vector<std::int32_t> predictions;                 ///< [nodes]; empty: none yet
    std::vector<float> values;                             ///< [nodes] of a regression
    std::vector<float> logits;                             ///< [nodes, classes]
    std::vector<std::uint8_t> parts;                       ///< [nodes]
    Bytes embedding, model;                                ///< safetensors files; null: none yet
    QString embedding_name;                                ///< kept_name() of the embedding
    CsvTable confusion;                                    ///< rows: true classes of the test nodes, columns after the first: what was said; empty: none

    /// True where something to be seen came. Throws Error(wrong_format).
    bool take(const RunEvent& event);
    bool take(const Artifact& artifact);
    bool fits(const ShownGraph& graph) const;              ///< there are predictions, of as many nodes
    double confidence(std::int32_t node) const;            ///< softmax of the predicted class; NaN: not known
};

QString part_name(int part);                               ///< "train", "validation", "test"; empty: in none

}
