#include "plugins/delta_cache/panel/result.h"

namespace lathe::delta_cache {
namespace {

ImageData at_or_before(const std::map<int, ImageData>& pictures, int step) {
    const auto after = pictures.upper_bound(step);
    return after == pictures.begin() ? ImageData() : std::prev(after)->second;
}

}

QString times_text(double factor) {
    return std::isnan(factor) ? QString() : std::isinf(factor) ? QStringLiteral("∞") : QStringLiteral("%1 ×").arg(factor, 0, 'f', 2);
}

void SampleResult::take(const Artifact& artifact) {
    if (artifact.kind != "image") return;
    const int step = int(artifact.step);
    if (artifact.key == "variant.step") {
        variant[step] = ImageData::from_artifact(artifact);
        newest = std::max(newest, step);
    } else if (artifact.key == "reference.step") {
        reference[step] = ImageData::from_artifact(artifact);
    } else if (artifact.key == "image.variant") {
        final_variant = ImageData::from_artifact(artifact);
    } else if (artifact.key == "image.reference") {
        final_reference = ImageData::from_artifact(artifact);
    }
}

void SampleResult::take(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) {
        take(made->artifact);
    } else if (const auto* metrics = std::get_if<event::Metrics>(&event.body)) {
        for (const event::MetricPoint& point : metrics->points)
            if (point.key < metrics->keys.size() && metrics->keys[point.key] == "deviation.rel_l2") {
                steps << double(point.step);
                deviation << point.value * 100;
            }
    } else if (const auto* done = std::get_if<event::Finished>(&event.body)) {
        finished = true;
        seconds = done->seconds;
        if (done->summary.is_object()) summary = done->summary;
    }
}

std::optional<double> SampleResult::number(const char* key) const {
    const auto found = summary.find(key);
    if (found == summary.end()) return std::nullopt;
    if (found->is_number()) return found->get<double>();
    return found->is_string() ? parse_number(found->get<std::string>()) : std::nullopt;   // "inf"
}

ImageData SampleResult::variant_at(int step, int step_count) const {
    if ((step < 0 || step >= step_count - 1) && !final_variant.is_null()) return final_variant;
    return at_or_before(variant, step < 0 ? step_count : step);
}

ImageData SampleResult::reference_at(int step, int step_count) const {
    if ((step < 0 || step >= step_count - 1) && !final_reference.is_null()) return final_reference;
    return at_or_before(reference, step < 0 ? step_count : step);
}

}
