#pragma once
// Choosing among paints. (Draws stand in statements of their own: the order in which arguments are computed is up to the compiler.)
#include "core/scene/mesh.h"
#include "plugins/bev/engine/draws.h"
#include <array>

namespace lathe::bev {

template <std::size_t N> SceneColour pick(Draws& draws, const std::array<SceneColour, N>& colours) { return colours[static_cast<std::size_t>(draws.uniform() * N)]; }

}
