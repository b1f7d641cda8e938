#include "core/base/json.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace lathe {
namespace {

// Builds the value while it counts: nothing deeper, larger or doubly named is ever built.
class GuardedBuilder : public nlohmann::json_sax<Json> {
public:
    GuardedBuilder(const ParseLimits& limits, std::string_view where) : m_limits(limits), m_where(where) {}

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t&) override { return put(number_json(value)); }
    bool string(string_t& value) override {
        if (!is_utf8(value))   // possible in CBOR only; a later dump() would throw
            fail("a text is not UTF-8");
        return put(std::move(value));
    }
    bool binary(binary_t& value) override { return put(Json::binary(std::move(value))); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    bool key(string_t& value) override {
        if (!is_utf8(value))
            fail("a key is not UTF-8");
        if (m_stack.back()->contains(value))
            fail("the key \"" + value + "\" stands twice");
        m_key = std::move(value);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        fail("byte " + std::to_string(position) + ": " + error.what());
    }

    Json take() { return std::move(m_root); }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorCode::wrong_format, "The data cannot be read: " + reason + position(), std::string(m_where), "it is damaged or not of this format");
    }
    /// Where in the data: the keys and indexes that lead to the open containers.
    std::string position() const {
        if (m_stack.empty())
            return {};
        std::string path;
        for (std::size_t i = 0; i < m_stack.size(); ++i) {
            if (m_stack[i]->is_array()) {
                path += "[" + std::to_string(m_stack[i]->size() - (i + 1 < m_stack.size())) + "]";
            } else if (i + 1 < m_stack.size()) {
                for (const auto& [key, value] : m_stack[i]->items())
                    if (&value == m_stack[i + 1])
                        path += "." + key;
            } else if (!m_key.empty()) {
                path += "." + m_key;
            }
        }
        return path.empty() ? path : " at " + path;
    }
    Json* place(Json value) {
        if (++m_count > m_limits.elements) fail("more than " + std::to_string(m_limits.elements) + " elements");
        if (m_stack.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        Json& parent = *m_stack.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        Json& slot = parent[m_key];
        slot = std::move(value);
        return &slot;
    }
    bool put(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json value) {
        if (m_stack.size() >= m_limits.depth) fail("nested deeper than " + std::to_string(m_limits.depth));
        m_stack.push_back(place(std::move(value)));
        return true;
    }
    bool close() {
        m_stack.pop_back();
        return true;
    }

    ParseLimits m_limits;
    std::string_view m_where;
    Json m_root;
    std::string m_key;
    std::vector<Json*> m_stack;   // a parent does not grow while a child is open, so these stay valid
    std::size_t m_count = 0;
};

// nlohmann's CBOR parser recurses once a level, so the depth is looked at before it starts. Malformed bytes are left to the parser.
void check_cbor_depth(std::span<const std::byte> bytes, std::size_t limit, std::string_view where) {
    constexpr std::uint64_t kIndefinite = std::numeric_limits<std::uint64_t>::max();
    std::vector<std::uint64_t> open;   // items still to come at each level
    std::size_t at = 0;
    const auto done_one = [&] {
        while (!open.empty() && open.back() != kIndefinite && --open.back() == 0) open.pop_back();
    };
    while (at < bytes.size()) {
        const auto first = static_cast<unsigned>(bytes[at++]);
        const unsigned major = first >> 5, low = first & 31;
        if (first == 0xff) {
            if (open.empty()) return;
            open.pop_back();
            done_one();
        } else {
            std::uint64_t count = low;
            bool indefinite = false;
            if (low >= 24 && low <= 27) {
                const std::size_t width = std::size_t{1} << (low - 24);
                if (bytes.size() - at < width) return;
                count = 0;
                for (std::size_t i = 0; i < width; ++i) count = count << 8 | static_cast<unsigned>(bytes[at++]);
            } else if (low == 31) {
                indefinite = true;
            } else if (low > 27) {
                return;
            }
            if (major == 6) continue;   // a tag: the item it marks follows
            const bool container = major == 4 || major == 5;
            if (container || (indefinite && (major == 2 || major == 3))) {
                if (!indefinite && count == 0) {
                    done_one();
                } else {
                    if (!indefinite && count > bytes.size()) return;   // more items than bytes: the parser refuses it
                    open.push_back(indefinite ? kIndefinite : major == 5 ? 2 * count : count);
                    if (open.size() > limit)
                        throw Error(ErrorCode::wrong_format, "The data is nested deeper than " + std::to_string(limit) + " at byte " + std::to_string(at), std::string(where), "it is damaged or not of this format");
                    continue;
                }
            } else {
                if (major == 2 || major == 3) {
                    if (count > bytes.size() - at) return;
                    at += count;
                }
                done_one();
            }
        }
        if (open.empty()) return;
    }
}

void check_size(std::size_t size, const ParseLimits& limits, std::string_view where) {
    if (size > limits.bytes)
        throw Error(ErrorCode::wrong_format, "The data has " + std::to_string(size) + " bytes; at most " + std::to_string(limits.bytes) + " are read", std::string(where));
}

bool all_utf8(const Json& value) {
    if (value.is_string()) return is_utf8(value.get_ref<const std::string&>());
    if (value.is_array()) return std::ranges::all_of(value, all_utf8);
    if (value.is_object())
        for (const auto& [key, item] : value.items())
            if (!is_utf8(key) || !all_utf8(item)) return false;
    return true;
}

Json with_valid_texts(Json value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        return valid_text(text, text.size());
    }
    if (value.is_array())
        for (Json& item : value) item = with_valid_texts(std::move(item));
    if (!value.is_object()) return value;
    Json out = Json::object();
    for (const auto& [key, item] : value.items()) out[valid_text(key, key.size())] = with_valid_texts(item);
    return out;
}

}

Json parse_json(std::string_view text, std::string_view where, const ParseLimits& limits) {
    check_size(text.size(), limits, where);
    GuardedBuilder builder(limits, where);
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

Json parse_cbor(std::span<const std::byte> bytes, std::string_view where, const ParseLimits& limits) {
    check_size(bytes.size(), limits, where);
    check_cbor_depth(bytes, limits.depth, where);
    GuardedBuilder builder(limits, where);
    const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
    Json::sax_parse(begin, begin + bytes.size(), &builder, Json::input_format_t::cbor);
    return builder.take();
}

std::string to_cbor(const Json& value) {
    std::string out;
    if (all_utf8(value)) Json::to_cbor(value, out);
    else Json::to_cbor(with_valid_texts(value), out);
    return out;
}

Json number_json(double value) {
    if (std::isfinite(value)) return value;
    return number_text(value);
}

std::optional<double> parse_number(std::string_view text) {
    if (text == "nan")
        return std::numeric_limits<double>::quiet_NaN();
    if (text == "inf" || text == "+inf")
        return std::numeric_limits<double>::infinity();
    if (text == "-inf")
        return -std::numeric_limits<double>::infinity();
    if (text.starts_with('+') && !text.starts_with("+-"))
        text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
        return std::nullopt;
    return number;
}

double number_from(const Json& value, std::string_view where) {
    if (value.is_number())
        return value.get<double>();
    if (value.is_string() && (value == "nan" || value == "inf" || value == "-inf"))
        return *parse_number(value.get_ref<const std::string&>());
    throw Error(ErrorCode::invalid_value, "A number is needed, not " + brief(value), std::string(where));
}

std::string json_text(const Json& value, int indent) { return value.dump(indent, ' ', false, Json::error_handler_t::replace); }

std::string brief(const Json& value) {
    constexpr std::size_t kLongest = 80;
    std::string text = value.is_binary() ? std::to_string(value.get_binary().size()) + " bytes" : json_text(value);
    if (text.size() <= kLongest)
        return text;
    std::size_t cut = kLongest - 3;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80)   // not inside a character
        --cut;
    return text.substr(0, cut) + "…";
}

std::string number_text(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, result.ptr};
}

const Json& member(const Json& object, const char* key, std::string_view where) {
    if (!object.is_object()) throw Error(ErrorCode::wrong_format, "An object with the field \"" + std::string(key) + "\" is needed", std::string(where));
    const auto found = object.find(key);
    if (found == object.end()) throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is missing", std::string(where));
    return *found;
}

std::string string_member(const Json& object, const char* key, std::string_view where) {
    const Json& value = member(object, key, where);
    if (!value.is_string()) throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is not a text", std::string(where));
    return value.get<std::string>();
}

std::string string_or_empty(const Json& object, const char* key, std::string_view where) {
    return object.contains(key) ? string_member(object, key, where) : std::string();
}

std::int64_t int_member(const Json& object, const char* key, std::string_view where) {
    const Json& value = member(object, key, where);
    if (!value.is_number_integer()) throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is not a whole number", std::string(where));
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
        throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is too large", std::string(where));
    return value.get<std::int64_t>();
}

double number_member(const Json& object, const char* key, std::string_view where) {
    const Json& value = member(object, key, where);
    const bool is_text = value.is_string() && (value == "nan" || value == "inf" || value == "-inf");
    if (!value.is_number() && !is_text)
        throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is not a number", std::string(where));
    return number_from(value, where);
}

bool bool_member(const Json& object, const char* key, std::string_view where) {
    const Json& value = member(object, key, where);
    if (!value.is_boolean())
        throw Error(ErrorCode::wrong_format, "The field \"" + std::string(key) + "\" is neither true nor false", std::string(where));
    return value.get<bool>();
}

}
