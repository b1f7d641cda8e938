// GEXF (Gephi): nodes, edges, attributes, positions. Source: GEXF 1.3 schema, gexf.net. Entities are refused (see xml_pull.h).
#include "core/base/text.h"
#include "plugins/hypergraph/engine/readers.h"
#include "plugins/hypergraph/engine/xml_pull.h"
#include <cmath>

namespace lathe::hypergraph {
namespace {

class GexfReader {
public:
    GexfReader(ByteStream& stream, Reading& reading) : m_stream(stream), m_xml(stream), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        for (XmlReader::Event event = m_xml.next(); event != XmlReader::Event::done; event = m_xml.next()) {
            if (event == XmlReader::Event::start) start();
            else if (event == XmlReader::Event::end) end();
            else if (m_default) m_text += m_xml.text();
        }
        if (!m_graph_seen) m_xml.refuse("There is no <graph> in this file.");
        m_declared.tell(m_reading);
        for (const auto& [id, value] : m_defaults)   // what an attribute declares for nodes that give none
            if (const auto title = m_titles.find(id); !value.empty() && title != m_titles.end()) m_raw.node_columns.set_missing(title->second, m_raw.nodes.size(), value);
        if (m_edge_values > 0) m_reading.found("attributes of edges", m_edge_values, "left out");
        if (m_spells > 0) m_reading.found("moments of a graph that changes", m_spells, "left out: the graph is read as a whole");
        m_reading.rules.directed = m_directed > 0;
        if (m_directed > 0 && m_undirected > 0) m_reading.warn("Directed and undirected edges are mixed; all are read as directed.");
        if (!m_weighted) m_raw.edge_weights = {};
        if (m_raw.node_columns.has("class")) m_raw.class_column = "class";
    }

private:
    void start() {
        const std::string& name = m_xml.name();
        if (!m_root) {
            if (name != "gexf") m_xml.refuse("The outermost element is <" + valid_text(name, 60) + ">, not <gexf>.");
            m_root = true;
        } else if (name == "graph") {
            m_graph_seen = true;
            const std::string* kind = m_xml.attribute("defaultedgetype");
            m_default_directed = kind && is_directed(*kind);
        } else if (name == "attributes") {
            m_of_nodes = m_xml.required("class") == "node";
        } else if (name == "attribute") {
            m_attribute = m_xml.required("id");
            const std::string* title = m_xml.attribute("title");
            if (m_of_nodes && !m_titles.try_emplace(m_attribute, title ? *title : m_attribute).second) m_xml.refuse("Two attributes have the id " + valid_text(m_attribute, 60) + ".");
        } else if (name == "default") {
            m_default = true;
            m_text.clear();
        } else if (name == "node") {
            node();
        } else if (name == "edge") {
            edge();
        } else if (name == "attvalue") {
            value();
        } else if (name == "position" && !m_nodes.empty() && !m_in_edge) {
            for (const char* axis : {"x", "y"}) m_raw.node_columns.set(axis, m_nodes.back(), m_xml.required(axis));
        } else if (name == "spell") {
            ++m_spells;
        }
    }

    void end() {
        const std::string& name = m_xml.name();
        if (name == "node" && !m_nodes.empty()) m_nodes.pop_back();
        else if (name == "edge") m_in_edge = false;
        else if (name == "default") {
            m_default = false;
            if (m_of_nodes) m_defaults[m_attribute] = std::string(trimmed(m_text));
        }
    }

    void node() {
        const std::string& id = m_xml.required("id");
        m_nodes.push_back(m_raw.nodes.add(id));
        if (!m_declared.declare(m_nodes.back())) m_xml.refuse("Two nodes have the id " + valid_text(id, 60) + ".");
        if (const std::string* label = m_xml.attribute("label"); label && !label->empty()) m_raw.node_columns.set("name", m_nodes.back(), *label);
        look();
    }

    void edge() {
        m_in_edge = true;
        const auto place = [this] { return m_stream.where() + ", line " + std::to_string(m_xml.line()); };
        const std::int32_t a = m_raw.nodes.add(m_xml.required("source")), b = m_raw.nodes.add(m_xml.required("target"));
        for (const std::int32_t end : {a, b}) m_declared.name(end, place);
        m_raw.add_edge(a, b);
        const std::string* kind = m_xml.attribute("type");
        (kind ? is_directed(*kind) : m_default_directed) ? ++m_directed : ++m_undirected;
        float weight = 1;
        if (const std::string* text = m_xml.attribute("weight")) {
            const auto given = real_number(*text);
            if (!given || !std::isfinite(*given)) m_xml.refuse("The weight of an edge is no finite number: " + valid_text(*text, 60) + ".");
            weight = static_cast<float>(*given);
            m_weighted |= weight != 1;
        }
        m_raw.edge_weights.push_back(weight);
        look();
    }

    void value() {
        const std::string *of = m_xml.attribute("for"), *old = m_xml.attribute("id");   // "id" before GEXF 1.2
        if (!of) of = old;
        if (!of) m_xml.refuse("The value of an attribute does not say of which one.");
        if (m_in_edge || m_nodes.empty()) {
            ++m_edge_values;
            return;
        }
        const auto title = m_titles.find(*of);
        if (title == m_titles.end()) m_xml.refuse("The attribute " + valid_text(*of, 60) + " is not declared.");
        if (const std::string& text = m_xml.required("value"); !text.empty()) m_raw.node_columns.set(title->second, m_nodes.back(), text);
    }

    bool is_directed(const std::string& kind) const {
        if (kind != "directed" && kind != "undirected" && kind != "mutual") m_xml.refuse("The type of edges is none of directed, undirected and mutual: " + valid_text(kind, 60) + ".");
        return kind == "directed";
    }
    void look() {
        if (++m_looked % 8192 == 0) m_reading.look(m_stream);
    }

    ByteStream& m_stream;
    XmlReader m_xml;
    Reading& m_reading;
    RawGraph& m_raw;
    DeclaredNodes m_declared;
    std::map<std::string, std::string, std::less<>> m_titles, m_defaults;   ///< of attributes of nodes, by id
    std::string m_attribute, m_text;
    std::vector<std::int32_t> m_nodes;   ///< those that are open: nodes may hold nodes
    std::int64_t m_directed = 0, m_undirected = 0, m_edge_values = 0, m_spells = 0, m_looked = 0;
    bool m_root = false, m_graph_seen = false, m_default_directed = false, m_of_nodes = false, m_default = false, m_in_edge = false, m_weighted = false;
};

}

void read_gexf(ByteStream& stream, Reading& reading) { GexfReader(stream, reading)(); }

}
