#pragma once
// What nodes can be coloured by: label, prediction, error, part of the split, groups, degrees, and every column of the tables; and what their sizes can stand for. No widgets.
#include "plugins/hypergraph/panel/training.h"
#include "viewers/graph_look.h"

namespace lathe::hypergraph {

struct ColourChoice {
    QString id, title;
};

/// A value: cheap to copy, since tables and graphs are shared.
class NodeColours {
public:
    void set_graph(ShownGraphPtr graph);                   ///< drops training and statistics
    void set_training(std::shared_ptr<const Training> training);   ///< null, or of another graph: none
    void set_statistics(std::shared_ptr<const CsvTable> nodes);    ///< table `nodes` of hypergraph.statistics; null, or of another graph: none
    QList<ColourChoice> choices() const;
    NodeColouring colouring(const QString& id) const;      ///< plain where there is no such thing now
    QList<ColourChoice> size_choices() const;              ///< degrees, amounts of the file, what was measured; the first: all alike
    NodeSizing sizing(const QString& id) const;            ///< all alike where there is no such thing now
    std::vector<std::int32_t> groups() const;              ///< [nodes]: community, else label; empty: neither
    const std::shared_ptr<const CsvTable>& statistics() const { return m_statistics; }   ///< never null
    const Training* training() const { return m_training.get(); }

private:
    NodeColouring by_column(const CsvTable& table, int column) const;
    std::pair<const CsvTable*, int> column_of_id(const QString& id) const;   // of "file:year"; -1: there is none
    ShownGraphPtr m_graph;
    std::shared_ptr<const Training> m_training;
    std::shared_ptr<const CsvTable> m_statistics = std::make_shared<CsvTable>();   // large: copies of this share it
};

}
