// XGI's JSON, still the format of xgi-data: hypergraph-data, node-data, edge-data, edge-dict.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/json_items.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>

namespace lathe::hypergraph {
namespace {

class XgiReader {
public:
    XgiReader(ByteStream& stream, Reading& reading) : m_stream(stream), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        static constexpr std::string_view kOpened[] = {"node-data", "edge-data", "edge-dict"};
        bool has_members = false;
        read_json_items(m_stream, kOpened, [this](JsonItem& item) { take(item); }, [&](std::string_view member, char kind, std::int64_t line) {
            m_line = line;
            m_where = member;
            if (member == "datasets") collection();
            if (std::ranges::find(kOpened, member) != std::end(kOpened) && kind != '{') refuse("It is no object.", {});
            has_members |= member == "edge-dict";
        });
        if (!has_members) throw Error(ErrorCode::wrong_format, "The object \"edge-dict\" is missing.", m_stream.where(), "XGI's JSON lists the members of each hyperedge there.");
        if (!m_directed) m_raw.direction = {};
        if (m_unknown > 0) m_reading.found("members of XGI's file that are not known", m_unknown, "left out");
    }

private:
    [[noreturn]] void refuse(const std::string& what, const std::string& value) const {
        throw Error(ErrorCode::wrong_format, what, m_stream.where() + ", line " + std::to_string(m_line) + ", " + valid_text(m_where, 120) + (value.empty() ? "" : ": " + value), "See xgi.readthedocs.io, read_json.");
    }
    [[noreturn]] void collection() const {
        throw Error(ErrorCode::unsupported, "This file is a collection: it names other files and holds no hypergraph itself.", m_stream.where() + ", line " + std::to_string(m_line),
            "Open one of the files that it lists under \"datasets\" (their \"relative-path\").");
    }

    void take(JsonItem& item) {
        m_line = item.line;
        m_where = std::string(item.member) + (item.key.empty() ? "" : ", " + std::string(item.key));
        if (item.member == "edge-dict") {
            members(m_raw.hyperedges.add(item.key), item.value);
            if (item.index % 4096 == 0) m_reading.look(m_stream);
        } else if (item.member == "node-data") {
            attributes(m_raw.node_columns, m_raw.nodes.add(item.key), item.value);
        } else if (item.member == "edge-data") {
            attributes(m_raw.hyperedge_columns, m_raw.hyperedges.add(item.key), item.value);
        } else if (item.member == "type") {
            if (item.value == "collection") collection();
            m_reading.is_complex = item.value == "simplicialcomplex" || item.value == "simplicial_complex";
        } else if (item.member == "hypergraph-data") {
            if (item.value.is_object() && item.value.contains("name") && item.value["name"].is_string()) m_reading.name = valid_text(item.value["name"].get<std::string>(), 200);
        } else {
            ++m_unknown;
        }
    }

    void attributes(Columns& columns, std::int32_t place, const Json& value) const {
        if (!value.is_object()) refuse("Attributes are no object.", brief(value));
        for (const auto& [key, given] : value.items())
            if (!given.is_null()) columns.set(key, place, given.is_string() ? given.get_ref<const std::string&>() : json_text(given));
    }

    /// [ids], or for directed ones {"tail": [ids], "head": [ids]} or [[tail], [head]].
    void members(std::int32_t hyperedge, const Json& value) {
        if (value.is_object()) {
            for (const auto& [key, list] : value.items()) {
                if (key != "tail" && key != "head" && key != "in" && key != "out") refuse("A directed hyperedge has a field other than tail and head.", valid_text(key, 60));
                directed(hyperedge, list, key == "tail" || key == "in" ? -1 : 1);
            }
        } else if (value.is_array() && value.size() == 2 && value[0].is_array() && value[1].is_array()) {
            directed(hyperedge, value[0], -1);
            directed(hyperedge, value[1], 1);
        } else {
            ids(hyperedge, value, 0);
        }
    }
    void directed(std::int32_t hyperedge, const Json& list, std::int8_t direction) {
        m_directed = true;
        ids(hyperedge, list, direction);
    }
    void ids(std::int32_t hyperedge, const Json& list, std::int8_t direction) {
        if (!list.is_array()) refuse("The members of a hyperedge are no list.", brief(list));
        for (const Json& id : list) {
            if (id.is_string()) m_raw.add_member(m_raw.nodes.add(id.get_ref<const std::string&>()), hyperedge);
            else if (id.is_number_integer()) m_raw.add_member(m_raw.nodes.add_number(id.get<std::int64_t>()), hyperedge);
            else refuse("A member is neither a text nor a whole number.", brief(id));
            m_raw.direction.push_back(direction);
        }
    }

    ByteStream& m_stream;
    Reading& m_reading;
    RawGraph& m_raw;
    std::string m_where;
    std::int64_t m_line = 1, m_unknown = 0;
    bool m_directed = false;
};

}

void read_xgi(ByteStream& stream, Reading& reading) { XgiReader(stream, reading)(); }

}
