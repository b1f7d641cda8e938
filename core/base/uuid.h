#pragma once
#include <string>
#include <string_view>

namespace lathe {
std::string make_uuid();                   ///< random (version 4), lower case, 36 characters
bool is_uuid(std::string_view text);
}
