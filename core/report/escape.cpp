#include "core/report/escape.h"
#include "core/base/text.h"
#include <algorithm>
#include <cstdint>

namespace lathe {
namespace {

constexpr std::size_t kNoLimit = std::size_t(-1);
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool is_control(char c) { return (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') || c == 127; }

}

std::string html_escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : valid_text(text, kNoLimit)) {
        if (c == '&') out += "&amp;";
        else if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '"') out += "&quot;";
        else if (c == '\'') out += "&#39;";
        else if (c == '\r') continue;
        else if (is_control(c)) out += kReplacement;
        else out += c;
    }
    return out;
}

std::string markdown_escaped(std::string_view text) {
    constexpr std::string_view kMarkup = "\\`*_{}[]()#+-.!|<>~&$:";
    std::string out;
    out.reserve(text.size() + 16);
    const std::string valid = valid_text(text, kNoLimit);
    for (std::size_t i = 0; i < valid.size(); ++i) {
        const char c = valid[i];
        const bool ends_word = i + 1 == valid.size() || valid[i + 1] == ' ';
        if (c == '\n' || c == '\t' || c == '\r') out += ' ';
        else if (is_control(c)) out += kReplacement;
        // A backslash does not stop "<" in every reader, an entity does.
        else if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '&') out += "&amp;";
        else if (c == '-' || c == '+' || c == '.' || c == ':') {
            // Markup at the start of a line, after the digits of a numbered list, and where a link is made of an address.
            const bool first = out.find_first_not_of(' ') == std::string::npos, number = out.find_first_not_of("0123456789 ") == std::string::npos;
            const bool markup = c == ':' ? valid.compare(i, 3, "://") == 0 : c == '.' ? number && ends_word : first;
            out += markup ? "\\" : "";
            out += c;
        } else {
            if (kMarkup.find(c) != std::string_view::npos) out += '\\';
            out += c;
        }
    }
    return out;
}

std::string shell_quoted(std::string_view word) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("_-./=:,+@%").find(c) != std::string_view::npos; };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return std::string(word);
    std::string out = "'";
    for (const char c : word) {
        if (c == '\'') out += "'\\''";
        else out += c;
    }
    return out + "'";
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? std::uint32_t(static_cast<unsigned char>(bytes[i + k])) : 0u; };
        const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
        out += kDigits[three >> 18];
        out += kDigits[three >> 12 & 63];
        out += i + 1 < bytes.size() ? kDigits[three >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? kDigits[three & 63] : '=';
    }
    return out;
}

std::string file_name_from(std::string_view text) {
    constexpr std::size_t kLongest = 100;
    std::string out;
    for (const char c : text.substr(0, kLongest)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (plain && !(out.empty() && (c == '.' || c == '-'))) out += c;
        else if (!out.ends_with('_')) out += '_';
    }
    return out.empty() ? "unnamed" : out;
}

}
