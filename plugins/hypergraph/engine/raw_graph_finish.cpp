// From what a reader gathered to the hybrid graph: ids, features, labels, splits (raw_graph_structure.cpp: edges and hyperedges).
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/raw_graph.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

class Finisher {
public:
    explicit Finisher(Reading& reading) : m_reading(reading), m_raw(reading.raw) {}

    HybridGraph operator()() {
        const IdTable::Order order = m_raw.nodes.order();
        m_graph.nodes = m_raw.nodes.size();
        m_reading.report.rows.insert(m_reading.report.rows.begin(), {"nodes", counted(m_graph.nodes), order.labels.empty() ? "ids from 0" : "ids from 0; the file's own ids are their names"});
        for (auto* ids : {&m_raw.source, &m_raw.target, &m_raw.member, &m_raw.feature_node}) reorder(*ids, order);
        finish_structure(m_graph, m_reading);
        features();
        labels(order);
        splits(order);
        m_graph.node_names = {order.labels, order.are_texts, m_raw.node_columns.attributes(m_graph.nodes, order, std::vector{m_raw.class_column, m_raw.target_column})};
        const std::int64_t left_out = m_raw.node_columns.left_out() + m_raw.hyperedge_columns.left_out();
        if (left_out > 0) m_reading.warn(counted(left_out) + " values of attributes beyond the first 200 are left out.");
        return std::move(m_graph);
    }

private:
    void features() {
        if (m_reading.options.features == "none") {
            if (m_reading.features.empty() && m_raw.feature_node.empty()) return;
            m_reading.report.rows.push_back({"features", "there", "left out as asked"});
            return;
        }
        if (!m_reading.features.empty()) {
            m_graph.features = std::move(m_reading.features);
        } else if (!m_raw.feature_node.empty() || m_raw.feature_columns > 0) {
            sparse_features();
        } else {
            return;
        }
        m_reading.report.rows.push_back({"features", counted(m_graph.features.columns) + " columns", m_graph.features.is_dense() ? "dense" : counted(m_graph.features.pattern.size()) + " entries, sparse"});
        check_rows(static_cast<std::size_t>(m_graph.features.rows), "rows of features");
        std::int64_t without = 0;
        if (!m_graph.features.is_dense())
            for (std::int64_t node = 0; node < m_graph.nodes; ++node) without += m_graph.features.pattern.length(node) == 0;
        if (without > 0) m_reading.found("nodes without a feature", without, "a row of zeros");
    }

    void sparse_features() {
        Features& made = m_graph.features;
        made.rows = m_graph.nodes;
        made.columns = m_raw.feature_columns;
        for (const std::int32_t column : m_raw.feature_column) made.columns = std::max<std::int64_t>(made.columns, std::int64_t{column} + 1);
        std::vector<std::int64_t> order;
        made.pattern = rows_of(m_raw.feature_node, m_raw.feature_column, made.rows, &order);
        m_raw.feature_node = m_raw.feature_column = {};
        std::int64_t kept = 0, begin = 0, repeated = 0, zeros = 0;
        std::vector<std::pair<std::int32_t, float>> row;
        for (std::int64_t node = 0; node < made.rows; ++node) {
            const std::int64_t end = made.pattern.offsets[static_cast<std::size_t>(node) + 1];
            row.clear();
            for (std::int64_t k = begin; k < end; ++k)
                row.emplace_back(made.pattern.items[static_cast<std::size_t>(k)], m_raw.feature_values.empty() ? 1.0f : m_raw.feature_values[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])]);
            std::ranges::stable_sort(row, {}, [](const auto& entry) { return entry.first; });
            for (std::size_t k = 0; k < row.size(); ++k) {
                if (k > 0 && row[k].first == row[k - 1].first) {
                    ++repeated;
                    continue;
                }
                if (row[k].second == 0) {
                    ++zeros;
                    continue;
                }
                made.pattern.items[static_cast<std::size_t>(kept)] = row[k].first;
                if (!m_raw.feature_values.empty()) made.values.push_back(row[k].second);
                ++kept;
            }
            begin = end;
            made.pattern.offsets[static_cast<std::size_t>(node) + 1] = kept;
        }
        made.pattern.items.resize(static_cast<std::size_t>(kept));
        m_raw.feature_values = {};
        if (repeated > 0) m_reading.found("feature entries that stand again", repeated, "counted once");
        if (zeros > 0) m_reading.found("feature entries of 0", zeros, "not stored");
    }

    void labels(const IdTable::Order& order) {
        if (const auto* given = m_raw.node_columns.texts(m_raw.class_column); given && !m_raw.class_column.empty()) class_labels(*given, order);
        if (const auto* given = m_raw.node_columns.texts(m_raw.target_column); given && !m_raw.target_column.empty()) targets(*given, order);
        if (!m_reading.labels.empty()) {
            check_rows(m_reading.labels.size(), "labels");
            m_graph.labels = std::move(m_reading.labels);
            m_graph.classes = std::move(m_reading.classes);
            m_reading.found("classes", static_cast<std::int64_t>(m_graph.classes.size()), {});
            if (const auto none = std::ranges::count(m_graph.labels, -1); none > 0) m_reading.found("nodes without a label", none, "label -1");
        }
        if (!m_reading.targets.empty()) {
            check_rows(m_reading.targets.size(), "targets");
            m_graph.targets = std::move(m_reading.targets);
            finish_targets(m_graph, m_reading);
        }
    }

    void check_rows(std::size_t rows, const std::string& what) const {
        if (static_cast<std::int64_t>(rows) != m_graph.nodes)
            throw Error(ErrorCode::wrong_format, "The " + what + " do not fit the nodes.", m_reading.where + ", " + std::to_string(rows) + " " + what + " for " + std::to_string(m_graph.nodes) + " nodes", "Give one for each node.");
    }

    void class_labels(const std::vector<std::string>& given, const IdTable::Order& order) {
        std::vector<std::string> classes = given;
        std::erase(classes, std::string());
        std::ranges::sort(classes);
        const auto again = std::ranges::unique(classes);
        classes.erase(again.begin(), again.end());
        if (classes.size() > 65'536) throw Error(ErrorCode::wrong_format, "The column of labels has more than 65 536 different values.", m_reading.where + ", column " + m_raw.class_column, "Choose a column of classes.");
        if (std::ranges::all_of(classes, [](const std::string& text) { return whole_number(text).has_value(); })) std::ranges::sort(classes, {}, [](const std::string& text) { return *whole_number(text); });
        if (!m_raw.class_order.empty() && std::ranges::all_of(classes, [this](const std::string& text) { return std::ranges::find(m_raw.class_order, text) != m_raw.class_order.end(); })) classes = m_raw.class_order;
        std::map<std::string, std::int32_t, std::less<>> number;
        for (std::size_t k = 0; k < classes.size(); ++k) number[classes[k]] = static_cast<std::int32_t>(k);
        m_graph.labels.assign(static_cast<std::size_t>(m_graph.nodes), -1);
        std::int64_t labelled = 0;
        for (std::size_t k = 0; k < given.size(); ++k) {
            if (given[k].empty()) continue;
            m_graph.labels[order.place.empty() ? k : static_cast<std::size_t>(order.place[k])] = number.find(given[k])->second;
            ++labelled;
        }
        m_graph.classes = std::move(classes);
        for (std::string& name : m_graph.classes) name = valid_text(name, 200);
        m_reading.found("classes", static_cast<std::int64_t>(m_graph.classes.size()), "column " + m_raw.class_column);
        if (labelled < m_graph.nodes) m_reading.found("nodes without a label", m_graph.nodes - labelled, "label -1");
    }

    void targets(const std::vector<std::string>& given, const IdTable::Order& order) {
        m_graph.targets.assign(static_cast<std::size_t>(m_graph.nodes), std::numeric_limits<float>::quiet_NaN());
        for (std::size_t k = 0; k < given.size(); ++k) {
            if (given[k].empty()) continue;
            const auto value = real_number(given[k]);
            if (!value) throw Error(ErrorCode::wrong_format, "A regression target is no number.", m_reading.where + ", column " + m_raw.target_column + ": " + valid_text(given[k], 60));
            m_graph.targets[order.place.empty() ? k : static_cast<std::size_t>(order.place[k])] = static_cast<float>(*value);
        }
        finish_targets(m_graph, m_reading);
    }

    void splits(const IdTable::Order& order) {
        for (auto& [name, parts] : m_raw.splits) {
            Split split{name, std::vector<Part>(static_cast<std::size_t>(m_graph.nodes), m_raw.rest_of_split)};
            for (const auto& [place, part] : parts) split.part[order.place.empty() ? static_cast<std::size_t>(place) : static_cast<std::size_t>(order.place[static_cast<std::size_t>(place)])] = part;
            m_graph.splits.push_back(std::move(split));
        }
        if (!m_graph.splits.empty()) m_reading.found("splits", static_cast<std::int64_t>(m_graph.splits.size()), "kept");
    }

    Reading& m_reading;
    RawGraph& m_raw;
    HybridGraph m_graph;
};

}

HybridGraph finish(Reading& reading) { return Finisher(reading)(); }

}
