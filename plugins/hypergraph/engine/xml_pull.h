#pragma once
// A small strict XML reader for GraphML and GEXF: elements, attributes, texts. No LibTorch. One thread at a time.
// Source: W3C XML 1.0, 5th edition. Entities other than the five that XML itself has are refused, never expanded; so are document types that declare any.
#include "plugins/hypergraph/engine/byte_stream.h"
#include <cstdint>

namespace lathe::hypergraph {

class XmlReader {
public:
    explicit XmlReader(ByteStream& stream);

    enum class Event { start, end, text, done };
    /// What comes next. Comments and processing instructions are skipped; CDATA is text. Throws Error(wrong_format) naming file and line: what is not well-formed, other
    /// encodings than UTF-8, names and values over 16 MB, elements nested deeper than 256.
    Event next();
    const std::string& name() const { return m_name; }    ///< of the element, without its name space prefix
    const std::string& text() const { return m_text; }
    const std::string* attribute(std::string_view name) const;   ///< null: none
    const std::string& required(std::string_view name) const;    ///< throws where the element has no such attribute
    std::int64_t line() const { return m_line; }
    [[noreturn]] void refuse(const std::string& what, const std::string& hint = {}) const;

private:
    int peek();
    int get();
    void expect(std::string_view text);
    void skip_space();
    void skip_until(std::string_view end);
    std::string raw_name();
    void append_reference(std::string& out);
    void append(std::string& out, int c) const;
    void declaration();
    Event markup();
    Event start_tag();

    ByteStream& m_stream;
    std::string_view m_piece;
    std::int64_t m_line = 1;
    std::vector<std::string> m_open;
    std::string m_name, m_text;
    std::vector<std::pair<std::string, std::string>> m_attributes;
    bool m_close_now = false, m_had_root = false, m_first = true;
};

}
