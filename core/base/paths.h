#pragma once
// Where things are. The build tree has the layout of an installation, so one rule serves both: PREFIX/bin/<program>,
// PREFIX/share/lathe/{resources,projects}, PREFIX/lib…/lathe/plugins.
#include <filesystem>
#include <vector>

namespace lathe {
std::filesystem::path prefix_folder();                      ///< from /proc/self/exe
std::filesystem::path program_file(const char* name);       ///< PREFIX/bin/name
std::filesystem::path resource(const std::filesystem::path& relative);   ///< PREFIX/share/lathe/resources/relative
std::filesystem::path example_projects();                   ///< PREFIX/share/lathe/projects
std::vector<std::filesystem::path> plugin_folders();        ///< LATHE_PLUGIN_PATH (':'), the user's, the built-in one
std::filesystem::path user_data_folder();                   ///< XDG_DATA_HOME/lathe, made on demand
std::filesystem::path user_config_folder();                 ///< XDG_CONFIG_HOME/lathe
std::filesystem::path user_state_folder();                  ///< XDG_STATE_HOME/lathe: logs
std::filesystem::path user_cache_folder();                  ///< XDG_CACHE_HOME/lathe: rates
}
