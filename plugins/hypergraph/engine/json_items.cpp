#include "plugins/hypergraph/engine/json_items.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>
#include <iterator>
#include <set>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kDeepestItem = 64, kMostItemElements = 50'000'000;

/// The characters of a stream, and on which line the last one stood.
struct JsonCursor {
    explicit JsonCursor(ByteStream& s) : stream(s) {
        refill();
        if (piece.starts_with("\xef\xbb\xbf")) piece.remove_prefix(3);
    }
    void refill() {
        piece = stream.next();
        ended = piece.empty();
    }
    void advance() {
        if (piece.front() == '\n') ++line;
        piece.remove_prefix(1);
        if (piece.empty()) refill();
    }
    ByteStream& stream;
    std::string_view piece;
    std::int64_t line = 1;
    bool ended = false;
};

class JsonIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;
    JsonIterator() = default;
    explicit JsonIterator(JsonCursor& cursor) : m_cursor(&cursor) {}
    char operator*() const { return m_cursor->piece.front(); }
    JsonIterator& operator++() {
        m_cursor->advance();
        return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const JsonIterator& other) const { return done() == other.done(); }

private:
    bool done() const { return !m_cursor || m_cursor->ended; }
    JsonCursor* m_cursor = nullptr;   ///< null: the end
};

class ItemReader : public nlohmann::json_sax<Json> {
public:
    ItemReader(JsonCursor& cursor, std::span<const std::string_view> opened, const std::function<void(JsonItem&)>& item, const std::function<void(std::string_view, char, std::int64_t)>& begin)
        : m_cursor(cursor), m_opened(opened), m_item(item), m_begin(begin) {}

    bool null() override { return scalar(nullptr); }
    bool boolean(bool value) override { return scalar(value); }
    bool number_integer(number_integer_t value) override { return scalar(value); }
    bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
    bool number_float(number_float_t value, const string_t&) override { return scalar(value); }
    bool string(string_t& value) override { return scalar(std::move(value)); }
    bool binary(binary_t&) override { fail("It holds binary data."); }
    bool start_object(std::size_t) override { return open(Json::object(), '{'); }
    bool start_array(std::size_t) override { return open(Json::array(), '['); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        if (m_depth == 1) {
            m_member = std::move(value);
            m_inside = std::ranges::find(m_opened, m_member) != m_opened.end();
            if (!m_opened.empty() && !m_members.insert(m_member).second) fail("The member \"" + valid_text(m_member, 60) + "\" stands twice.");
        } else if (m_depth == 2 && m_inside) {
            m_key = std::move(value);
        } else {
            m_keys.back() = std::move(value);
            if (m_stack.back()->contains(m_keys.back())) fail("The field \"" + valid_text(m_keys.back(), 60) + "\" stands twice in one object.");
        }
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        std::string why = error.what();
        if (const std::size_t colon = why.find("parse error"); colon != why.npos) why = why.substr(colon);
        fail(m_cursor.ended ? "The JSON ends too early." : "This is no valid JSON: " + one_sentence(valid_text(why, 300)));
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::wrong_format, what, m_cursor.stream.where() + ", line " + std::to_string(m_cursor.line) + (m_member.empty() ? "" : ", member " + valid_text(m_member, 60)), "Mend the file or fetch it again.");
    }
    /// Whether what begins now, at the present depth, is an item of its own.
    bool is_item() const { return m_stack.empty() && (m_depth == 1 ? !m_inside : m_depth == 2 && m_inside); }
    void begin_member(char kind) {
        if (m_depth != 1) return;
        m_index = -1;
        if (m_begin) m_begin(m_member, kind, m_cursor.line);
    }
    void give(Json value) {
        const bool inner = m_depth == 2;
        JsonItem item{m_member, inner ? std::string_view(m_key) : std::string_view(), inner ? ++m_index : -1, m_cursor.line, std::move(value)};
        m_elements = 0;
        m_item(item);
        m_key.clear();
    }
    void count() {
        if (++m_elements > kMostItemElements) fail("One item has more than " + std::to_string(kMostItemElements) + " elements.");
    }
    bool scalar(Json value) {
        count();
        if (m_depth == 0) fail("The file is no JSON object.");
        begin_member('v');
        if (m_depth == 1 && m_inside) fail("The member \"" + valid_text(m_member, 60) + "\" is neither an object nor a list.");
        if (is_item()) give(std::move(value));
        else append(std::move(value));
        return true;
    }
    Json* append(Json value) {
        Json& parent = *m_stack.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[m_keys.back()] = std::move(value));
    }
    bool open(Json value, char kind) {
        count();
        if (m_depth == 0) {
            if (kind != '{') fail("The file is no JSON object.");
        } else {
            begin_member(kind);
            if (is_item()) {
                m_value = std::move(value);
                m_stack.push_back(&m_value);
                m_keys.emplace_back();
            } else if (!m_stack.empty()) {
                if (m_stack.size() >= kDeepestItem) fail("It is nested too deep.");
                m_stack.push_back(append(std::move(value)));
                m_keys.emplace_back();
            }
        }
        ++m_depth;
        return true;
    }
    bool close() {
        --m_depth;
        if (m_stack.empty()) return true;
        m_stack.pop_back();
        m_keys.pop_back();
        if (m_stack.empty()) give(std::move(m_value));
        return true;
    }

    JsonCursor& m_cursor;
    std::span<const std::string_view> m_opened;
    const std::function<void(JsonItem&)>& m_item;
    const std::function<void(std::string_view, char, std::int64_t)>& m_begin;
    std::set<std::string, std::less<>> m_members;
    std::string m_member, m_key;
    bool m_inside = false;
    std::size_t m_depth = 0, m_elements = 0;
    std::int64_t m_index = -1;
    Json m_value;
    std::vector<Json*> m_stack;          ///< the values that are open, within m_value
    std::vector<std::string> m_keys;     ///< of each of them, the key that is being read
};

}

void read_json_items(ByteStream& stream, std::span<const std::string_view> opened, const std::function<void(JsonItem& item)>& item,
    const std::function<void(std::string_view member, char kind, std::int64_t line)>& begin) {
    JsonCursor cursor(stream);
    ItemReader reader(cursor, opened, item, begin);
    Json::sax_parse(JsonIterator(cursor), JsonIterator(), &reader);
}

}
