// Tables of nodes and hyperedges, lists of features: what stands beside the edges in folders.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/json_items.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kMostFeatureColumns = 10'000'000, kTwitchColumns = 3170;

struct TableHeader {
    std::vector<std::string> names;
    std::size_t id = 0;
};

/// The names of the columns, and which one holds the ids: the first of `wanted` that is there, else the first one.
TableHeader table_header(FieldReader& rows, std::initializer_list<std::string_view> wanted) {
    std::vector<std::string_view> fields;
    TableHeader header;
    if (!rows.next(fields)) rows.refuse("The table is empty.", {}, "Its first line names the columns.");
    std::set<std::string_view> seen;
    for (const std::string_view field : fields) {
        if (field.empty() || !seen.insert(field).second) rows.refuse(field.empty() ? "A column has no name." : "Two columns have the same name.", field, "The first line names the columns.");
        header.names.emplace_back(field);
    }
    for (const std::string_view name : wanted)
        if (const auto at = std::ranges::find(header.names, name); at != header.names.end()) {
            header.id = static_cast<std::size_t>(at - header.names.begin());
            break;
        }
    return header;
}

/// Rows of a table: the place of the id, and all other fields into `columns`.
template <typename Add> std::int64_t table_rows(FieldReader& rows, const TableHeader& header, Columns& columns, std::int64_t known, Reading& reading, Add add) {
    std::vector<std::string_view> fields;
    std::int64_t again = 0, count = 0;
    while (rows.next(fields)) {
        if (fields.size() != header.names.size())
            rows.refuse("A row has " + std::to_string(fields.size()) + " fields for " + std::to_string(header.names.size()) + " columns.", fields[0], "Put fields that hold a comma into double quotes.");
        if (fields[header.id].empty()) rows.refuse("A row has no id.", {}, "Fill column " + header.names[header.id] + ".");
        const std::int32_t place = add(fields[header.id]);
        if (place < known) {
            ++again;   // the first one counts
            continue;
        }
        known = place + 1;
        for (std::size_t k = 0; k < fields.size(); ++k)
            if (k != header.id && !fields[k].empty()) columns.set(header.names[k], place, fields[k]);
        if (++count % 8192 == 0) reading.look(rows.stream());
    }
    return again;
}

bool are_names(const std::vector<std::string>& values) {
    std::set<std::string_view> seen;
    std::size_t given = 0;
    for (const std::string& value : values) {
        if (value.empty()) continue;
        ++given;
        seen.insert(value);
    }
    return given > 2 && seen.size() == given;
}

}

void read_node_table(ByteStream& stream, Reading& reading) {
    FieldReader rows(stream, 0, ',');
    const TableHeader header = table_header(rows, {"new_id", "id", "Id", "ID", "node", "node_id"});
    RawGraph& raw = reading.raw;
    const std::int64_t again = table_rows(rows, header, raw.node_columns, raw.nodes.size(), reading, [&](std::string_view id) { return raw.nodes.add(id); });
    if (again > 0) reading.found("rows of nodes that stand again", again, "the first one counts");
    for (const char* name : {"page_type", "ml_target", "mature", "class", "label", "Label", "y"}) {
        const auto* values = raw.node_columns.texts(name);
        if (!values || name == header.names[header.id] || (std::string_view(name).size() == 5 && std::string_view(name) != "class" && are_names(*values))) continue;
        raw.class_column = name;
        break;
    }
    if (raw.class_column == "page_type") raw.class_order = {"tvshow", "company", "government", "politician"};   // as in the Hybrid Graph Benchmark
    if (const auto* values = raw.node_columns.texts("target"); values && raw.class_column.empty()) {
        const bool numbers = std::ranges::all_of(*values, [](const std::string& text) { return text.empty() || real_number(text).has_value(); });
        (numbers ? raw.target_column : raw.class_column) = "target";
    }
}

void read_hyperedge_table(ByteStream& stream, Reading& reading) {
    FieldReader rows(stream, 0, ',');
    const TableHeader header = table_header(rows, {"id", "hyperedge", "hyperedge_id"});
    RawGraph& raw = reading.raw;
    const std::int64_t again = table_rows(rows, header, raw.hyperedge_columns, raw.hyperedges.size(), reading, [&](std::string_view id) { return raw.hyperedges.add(id); });
    if (again > 0) reading.found("rows of hyperedges that stand again", again, "the first one counts");
}

void read_feature_lists(ByteStream& stream, Reading& reading) {
    RawGraph& raw = reading.raw;
    const std::int64_t listed = raw.nodes.size();
    std::vector<char> seen;
    std::int64_t unknown = 0, again = 0, count = 0;
    const auto take = [&](std::string_view id, const Json& value, std::int64_t line) {
        const auto refuse = [&](const std::string& what, const std::string& found) {
            throw Error(ErrorCode::wrong_format, what, stream.where() + ", line " + std::to_string(line) + ", node " + valid_text(id, 60) + ": " + found, "A node is followed by the list of its feature indices, from 0.");
        };
        const std::int32_t node = listed > 0 ? raw.nodes.find(id) : raw.nodes.add(id);
        if (node < 0) {
            ++unknown;
            return;
        }
        if (seen.size() <= static_cast<std::size_t>(node)) seen.resize(static_cast<std::size_t>(node) + 1);
        if (std::exchange(seen[static_cast<std::size_t>(node)], 1)) {
            ++again;
            return;
        }
        for (const Json& index : value) {
            if (!index.is_number_integer()) refuse("A feature index is no whole number.", brief(index));
            const auto column = index.get<std::int64_t>();
            if (column < 0 || column >= kMostFeatureColumns || (index.is_number_unsigned() && index.get<std::uint64_t>() >= static_cast<std::uint64_t>(kMostFeatureColumns)))
                refuse("A feature index is not between 0 and " + counted(kMostFeatureColumns - 1) + ".", brief(index));
            raw.feature_node.push_back(node);
            raw.feature_column.push_back(static_cast<std::int32_t>(column));
        }
        if (++count % 1024 == 0) reading.look(stream);
    };
    read_json_items(stream, {}, [&](JsonItem& item) {
        if (!item.value.is_array())
            throw Error(ErrorCode::wrong_format, "The features of a node are no list.", stream.where() + ", line " + std::to_string(item.line) + ", node " + valid_text(item.member, 60) + ": " + brief(item.value),
                "A node is followed by the list of its feature indices, from 0.");
        take(item.member, item.value, item.line);
    });
    // MUSAE's Twitch sets share one vocabulary, of which a country may lack the last words.
    raw.feature_columns = std::max<std::int64_t>(raw.feature_columns, raw.class_column == "mature" ? kTwitchColumns : 1);
    if (unknown > 0) reading.found("nodes with features that are not in the list of nodes", unknown, "left out");
    if (again > 0) reading.found("nodes whose features stand again", again, "the first ones count");
}

}
