#pragma once
// Bodies of motor vehicles in rough metres: front at +x, z = 0 on the ground. The caller stretches them to their boxes.
#include "core/scene/mesh.h"
#include "plugins/bev/engine/draws.h"

namespace lathe::bev {

void build_car(MeshBuilder& builder, Draws& draws);
void build_truck(MeshBuilder& builder, Draws& draws);
void build_bus(MeshBuilder& builder, Draws& draws);
void build_trailer(MeshBuilder& builder, Draws& draws);
void build_loader(MeshBuilder& builder, Draws& draws);     ///< a wheel loader, for construction vehicles

}
