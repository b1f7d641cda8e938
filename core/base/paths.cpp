#include "core/base/paths.h"

#include "core/base/error.h"
#include "lathe_version.h"

#include <cstdlib>
#include <pwd.h>
#include <string_view>
#include <unistd.h>

namespace lathe {
namespace fs = std::filesystem;
namespace {

fs::path home() {
    if (const char* folder = std::getenv("HOME"); folder && folder[0] == '/')
        return folder;
    if (const passwd* user = ::getpwuid(::getuid()); user && user->pw_dir && user->pw_dir[0] == '/')
        return user->pw_dir;
    return fs::temp_directory_path();
}

/// A folder of the XDG base directory specification (only absolute values count); lathe's own one inside it is made on demand, private.
fs::path user_folder(const char* variable, const char* below_home) {
    const char* set = std::getenv(variable);
    const fs::path folder = (set && set[0] == '/' ? fs::path(set) : home() / below_home) / "lathe";
    std::error_code error;
    if (fs::create_directories(folder, error))
        fs::permissions(folder, fs::perms::owner_all, error);
    if (!fs::is_directory(folder, error))
        throw Error(ErrorCode::io, "The folder cannot be made", folder.string(), std::string("check its permissions or set ") + variable);
    return folder;
}

}

fs::path prefix_folder() {
    static const fs::path prefix = [] {
        std::error_code error;
        const fs::path program = fs::read_symlink("/proc/self/exe", error);
        if (error)
            throw Error(ErrorCode::io, "The folder of this program cannot be found: " + error.message(), "/proc/self/exe", "/proc must be mounted");
        return program.parent_path().parent_path();
    }();
    return prefix;
}

fs::path program_file(const char* name) { return prefix_folder() / "bin" / name; }
fs::path resource(const fs::path& relative) { return prefix_folder() / "share" / "lathe" / "resources" / relative; }
fs::path example_projects() { return prefix_folder() / "share" / "lathe" / "projects"; }

std::vector<fs::path> plugin_folders() {
    std::vector<fs::path> folders;
    if (const char* set = std::getenv("LATHE_PLUGIN_PATH")) {
        for (std::string_view rest = set; !rest.empty();) {
            const std::size_t end = rest.find(':');
            if (const std::string_view folder = rest.substr(0, end); !folder.empty())
                folders.emplace_back(folder);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }
    try {
        folders.push_back(user_data_folder() / "plugins");
    } catch (const Error&) {
        // A read-only home has no plugins of its own; the built-in ones must work all the same.
    }
    folders.push_back(prefix_folder() / LATHE_PLUGIN_SUBDIR);
    return folders;
}

fs::path user_data_folder() { return user_folder("XDG_DATA_HOME", ".local/share"); }
fs::path user_config_folder() { return user_folder("XDG_CONFIG_HOME", ".config"); }
fs::path user_state_folder() { return user_folder("XDG_STATE_HOME", ".local/state"); }
fs::path user_cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }

}
