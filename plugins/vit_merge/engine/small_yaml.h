#pragma once
// The part of YAML that merge recipes are written in: maps and lists by indentation, flow lists and maps on one line, plain and quoted scalars, comments. Any thread.
#include "core/base/json.h"
#include <string_view>

namespace lathe::vit_merge {

/// Throws Error(wrong_format) naming `where` and the line for anything else (anchors, tags, block texts, tabs as indentation, several documents).
Json parse_small_yaml(std::string_view text, std::string_view where);

}
