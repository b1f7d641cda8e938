#pragma once
// What single layers have instead of the backend's own: the parameter `layers` as a value that is easy to change. A table {"columns","rows"}; an empty cell
// is the backend's own. weight_* and excluded stand at the node that has the weight, activation_* at the node that gives the value. Plain values.
#include "core/base/json.h"
#include <QString>
#include <QStringList>
#include <map>
#include <optional>

namespace lathe::quantization {

struct NodeChoice {
    int weight_bits = 0, activation_bits = 0;              ///< 0: the backend's own
    bool excluded = false;
    std::optional<bool> weight_symmetric, weight_per_channel, activation_symmetric;
    std::optional<double> weight_clip, activation_low, activation_high;   ///< weight_clip: the largest magnitude that is kept
    bool is_empty() const { return *this == NodeChoice{}; }
    bool operator==(const NodeChoice&) const = default;
};

class LayerChoices {
public:
    LayerChoices() = default;
    explicit LayerChoices(const Json& table);              ///< what is damaged is left out
    /// With the columns of `table` (those that the method declares), nodes in alphabetical order.
    Json to_table(const Json& table) const;
    const NodeChoice& of(const QString& node) const;
    NodeChoice& change(const QString& node) { return m_nodes[node]; }
    void clear() { m_nodes.clear(); }
    bool operator==(const LayerChoices& other) const;
    static bool has_column(const Json& table, const char* column);

private:
    std::map<QString, NodeChoice> m_nodes;
};

}
