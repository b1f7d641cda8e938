#pragma once
// What the objects of the street look like. Each mesh fills its box exactly: x from -length/2 to length/2 with the front at +x, y across, z from 0 to the height.
#include "core/scene/mesh.h"
#include "plugins/bev/engine/street_world.h"

namespace lathe::bev {

SceneMesh object_mesh(const StreetObject& object);
/// A plain closed body around the object, whose projection along the rays of the sun is its shadow.
SceneMesh shadow_body(const StreetObject& object, SceneColour colour);
double gloss_of(const StreetObject& object);

}
