#include "plugins/hypergraph/engine/raw_graph.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/memory_need.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kMostColumns = 200;
constexpr std::int64_t kFreelyDeclared = 1'000'000, kDeclaredPerByte = 1000;

}

void check_memory(double need, const std::string& where, std::int64_t most) {
    require_memory(need, "The graph of this file", where, "Take a part of the graph, or a computer with more memory.", most);
}

std::string counted(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<std::size_t>(at), " ");
    return digits;
}

void Columns::set(std::string_view name, std::int32_t place, std::string_view value) {
    auto at = m_columns.find(name);
    if (at == m_columns.end()) {
        if (m_columns.size() >= kMostColumns) {
            ++m_left_out;
            return;
        }
        at = m_columns.emplace(std::string(name), std::vector<std::string>()).first;
        m_names.push_back(at->first);
    }
    if (at->second.size() <= static_cast<std::size_t>(place)) at->second.resize(static_cast<std::size_t>(place) + 1);
    at->second[static_cast<std::size_t>(place)] = value;
}

void Columns::set_missing(std::string_view name, std::int64_t size, std::string_view value) {
    for (std::int32_t place = 0; place < size; ++place) {
        const std::vector<std::string>* given = texts(name);
        if (!given || static_cast<std::size_t>(place) >= given->size() || (*given)[static_cast<std::size_t>(place)].empty()) set(name, place, value);
    }
}

bool DeclaredNodes::declare(std::int32_t node) {
    grow(node);
    return std::exchange(m_declared[static_cast<std::size_t>(node)], 1) == 0;
}

void DeclaredNodes::tell(Reading& reading) const {
    const std::int64_t added = std::ranges::count(m_declared, 0);
    if (added == 0) return;
    reading.found("nodes that only edges name", added, "added");
    reading.warn(counted(added) + " nodes have no entry of their own, the first at " + m_first + ".");
}

const std::vector<std::string>* Columns::texts(std::string_view name) const {
    const auto at = m_columns.find(name);
    return at == m_columns.end() ? nullptr : &at->second;
}

std::vector<Attribute> Columns::attributes(std::int64_t size, const IdTable::Order& order, std::span<const std::string> without) const {
    std::vector<Attribute> made;
    for (const std::string& name : m_names) {
        if (std::ranges::find(without, name) != without.end()) continue;
        const std::vector<std::string>& given = m_columns.find(name)->second;
        Attribute attribute{valid_text(name, 200), {}, {}};
        const bool numbers = std::ranges::all_of(given, [](const std::string& text) {
            if (text.empty()) return true;
            const auto whole = whole_number(text);
            return whole ? std::abs(static_cast<double>(*whole)) < 9e15 : real_number(text).has_value();   // larger ids would lose digits
        });
        if (numbers) attribute.numbers.assign(static_cast<std::size_t>(size), std::numeric_limits<double>::quiet_NaN());
        else attribute.texts.resize(static_cast<std::size_t>(size));
        for (std::size_t k = 0; k < given.size(); ++k) {
            const std::size_t at = order.place.empty() ? k : static_cast<std::size_t>(order.place[k]);
            if (!numbers) attribute.texts[at] = valid_text(given[k]);
            else if (!given[k].empty()) attribute.numbers[at] = *real_number(given[k]);
        }
        made.push_back(std::move(attribute));
    }
    return made;
}

std::int64_t RawGraph::bytes() const {
    return static_cast<std::int64_t>(source.size()) * kEdgeBytes + static_cast<std::int64_t>(member.size()) * kMembershipBytes + static_cast<std::int64_t>(feature_node.size()) * kFeatureBytes
        + nodes.bytes() + hyperedges.bytes();
}

void Reading::look(const ByteStream& stream) {
    const double share = stream.share();
    if (options.tick) options.tick(share, 1);
    if (share > 0) check_memory(static_cast<double>(raw.bytes()) / share, stream.where(), options.most_bytes);
}

void Reading::declare(IdTable& table, std::int64_t count, const ByteStream& stream) const {
    if (count > kFreelyDeclared && count / kDeclaredPerByte > static_cast<std::int64_t>(stream.size()))
        throw Error(ErrorCode::wrong_format, "The header announces " + counted(count) + " nodes or hyperedges, far more than such a small file can hold.", stream.where() + ", " + counted(static_cast<std::int64_t>(stream.size())) + " bytes",
            "Mend the header.");
    check_memory(static_cast<double>(count * kNodeBytes), stream.where(), options.most_bytes);
    table.add_numbers(count);
}

Features features_from(std::vector<float> values, std::int64_t rows, std::int64_t columns, const std::string& where) {
    Features made;
    made.rows = rows;
    made.columns = columns;
    std::size_t filled = 0;
    for (std::size_t k = 0; k < values.size(); ++k) {
        if (!std::isfinite(values[k]))
            throw Error(ErrorCode::wrong_format, "A feature is not finite.", where + ", row " + std::to_string(k / static_cast<std::size_t>(columns)) + ", column " + std::to_string(k % static_cast<std::size_t>(columns)) + ": " + number_text(values[k]),
                "Mend the features.");
        filled += values[k] != 0;
    }
    if (values.empty() || filled >= values.size() / 10) {
        made.dense = std::move(values);
        return made;
    }
    bool ones = true;
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            const float value = values[static_cast<std::size_t>(row * columns + column)];
            if (value == 0) continue;
            made.pattern.items.push_back(static_cast<std::int32_t>(column));
            made.values.push_back(value);
            ones &= value == 1;
        }
        made.pattern.offsets.push_back(made.pattern.size());
    }
    if (ones) made.values = {};
    return made;
}

void finish_targets(HybridGraph& graph, Reading& reading) {
    std::int64_t none = 0, low = 0;
    for (float& target : graph.targets) {
        if (std::isnan(target)) {
            ++none;
        } else if (reading.options.log_target) {
            low += target <= 0;
            target = target > 0 ? std::log(target) : std::numeric_limits<float>::quiet_NaN();
        }
    }
    reading.report.rows.push_back({"regression targets", counted(static_cast<std::int64_t>(graph.targets.size()) - none), reading.options.log_target ? "their natural logarithm" : "as in the file"});
    if (none > 0) reading.found("nodes without a target", none, "no target");
    if (low > 0) reading.found("targets of 0 and less", low, "no target: they have no logarithm");
}

void Reading::tell_dangling(const Dangling& dangling, const char* what) {
    if (dangling.first.empty()) return;
    const std::int64_t added = raw.nodes.size() - dangling.listed;
    found(std::string("nodes that only ") + what + " name", added, "added, without label and attributes");
    warn(counted(added) + " nodes stand in " + what + " but not in the list of nodes, the first at " + dangling.first + ".");
}

void Reading::found(std::string what, std::int64_t number, std::string became) { report.rows.push_back({std::move(what), counted(number), std::move(became)}); }

}
