#include "core/base/text.h"

#include <algorithm>
#include <cstdint>

namespace lathe {

namespace {

// The bytes of the character that begins at `i`; 0: what stands there is no UTF-8.
std::size_t character_size(std::string_view text, std::size_t i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80)
        return 1;
    const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || text.size() - i <= more)
        return 0;
    std::uint32_t code = first & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
        const auto next = static_cast<unsigned char>(text[i + k]);
        if ((next & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (next & 0x3fu);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    return overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff ? 0 : more + 1;
}

}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = character_size(text, i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

std::string valid_text(std::string_view text, std::size_t limit) {
    const std::string_view kept = text.substr(0, limit);
    std::string out;
    out.reserve(kept.size());
    for (std::size_t i = 0; i < kept.size();) {
        const std::size_t size = character_size(kept, i);
        out += size > 0 ? kept.substr(i, size) : std::string_view("\xef\xbf\xbd");
        i += size > 0 ? size : 1;
    }
    return kept.size() < text.size() ? out + "…" : out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::string nearest_name(std::string_view typed, const std::vector<std::string>& known) {
    if (typed.size() > 200)   // not a slip of the fingers, and the distance costs the product of the lengths
        return {};
    std::size_t best = std::max<std::size_t>(2, typed.size() / 3) + 1;
    std::string nearest;
    for (const std::string& name : known) {
        // "cfg" for "sampler.cfg": the last part alone is often what people type.
        const bool is_last_part = name.size() > typed.size() && name.ends_with(typed) && name[name.size() - typed.size() - 1] == '.' && !typed.empty();
        const std::size_t distance = is_last_part ? 1 : edit_distance(typed, name);
        if (distance < best && distance < std::max(typed.size(), name.size())) {
            best = distance;
            nearest = name;
        }
    }
    return nearest;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    if (text.empty())
        return parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string one_sentence(std::string_view words) {
    constexpr std::size_t kLongest = 2'000;
    std::string text;
    for (const char c : trimmed(words)) {
        const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!space) text += c;
        else if (!text.ends_with(' ')) text += ' ';
    }
    if (!text.ends_with('.')) text += '.';
    return valid_text(text, kLongest);
}

}
