#include "plugins/hypergraph/engine/xml_pull.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include <algorithm>
#include <charconv>
#include <utility>

namespace lathe::hypergraph {
namespace {

constexpr std::size_t kLongestXmlText = 16u << 20, kDeepestXml = 256, kMostXmlAttributes = 256;

bool is_space(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80; }
bool is_name(int c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }
std::string local(const std::string& name) { return name.substr(name.find(':') == name.npos ? 0 : name.find(':') + 1); }

}

XmlReader::XmlReader(ByteStream& stream) : m_stream(stream) {
    m_piece = m_stream.next();
    if (m_piece.starts_with("\xef\xbb\xbf")) m_piece.remove_prefix(3);
    if (m_piece.starts_with("\xff\xfe") || m_piece.starts_with("\xfe\xff")) refuse("The XML is not in UTF-8.", "Save it in UTF-8.");
}

void XmlReader::refuse(const std::string& what, const std::string& hint) const { throw Error(ErrorCode::wrong_format, what, m_stream.where() + ", line " + std::to_string(m_line), hint); }

const std::string* XmlReader::attribute(std::string_view name) const {
    for (const auto& [key, value] : m_attributes)
        if (key == name) return &value;
    return nullptr;
}

const std::string& XmlReader::required(std::string_view name) const {
    if (const std::string* value = attribute(name)) return *value;
    refuse("The element <" + m_name + "> has no attribute \"" + std::string(name) + "\".");
}

int XmlReader::peek() {
    if (m_piece.empty()) m_piece = m_stream.next();
    return m_piece.empty() ? -1 : static_cast<unsigned char>(m_piece.front());
}

int XmlReader::get() {
    const int c = peek();
    if (c < 0) refuse("The XML ends too early.", "Fetch the file again.");
    m_piece.remove_prefix(1);
    if (c == '\n') ++m_line;
    if (c < 0x20 && !is_space(c)) refuse("The XML holds a control character.");
    return c;
}

void XmlReader::expect(std::string_view text) {
    for (const char c : text)
        if (get() != static_cast<unsigned char>(c)) refuse("\"" + std::string(text) + "\" is expected here.");
}

void XmlReader::skip_space() {
    while (is_space(peek())) get();
}

void XmlReader::skip_until(std::string_view end) {
    std::string last;
    while (last != end) {
        last += static_cast<char>(get());
        if (last.size() > end.size()) last.erase(0, 1);
    }
}

void XmlReader::append(std::string& out, int c) const {
    if (out.size() >= kLongestXmlText) refuse("A name or value is longer than 16 MB.");
    out += static_cast<char>(c);
}

std::string XmlReader::raw_name() {
    std::string name;
    if (!is_name_start(peek())) refuse("A name is expected here.");
    while (is_name(peek())) append(name, get());
    return name;
}

void XmlReader::append_reference(std::string& out) {
    std::string name;
    for (int c = get(); c != ';'; c = get()) {
        if (name.size() > 32) refuse("A reference has no end.");
        name += static_cast<char>(c);
    }
    if (name.starts_with('#')) {
        const bool hex = name.starts_with("#x");
        std::uint32_t code = 0;
        const char* first = name.data() + (hex ? 2 : 1);
        const auto [end, error] = std::from_chars(first, name.data() + name.size(), code, hex ? 16 : 10);
        if (error != std::errc() || end != name.data() + name.size() || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || (code < 0x20 && !is_space(static_cast<int>(code))))
            refuse("&" + valid_text(name) + "; is no character.");
        append_utf8(out, code);
        return;
    }
    static constexpr std::pair<std::string_view, char> kOwn[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [own, c] : kOwn)
        if (name == own) return append(out, c);
    refuse("The entity &" + valid_text(name) + "; is not expanded.", "Entities of documents are refused: write the text itself.");
}

void XmlReader::declaration() {   // behind "<?xml"
    std::string text;
    while (!text.ends_with("?>")) append(text, get());
    const std::size_t at = text.find("encoding");
    if (at == text.npos) return;
    const std::size_t open = text.find_first_of("\"'", at);
    if (open == text.npos) refuse("The XML declaration is damaged.");
    std::string encoding = text.substr(open + 1, text.find(text[open], open + 1) - open - 1);
    std::ranges::transform(encoding, encoding.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (encoding != "utf-8" && encoding != "us-ascii" && encoding != "ascii") refuse("The XML is in " + valid_text(encoding, 40) + ", not in UTF-8.", "Save it in UTF-8.");
}

XmlReader::Event XmlReader::next() {
    if (m_close_now) {   // <empty/>
        m_close_now = false;
        m_name = local(m_open.back());
        m_open.pop_back();
        m_attributes.clear();
        return Event::end;
    }
    m_text.clear();
    for (;;) {
        const int c = peek();
        if (c < 0) {
            if (!m_open.empty()) refuse("The XML ends within <" + valid_text(m_open.back(), 60) + ">.", "Fetch the file again.");
            if (!m_had_root) refuse("The XML has no element.");
            return Event::done;
        }
        if (c == '<') {
            if (!m_text.empty() && !m_open.empty()) return Event::text;
            get();
            const Event event = markup();
            if (event != Event::done) return event;   // done: nothing that the reader of a graph would want
            continue;
        }
        get();
        m_first = false;
        if (m_open.empty()) {
            if (!is_space(c)) refuse("Text stands outside of the elements.");
        } else if (c == '&') {
            append_reference(m_text);
        } else {
            append(m_text, c);
        }
    }
}

XmlReader::Event XmlReader::markup() {   // behind '<'
    const bool first = std::exchange(m_first, false);
    if (peek() == '?') {
        get();
        if (raw_name() == "xml") {
            if (!first) refuse("The XML declaration does not stand at the beginning.");
            declaration();
        } else {
            skip_until("?>");
        }
        return Event::done;
    }
    if (peek() == '!') {
        get();
        if (peek() == '-') {
            expect("--");
            skip_until("-->");
            return Event::done;
        }
        if (peek() == '[') {
            expect("[CDATA[");
            if (m_open.empty()) refuse("Text stands outside of the elements.");
            while (!m_text.ends_with("]]>")) append(m_text, get());
            m_text.resize(m_text.size() - 3);
            return Event::text;
        }
        expect("DOCTYPE");
        if (m_had_root) refuse("A document type does not belong here.");
        for (int c = get(); c != '>'; c = get())
            if (c == '[') refuse("The document type declares entities or elements of its own.", "Entities are refused, never expanded: remove the document type.");
        return Event::done;
    }
    if (peek() != '/') return start_tag();
    get();
    const std::string name = raw_name();
    skip_space();
    expect(">");
    if (m_open.empty() || m_open.back() != name) refuse("</" + valid_text(name, 60) + "> closes " + (m_open.empty() ? "nothing." : "<" + valid_text(m_open.back(), 60) + ">."));
    m_open.pop_back();
    m_name = local(name);
    m_attributes.clear();
    return Event::end;
}

XmlReader::Event XmlReader::start_tag() {
    if (m_open.empty() && m_had_root) refuse("A second outermost element.");
    const std::string full = raw_name();
    m_attributes.clear();
    for (;;) {
        const bool spaced = is_space(peek());
        skip_space();
        if (peek() == '>' || peek() == '/') break;
        if (!spaced && peek() >= 0) refuse("Attributes are separated by blanks.");
        if (peek() < 0) get();   // says that the file ends too early
        std::string key = raw_name();
        skip_space();
        expect("=");
        skip_space();
        const int quote = get();
        if (quote != '"' && quote != '\'') refuse("The value of an attribute stands in quotes.");
        std::string value;
        for (int c = get(); c != quote; c = get()) {
            if (c == '<') refuse("The value of an attribute holds \"<\".");
            if (c == '&') append_reference(value);
            else append(value, is_space(c) ? ' ' : c);
        }
        if (!key.starts_with("xmlns")) key = local(key);
        if (attribute(key)) refuse("The attribute \"" + valid_text(key, 60) + "\" stands twice.");
        if (m_attributes.size() >= kMostXmlAttributes) refuse("An element has more than 256 attributes.");
        m_attributes.emplace_back(std::move(key), std::move(value));
    }
    if (peek() == '/') {
        get();
        m_close_now = true;
    }
    expect(">");
    if (m_open.size() >= kDeepestXml) refuse("The elements are nested too deep.");
    m_open.push_back(full);
    m_had_root = true;
    m_name = local(full);
    return Event::start;
}

}
