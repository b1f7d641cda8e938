#pragma once
// JSON alias and guarded parsing of foreign bytes: depth, element count and duplicate keys are refused before anything is built.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

using Json = nlohmann::json;   // keys sorted: equal content gives equal text, so it can be hashed

struct ParseLimits {
    std::size_t depth = 32;
    std::size_t elements = 65'536;
    std::size_t bytes = 16u << 20;
};

/// Parse text or CBOR from outside. Throws Error(wrong_format) naming `where`, the position and the reason.
Json parse_json(std::string_view text, std::string_view where, const ParseLimits& limits = {});
Json parse_cbor(std::span<const std::byte> bytes, std::string_view where, const ParseLimits& limits = {});
std::string to_cbor(const Json& value);   ///< texts that are no UTF-8 are mended (valid_text): what is written here can always be read

/// Numbers as they stand in files and messages: non-finite ones are the texts "nan", "inf", "-inf".
Json number_json(double value);
double number_from(const Json& value, std::string_view where);   ///< accepts a number or those texts; throws Error(invalid_value)
std::string number_text(double value);                           ///< shortest text that reads back equal; C locale; nan, inf, -inf
std::optional<double> parse_number(std::string_view text);       ///< the inverse; nullopt if the text is not a number as a whole

std::string json_text(const Json& value, int indent = -1);       ///< dump() that never throws: bytes that are not UTF-8 become U+FFFD
std::string brief(const Json& value);                            ///< json_text cut to 80 bytes, for messages

/// Member access that explains itself: throws Error(wrong_format) "field X is missing / not a string".
const Json& member(const Json& object, const char* key, std::string_view where);
std::string string_member(const Json& object, const char* key, std::string_view where);
std::string string_or_empty(const Json& object, const char* key, std::string_view where);   ///< empty where the key is missing
std::int64_t int_member(const Json& object, const char* key, std::string_view where);
double number_member(const Json& object, const char* key, std::string_view where);
bool bool_member(const Json& object, const char* key, std::string_view where);

}
