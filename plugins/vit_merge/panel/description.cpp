#include "plugins/vit_merge/panel/description.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::vit_merge {
namespace {

/// Blocks, lowest similarity first; those without a value last.
std::vector<int> lowest_first(const QList<BlockFacts>& blocks, double BlockFacts::*kind) {
    std::vector<int> order(std::size_t(blocks.size()));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::ranges::less{}, [&](int block) { return std::isnan(blocks[block].*kind) ? HUGE_VAL : blocks[block].*kind; });
    return order;
}

std::vector<char> gated_of(const QList<BlockFacts>& blocks, double BlockFacts::*kind, int m, double tau) {
    std::vector<char> out(std::size_t(blocks.size()), 0);
    const std::vector<int> order = lowest_first(blocks, kind);
    for (std::size_t rank = 0; rank < order.size(); ++rank) out[std::size_t(order[rank])] = is_threshold(tau) ? blocks[order[rank]].*kind < tau : int(rank) < m;
    return out;
}

}

int GatedBlocks::count() const { return int(std::ranges::count(attention, char(1)) + std::ranges::count(mlp, char(1))); }

bool Description::take(const Artifact& artifact) {
    const std::string& key = artifact.key;
    if (key == "cosine") return cosine = values_of(artifact, 2), true;
    if (key == "relative_l2") return relative_l2 = values_of(artifact, 2), true;
    const CsvTable table = table_of(artifact);
    if (key == "models") {
        models.clear();
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            models << ModelFacts{text_in(table, r, "name"), text_in(table, r, "layout"), text_in(table, r, "architecture"), text_in(table, r, "normalisation"), text_in(table, r, "data"), text_in(table, r, "path"), number_or_nan(table, r, "parameters"),
                number_or_nan(table, r, "bytes"), number_or_nan(table, r, "classes")};
    } else if (key == "findings") {
        findings.clear();
        for (std::size_t r = 0; r < table.rows.size(); ++r) findings << FindingRow{text_in(table, r, "level"), text_in(table, r, "what"), text_in(table, r, "hint")};
    } else if (key == "similarity") {
        blocks.clear();
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            const double block = number_or_nan(table, r, "block");
            constexpr double kMostBlocks = 1000;
            if (!(block >= 0 && block < kMostBlocks)) throw Error(ErrorCode::wrong_format, "The similarity of the blocks cannot be shown.", "table similarity, row " + std::to_string(r) + ": no block", "Choose the set again.");
            while (blocks.size() <= int(block)) blocks << BlockFacts{std::nan(""), std::nan(""), std::nan(""), std::nan("")};
            const bool is_attention = text_in(table, r, "kind") == u"attn";
            BlockFacts& facts = blocks[int(block)];
            (is_attention ? facts.attention : facts.mlp) = number_or_nan(table, r, "similarity");
            (is_attention ? facts.attention_task : facts.mlp_task) = number_or_nan(table, r, "task_cosine");
        }
    } else if (key == "storage") {
        storage.clear();
        separate_bytes = separate_bytes_fp16 = std::nan("");
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            const double m = number_or_nan(table, r, "m"), bytes = number_or_nan(table, r, "bytes"), half = number_or_nan(table, r, "bytes_fp16");
            if (!std::isnan(m)) storage << StoragePoint{int(m), bytes, half};
            else separate_bytes = bytes, separate_bytes_fp16 = half;
        }
    } else if (key == "keys") {
        keys = table;
        return true;
    } else {
        return false;
    }
    if (artifact.bytes) m_tables[key] = *artifact.bytes;
    return true;
}

void Description::finish(const Json& told) {
    summary = told.is_object() ? told : Json::object();
    const QStringList all = texts_fact(summary, "names");
    if (!all.isEmpty()) models.removeIf([&](const ModelFacts& model) { return !all.contains(model.name); });
}

QStringList Description::names() const {
    QStringList out;
    for (const ModelFacts& model : models) out << model.name;
    return out;
}

bool Description::has_error() const {
    return std::ranges::any_of(findings, [](const FindingRow& finding) { return finding.level == u"error"; });
}

bool Description::has_base() const { return summary.is_object() && summary.contains("has_base") && summary["has_base"].is_boolean() && summary["has_base"].get<bool>(); }

GatedBlocks Description::gated(int m, double tau) const { return {gated_of(blocks, &BlockFacts::attention, m, tau), gated_of(blocks, &BlockFacts::mlp, m, tau)}; }

int Description::m_for(int block, bool is_attention, int m) const {
    const std::vector<int> order = lowest_first(blocks, is_attention ? &BlockFacts::attention : &BlockFacts::mlp);
    const auto found = std::ranges::find(order, block);
    if (found == order.end()) return m;
    const int rank = int(found - order.begin());
    return rank < m ? rank : rank + 1;
}

double Description::bytes_at(int m) const {
    for (const StoragePoint& point : storage)
        if (point.m == m) return point.bytes;
    return std::nan("");
}

Json Description::kept() const { return {{"key", key}, {"summary", summary}, {"tables", m_tables}}; }

Description Description::from_kept(const Json& kept) {
    Description out;
    if (!kept.is_object() || !kept.contains("tables") || !kept["tables"].is_object()) return out;
    out.key = kept.value("key", Json());
    try {
        for (const auto& [name, text] : kept["tables"].items()) {
            if (!text.is_string()) continue;
            Artifact table;
            table.key = name;
            table.kind = "table";
            table.bytes = std::make_shared<const std::string>(text.get<std::string>());
            out.take(table);
        }
        out.finish(kept.value("summary", Json()));
    } catch (const Error&) {
        return {};   // the engine is asked anyway
    }
    return out;
}

}
