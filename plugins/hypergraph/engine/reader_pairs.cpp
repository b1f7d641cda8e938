// Lists of pairs (edges or memberships) and lines of members.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kLookEvery = 1 << 16;
constexpr std::size_t kMostRelations = 10'000;

std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return made;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) { return std::ranges::find(words, text) != words.end(); }

bool is_hyperedge_word(const std::string& word) { return is_one_of(word, {"hyperedge", "hyperedge_id", "edge", "edge_id", "hyperedges", "set", "group"}); }
bool is_node_word(const std::string& word) { return is_one_of(word, {"node", "node_id", "nodes", "vertex", "member"}); }
bool is_end_word(const std::string& word) {
    return is_one_of(word, {"source", "target", "src", "dst", "from", "to", "id_1", "id_2", "id1", "id2", "u", "v", "node_1", "node_2", "node1", "node2", "fromnodeid", "tonodeid", "sourcenode", "targetnode"});
}

/// What the columns of a list of pairs are, told from its first two rows.
struct PairLayout {
    bool header = false, memberships = false;
    std::size_t first = 0, second = 1, columns = 0;   ///< memberships: node, hyperedge
    std::ptrdiff_t weight = -1;
};

PairLayout layout_of(const std::vector<std::string>& first, const std::vector<std::string_view>& second, bool memberships) {
    PairLayout layout;
    layout.columns = first.size();
    std::vector<std::string> words;
    for (const std::string& field : first) words.push_back(lower(field));
    const bool in_order = is_node_word(words[0]) && is_hyperedge_word(words[1]), turned = is_hyperedge_word(words[0]) && is_node_word(words[1]);
    const auto are_numbers = [](const auto& row) { return row.size() >= 2 && whole_number(row[0]) && whole_number(row[1]); };
    layout.header = in_order || turned || (is_end_word(words[0]) && is_end_word(words[1])) || (!whole_number(first[0]) && !whole_number(first[1]) && are_numbers(second));
    layout.memberships = memberships || in_order || turned;
    if (turned) std::swap(layout.first, layout.second);
    if (layout.header) {
        for (std::size_t k = 2; k < words.size(); ++k)
            if (is_one_of(words[k], {"weight", "w", "value"})) layout.weight = static_cast<std::ptrdiff_t>(k);
    } else if (first.size() == 3 && real_number(first[2])) {
        layout.weight = 2;
    }
    return layout;
}

}

bool is_pair_header(const std::vector<std::string_view>& fields) {
    if (fields.size() < 2) return false;
    const std::string a = lower(fields[0]), b = lower(fields[1]);
    return (is_end_word(a) && is_end_word(b)) || (is_node_word(a) && is_hyperedge_word(b)) || (is_hyperedge_word(a) && is_node_word(b));
}

void read_pairs(ByteStream& stream, Reading& reading, bool memberships) {
    FieldReader rows(stream);
    std::vector<std::string_view> fields;
    if (!rows.next(fields)) return;
    const std::vector<std::string> first(fields.begin(), fields.end());
    std::int64_t line = rows.row();
    const std::int64_t first_line = line;
    const auto place = [&] { return stream.where() + ", line " + std::to_string(line); };
    const auto refuse = [&](const std::string& what, std::string_view value, const std::string& hint) {
        throw Error(ErrorCode::wrong_format, what, place() + (value.empty() ? "" : ": " + valid_text(value, 60)), hint);
    };
    if (first.size() < 2) refuse("Two ids are expected on a line.", first[0], "Write the two ends of an edge, separated by a comma, a tab or a blank.");
    const bool more = rows.next(fields);
    const PairLayout layout = layout_of(first, more ? fields : std::vector<std::string_view>(), memberships);
    RawGraph& raw = reading.raw;
    Reading::Dangling dangling{raw.nodes.size(), {}};
    const std::size_t weights_before = raw.edge_weights.size();
    const auto take = [&](const auto& row) {
        if (row.size() != layout.columns) refuse("A line has " + std::to_string(row.size()) + " fields instead of " + std::to_string(layout.columns) + ".", row[0], "Every line needs the same number of fields.");
        const std::string_view a = row[layout.first], b = row[layout.second];
        if (a.empty() || b.empty()) refuse("An id is missing.", {}, "Every line needs two ids.");
        const std::int32_t from = raw.nodes.add(a);
        reading.look_for_dangling(dangling, from, place);
        if (layout.memberships) {
            raw.add_member(from, raw.hyperedges.add(b));
            return;
        }
        const std::int32_t to = raw.nodes.add(b);
        reading.look_for_dangling(dangling, to, place);
        raw.add_edge(from, to);
        if (layout.weight < 0) return;
        const std::string_view text = row[static_cast<std::size_t>(layout.weight)];
        const auto weight = real_number(text);
        if (!weight || !std::isfinite(*weight)) refuse("The weight of an edge is no finite number.", text, "Mend it, or remove the column.");
        raw.edge_weights.push_back(static_cast<float>(*weight));
    };
    if (!layout.header) take(first);
    for (bool there = more; there; there = rows.next(fields)) {
        line = rows.row();
        take(fields);
        if ((raw.source.size() + raw.member.size()) % kLookEvery == 0) reading.look(stream);
    }
    reading.look(stream);
    line = first_line;
    if (layout.weight >= 0 && !layout.memberships) reading.report.rows.push_back({"weights of edges", "column " + std::to_string(layout.weight + 1), weights_before < raw.edge_weights.size() ? "kept" : "none"});
    if (layout.columns > (layout.weight >= 0 ? 3u : 2u)) reading.report.rows.push_back({"columns of the list", std::to_string(layout.columns), "only the two ids" + std::string(layout.weight >= 0 ? " and the weight" : "") + " are read"});
    reading.tell_dangling(dangling, layout.memberships ? "memberships" : "edges");
}

void read_sif(ByteStream& stream, Reading& reading) {
    LineReader lines(stream);
    std::set<std::string, std::less<>> relations;
    std::string_view line;
    while (lines.next(line)) {
        if (trimmed(line).empty()) continue;
        const bool tabs = line.find('\t') != line.npos;   // then names may hold blanks
        std::vector<std::string_view> words = split(line, tabs ? '\t' : ' ');
        for (std::string_view& word : words) word = trimmed(word);
        std::erase_if(words, [](std::string_view word) { return word.empty(); });
        if (words.size() == 2) lines.refuse("A line has a node and a kind of edge, but no target.", line, "A line holds a node alone, or a node, a kind of edge and targets.");
        const std::int32_t from = reading.raw.nodes.add(words[0]);
        for (std::size_t k = 2; k < words.size(); ++k) reading.raw.add_edge(from, reading.raw.nodes.add(words[k]));
        if (words.size() > 2 && relations.size() < kMostRelations && !relations.contains(words[1])) relations.emplace(words[1]);
        if (lines.number() % kLookEvery == 0) reading.look(stream);
    }
    if (relations.size() > 1) reading.found("kinds of edges", static_cast<std::int64_t>(relations.size()), "left out: all are edges alike");
}

void read_hyperedge_lines(ByteStream& stream, Reading& reading) {
    FieldReader rows(stream);
    std::vector<std::string_view> fields;
    Reading::Dangling dangling{reading.raw.nodes.size(), {}};
    while (rows.next(fields)) {
        const std::int32_t hyperedge = reading.raw.hyperedges.add_number(reading.raw.hyperedges.size());
        for (const std::string_view id : fields) {
            if (id.empty()) continue;   // "1,2," ends with a comma
            const std::int32_t node = reading.raw.nodes.add(id);
            reading.look_for_dangling(dangling, node, [&] { return rows.lines().place(); });
            reading.raw.add_member(node, hyperedge);
        }
        if (hyperedge % 4096 == 0) reading.look(stream);
    }
    reading.tell_dangling(dangling, "hyperedges");
}

}
