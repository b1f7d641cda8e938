#include "plugins/hypergraph/engine/id_table.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/text_lines.h"
#include <algorithm>
#include <limits>
#include <numeric>

namespace lathe::hypergraph {
namespace {

/// "7" but not "007" or "-0": a number that reads back as the same text.
bool is_plain_number(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    return !digits.empty() && digits[0] >= '0' && digits[0] <= '9' && (digits[0] != '0' || text == "0");
}

}

std::int32_t IdTable::place() {
    if (m_ids.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw Error(ErrorCode::unsupported, "The file has more than 2^31 - 1 ids.", {}, "Take a part of the graph.");
    return static_cast<std::int32_t>(m_ids.size());
}

std::int32_t* IdTable::slot(std::int64_t id) {
    if (id >= 0 && static_cast<std::size_t>(id) < m_small.size()) return &m_small[static_cast<std::size_t>(id)];
    const std::int64_t limit = 8 * size() + (1 << 20);
    if (id < 0 || id >= limit) return &m_large.try_emplace(id, -1).first->second;
    if (const auto there = m_large.find(id); there != m_large.end()) return &there->second;   // seen when the table was small
    m_small.resize(std::min<std::size_t>(static_cast<std::size_t>(limit), std::max<std::size_t>(2 * static_cast<std::size_t>(id), 1024)), -1);
    for (auto at = m_large.begin(); at != m_large.end();) {
        if (at->first < 0 || at->first >= static_cast<std::int64_t>(m_small.size())) {
            ++at;
            continue;
        }
        m_small[static_cast<std::size_t>(at->first)] = at->second;
        at = m_large.erase(at);
    }
    return &m_small[static_cast<std::size_t>(id)];
}

std::int32_t IdTable::add_number(std::int64_t id) {
    std::int32_t* at = slot(id);
    if (*at >= 0) return *at;
    *at = place();
    m_ids.push_back({id, nullptr});
    return *at;
}

std::int32_t IdTable::add_text(std::string_view id) {
    if (const auto there = m_texts.find(id); there != m_texts.end()) return there->second;
    const std::int32_t at = place();
    const auto made = m_texts.emplace(std::string(id), at).first;
    m_ids.push_back({0, &made->first});
    m_text_bytes += static_cast<std::int64_t>(id.size()) + 96;
    return at;
}

std::int32_t IdTable::add(std::string_view id) {
    if (is_plain_number(id))
        if (const auto number = whole_number(id)) return add_number(*number);
    return add_text(id);
}

std::int32_t IdTable::find_number(std::int64_t id) const {
    if (id >= 0 && static_cast<std::size_t>(id) < m_small.size()) return m_small[static_cast<std::size_t>(id)];
    const auto there = m_large.find(id);
    return there == m_large.end() ? -1 : there->second;
}

std::int32_t IdTable::find(std::string_view id) const {
    if (is_plain_number(id))
        if (const auto number = whole_number(id)) return find_number(*number);
    const auto there = m_texts.find(id);
    return there == m_texts.end() ? -1 : there->second;
}

std::int64_t IdTable::bytes() const {
    return static_cast<std::int64_t>(m_ids.capacity() * sizeof(Id) + m_small.capacity() * sizeof(std::int32_t) + m_large.size() * 40) + m_text_bytes;
}

IdTable::Order IdTable::order() const {
    Order order;
    const std::size_t n = m_ids.size();
    if (m_texts.empty()) {
        std::vector<std::int32_t> rising(n);
        std::iota(rising.begin(), rising.end(), 0);
        std::ranges::sort(rising, {}, [this](std::int32_t k) { return m_ids[static_cast<std::size_t>(k)].number; });
        const bool counted = n == 0 || (m_ids[static_cast<std::size_t>(rising.front())].number == 0 && m_ids[static_cast<std::size_t>(rising.back())].number == static_cast<std::int64_t>(n) - 1);
        order.place.resize(n);
        if (!counted) order.labels.resize(n);
        for (std::size_t k = 0; k < n; ++k) {
            order.place[static_cast<std::size_t>(rising[k])] = static_cast<std::int32_t>(k);
            if (!counted) order.labels[k] = std::to_string(m_ids[static_cast<std::size_t>(rising[k])].number);
        }
        return order;
    }
    order.are_texts = m_texts.size() == n;
    order.labels.reserve(n);
    for (const Id& id : m_ids) {
        if (!id.text) order.labels.push_back(std::to_string(id.number));
        else if (!order.are_texts && is_plain_number(*id.text) && whole_number(*id.text)) order.labels.push_back('"' + *id.text + '"');   // the text "1" beside the number 1
        else order.labels.push_back(valid_text(*id.text));
    }
    return order;
}

}
