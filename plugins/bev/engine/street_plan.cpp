#include "plugins/bev/engine/street_plan.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <cmath>
#include <cstdio>

namespace lathe::bev {

ScenePlan plan_scene(const StreetOptions& options, int index) {
    ScenePlan plan;
    plan.validation = index >= options.train_scenes;
    plan.number = plan.validation ? index - options.train_scenes : index;
    char number[16];
    std::snprintf(number, sizeof number, "%04d", plan.number + 1);
    plan.name = (plan.validation ? "street-val-" : "street-train-") + std::string(number);
    const std::uint64_t place = (plan.validation ? 500'000u : 0u) + static_cast<std::uint64_t>(plan.number);
    const std::uint64_t seed = options.seed * 1'000'003 + place;
    plan.start = 1'700'000'000'000'000 + static_cast<std::int64_t>(place) * 120'000'000;
    plan.world = make_world(seed, {.duration = 0.5 * options.key_frames, .rare_classes = options.rare_classes});
    plan.sensors = make_sensors(seed, options.width, options.exposure_offsets);
    for (int moment = 0; moment < 2 * options.key_frames; ++moment)
        for (int sensor = 0; sensor <= kLidarSensor; ++sensor) {
            Exposure e{sensor, moment, 0.25 * moment, 0, {}};
            if (sensor == kLidarSensor && !e.key()) continue;
            const bool lidar = sensor == kLidarSensor;
            if (!lidar) e.time += plan.sensors.cameras[static_cast<std::size_t>(sensor)].offset;
            const std::int64_t microseconds = std::llround(e.time * 1e6);
            e.time = 1e-6 * static_cast<double>(microseconds);
            e.timestamp = plan.start + microseconds;
            const std::string channel(lidar ? std::string_view("LIDAR_TOP") : kCameras[static_cast<std::size_t>(sensor)]);
            e.file = std::string(e.key() ? "samples/" : "sweeps/") + channel + "/" + plan.name + "__" + channel + "__" + std::to_string(e.timestamp) + (lidar ? ".pcd.bin" : ".jpg");
            plan.exposures.push_back(std::move(e));
        }
    return plan;
}

}
