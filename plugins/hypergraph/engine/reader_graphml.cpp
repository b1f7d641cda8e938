// GraphML: graphs, hyperedges with end points, and bipartite graphs as networkx writes hypergraphs. Entities are refused (see xml_pull.h).
#include "core/base/text.h"
#include "plugins/hypergraph/engine/readers.h"
#include "plugins/hypergraph/engine/xml_pull.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr const char* kBipartite = "bipartite";

class GraphmlReader {
public:
    GraphmlReader(ByteStream& stream, Reading& reading) : m_stream(stream), m_xml(stream), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        for (XmlReader::Event event = m_xml.next(); event != XmlReader::Event::done; event = m_xml.next()) {
            if (event == XmlReader::Event::start) start();
            else if (event == XmlReader::Event::end) end();
            else if (m_collect) m_text += m_xml.text();
        }
        if (!m_graph_seen) m_xml.refuse("There is no <graph> in this file.");
        m_declared.tell(m_reading);
        apply_defaults();
        if (m_edge_values > 0) m_reading.found("attributes of edges", m_edge_values, "left out");
        m_reading.rules.directed = m_directed > 0;
        if (m_directed > 0 && m_undirected > 0) m_reading.warn("Directed and undirected edges are mixed; all are read as directed.");
        if (m_weighted) m_raw.edge_weights.resize(m_raw.source.size(), 1.0f);
        else m_raw.edge_weights = {};
        if (m_raw.node_columns.has("class")) m_raw.class_column = "class";
        else if (m_raw.node_columns.has("target")) m_raw.target_column = "target";
        if (m_raw.hyperedges.size() == 0) split_bipartite();
    }

private:
    struct Key { std::string name, of; };

    void start() {
        const std::string& name = m_xml.name();
        if (name == "graphml") {
            m_root = true;
            return;
        }
        if (!m_root) m_xml.refuse("The outermost element is <" + valid_text(name, 60) + ">, not <graphml>.");
        if (name == "key") {
            const std::string *title = m_xml.attribute("attr.name"), *of = m_xml.attribute("for");
            m_key = m_xml.required("id");
            if (!m_keys.try_emplace(m_key, Key{title ? *title : m_key, of ? *of : "all"}).second) m_xml.refuse("Two keys have the id " + valid_text(m_key, 60) + ".");
        } else if (name == "default" && !m_key.empty()) {
            collect();
        } else if (name == "graph") {
            m_graph_seen = true;
            const std::string* kind = m_xml.attribute("edgedefault");
            if (kind && *kind != "directed" && *kind != "undirected") m_xml.refuse("edgedefault is neither directed nor undirected.");
            m_default_directed = kind && *kind == "directed";
        } else if (name == "node") {
            m_node = m_raw.nodes.add(m_xml.required("id"));
            if (!m_declared.declare(m_node)) m_xml.refuse("Two nodes have the id " + valid_text(m_xml.required("id"), 60) + ".");
            m_open.push_back('n');
            look();
        } else if (name == "edge") {
            const std::int32_t a = end_point("source"), b = end_point("target");
            m_raw.add_edge(a, b);
            const std::string* directed = m_xml.attribute("directed");
            (directed ? *directed == "true" : m_default_directed) ? ++m_directed : ++m_undirected;
            m_open.push_back('e');
            look();
        } else if (name == "hyperedge") {
            const std::string* id = m_xml.attribute("id");
            m_hyperedge = id ? m_raw.hyperedges.add(*id) : m_raw.hyperedges.add_text("hyperedge " + std::to_string(m_raw.hyperedges.size()));
            m_open.push_back('h');
            look();
        } else if (name == "endpoint") {
            if (m_open.empty() || m_open.back() != 'h') m_xml.refuse("An <endpoint> stands outside of a <hyperedge>.");
            m_raw.add_member(end_point("node"), m_hyperedge);
        } else if (name == "data") {
            m_data = m_xml.required("key");
            if (!m_keys.contains(m_data)) m_xml.refuse("The key " + valid_text(m_data, 60) + " is not declared.");
            collect();
        }
    }

    void end() {
        const std::string& name = m_xml.name();
        if (name == "data") give();
        else if (name == "default") m_defaults[m_key] = trimmed_text();
        else if (name == "key") m_key.clear();
        else if ((name == "node" || name == "edge" || name == "hyperedge") && !m_open.empty()) m_open.pop_back();
        if (name == "data" || name == "default") m_collect = false;
    }

    void collect() {
        m_collect = true;
        m_text.clear();
    }
    std::string trimmed_text() const { return std::string(trimmed(m_text)); }
    void look() {
        if (++m_looked % 8192 == 0) m_reading.look(m_stream);
    }

    std::int32_t end_point(const char* attribute) {
        const std::string& id = m_xml.required(attribute);
        const std::int32_t node = m_raw.nodes.add(id);
        m_declared.name(node, [&] { return m_stream.where() + ", line " + std::to_string(m_xml.line()) + ": " + valid_text(id, 60); });
        return node;
    }

    void give() {
        if (m_open.empty()) return;   // of the graph as a whole
        const std::string& name = m_keys[m_data].name;
        const std::string value = trimmed_text();
        if (value.empty()) return;
        if (m_open.back() == 'n') m_raw.node_columns.set(name, m_node, value);
        else if (m_open.back() == 'h') m_raw.hyperedge_columns.set(name, m_hyperedge, value);
        else if (name == "weight") edge_weight(value);
        else ++m_edge_values;
    }

    /// The value that a key declares for nodes that give none.
    void apply_defaults() {
        for (const auto& [key, value] : m_defaults) {
            const Key& of = m_keys[key];
            if (!value.empty() && (of.of == "node" || of.of == "all")) m_raw.node_columns.set_missing(of.name, m_raw.nodes.size(), value);
        }
    }

    void edge_weight(const std::string& text) {
        const auto weight = real_number(text);
        if (!weight || !std::isfinite(*weight)) m_xml.refuse("The weight of an edge is no finite number: " + valid_text(text, 60) + ".");
        m_raw.edge_weights.resize(m_raw.source.size(), 1.0f);
        m_raw.edge_weights.back() = static_cast<float>(*weight);
        m_weighted = true;
    }

    /// networkx writes hypergraphs as bipartite graphs: nodes with bipartite = 1 are hyperedges.
    void split_bipartite() {
        const auto* sides = m_raw.node_columns.texts(kBipartite);
        if (!sides) return;
        const auto side = [&](std::int32_t node) { return static_cast<std::size_t>(node) < sides->size() ? (*sides)[static_cast<std::size_t>(node)] : std::string(); };
        const bool all = std::ranges::count(*sides, "0") + std::ranges::count(*sides, "1") == m_raw.nodes.size();
        bool joins = all;
        for (std::size_t k = 0; joins && k < m_raw.source.size(); ++k) joins = side(m_raw.source[k]) != side(m_raw.target[k]);
        if (!joins) {
            m_reading.warn("The attribute \"bipartite\" does not part the nodes into two sides; the file is read as a simple graph.");
            return;
        }
        RawGraph made;
        const IdTable::Order order = m_raw.nodes.order();
        std::vector<std::int32_t> place(static_cast<std::size_t>(m_raw.nodes.size()));
        const auto final_id = [&](std::int32_t node) { return order.place.empty() ? node : order.place[static_cast<std::size_t>(node)]; };
        for (std::int32_t node = 0; node < m_raw.nodes.size(); ++node) {
            const std::string label = order.labels.empty() ? std::to_string(final_id(node)) : order.labels[static_cast<std::size_t>(final_id(node))];
            place[static_cast<std::size_t>(node)] = side(node) == "0" ? made.nodes.add(label) : made.hyperedges.add(label);
        }
        for (std::size_t k = 0; k < m_raw.source.size(); ++k) {
            const bool turned = side(m_raw.source[k]) == "1";
            made.add_member(place[static_cast<std::size_t>(turned ? m_raw.target[k] : m_raw.source[k])], place[static_cast<std::size_t>(turned ? m_raw.source[k] : m_raw.target[k])]);
        }
        for (const std::string& name : m_raw.node_columns.names()) {
            if (name == kBipartite) continue;
            const auto& values = *m_raw.node_columns.texts(name);
            for (std::size_t node = 0; node < values.size(); ++node)
                if (!values[node].empty()) (side(static_cast<std::int32_t>(node)) == "0" ? made.node_columns : made.hyperedge_columns).set(name, place[node], values[node]);
        }
        made.class_column = m_raw.class_column;
        made.target_column = m_raw.target_column;
        m_reading.report.rows.push_back({"bipartite graph", counted(m_raw.nodes.size()) + " nodes, " + counted(static_cast<std::int64_t>(m_raw.source.size())) + " edges", "side 0: nodes; side 1: hyperedges"});
        m_raw = std::move(made);
        m_reading.rules.directed = false;
    }

    ByteStream& m_stream;
    XmlReader m_xml;
    Reading& m_reading;
    RawGraph& m_raw;
    std::map<std::string, Key, std::less<>> m_keys;
    std::map<std::string, std::string, std::less<>> m_defaults;
    std::string m_key, m_data, m_text;
    DeclaredNodes m_declared;
    std::string m_open;   ///< what is open: n, e, h
    std::int32_t m_node = -1, m_hyperedge = -1;
    std::int64_t m_directed = 0, m_undirected = 0, m_edge_values = 0, m_looked = 0;
    bool m_root = false, m_graph_seen = false, m_default_directed = false, m_collect = false, m_weighted = false;
};

}

void read_graphml(ByteStream& stream, Reading& reading) { GraphmlReader(stream, reading)(); }

}
