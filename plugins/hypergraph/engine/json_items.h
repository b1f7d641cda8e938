#pragma once
// JSON files of any size, item by item: an object whose members are handed over one at a time; large ones of them again one element at a time. No LibTorch.
#include "core/base/json.h"
#include "plugins/hypergraph/engine/byte_stream.h"
#include <functional>
#include <span>

namespace lathe::hypergraph {

struct JsonItem {
    std::string_view member;    ///< of the outermost object
    std::string_view key;       ///< of the object inside; empty in a list and for a whole member
    std::int64_t index = -1;    ///< in the list or object inside; -1: the whole member
    std::int64_t line = 0;      ///< where the item ends
    Json value;
};

/// Elements of members whose names are in `opened` come one at a time, other members as a whole; with none opened, the members themselves are the items, and one that
/// stands twice comes twice. `begin` (may be empty) is told of every
/// member before its items, with its first character: '{', '[', or 'v' for a scalar; a member that is opened must be an object or a list. Throws Error(wrong_format) naming
/// file and line: bad JSON, a root that is no object, a key that stands twice, values nested deeper than 64, items of more than 50 million elements. What the handlers throw
/// goes through.
void read_json_items(ByteStream& stream, std::span<const std::string_view> opened, const std::function<void(JsonItem& item)>& item,
    const std::function<void(std::string_view member, char kind, std::int64_t line)>& begin = {});

}
