#include "core/protocol/fields.h"

namespace lathe::fields {
namespace {

[[noreturn]] void wrong(const char* key, const char* needed) {
    throw Error(ErrorCode::wrong_format, std::string("Field ") + key + " is not " + needed + ".", std::string("message, field ") + key,
        "The two programs may be of different versions.");
}

const Json* find(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

/// Length of the valid UTF-8 sequence at `at`, 0 if it is none.
std::size_t sequence_at(const std::string& s, std::size_t at) {
    const auto byte = [&](std::size_t i) { return at + i < s.size() ? static_cast<unsigned char>(s[at + i]) : 0u; };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (!follows(1) || !follows(2)) return 0;
        const bool overlong = lead == 0xE0 && byte(1) < 0xA0, surrogate = lead == 0xED && byte(1) > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        const bool overlong = lead == 0xF0 && byte(1) < 0x90, too_large = lead == 0xF4 && byte(1) > 0x8F;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

}

std::string clean_text(std::string s) {
    for (std::size_t i = 0; i < s.size();) {
        const std::size_t n = sequence_at(s, i);
        if (n == 0) s[i] = '?';
        i += n ? n : 1;
    }
    return s;
}

std::string text(const Json& object, const char* key, const char* fallback) {
    const Json* value = find(object, key);
    if (!value) return fallback;
    if (!value->is_string()) wrong(key, "a text");
    return clean_text(value->get<std::string>());
}

std::int64_t integer(const Json& object, const char* key, std::int64_t fallback) {
    const Json* value = find(object, key);
    if (!value) return fallback;
    if (!value->is_number_integer()) wrong(key, "an integer");
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) wrong(key, "an integer of 64 bits");
    return value->get<std::int64_t>();
}

double number(const Json& object, const char* key, double fallback) {
    const Json* value = find(object, key);
    return value ? number_from(*value, std::string("message, field ") + key) : fallback;
}

bool flag(const Json& object, const char* key, bool fallback) {
    const Json* value = find(object, key);
    if (!value) return fallback;
    if (!value->is_boolean()) wrong(key, "true or false");
    return value->get<bool>();
}

Json object(const Json& parent, const char* key) {
    const Json* value = find(parent, key);
    if (!value) return Json::object();
    if (!value->is_object()) wrong(key, "a map");
    return *value;
}

const Json& array(const Json& parent, const char* key) {
    static const Json empty = Json::array();
    const Json* value = find(parent, key);
    if (!value) return empty;
    if (!value->is_array()) wrong(key, "a list");
    return *value;
}

std::vector<std::string> texts(const Json& parent, const char* key) {
    std::vector<std::string> out;
    for (const Json& item : array(parent, key)) {
        if (!item.is_string()) wrong(key, "a list of texts");
        out.push_back(clean_text(item.get<std::string>()));
    }
    return out;
}

std::vector<std::int64_t> integers(const Json& parent, const char* key) {
    std::vector<std::int64_t> out;
    for (const Json& item : array(parent, key)) {
        if (!item.is_number_integer()) wrong(key, "a list of integers");
        out.push_back(item.get<std::int64_t>());
    }
    return out;
}

}
