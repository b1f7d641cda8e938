#include "plugins/quantization/panel/choices.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

std::optional<double> number_of(const Json& cell) {
    if (cell.is_number()) return cell.get<double>();
    if (cell.is_boolean()) return cell.get<bool>() ? 1 : 0;
    if (cell.is_string()) return parse_number(cell.get<std::string>());
    return {};
}

template <class T> Json cell_of(const std::optional<T>& value) { return value ? Json(*value) : Json(""); }
Json cell_of(const std::optional<bool>& value) { return value ? Json(*value ? 1 : 0) : Json(""); }
Json cell_of(int bits) { return bits > 0 ? Json(bits) : Json(""); }

std::optional<bool> flag_of(const Json& cell) {
    const auto number = number_of(cell);
    return number ? std::optional(*number != 0) : std::nullopt;
}

int whole_bits(const Json& cell) {
    const auto bits = number_of(cell);
    return bits && *bits >= 2 && *bits <= 16 ? int(*bits) : 0;
}

}

LayerChoices::LayerChoices(const Json& table) {
    if (!table.is_object() || !table.contains("columns") || !table.contains("rows") || !table["columns"].is_array() || !table["rows"].is_array()) return;
    const Json& columns = table["columns"];
    for (const Json& row : table["rows"]) {
        if (!row.is_array()) continue;
        const auto cell = [&](const char* name) {
            for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i)
                if (columns[i] == name) return row[i];
            return Json();
        };
        const Json node = cell("node");
        if (!node.is_string() || node.get<std::string>().empty()) continue;
        NodeChoice choice;
        choice.weight_bits = whole_bits(cell("weight_bits"));
        choice.activation_bits = whole_bits(cell("activation_bits"));
        choice.excluded = flag_of(cell("excluded")).value_or(false);
        choice.weight_symmetric = flag_of(cell("weight_symmetric"));
        choice.weight_per_channel = flag_of(cell("weight_per_channel"));
        choice.activation_symmetric = flag_of(cell("activation_symmetric"));
        choice.weight_clip = number_of(cell("weight_clip"));
        choice.activation_low = number_of(cell("activation_low"));
        choice.activation_high = number_of(cell("activation_high"));
        m_nodes[QString::fromStdString(node.get<std::string>())] = choice;
    }
}

Json LayerChoices::to_table(const Json& table) const {
    const Json columns = table.is_object() && table.contains("columns") && table["columns"].is_array() ? table["columns"] : Json::array({"node", "weight_bits", "activation_bits", "excluded"});
    Json rows = Json::array();
    for (const auto& [node, choice] : m_nodes) {
        if (choice.is_empty()) continue;
        const std::map<std::string, Json> cells{{"node", node.toStdString()}, {"weight_bits", cell_of(choice.weight_bits)}, {"activation_bits", cell_of(choice.activation_bits)}, {"excluded", choice.excluded ? Json(1) : Json("")},
            {"weight_symmetric", cell_of(choice.weight_symmetric)}, {"weight_per_channel", cell_of(choice.weight_per_channel)}, {"activation_symmetric", cell_of(choice.activation_symmetric)},
            {"weight_clip", cell_of(choice.weight_clip)}, {"activation_low", cell_of(choice.activation_low)}, {"activation_high", cell_of(choice.activation_high)}};
        Json row = Json::array();
        for (const Json& column : columns) {
            const auto found = column.is_string() ? cells.find(column.get<std::string>()) : cells.end();
            row.push_back(found == cells.end() ? Json("") : found->second);
        }
        rows.push_back(row);
    }
    return {{"columns", columns}, {"rows", rows}};
}

const NodeChoice& LayerChoices::of(const QString& node) const {
    static const NodeChoice none;
    const auto found = m_nodes.find(node);
    return found == m_nodes.end() ? none : found->second;
}

bool LayerChoices::operator==(const LayerChoices& other) const {
    const auto within = [](const LayerChoices& a, const LayerChoices& b) { return std::ranges::all_of(a.m_nodes, [&](const auto& entry) { return b.of(entry.first) == entry.second; }); };
    return within(*this, other) && within(other, *this);
}

bool LayerChoices::has_column(const Json& table, const char* column) {
    if (!table.is_object() || !table.contains("columns") || !table["columns"].is_array()) return false;
    return std::ranges::any_of(table["columns"], [&](const Json& name) { return name == column; });
}

}
