#pragma once
// Bodies of people and of what they ride, in rough metres: front at +x, z = 0 on the ground. The caller stretches them to their boxes.
#include "core/scene/mesh.h"
#include "plugins/bev/engine/draws.h"

namespace lathe::bev {

void build_pedestrian(MeshBuilder& builder, Draws& draws, bool walks);
void build_cycle(MeshBuilder& builder, Draws& draws, bool motor, bool ridden);

}
