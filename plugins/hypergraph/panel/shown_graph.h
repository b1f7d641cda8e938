#pragma once
// The graph as hypergraph.open tells of it: its structure for the viewers, tables, labels, components. Made on another thread and unchanged after that. No widgets.
#include "plugins/hypergraph/panel/answers.h"
#include "viewers/graph_data.h"
#include <QList>

namespace lathe::hypergraph {

struct ShownGraph {
    GraphDataPtr data;
    CsvTable import, nodes, hyperedges;
    std::vector<std::int32_t> labels;                      ///< [nodes]; -1: none; empty: no labels
    std::vector<float> targets;                            ///< [nodes] of a regression; empty: none
    std::vector<std::uint8_t> parts;                       ///< [nodes] of the file's first split; empty: none
    std::vector<float> x, y;                               ///< positions of the file; empty: none
    std::vector<std::int32_t> component;                   ///< [nodes] over edges and hyperedges; 0 is the largest
    std::vector<std::int64_t> component_sizes;             ///< falling
    QStringList classes, warnings;
    std::vector<std::string> amounts;                      ///< columns of `nodes` that hold only numbers from 0 on: sizes can stand for them
    Json summary;

    QString node_name(std::int32_t node) const;
    QString hyperedge_name(std::int32_t hyperedge) const;
    QString class_name(std::int32_t label) const;          ///< empty below 0
};
using ShownGraphPtr = std::shared_ptr<const ShownGraph>;

/// Of the artifacts and the summary of hypergraph.open. Error (wrong_format, invalid_value) where they do not fit together. Any thread.
ShownGraphPtr make_shown_graph(const QList<Artifact>& artifacts, const Json& summary);

/// How often each length occurs among the rows: pairs (length, count), ascending.
std::vector<std::pair<double, double>> length_counts(const GraphRows& rows);

}
