// Formats with names and attributes: HIF and GraphML.
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/text_lines.h"
#include "plugins/hypergraph/engine/writers.h"
#include <cmath>

namespace lathe::hypergraph {
namespace {

/// An id as HIF tells it: a number stays one, "1" in quotes is the text 1 beside the number 1.
Json hif_id(const Names& names, std::int64_t id) {
    if (names.label.empty()) return id;
    const std::string& label = names.label[static_cast<std::size_t>(id)];
    if (names.are_texts) return label;
    if (const auto number = whole_number(label)) return *number;
    if (label.size() > 2 && label.front() == '"' && label.back() == '"')
        if (const std::string inner = label.substr(1, label.size() - 2); whole_number(inner)) return inner;
    return label;
}

Json hif_attributes(const Names& names, std::int64_t id) {
    Json made = Json::object();
    for (const Attribute& attribute : names.attributes) {
        const auto at = static_cast<std::size_t>(id);
        if (!attribute.texts.empty()) {
            if (!attribute.texts[at].empty()) made[attribute.name] = attribute.texts[at];
        } else if (const double value = attribute.numbers[at]; !std::isnan(value)) {
            if (value == std::floor(value) && std::abs(value) < 9e15) made[attribute.name] = static_cast<std::int64_t>(value);
            else made[attribute.name] = number_json(value);
        }
    }
    return made;
}

std::string escaped(std::string_view text) {
    std::string made;
    for (const char c : text) {
        if (c == '&') made += "&amp;";
        else if (c == '<') made += "&lt;";
        else if (c == '>') made += "&gt;";
        else if (c == '"') made += "&quot;";
        else if (c == '\n' || c == '\t' || c == '\r') made += "&#" + std::to_string(static_cast<int>(c)) + ";";
        else if (static_cast<unsigned char>(c) < 0x20) made += "\xef\xbf\xbd";   // XML has no such character
        else made += c;
    }
    return made;
}

/// Column of the classes as an attribute like any other.
Attribute class_attribute(const HybridGraph& graph) {
    Attribute made{"class", {}, {}};
    for (const std::int32_t label : graph.labels) made.texts.push_back(label < 0 ? std::string() : graph.classes[static_cast<std::size_t>(label)]);
    return made;
}

std::vector<Attribute> with_learning(const HybridGraph& graph) {
    std::vector<Attribute> attributes = graph.node_names.attributes;
    if (!graph.labels.empty()) attributes.push_back(class_attribute(graph));
    if (graph.is_regression()) attributes.push_back({"target", {}, std::vector<double>(graph.targets.begin(), graph.targets.end())});
    return attributes;
}

void tell_features(const HybridGraph& graph, LeftOut& left_out) {
    if (!graph.features.empty()) left_out.push_back("The features are not in the file.");
    if (!graph.splits.empty()) left_out.push_back("The splits are not in the file.");
}

}

void write_hif(const HybridGraph& graph, TextWriter& out, LeftOut& left_out) {
    if (graph.out.size() > 0) left_out.push_back("The simple edges are not in the file.");
    tell_features(graph, left_out);
    out.put(std::string("{\"network-type\": \"") + (graph.direction.empty() ? "undirected" : "directed") + "\",\n\"metadata\": " + json_text({{"name", graph.name}}) + ",\n\"nodes\": [");
    const Names nodes{graph.node_names.label, graph.node_names.are_texts, with_learning(graph)};
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        Json row{{"node", hif_id(nodes, node)}};
        if (Json attributes = hif_attributes(nodes, node); !attributes.empty()) row["attrs"] = std::move(attributes);
        out.put((node ? ",\n" : "\n") + json_text(row));
    }
    out.put("],\n\"edges\": [");
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        Json row{{"edge", hif_id(graph.hyperedge_names, h)}};
        if (!graph.hyperedge_weights.empty()) row["weight"] = graph.hyperedge_weights[static_cast<std::size_t>(h)];
        if (Json attributes = hif_attributes(graph.hyperedge_names, h); !attributes.empty()) row["attrs"] = std::move(attributes);
        out.put((h ? ",\n" : "\n") + json_text(row));
    }
    out.put("],\n\"incidences\": [");
    std::size_t k = 0;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        const std::string edge = json_text(hif_id(graph.hyperedge_names, h));
        for (const std::int32_t node : graph.members[h]) {
            const std::int8_t direction = graph.direction.empty() ? std::int8_t{0} : graph.direction[k];
            out.put((k ? ",\n{\"edge\": " : "\n{\"edge\": ") + edge + ", \"node\": " + json_text(hif_id(nodes, node)) + (direction < 0 ? ", \"direction\": \"tail\"}" : direction > 0 ? ", \"direction\": \"head\"}" : "}"));
            ++k;
        }
    }
    out.put("]}\n");
}

void write_graphml(const HybridGraph& graph, TextWriter& out, LeftOut& left_out) {
    tell_features(graph, left_out);
    if (!graph.direction.empty()) left_out.push_back("The directions of hyperedges are not in the file.");
    if (!graph.hyperedge_weights.empty()) left_out.push_back("The weights of hyperedges are not in the file.");
    const std::vector<Attribute> nodes = with_learning(graph);
    const std::vector<Attribute>& hyperedges = graph.hyperedge_names.attributes;
    out.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
    const auto keys = [&](const std::vector<Attribute>& attributes, const char* of, char letter) {
        for (std::size_t k = 0; k < attributes.size(); ++k)
            out.put("<key id=\"" + std::string(1, letter) + std::to_string(k) + "\" for=\"" + of + "\" attr.name=\"" + escaped(attributes[k].name) + "\" attr.type=\"" + (attributes[k].texts.empty() ? "double" : "string") + "\"/>\n");
    };
    keys(nodes, "node", 'n');
    keys(hyperedges, "hyperedge", 'h');
    if (!graph.edge_weights.empty()) out.put("<key id=\"w\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"/>\n");
    out.put("<graph id=\"G\" edgedefault=\"" + std::string(graph.directed ? "directed" : "undirected") + "\">\n");
    const auto values = [](const std::vector<Attribute>& attributes, char letter, std::int64_t at) {
        std::string text;
        for (std::size_t k = 0; k < attributes.size(); ++k)
            if (const std::string value = value_text(attributes[k], at); !value.empty()) text += "<data key=\"" + std::string(1, letter) + std::to_string(k) + "\">" + escaped(value) + "</data>";
        return text;
    };
    std::vector<std::string> ids;
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        ids.push_back(escaped(label_of(graph.node_names, node)));
        out.put("<node id=\"" + ids.back() + "\">" + values(nodes, 'n', node) + "</node>\n");
    }
    std::size_t k = 0;
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        std::int64_t loops = 0;
        for (const std::int32_t other : graph.out[node]) {
            const std::size_t at = k++;
            if (!graph.directed && (other < node || (other == node && ++loops % 2 == 0))) continue;   // both directions are one edge
            const std::string weight = graph.edge_weights.empty() ? std::string() : "<data key=\"w\">" + number_text(graph.edge_weights[at]) + "</data>";
            out.put("<edge source=\"" + ids[static_cast<std::size_t>(node)] + "\" target=\"" + ids[static_cast<std::size_t>(other)] + "\">" + weight + "</edge>\n");
        }
    }
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        out.put("<hyperedge id=\"" + escaped(label_of(graph.hyperedge_names, h)) + "\">" + values(hyperedges, 'h', h));
        for (const std::int32_t node : graph.members[h]) out.put("<endpoint node=\"" + ids[static_cast<std::size_t>(node)] + "\"/>");
        out.put("</hyperedge>\n");
    }
    out.put("</graph>\n</graphml>\n");
}

}
