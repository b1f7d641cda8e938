#include "plugins/quantization/panel/measurement.h"
#include "viewers/image_data.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

QString name_in(const Json& meta, const char* key) {
    const auto found = meta.is_object() ? meta.find(key) : meta.end();
    if (!meta.is_object() || found == meta.end()) return {};
    return found->is_string() ? QString::fromStdString(found->get<std::string>()) : QString::fromStdString(found->dump());
}

}

bool Measurement::take(const Artifact& artifact) {
    if (network.take(artifact)) {
        has_layers = has_layers || artifact.key == "layers";
    } else if (artifact.key == "confusion") {
        confusion = table_of(artifact, kMostRows);
    } else if (artifact.key == "arithmetic") {
        arithmetic = table_of(artifact, kMostRows);
    } else if (artifact.key == "worst") {
        WorstPicture one{ImageData::from_artifact(artifact).to_image(), std::isnan(fact(artifact.meta, "index")) ? -1 : int(fact(artifact.meta, "index")), name_in(artifact.meta, "true"), name_in(artifact.meta, "predicted"),
            fact(artifact.meta, "loss")};
        worst << one;
    } else {
        return false;
    }
    return true;
}

bool Measurement::take(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) return take(made->artifact);
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return false;
    finished = true;
    summary = done->summary.is_object() ? done->summary : Json::object();
    network.facts = summary;
    return true;
}

}
