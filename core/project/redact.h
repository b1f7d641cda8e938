#pragma once
// Takes from texts what says where and by whom a project was made, before it is given to others.
#include "core/base/json.h"
#include <string>
#include <string_view>

namespace lathe {

/// Absolute paths become the last part of them; the name of this computer becomes "host".
std::string redact(std::string_view text);
/// The same for every text of a JSON value. `drop_personal` also removes members named host, user, home, cwd, command, pid, undo and the like.
Json redact(const Json& json, bool drop_personal);

}
