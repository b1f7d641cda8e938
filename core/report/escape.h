#pragma once
// Texts of others, made harmless where they are written: HTML, XML, Markdown, shell. Bytes that are no UTF-8 become U+FFFD. Any thread.
#include <string>
#include <string_view>

namespace lathe {

/// For element content and quoted attributes of HTML and XML. Control characters that XML does not allow become U+FFFD.
std::string html_escaped(std::string_view text);
/// For a run of Markdown text or a table cell: one line, nothing in it is markup.
std::string markdown_escaped(std::string_view text);
/// As one word of a POSIX shell; as it is where nothing needs quoting.
std::string shell_quoted(std::string_view word);
std::string base64(std::string_view bytes);
/// A name of a file made from any text: letters, digits, . _ - only, never empty, never beginning with a dot.
std::string file_name_from(std::string_view text);

}
