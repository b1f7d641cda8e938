#include "core/project/redact.h"

#include "core/base/process.h"
#include <algorithm>
#include <array>

namespace lathe {
namespace {

constexpr std::array kPersonal = {"argv", "command", "cwd", "folder", "home", "host", "hostname", "login", "path", "pid", "redo", "undo", "user", "username"};

bool may_precede_path(char c) { return std::string_view(" \t\n\r\"'`([{<>=:,;|").find(c) != std::string_view::npos; }
bool ends_path(char c) { return std::string_view(" \t\n\r\"'`)]}<>,;|").find(c) != std::string_view::npos; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

std::string_view last_part(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool has_ending(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size();
}

// After a space: where one of the next words has a slash in it, they belong to a path with spaces ("/home/ann/my old models/a.pt"), unless the path has
// come to a file already. This may take a word too many, which is better than one too few.
bool goes_on(std::string_view path, std::string_view rest) {
    constexpr int kMostWords = 3;
    if (has_ending(last_part(path)))
        return false;
    for (int words = 0; words < kMostWords && rest.starts_with(' ') && rest.size() > 1 && rest[1] != '/' && rest[1] != '~'; ++words) {
        std::size_t end = 1;
        while (end < rest.size() && !ends_path(rest[end]))
            ++end;
        if (rest.substr(0, end).find('/') != std::string_view::npos)
            return true;
        rest.remove_prefix(end);
    }
    return false;
}

// "/one dir/x": a name, not "/3 a/b".
bool is_folder_name(std::string_view path) {
    return path.size() > 2 && std::ranges::none_of(path.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

// The length of an absolute path that starts here, or 0.
std::size_t path_size(std::string_view rest) {
    const std::size_t start = rest.starts_with("file://") ? 7 : rest.starts_with("~/") ? 1 : 0;
    if (start >= rest.size() || rest[start] != '/' || rest.substr(start).starts_with("//"))
        return 0;
    std::size_t size = start;
    std::size_t parts = 0;
    // Only what is a path already, or begins like one, goes on over a space: "/3 a/b" is two words.
    const auto may_go_on = [&] { return parts >= 2 || start > 0 || is_folder_name(rest.substr(start, size - start)); };
    for (; size < rest.size() && (!ends_path(rest[size]) || (may_go_on() && goes_on(rest.substr(0, size), rest.substr(size)))); ++size)
        parts += rest[size] == '/' && size + 1 < rest.size() && !ends_path(rest[size + 1]) && rest[size + 1] != '/' ? 1 : 0;
    // "1 /2" is no path, "/tmp/x" is; "~/x" and "file:///x" are.
    return parts >= 2 || start > 0 ? size : 0;
}

std::string without_host(std::string text) {
    static const std::string host = this_process().host;
    if (host.size() < 4 || host == "localhost")
        return text;
    for (std::size_t at = text.find(host); at != std::string::npos; at = text.find(host, at)) {
        const bool whole = (at == 0 || !is_word(text[at - 1])) && (at + host.size() >= text.size() || !is_word(text[at + host.size()]));
        if (whole)
            text.replace(at, host.size(), "host");
        at += whole ? 4 : host.size();
    }
    return text;
}

}

std::string redact(std::string_view text) {
    // Paths may have spaces in them, so a text that begins with one is taken as a whole.
    if (path_size(text) > 0 && text.find('\n') == std::string_view::npos)
        return without_host(std::string(last_part(text)));
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = i == 0 || may_precede_path(text[i - 1]) ? path_size(text.substr(i)) : 0;
        if (size > 0) {
            out += last_part(text.substr(i, size));
            i += size;
        } else {
            out += text[i++];
        }
    }
    return without_host(std::move(out));
}

Json redact(const Json& json, bool drop_personal) {
    if (json.is_string())
        return redact(json.get_ref<const std::string&>());
    if (json.is_array()) {
        Json out = Json::array();
        for (const auto& item : json)
            out.push_back(redact(item, drop_personal));
        return out;
    }
    if (!json.is_object())
        return json;
    Json out = Json::object();
    for (const auto& [key, value] : json.items())
        if (!drop_personal || std::ranges::find(kPersonal, key) == kPersonal.end())
            out[key] = redact(value, drop_personal);
    return out;
}

}
