#pragma once
// Everything of the street that carries no box: ground, buildings, trees, lamps, sky and light.
#include "core/scene/scene_renderer.h"
#include "plugins/bev/engine/street_world.h"
#include <vector>

namespace lathe::bev {

struct SceneryPart { SceneMesh mesh; SceneTexture texture; SceneLook look; };   ///< a texture of width 0: none

std::vector<SceneryPart> scenery_of(const StreetWorld& world);
SceneMesh tree_shadows(const StreetWorld& world);                               ///< of trees and lamps, flat on the ground; transparent; may be empty
SceneLight light_of(const StreetWorld& world);
std::uint8_t shadow_opacity(const StreetWorld& world);                          ///< 0 to 255

/// Flattens a body (its own frame to the scene) along the rays of the sun onto the ground at `height`.
SceneMatrix shadow_matrix(const StreetWorld& world, const SceneMatrix& body_to_scene, double height);

}
