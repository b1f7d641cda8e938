#pragma once
// A sample from Fast-BEV's info record as plain JSON (the pickle of the official converter, its arrays as lists).
#include "core/base/json.h"
#include "plugins/bev/engine/sample_info.h"
#include <string_view>

namespace lathe::bev {

/// `where` names the file in errors. The ego pose of a camera may be missing; sizes of images are not told. Throws Error(wrong_format).
SampleInfo sample_info_from(const Json& info, std::string_view where);

}
