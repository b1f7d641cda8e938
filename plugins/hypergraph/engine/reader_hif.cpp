// Hypergraph Interchange Format, as strict as the JSON schema "latest" of HIF-org/HIF-standard: no other keys, ids are texts or whole numbers.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/json_items.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lathe::hypergraph {
namespace {

class HifReader {
public:
    HifReader(ByteStream& stream, Reading& reading) : m_stream(stream), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        static constexpr std::string_view kOpened[] = {"incidences", "nodes", "edges"};
        bool has_incidences = false;
        read_json_items(m_stream, kOpened, [this](JsonItem& item) { take(item); }, [&](std::string_view member, char kind, std::int64_t line) {
            m_line = line;
            m_where = member;
            if (std::ranges::find(kOpened, member) != std::end(kOpened)) {
                if (kind != '[') refuse("It is no list.", "");
                has_incidences |= member == "incidences";
            } else if (member == "metadata") {
                if (kind != '{') refuse("The metadata are no object.", "");
            } else if (member != "network-type") {
                refuse("HIF has no member of this name.", "");
            }
        });
        if (!has_incidences) throw Error(ErrorCode::wrong_format, "The required list \"incidences\" is missing.", m_stream.where(), kHint);
        if (!m_directed) m_raw.direction = {};
        m_raw.hyperedge_weights.resize(m_weighted ? static_cast<std::size_t>(m_raw.hyperedges.size()) : 0, 1.0f);
        if (m_node_again > 0) m_reading.found("nodes that are listed again", m_node_again, "their attributes are joined");
        if (m_edge_again > 0) m_reading.found("hyperedges that are listed again", m_edge_again, "their attributes are joined");
        if (m_incidence_weights > m_incidence_ones) {
            m_reading.found("weights of incidences", m_incidence_weights, "left out: memberships have no weight here");
            m_reading.warn(counted(m_incidence_weights - m_incidence_ones) + " memberships have a weight other than 1, which is left out: no layer here knows weights of memberships.");
        } else if (m_incidence_weights > 0) m_reading.found("weights of incidences", m_incidence_weights, "all 1, as memberships are here");
        if (m_incidence_attributes > 0) m_reading.found("attributes of incidences", m_incidence_attributes, "left out");
        if (m_reading.is_complex) m_reading.report.rows.push_back({"network type", "asc: an abstract simplicial complex", m_reading.options.all_faces ? "all faces are hyperedges" : "the listed simplices are hyperedges"});
    }

private:
    static constexpr const char* kHint = "See the HIF standard, github.com/HIF-org/HIF-standard.";

    [[noreturn]] void refuse(const std::string& what, const std::string& value) const {
        throw Error(ErrorCode::wrong_format, what, m_stream.where() + ", line " + std::to_string(m_line) + ", " + valid_text(m_where, 80) + (value.empty() ? "" : ": " + value), kHint);
    }

    void take(JsonItem& item) {
        m_line = item.line;
        m_where = item.index < 0 ? std::string(item.member) : std::string(item.member) + "[" + std::to_string(item.index) + "]";
        if (item.member == "network-type") {
            const std::string type = item.value.is_string() ? item.value.get<std::string>() : std::string();
            if (type != "undirected" && type != "directed" && type != "asc") refuse("The network type is none of undirected, directed, asc.", brief(item.value));
            m_reading.is_complex = type == "asc";
        } else if (item.member == "metadata") {
            if (item.value.contains("name") && item.value["name"].is_string()) m_reading.name = valid_text(item.value["name"].get<std::string>(), 200);
        } else {
            if (!item.value.is_object()) refuse("It is no object.", brief(item.value));
            if (item.member == "incidences") incidence(item.value);
            else if (item.member == "nodes") node(item.value);
            else edge(item.value);
            if (item.index % 8192 == 0) m_reading.look(m_stream);
        }
    }

    void only(const Json& object, std::initializer_list<std::string_view> known) const {
        for (const auto& [key, value] : object.items())
            if (std::ranges::find(known, key) == known.end()) refuse("There is no field \"" + valid_text(key, 60) + "\" here.", "");
    }

    std::int32_t id(IdTable& table, const Json& object, const char* key) const {
        if (!object.contains(key)) refuse(std::string("The field \"") + key + "\" is missing.", "");
        const Json& value = object[key];
        if (value.is_string()) return table.add_text(value.get_ref<const std::string&>());
        if (value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))) return table.add_number(value.get<std::int64_t>());
        refuse(std::string("The id in \"") + key + "\" is neither a text nor a whole number of 64 bits.", brief(value));
    }

    double weight(const Json& object) const {   // NaN: none
        if (!object.contains("weight")) return std::numeric_limits<double>::quiet_NaN();
        if (!object["weight"].is_number()) refuse("The weight is no number.", brief(object["weight"]));
        const double value = object["weight"].get<double>();
        if (!std::isfinite(value)) refuse("The weight is not finite.", brief(object["weight"]));
        return value;
    }

    const Json* attributes(const Json& object) const {
        if (!object.contains("attrs")) return nullptr;
        if (!object["attrs"].is_object()) refuse("The attributes are no object.", brief(object["attrs"]));
        return &object["attrs"];
    }

    void keep(Columns& columns, std::int32_t place, const Json* attributes) const {
        if (!attributes) return;
        for (const auto& [key, value] : attributes->items())
            if (!value.is_null()) columns.set(key, place, value.is_string() ? value.get_ref<const std::string&>() : json_text(value));
    }

    static bool was_listed(std::vector<char>& listed, std::int32_t place) {
        if (listed.size() <= static_cast<std::size_t>(place)) listed.resize(static_cast<std::size_t>(place) + 1);
        return std::exchange(listed[static_cast<std::size_t>(place)], 1) != 0;
    }

    void incidence(const Json& object) {
        only(object, {"edge", "node", "weight", "direction", "attrs"});
        const std::int32_t hyperedge = id(m_raw.hyperedges, object, "edge"), node = id(m_raw.nodes, object, "node");
        std::int8_t direction = 0;
        if (object.contains("direction")) {
            const Json& given = object["direction"];
            if (given != "head" && given != "tail") refuse("The direction is neither head nor tail.", brief(given));
            direction = given == "head" ? 1 : -1;
            m_directed = true;
        }
        const double value = weight(object);
        m_incidence_weights += !std::isnan(value);
        m_incidence_ones += value == 1;
        m_incidence_attributes += attributes(object) != nullptr;
        m_raw.add_member(node, hyperedge);
        m_raw.direction.push_back(direction);
    }

    void node(const Json& object) {
        only(object, {"node", "weight", "attrs"});
        const std::int32_t place = id(m_raw.nodes, object, "node");
        m_node_again += was_listed(m_listed_nodes, place);
        if (const double value = weight(object); !std::isnan(value)) m_raw.node_columns.set("weight", place, number_text(value));
        keep(m_raw.node_columns, place, attributes(object));
    }

    void edge(const Json& object) {
        only(object, {"edge", "weight", "attrs"});
        const std::int32_t place = id(m_raw.hyperedges, object, "edge");
        m_edge_again += was_listed(m_listed_edges, place);
        if (const double value = weight(object); !std::isnan(value)) {
            if (m_raw.hyperedge_weights.size() <= static_cast<std::size_t>(place)) m_raw.hyperedge_weights.resize(static_cast<std::size_t>(place) + 1, 1.0f);
            m_raw.hyperedge_weights[static_cast<std::size_t>(place)] = static_cast<float>(value);
            m_weighted |= value != 1;
        }
        keep(m_raw.hyperedge_columns, place, attributes(object));
    }

    ByteStream& m_stream;
    Reading& m_reading;
    RawGraph& m_raw;
    std::string m_where;
    std::int64_t m_line = 1, m_incidence_weights = 0, m_incidence_ones = 0, m_incidence_attributes = 0, m_node_again = 0, m_edge_again = 0;
    std::vector<char> m_listed_nodes, m_listed_edges;
    bool m_directed = false, m_weighted = false;
};

}

void read_hif(ByteStream& stream, Reading& reading) { HifReader(stream, reading)(); }

}
