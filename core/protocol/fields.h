#pragma once
// Reading of optional and typed header fields. Not part of the interface of core/protocol.
#include "core/base/error.h"
#include "core/base/json.h"
#include <cstdint>
#include <string>
#include <vector>

namespace lathe {
inline constexpr std::size_t kInlineBytes = 32u << 10;   ///< larger JSON values travel as the payload
inline constexpr ParseLimits kPayloadLimits{.depth = 32, .elements = 2'000'000, .bytes = 16u << 20};
}

namespace lathe::fields {

/// The text with every byte that is not valid UTF-8 replaced by '?': later code dumps it as JSON, which would throw.
std::string clean_text(std::string text);

std::string text(const Json& object, const char* key, const char* fallback = "");    ///< cleaned; throws Error(wrong_format) if it is there and no text
std::int64_t integer(const Json& object, const char* key, std::int64_t fallback = 0);
double number(const Json& object, const char* key, double fallback = 0);             ///< also "nan", "inf", "-inf"
bool flag(const Json& object, const char* key, bool fallback = false);
Json object(const Json& parent, const char* key);                                    ///< {} where absent
const Json& array(const Json& parent, const char* key);                              ///< an empty array where absent
std::vector<std::string> texts(const Json& parent, const char* key);
std::vector<std::int64_t> integers(const Json& parent, const char* key);

}
