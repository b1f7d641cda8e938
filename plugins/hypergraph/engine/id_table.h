#pragma once
// Ids of a file, whole numbers or texts, brought to 0 … n-1. No LibTorch. One thread at a time.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lathe::hypergraph {

class IdTable {
public:
    /// The place of an id in order of first appearance. A text that is a whole number is that number. Throws Error(unsupported) beyond 2^31 - 1 ids.
    std::int32_t add(std::string_view id);
    std::int32_t add_number(std::int64_t id);
    std::int32_t add_text(std::string_view id);         ///< a text even where it looks like a number
    void add_numbers(std::int64_t n) { for (std::int64_t id = 0; id < n; ++id) add_number(id); }
    std::int32_t find(std::string_view id) const;       ///< -1: none
    std::int32_t find_number(std::int64_t id) const;
    std::int64_t size() const { return static_cast<std::int64_t>(m_ids.size()); }
    std::int64_t bytes() const;

    /// What each place becomes: ids that are all numbers rise, others keep the order of their first appearance.
    struct Order {
        std::vector<std::int32_t> place;                ///< [size]: the final id of each place; empty: as it is
        std::vector<std::string> labels;                ///< [size] by final id; empty: the ids are 0 … n-1
        bool are_texts = false;                         ///< ids are texts, also those that look like numbers
    };
    Order order() const;

private:
    struct Id { std::int64_t number = 0; const std::string* text = nullptr; };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::int32_t place();
    std::int32_t* slot(std::int64_t id);

    std::vector<Id> m_ids;
    std::vector<std::int32_t> m_small;                  ///< of numbers from 0 that are not much larger than the count; -1: none
    std::unordered_map<std::int64_t, std::int32_t> m_large;
    std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> m_texts;
    std::int64_t m_text_bytes = 0;
};

}
