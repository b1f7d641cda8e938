#include "plugins/bev/engine/street_method.h"
#include "core/base/time.h"
#include "plugins/bev/engine/street.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <array>

namespace lathe::bev {
namespace {

std::vector<Parameter> parameters() {
    const StreetOptions o;
    return {
        Parameter::path("folder").with_label("Folder").with_group("Data set").with_help("Where the data set is made. It must be empty or not exist; what an interrupted run left beside it is continued."),
        Parameter::seed("seed", static_cast<std::int64_t>(o.seed)).with_label("Seed").with_group("Data set").with_help("The same seed gives the same scenes."),
        Parameter::integer("train_scenes", o.train_scenes).range(0, 2000).with_label("Training scenes").with_group("Data set").with_help("About 4 seconds each on two cores."),
        Parameter::integer("val_scenes", o.val_scenes).range(0, 2000).with_label("Validation scenes").with_group("Data set"),
        Parameter::integer("key_frames", o.key_frames).range(1, 40).with_label("Key frames").with_unit("per scene").with_group("Data set").with_help("Two a second; one more picture of each camera follows after each."),
        Parameter::choice("size", std::to_string(o.width), {{"400", "400 x 225", ""}, {"800", "800 x 450", ""}, {"1600", "1600 x 900", "As in nuScenes"}}).with_label("Pictures").with_unit("pixels").with_group("Pictures"),
        Parameter::integer("jpeg_quality", o.jpeg_quality).range(1, 100).with_label("JPEG quality").with_group("Pictures").is_advanced(),
        Parameter::boolean("exposure_offsets", o.exposure_offsets).with_label("Exposures apart").with_group("Pictures").with_help("Cameras expose up to 43 ms before the lidar's key frame, one after the other, as those of nuScenes do.").is_advanced(),
        Parameter::boolean("rare_classes", o.rare_classes).with_label("Rare classes").with_group("Data set").with_help("A trailer and a construction vehicle in each scene too.").is_advanced(),
        Parameter::boolean("truth_pictures", o.truth_pictures).with_label("Depth and ids").with_group("Pictures").with_help("Also 16-bit pictures of depth (centimetres) and of object numbers for each key frame.").is_advanced(),
    };
}

StreetOptions options_from(const Json& p) {
    StreetOptions o;
    o.seed = p.at("seed").get<std::uint64_t>();
    o.train_scenes = p.at("train_scenes").get<int>();
    o.val_scenes = p.at("val_scenes").get<int>();
    o.key_frames = p.at("key_frames").get<int>();
    o.width = std::stoi(p.at("size").get<std::string>());
    o.jpeg_quality = p.at("jpeg_quality").get<int>();
    o.exposure_offsets = p.at("exposure_offsets").get<bool>();
    o.rare_classes = p.at("rare_classes").get<bool>();
    o.truth_pictures = p.at("truth_pictures").get<bool>();
    return o;
}

/// The six pictures as the cameras stand: front left, front, front right; back left, back, back right.
at::Tensor ring(const std::vector<Picture>& pictures) {
    static constexpr std::array<std::size_t, 6> kOrder{2, 0, 1, 4, 3, 5};   // in kCameras
    const std::int64_t height = pictures.front().height, width = pictures.front().width;
    at::Tensor out = at::empty({2 * height, 3 * width, 3}, at::kByte);
    for (std::int64_t i = 0; i < 6; ++i) {
        const Picture& picture = pictures[kOrder[static_cast<std::size_t>(i)]];
        const at::Tensor pixels = at::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()), {height, width, 3}, at::kByte);
        out.narrow(0, i / 3 * height, height).narrow(1, i % 3 * width, width).copy_(pixels);
    }
    const std::int64_t step = std::max<std::int64_t>(1, width / 400);       // previews need not be larger
    return out.slice(0, 0, out.size(0), step).slice(1, 0, out.size(1), step).contiguous();
}

void street(RunContext& run) {
    const StreetOptions options = options_from(run.params());
    const std::string folder = run.params().at("folder").get<std::string>();
    const double start = monotonic_seconds();
    StreetHooks hooks;
    hooks.progress = [&](int done, int total, const std::string& scene) {
        run.check_cancelled();
        run.progress(done, total, scene);
    };
    std::int64_t scenes = 0;
    hooks.preview = [&](const std::string& scene, const std::vector<Picture>& pictures) {
        const bool kept = scene.ends_with("-0001");                         // the first of each split; the others pass by
        run.image("scene", scenes++, ring(pictures), !kept, {{"scene", scene}});
    };
    const StreetSummary made = generate_street(options, folder, hooks);
    if (made.was_there) run.log("info", "The folder holds this data set already; nothing was made.");
    run.summary("folder", folder);
    run.summary("version", kStreetVersion);
    run.summary("scenes", made.scenes);
    run.summary("samples", made.samples);
    run.summary("pictures", made.pictures);
    run.summary("annotations", made.annotations);
    run.summary("seconds", number_json(monotonic_seconds() - start));
    if (!made.driver.empty()) run.summary("drawn_by", made.driver);
}

}

Method street_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "bev.street";
    info.title = "Make the street data set";
    info.help = "Makes up drives through streets with exact truth, seen by six cameras and a lidar, in the layout of nuScenes.";
    info.parameters = parameters();
    info.outputs = {{"scene", "image", "First key frame", "", ""}};
    info.is_long = true;
    method.run = street;
    return method;
}

}
