#include "plugins/bev/engine/inference.h"
#include "core/base/time.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace lathe::bev {
namespace {

template <class F> auto timed(double& seconds, TapStack* taps, F f) {
    if (taps) taps->tick();
    const double start = monotonic_seconds();
    auto result = f();
    seconds += monotonic_seconds() - start;
    return result;
}

/// The tables without what the dropped cameras would have given: their voxels become empty.
void drop_cameras(ViewTables& tables, const std::vector<bool>& dropped) {
    for (ViewTables::Level& level : tables.levels)
        for (at::Tensor& lut : level.luts)
            for (std::size_t camera = 0; camera < dropped.size(); ++camera) {
                if (!dropped[camera]) continue;
                const std::int64_t pixels = std::int64_t{level.size.height} * level.size.width, first = static_cast<std::int64_t>(camera) * pixels;
                lut = at::where((lut >= first) & (lut < first + pixels), at::full_like(lut, -1), lut);
            }
}

}

Result run_sample(Detector& net, const SampleInfo& sample, const std::filesystem::path& root, const Experiment& e, PictureCache& pictures, TapStack* taps) {
    const c10::InferenceMode guard;
    Result r;
    StageTimes& t = r.seconds;
    r.input = timed(t.input, taps, [&] { return test_input(sample, root, net.detector_config(), e.align, pictures); });
    r.features = timed(t.images, taps, [&] { return net.image_features(r.input.images, taps); });
    r.tables = timed(t.tables, taps, [&] { return net.tables(r.input.lidar2img, e.rules); });
    drop_cameras(r.tables, e.dropped);
    const at::Tensor folded = timed(t.gather, taps, [&] { return net.folded(r.features, r.tables, e.rules.overlap); });
    r.bev = timed(t.encoder, taps, [&] { return net.encode(net.fuse(folded, taps), taps); });
    r.maps = timed(t.head, taps, [&] { return net.head(r.bev, taps); });
    r.detections = timed(t.boxes, taps, [&] { return detect(r.maps.cls[0], r.maps.reg[0], r.maps.dir[0], net.detector_config().range, e.post, e.trace); });
    return r;
}

}
