#pragma once
// Textures from value noise and simple drawing; the same seed gives the same texture. All but the sky repeat in both directions.
#include "core/scene/mesh.h"
#include "plugins/bev/engine/street_world.h"

namespace lathe::bev {

inline constexpr int kFacades = 4;

SceneTexture asphalt_texture(std::uint64_t seed);
SceneTexture paving_texture(std::uint64_t seed);
SceneTexture grass_texture(std::uint64_t seed);
SceneTexture facade_texture(int style, std::uint64_t seed);    ///< 8 x 8 bays with a window each; pale, to be tinted
SceneTexture shop_texture(std::uint64_t seed);                 ///< 4 shop fronts side by side
SceneTexture sky_texture(const StreetWorld& world);            ///< once around; with the far skyline
double sky_row(double elevation);                              ///< v of a direction, radians above the horizon

}
