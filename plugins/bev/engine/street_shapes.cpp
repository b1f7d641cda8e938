#include "plugins/bev/engine/street_shapes.h"
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/street_people.h"
#include "plugins/bev/engine/street_vehicles.h"

namespace lathe::bev {
namespace {

void cone(MeshBuilder& b) {
    const SceneColour orange = MeshBuilder::rgb(238, 92, 22), white = MeshBuilder::rgb(240, 240, 236);
    b.box({-0.20, -0.20, 0}, {0.20, 0.20, 0.06}, MeshBuilder::rgb(45, 42, 42));
    const struct { double from, to; bool white; } bands[] = {{0.06, 0.38, false}, {0.38, 0.56, true}, {0.56, 0.72, false}, {0.72, 0.84, true}, {0.84, 1.0, false}};
    const auto radius = [](double z) { return 0.165 - 0.135 * (z - 0.06) / 0.94; };
    for (const auto& band : bands) b.cylinder({0, 0, band.from}, {0, 0, band.to}, radius(band.from), radius(band.to), 14, band.white ? white : orange, orange);
}

void barrier(MeshBuilder& b, Draws& draws) {   // across: 2.5 m along y
    const bool striped = draws.chance(0.65);
    const SceneColour red = MeshBuilder::rgb(206, 40, 34), white = MeshBuilder::rgb(236, 236, 232), concrete = MeshBuilder::rgb(176, 174, 168);
    constexpr int kParts = 5;
    for (int i = 0; i < kParts; ++i) {
        const double y0 = -1.25 + 2.5 * i / kParts, y1 = y0 + 2.5 / kParts;
        const SceneColour colour = striped ? (i % 2 ? white : red) : concrete;
        const auto slab = [&](double z0, double z1, double x0, double x1) {
            b.hexahedron({{{-x0, y0, z0}, {x0, y0, z0}, {x0, y1, z0}, {-x0, y1, z0}, {-x1, y0, z1}, {x1, y0, z1}, {x1, y1, z1}, {-x1, y1, z1}}}, colour);
        };
        slab(0, 0.12, 0.25, 0.25);
        slab(0.12, 0.38, 0.25, 0.12);
        slab(0.38, 0.98, 0.12, 0.09);
    }
}

}

SceneMesh object_mesh(const StreetObject& o) {
    Draws draws(o.look);
    MeshBuilder b;
    const std::string_view name = kClasses.at(static_cast<std::size_t>(o.label));
    if (name == "car") build_car(b, draws);
    else if (name == "truck") build_truck(b, draws);
    else if (name == "bus") build_bus(b, draws);
    else if (name == "trailer") build_trailer(b, draws);
    else if (name == "construction_vehicle") build_loader(b, draws);
    else if (name == "pedestrian") build_pedestrian(b, draws, o.attribute == attribute_index("pedestrian.moving"));
    else if (name == "bicycle" || name == "motorcycle") build_cycle(b, draws, name == "motorcycle", o.attribute == attribute_index("cycle.with_rider"));
    else if (name == "traffic_cone") cone(b);
    else barrier(b, draws);
    b.fit({-o.size[1] / 2, -o.size[0] / 2, 0}, {o.size[1] / 2, o.size[0] / 2, o.size[2]});
    return b.mesh();
}

SceneMesh shadow_body(const StreetObject& o, SceneColour colour) {
    const double l = o.size[1] / 2, w = o.size[0] / 2, h = o.size[2];
    const std::string_view name = kClasses.at(static_cast<std::size_t>(o.label));
    MeshBuilder b;
    if (name == "pedestrian") b.cylinder({0, 0, 0}, {0, 0, h}, 0.55 * w, 0.45 * w, 10, colour, colour);
    else if (name == "traffic_cone") b.cylinder({0, 0, 0}, {0, 0, h}, 0.8 * w, 0, 10, colour, colour);
    else if (name == "car") b.tapered_box({-l, -w, 0.05}, {l, w, h}, {-0.75 * l, -0.75 * w}, {0.25 * l, 0.75 * w}, colour);
    else if (name == "bicycle" || name == "motorcycle") b.tapered_box({-0.9 * l, -0.3 * w, 0}, {0.9 * l, 0.3 * w, h}, {-0.4 * l, -0.4 * w}, {0.3 * l, 0.4 * w}, colour);
    else b.box({-l, -w, 0.05}, {l, w, h}, colour);
    SceneMesh mesh = b.mesh();
    mesh.normals.clear();
    return mesh;
}

double gloss_of(const StreetObject& o) {
    const std::string_view name = kClasses.at(static_cast<std::size_t>(o.label));
    return name == "car" ? 0.35 : name == "bus" || name == "truck" || name == "motorcycle" ? 0.15 : 0;
}

}
